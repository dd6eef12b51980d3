"""Every error as the one JSON shape, with its status; never a traceback."""

from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from zhiyin.core.errors import RefusedError, ResourceError, ServiceError, ZhiyinError
from zhiyin.core.settings import Config, explained
from zhiyin.core.wire import ErrorJSON
from zhiyin.serving.paths import template_of

RETRY_S = "1"


class UnauthorisedError(ZhiyinError):
    """No key, or none that opens anything."""

    code = "unauthorised"

    def __init__(self, given: bool) -> None:
        found = "no key that opens anything" if given else "no key"
        super().__init__(
            f"found {found}; send the header Authorization: Bearer zy_…; a key is made with: zhiyin keys new",
            found=found, allowed="Authorization: Bearer zy_…", do="zhiyin keys new",
        )  # fmt: skip


class ForbiddenError(ZhiyinError):
    """A key whose role does not reach."""

    code = "forbidden"

    def __init__(self, role: str, needed: str) -> None:
        do = f"zhiyin keys new --role {needed}"
        super().__init__(
            f"this needs a key of role {needed}, found one of role {role}; make one: {do}",
            found=role, allowed=needed, do=do,
        )  # fmt: skip


class TooManyError(ZhiyinError):
    """A key that asks too often."""

    code = "too_many"

    def __init__(self, per_s: float, wait_s: float) -> None:
        super().__init__(
            f"this key may ask {per_s:g} times a second; ask again in {wait_s:.2g} s", found="more",
            allowed=f"{per_s:g} a second", do=f"ask again in {wait_s:.2g} s",
        )  # fmt: skip


class BusyError(ServiceError):
    """More at once than the server takes; what it has begun goes on."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}; ask again in a second", found=why, do="ask again in a second")


class UnexpectedError(ZhiyinError):
    """Our mistake; what happened stands in the server's log under this id."""

    code = "unexpected"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"something unexpected happened; the server's log names it: request {request_id}", found=request_id
        )


class RouteError(ZhiyinError):
    """A path, a method or a body that is not there or not taken."""

    def __init__(self, code: str, message: str, **parts: str) -> None:
        super().__init__(message, **parts)
        self.code = code  # type: ignore[misc]


class JSON(Response):
    """Any JSON, by orjson; NaN is null."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def reply(error: ZhiyinError) -> JSON:
    """The error as an answer."""
    body: ErrorJSON = {
        "error": {
            "code": error.code, "message": error.message, "found": error.found, "allowed": error.allowed,
            "do": error.do,
        }
    }  # fmt: skip
    retry = {"Retry-After": RETRY_S}
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: retry, 503: retry}
    status = status_of(error)
    return JSON(body, status, headers=headers.get(status))


ROUTES = {"not_found": 404, "method": 405, "too_large": 413, "no_json": 400, "unreadable": 400}
"""Codes of `RouteError`, and their status."""


def status_of(error: ZhiyinError) -> int:
    """What HTTP calls it."""
    known: dict[type[ZhiyinError], int] = {
        UnauthorisedError: 401, ForbiddenError: 403, RefusedError: 409, TooManyError: 429, UnexpectedError: 500,
        BusyError: 503, ServiceError: 503, ResourceError: 507,
    }  # fmt: skip
    return known.get(type(error), ROUTES.get(error.code, 422))


def too_large(most: int) -> RouteError:
    """For a body of more than ``most`` bytes."""
    allowed = f"{most:,} bytes"
    return RouteError("too_large", f"the question is larger than {allowed}; ask in parts", allowed=allowed)


async def on_zhiyin(_: Request, error: Exception) -> Response:
    """For one of our own errors."""
    assert isinstance(error, ZhiyinError)  # noqa: S101  registered for it alone
    return reply(error)


async def on_http(request: Request, error: Exception) -> Response:
    """For what the framework refuses by itself: no such path, method, or too large a body."""
    assert isinstance(error, HTTPException)  # noqa: S101  registered for it alone
    path, method = request.url.path[:100], request.method
    roles = request.app.state.roles
    paths = ", ".join(dict.fromkeys(known for _, known in roles))
    takes = ", ".join(way for way, known in roles if known == template_of(path, roles))
    ours = {
        404: RouteError("not_found", f"there is no {path}; the paths are: {paths}", found=path, allowed=paths),
        405: RouteError("method", f"{path} does not take {method}; it takes {takes}", found=method, allowed=takes),
        413: too_large(request.app.state.body_bytes),
    }
    unreadable = RouteError("unreadable", f"the question cannot be read ({error.detail}); send JSON", allowed="JSON")
    return reply(ours.get(error.status_code, unreadable))


async def on_invalid(request: Request, error: Exception) -> Response:
    """For a body that is not of the path's shape, in the words that a recipe's mistakes are told in."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for it alone
    first = dict(error.errors()[0])
    if first["type"] == "json_invalid":
        said = f"{first['ctx']['error']} at character {first['loc'][-1]}"
        return reply(RouteError("no_json", f"the body is no JSON ({said}); send JSON", found=said, allowed="JSON"))
    body = request.scope["route"].body_field
    if body is None:  # a query: its one number
        found, allowed = str(first["input"])[:60], first["msg"]
        return reply(RouteError("unreadable", f"{first['loc'][-1]} is {found!r}: {allowed}", found=found,
                                allowed=allowed))  # fmt: skip
    shape: type[Config] = body.field_info.annotation
    errors = [{**one, "loc": tuple(one["loc"])[1:]} for one in error.errors()]
    if not errors[0]["loc"] and errors[0]["type"] != "value_error":
        names = ", ".join(shape.model_fields)
        return reply(RouteError("no_json", f"the body must be a JSON object with: {names}", allowed=names))
    return reply(explained(shape, errors, "the request", "ask again"))
