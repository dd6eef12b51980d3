"""Before anything is read of a question: its id, whether its key may ask this, and what becomes of an accident.

Closed by default: what is not in the table of open paths needs a key, and a path that is in no table needs one to be
told so. A key is looked at as a digest alone; no log line has a header.
"""

import logging
import re
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zhiyin.core.errors import ZhiyinError
from zhiyin.serving.errors import ForbiddenError, UnauthorisedError, UnexpectedError, reply, too_large
from zhiyin.store import Key, Role
from zhiyin.store.keys import Keys

Roles = Mapping[tuple[str, str], Role | None]
"""(method, path) → the role that it needs; None: open to everybody."""
REQUEST_ID = "x-request-id"
JSON_TYPE = (b"content-type", b"application/json")
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
log = logging.getLogger("zhiyin.serving")


class Gate:
    """Stands in front of an application."""

    def __init__(self, app: ASGIApp, keys: Keys, roles: Roles, body_bytes: int) -> None:
        self.app, self.keys, self.roles, self.body_bytes = app, keys, roles, body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return None  # nobody is let in any other way
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        request_id = given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        begun = False

        async def named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        # a body is JSON, whatever a client such as curl calls it
        scope["headers"] = [*(one for one in scope["headers"] if one[0] != b"content-type"), JSON_TYPE]
        try:
            scope["state"]["key"] = await self._admitted(scope, headers)
            await self.app(scope, self._bounded(receive, headers), named)
        except ZhiyinError as error:
            await reply(error)(scope, receive, named)
        except Exception as error:
            log.error("request %s failed (%s)", request_id, type(error).__name__, exc_info=error)
            if not begun:
                await reply(UnexpectedError(request_id))(scope, receive, named)
        return None

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

    async def _admitted(self, scope: Scope, headers: Headers) -> Key | None:
        """Who asks; None where nobody needs to say. Raises `UnauthorisedError` or `ForbiddenError`."""
        needed: Any = self.roles.get((scope["method"], scope["path"]), "read")
        if needed is None:
            return None
        scheme, _, text = headers.get("authorization", "").partition(" ")
        key = await run_in_threadpool(self.keys.check, text.strip()) if scheme.lower() == "bearer" and text else None
        if key is None:
            raise UnauthorisedError(given="authorization" in headers)
        if not key.may(needed):
            raise ForbiddenError(key.role, needed)
        return key
