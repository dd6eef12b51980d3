"""The HTTP API as one application: who may ask what, the gate in front, what is open to everybody."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

import zhiyin
from zhiyin.core.errors import ZhiyinError
from zhiyin.serving.errors import JSON, on_http, on_invalid, on_zhiyin
from zhiyin.serving.gate import Gate
from zhiyin.serving.limits import Limits
from zhiyin.serving.metrics import Metrics
from zhiyin.serving.openapi import document
from zhiyin.serving.routes import answers, changes
from zhiyin.serving.service import Service
from zhiyin.serving.stream import stream
from zhiyin.store import Role

ROLES: dict[tuple[str, str], Role | None] = {
    ("POST", "/v1/events"): "write",
    ("POST", "/v1/items"): "admin",
    ("DELETE", "/v1/items/{item}"): "admin",
    ("POST", "/v1/users/{user}"): "admin",
    ("DELETE", "/v1/users/{user}"): "admin",
    ("POST", "/v1/recommend"): "read",
    ("POST", "/v1/rerank"): "read",
    ("POST", "/v1/basket"): "read",
    ("POST", "/v1/trending"): "read",
    ("POST", "/v1/similar"): "read",
    ("POST", "/v1/explain"): "read",
    ("GET", "/v1/stream/{user}"): "read",
    ("GET", "/v1/models"): "read",
    ("GET", "/openapi.json"): "read",
    ("GET", "/metrics"): "read",
    ("GET", "/health/live"): None,
    ("GET", "/health/ready"): None,
}
"""Every route, and who may ask it."""


def app_of(service: Service, limits: Limits | None = None) -> FastAPI:
    """The application that answers for a service."""
    limits, metrics = limits or Limits(), Metrics()
    app = FastAPI(
        title="Zhiyin", version=zhiyin.__version__, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False, telemetry={"tracing": False, "metrics": False, "logs": False},
        exception_handlers={ZhiyinError: on_zhiyin, HTTPException: on_http, RequestValidationError: on_invalid},
    )  # fmt: skip
    app.state.roles, app.state.body_bytes = ROLES, limits.body_bytes
    changes(app, service, metrics)
    answers(app, service, metrics)
    stream(app, service)
    _health(app, service, metrics)
    app.openapi = lambda: document(app, ROLES)  # type: ignore[method-assign]

    @app.get("/openapi.json", response_class=JSON, summary="This document")
    def openapi() -> Any:
        return JSON(app.openapi())

    app.add_middleware(Gate, keys=service.store.keys, roles=ROLES, limits=limits, metrics=metrics)
    return app


def _health(app: FastAPI, service: Service, metrics: Metrics) -> None:
    @app.get("/health/live", response_class=JSON, summary="The server runs")
    def live() -> Any:
        return JSON({"status": "live"})

    @app.get("/health/ready", response_class=JSON, summary="It can answer and take events in")
    def ready() -> Any:
        service.check()
        return JSON({"status": "ready"})

    @app.get("/metrics", response_class=Response, summary="Figures of this process, as Prometheus reads them")
    def figures() -> Response:
        metrics.waiting.set(len(service.shown))
        metrics.dropped.set(service.shown.dropped)
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
