"""The OpenAPI 3.1 document: shapes from the code, examples, what key each path needs, the one shape of errors."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from zhiyin.store import Role

SLATE = {
    "user": "17850", "request_id": "5f0c", "model": {"name": "assembly", "version": 3}, "rung": "full",
    "items": [{"item": "22423", "score": 0.31, "source": "ease", "columns": {"title": "REGENCY CAKESTAND 3 TIER"}}],
    "unknown_items": [], "notes": [],
}  # fmt: skip
ANSWERS: Mapping[str, Any] = {
    "/v1/events": {"accepted": 1, "repeated": 0, "sequence": 41, "unknown_items": []},
    "/v1/items": {"put": 1, "unknown_items": []},
    "/v1/items/{item}": {"put": 1, "unknown_items": []},
    "/v1/users/{user}": {
        "forgotten": "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
        "rows": {"events": 12, "impressions": 40, "people": 1},
        "kept": "models keep what they learned until …",
    },
    "/v1/explain": {
        "user": "17850",
        "item": "22423",
        "title": "REGENCY CAKESTAND 3 TIER",
        "by": "loo",
        "model": {"name": "assembly", "version": 3},
        "place": 1,
        "score": 0.31,
        "text": "without 22699 its lead …",
        "total": 0.2,
        "error": 0.0,
        "events": [{"item": "22699", "value": 0.1}],
        "columns": [],
        "outcome": None,
        "begin": None,
        "history": ["22699"],
        "unknown_items": [],
        "notes": [],
    },
    "/v1/recommend": {"recommendations": [SLATE]},
    "/v1/rerank": {"recommendations": [SLATE]},
    "/v1/basket": {"recommendations": [{**SLATE, "user": None}]},
    "/v1/trending": {"recommendations": [{**SLATE, "user": None, "rung": "rising"}]},
    "/v1/similar": {"recommendations": [{**SLATE, "user": None, "rung": "retrieval"}]},
    "/v1/models": {
        "answers": {"name": "assembly", "version": 3},
        "models": [{"name": "ease", "model": "EASE", "version": 2, "role": "source"}],
    },
    "/health/live": {"status": "live"},
    "/health/ready": {"status": "ready"},
}
"""An example answer of each path."""
TEXTS: Mapping[str, tuple[str, str]] = {
    "/metrics": ("text/plain", 'zhiyin_slates_total{rung="full"} 41.0\n'),
    "/v1/stream/{user}": ("text/event-stream", 'event: slate\nid: 41\ndata: {"user": "17850", …}\n\n'),
}
"""The kind and an example of answers that are no JSON."""
TEXT = {"type": "string"}
PARTS = ("code", "message", "found", "allowed", "do")
ERROR = {
    "type": "object", "required": ["error"],
    "properties": {
        "error": {"type": "object", "required": list(PARTS), "properties": dict.fromkeys(PARTS, TEXT)},
    },
}  # fmt: skip


def document(app: FastAPI, roles: Mapping[tuple[str, str], Role | None]) -> dict[str, Any]:
    """The document of an application."""
    made: dict[str, Any] = get_openapi(title=app.title, version=app.version, routes=app.routes)
    parts = made.setdefault("components", {})
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "zy_…"}}
    parts["schemas"] = {name: shape for name, shape in parts.get("schemas", {}).items() if "Validation" not in name}
    parts["schemas"]["Error"] = ERROR
    failed = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            needed = roles[(method.upper(), path)]
            operation["security"] = [] if needed is None else [{"key": []}]
            operation["description"] = "Open." if needed is None else f"Needs a key of role {needed}."
            answers = operation["responses"]
            answers.pop("422", None)
            kind, example = TEXTS.get(path, ("application/json", ANSWERS.get(path)))
            told = {"schema": {"type": "string" if path in TEXTS else "object"}}
            answers["200"]["content"] = {kind: told if example is None else {**told, "example": example}}
            answers["default"] = {"description": "What was found, allowed, and what to do", "content": failed}
    return made
