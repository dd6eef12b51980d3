"""Which route a path belongs to."""

from collections.abc import Iterable


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
