"""Before anything is read of a question: its id, whether its key may ask this, and what becomes of an accident.

Closed by default: what is not in the table of open paths needs a key, and a path that is in no table needs one to be
told so. A key is looked at as a digest alone; no log line has a header.
"""

import logging
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zhiyin.core.errors import ZhiyinError
from zhiyin.serving.errors import (
    BusyError,
    ForbiddenError,
    TooManyError,
    UnauthorisedError,
    UnexpectedError,
    reply,
    too_large,
)
from zhiyin.serving.limits import Limits
from zhiyin.serving.metrics import Metrics
from zhiyin.serving.paths import template_of
from zhiyin.serving.rates import Rates
from zhiyin.store import Key, Role
from zhiyin.store.keys import Keys

Roles = Mapping[tuple[str, str], Role | None]
"""(method, path) → the role that it needs; None: open to everybody."""
STREAM = "/v1/stream/{user}"
REQUEST_ID = "x-request-id"
JSON_TYPE = (b"content-type", b"application/json")
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
log = logging.getLogger("zhiyin.serving")


class Gate:
    """Stands in front of an application."""

    def __init__(self, app: ASGIApp, keys: Keys, roles: Roles, limits: Limits, metrics: Metrics) -> None:
        self.app, self.keys, self.roles, self.limits, self.metrics = app, keys, roles, limits, metrics
        self.body_bytes, self.rates = limits.body_bytes, Rates(limits.per_key_per_s)
        self.open_now = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return None  # nobody is let in any other way
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        request_id = given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        path = template_of(scope["path"], self.roles)
        asked_at, begun, status = time.perf_counter(), False, 500

        async def named(message: Message) -> None:
            nonlocal begun, status
            if message["type"] == "http.response.start":
                begun, status = True, message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        # a body is JSON, whatever a client such as curl calls it
        scope["headers"] = [*(one for one in scope["headers"] if one[0] != b"content-type"), JSON_TYPE]
        try:
            scope["state"]["key"] = key = await self._admitted(scope, path, headers)
            if key is not None and (wait_s := self.rates.wait_s(key.id)):
                raise TooManyError(self.limits.per_key_per_s, wait_s)
            with self._counted(path):
                await self.app(scope, self._bounded(receive, headers), named)
        except ZhiyinError as error:
            await reply(error)(scope, receive, named)
        except Exception as error:
            log.error("request %s failed (%s)", request_id, type(error).__name__, exc_info=error)
            if not begun:
                await reply(UnexpectedError(request_id))(scope, receive, named)
        known = (scope["method"], path) in self.roles  # else anybody could make up names of figures
        self.metrics.asked(path if known else "other", status, time.perf_counter() - asked_at)
        return None

    @contextmanager
    def _counted(self, path: str) -> Iterator[None]:
        """One of those that are answered at once. Raises `BusyError` where there are too many; a stream is long and has
        a limit of its own."""
        if path == STREAM or self.roles.get(("GET", path), "") is None:
            yield
            return
        if self.open_now >= self.limits.at_once:
            raise BusyError(f"{self.limits.at_once} questions are being answered")
        self.open_now += 1
        try:
            yield
        finally:
            self.open_now -= 1

    def _bounded(self, receive: Receive, headers: Headers) -> Receive:
        """The body, as long as it is not too large: what says so itself is not read at all."""
        said, n = headers.get("content-length", ""), 0
        if said.isdecimal() and int(said) > self.body_bytes:
            raise too_large(self.body_bytes)

        async def counted() -> Message:
            nonlocal n
            message = await receive()
            n += len(message.get("body", b""))
            if n > self.body_bytes:
                raise HTTPException(413)  # which the framework lets through while it reads
            return message

        return counted

    async def _admitted(self, scope: Scope, path: str, headers: Headers) -> Key | None:
        """Who asks; None where nobody needs to say. Raises `UnauthorisedError` or `ForbiddenError`."""
        needed: Any = self.roles.get((scope["method"], path), "read")
        if needed is None:
            return None
        scheme, _, text = headers.get("authorization", "").partition(" ")
        key = await run_in_threadpool(self.keys.check, text.strip()) if scheme.lower() == "bearer" and text else None
        if key is None:
            raise UnauthorisedError(given="authorization" in headers)
        if not key.may(needed):
            raise ForbiddenError(key.role, needed)
        return key
