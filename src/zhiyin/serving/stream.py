"""Server-sent events: the slate of a person, again after each of their events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from zhiyin.core.errors import ZhiyinError
from zhiyin.serving.errors import BusyError
from zhiyin.serving.limits import STREAMS, K
from zhiyin.serving.service import Service
from zhiyin.serving.shapes import id_of

LOOK_S = 0.1
"""How often the store is asked for new events."""
QUIET = 150
"""Looks after which a line is sent all the same, so that nobody in between closes the connection."""


def stream(app: FastAPI, service: Service) -> None:
    """The route."""
    open_now = 0

    @app.get("/v1/stream/{user:id}", response_class=StreamingResponse, summary="The slate again after each event")
    async def follow(request: Request, user: str, k: Annotated[int | None, Query(ge=1, le=K)] = None) -> Any:
        nonlocal open_now
        user = id_of(user)
        if open_now >= STREAMS:
            raise BusyError(f"{STREAMS} streams are open already")
        open_now += 1

        async def lines() -> AsyncIterator[bytes]:
            nonlocal open_now
            try:
                async for line in _slates(request, service, user, k):
                    yield line
            finally:
                open_now -= 1

        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


async def _slates(request: Request, service: Service, user: str, k: int | None) -> AsyncIterator[bytes]:
    known, quiet = -1, 0
    while not await request.is_disconnected():
        try:
            newest = await run_in_threadpool(service.newest, user)
            if newest != known:
                known, quiet = newest, 0
                answer = await run_in_threadpool(service.recommend, user, None, k)
                slate = answer["recommendations"][0]
                slate["request_id"] = request.state.request_id
                service.log_shown(answer)
                yield b"event: slate\nid: %d\ndata: %s\n\n" % (known, orjson.dumps(slate))
        except ZhiyinError as error:
            yield b"event: error\ndata: %s\n\n" % orjson.dumps({"code": error.code, "message": error.message})
            return
        quiet += 1
        if quiet % QUIET == 0:
            yield b": still here\n\n"
        await asyncio.sleep(LOOK_S)
