"""Which route a path belongs to."""

from collections.abc import Iterable

from starlette.convertors import StringConvertor, register_url_convertor


class IdConvertor(StringConvertor):
    """An id at the end of a path: any signs, slashes and new lines too."""

    regex = "(?s:.+)"


register_url_convertor("id", IdConvertor())


def template_of(path: str, routes: Iterable[tuple[str, str]]) -> str:
    """``/v1/users/{user}`` for ``/v1/users/17850``; the path itself where it is none of these ``routes``."""
    known = {template for _, template in routes}
    if path in known:
        return path
    for template in known:
        begin, brace, _ = template.partition("{")
        if brace and path.startswith(begin) and len(path) > len(begin):
            return template
    return path
