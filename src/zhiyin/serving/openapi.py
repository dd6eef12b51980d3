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
            answers["200"]["content"] = {"application/json": {"schema": {"type": "object"}}}
            if path in ANSWERS:
                answers["200"]["content"]["application/json"]["example"] = ANSWERS[path]
            answers["default"] = {"description": "What was found, allowed, and what to do", "content": failed}
    return made
