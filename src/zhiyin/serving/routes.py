"""The routes: each reads, asks the service, writes."""

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request

from zhiyin.answering.exploration import SOURCE as EXPLORED
from zhiyin.core.wire import Recommendations
from zhiyin.serving.errors import JSON
from zhiyin.serving.metrics import Metrics
from zhiyin.serving.paths import IdConvertor  # noqa: F401  the convertor of ids is registered with it
from zhiyin.serving.service import Service
from zhiyin.serving.shapes import (
    BasketIn,
    EventsIn,
    ExplainIn,
    ItemsIn,
    PersonIn,
    RecommendIn,
    RerankIn,
    SimilarIn,
    TrendingIn,
    id_of,
)
from zhiyin.store import Event, Item


def changes(app: FastAPI, service: Service, metrics: Metrics) -> None:
    """What is said to the server."""

    @app.post("/v1/events", response_class=JSON, summary="Take events in; the very next answer knows of them")
    def events(body: EventsIn) -> Any:
        taken = service.events([Event(**event.model_dump()) for event in body.events])
        metrics.events.inc(taken["accepted"])
        return JSON(taken)

    @app.post("/v1/items", response_class=JSON, summary="Say something of items: prices, stock, what is withdrawn")
    def items(request: Request, body: ItemsIn) -> Any:
        return JSON(service.put_items([Item(**one.model_dump()) for one in body.items], _actor(request)))

    @app.delete("/v1/items/{item:id}", response_class=JSON, summary="Withdraw an item: it is not shown any more")
    def withdraw(request: Request, item: str) -> Any:
        return JSON(service.put_items([Item(id_of(item), {}, withdrawn=True)], _actor(request)))

    @app.post("/v1/users/{user:id}", response_class=JSON, summary="Say something of a person")
    def person(request: Request, user: str, body: PersonIn) -> Any:
        return JSON(service.put_person(id_of(user), body.columns, _actor(request)))

    @app.delete("/v1/users/{user:id}", response_class=JSON, summary="Forget a person; the answer is a receipt")
    def forget(request: Request, user: str) -> Any:
        return JSON(service.forget(id_of(user), _actor(request)))


def answers(app: FastAPI, service: Service, metrics: Metrics) -> None:
    """What the server is asked."""

    def shown(request: Request, answer: Recommendations) -> JSON:
        """With the id under which the server knows the question; what is shown is kept."""
        named = _named(request, answer)
        service.log_shown(answer)
        for slate in answer["recommendations"]:
            metrics.rungs.labels(slate["rung"]).inc()
            metrics.explored.inc(any(item.get("source") == EXPLORED for item in slate["items"]))
        return named

    @app.post("/v1/recommend", response_class=JSON, summary="A slate for a person, or for a bare history")
    def recommend(request: Request, body: RecommendIn) -> Any:
        asked = {name: getattr(body, name) for name in ("user", "history", "k", "exclude", "reasons", "moment")}
        return shown(request, service.recommend(**asked, wishes=body.wishes, first=body.rung))

    @app.post("/v1/rerank", response_class=JSON, summary="Your own list, best first for whoever asks")
    def rerank(request: Request, body: RerankIn) -> Any:
        return shown(request, service.rerank(body.items, body.user, body.history, body.moment))

    @app.post("/v1/basket", response_class=JSON, summary="What goes with what lies in a basket")
    def basket(request: Request, body: BasketIn) -> Any:
        return shown(request, service.basket(body.items, body.user, body.k, body.wishes))

    @app.post("/v1/trending", response_class=JSON, summary="What is taken more now than before")
    def trending(request: Request, body: TrendingIn) -> Any:
        return shown(request, service.trending(body.k, body.days, body.wishes))

    @app.post("/v1/similar", response_class=JSON, summary="The items nearest to each of these")
    def similar(request: Request, body: SimilarIn) -> Any:
        return _named(request, service.similar(**body.model_dump()))

    @app.post("/v1/explain", response_class=JSON, summary="Why an item is in a slate, or what would bring it in")
    def explain(body: ExplainIn) -> Any:
        return JSON(service.explain(body.item, body.by, body.user, body.history, body.k, body.budget_ms))

    @app.get("/v1/models", response_class=JSON, summary="What answers, with versions")
    def models() -> Any:
        return JSON(service.models())


def _named(request: Request, answer: Recommendations) -> JSON:
    for slate in answer["recommendations"]:
        slate["request_id"] = request.state.request_id
    return JSON(answer)


def _actor(request: Request) -> str:
    """Who changes something: the id of the key, which is no secret."""
    return f"key {request.state.key.id}"
