"""The HTTP API: each route reads, asks the service, writes."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

import zhiyin
from zhiyin.core.errors import ZhiyinError
from zhiyin.core.wire import Recommendations
from zhiyin.serving.errors import JSON, on_http, on_invalid, on_zhiyin
from zhiyin.serving.gate import Gate
from zhiyin.serving.limits import Limits
from zhiyin.serving.openapi import document
from zhiyin.serving.service import Service
from zhiyin.serving.shapes import BasketIn, EventsIn, RecommendIn, RerankIn, SimilarIn, TrendingIn
from zhiyin.store import Event, Role

ROLES: dict[tuple[str, str], Role | None] = {
    ("POST", "/v1/events"): "write",
    ("POST", "/v1/recommend"): "read",
    ("POST", "/v1/rerank"): "read",
    ("POST", "/v1/basket"): "read",
    ("POST", "/v1/trending"): "read",
    ("POST", "/v1/similar"): "read",
    ("GET", "/v1/models"): "read",
    ("GET", "/openapi.json"): "read",
    ("GET", "/health/live"): None,
    ("GET", "/health/ready"): None,
}
"""Every route, and who may ask it."""


def app_of(service: Service, limits: Limits | None = None) -> FastAPI:
    """The application that answers for a service."""
    limits = limits or Limits()
    app = FastAPI(
        title="Zhiyin", version=zhiyin.__version__, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False, telemetry={"tracing": False, "metrics": False, "logs": False},
        exception_handlers={ZhiyinError: on_zhiyin, HTTPException: on_http, RequestValidationError: on_invalid},
    )  # fmt: skip
    app.state.roles, app.state.body_bytes = ROLES, limits.body_bytes
    _v1(app, service)
    _health(app, service)
    app.openapi = lambda: document(app, ROLES)  # type: ignore[method-assign]

    @app.get("/openapi.json", response_class=JSON, summary="This document")
    def openapi() -> Any:
        return JSON(app.openapi())

    app.add_middleware(Gate, keys=service.store.keys, roles=ROLES, body_bytes=limits.body_bytes)
    return app


def _v1(app: FastAPI, service: Service) -> None:
    @app.post("/v1/events", response_class=JSON, summary="Take events in; the very next answer knows of them")
    def events(body: EventsIn) -> Any:
        return JSON(service.events([Event(**event.model_dump()) for event in body.events]))

    @app.post("/v1/recommend", response_class=JSON, summary="A slate for a person, or for a bare history")
    def recommend(request: Request, body: RecommendIn) -> Any:
        asked = {name: getattr(body, name) for name in ("user", "history", "k", "exclude", "reasons", "moment")}
        return _named(request, service.recommend(**asked, wishes=body.wishes))

    @app.post("/v1/rerank", response_class=JSON, summary="Your own list, best first for whoever asks")
    def rerank(request: Request, body: RerankIn) -> Any:
        return _named(request, service.rerank(body.items, body.user, body.history, body.moment))

    @app.post("/v1/basket", response_class=JSON, summary="What goes with what lies in a basket")
    def basket(request: Request, body: BasketIn) -> Any:
        return _named(request, service.basket(body.items, body.user, body.k, body.wishes))

    @app.post("/v1/trending", response_class=JSON, summary="What is taken more now than before")
    def trending(request: Request, body: TrendingIn) -> Any:
        return _named(request, service.trending(body.k, body.days, body.wishes))

    @app.post("/v1/similar", response_class=JSON, summary="The items nearest to each of these")
    def similar(request: Request, body: SimilarIn) -> Any:
        return _named(request, service.similar(**body.model_dump()))

    @app.get("/v1/models", response_class=JSON, summary="What answers, with versions")
    def models() -> Any:
        return JSON(service.models())


def _health(app: FastAPI, service: Service) -> None:
    @app.get("/health/live", response_class=JSON, summary="The server runs")
    def live() -> Any:
        return JSON({"status": "live"})

    @app.get("/health/ready", response_class=JSON, summary="It can answer and take events in")
    def ready() -> Any:
        service.check()
        return JSON({"status": "ready"})


def _named(request: Request, answer: Recommendations) -> JSON:
    """With the id under which the server knows the question."""
    for slate in answer["recommendations"]:
        slate["request_id"] = request.state.request_id
    return JSON(answer)
