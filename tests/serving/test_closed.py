"""Closed by default: who may ask what, what is refused and how it is said, and that no key is ever told."""

import http.client
import io
import json
import logging
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from zhiyin.serving.app import ROLES
from zhiyin.store import ROLES as ALL_ROLES

BODIES = {
    "/v1/events": {"events": [{"user": "u", "item": "i0"}]},
    "/v1/recommend": {"user": "u0"},
    "/v1/rerank": {"user": "u0", "items": ["i1", "i2"]},
    "/v1/basket": {"items": ["i0"]},
    "/v1/trending": {},
    "/v1/similar": {"items": ["i0"]},
    "/v1/explain": {"history": ["i0"], "item": "i2"},
    "/v1/items": {"items": [{"item": "i15", "columns": {"colour": "red"}}]},
    "/v1/users/{user}": {"columns": {"country": "France"}},
}
PARTS = {"code", "message", "found", "allowed", "do"}


def error(said: Any) -> Any:
    """The one shape of errors, with a sentence that says what to do, and no trace of code."""
    assert set(said.body) == {"error"}
    assert set(said.body["error"]) == PARTS
    assert all(isinstance(part, str) for part in said.body["error"].values())
    assert said.headers["content-type"] == "application/json"
    assert len(said.headers["x-request-id"]) == 32
    assert "Traceback" not in json.dumps(said.body)
    assert ".py" not in json.dumps(said.body)
    return said.body["error"]


def asked(shop: Any, method: str, path: str, key: str | None) -> Any:
    """One question to a route of the table; of a stream the first line."""
    real = path.replace("{user}", "whoever").replace("{item}", "nowhere")
    return shop.ask(method, real, BODIES.get(path) if method == "POST" else None, key)


@pytest.mark.parametrize("key", [None, *ALL_ROLES])
@pytest.mark.parametrize(("method", "path"), ROLES)
def test_each_route_opens_to_exactly_the_roles_of_the_table(shop: Any, method: str, path: str, key: str | None) -> None:
    needed = ROLES[method, path]
    said = asked(shop, method, path, key)
    if needed is None or (key is not None and ALL_ROLES.index(key) >= ALL_ROLES.index(needed)):  # type: ignore[arg-type]
        assert said.status == 200
    elif key is None:
        assert said.status == 401
        assert said.headers["www-authenticate"] == "Bearer"
        assert error(said)["code"] == "unauthorised"
    else:
        assert said.status == 403
        assert error(said)["message"] == (
            f"this needs a key of role {needed}, found one of role {key}; make one: zhiyin keys new --role {needed}"
        )


def test_only_health_is_open_and_only_a_writer_changes_anything() -> None:
    assert {path for (_, path), role in ROLES.items() if role is None} == {"/health/live", "/health/ready"}
    assert {path for (_, path), role in ROLES.items() if role == "write"} == {"/v1/events"}
    changing = {path for (method, path), role in ROLES.items() if role == "admin"}
    assert changing == {"/v1/items", "/v1/items/{item}", "/v1/users/{user}"}


@pytest.mark.parametrize("key", ["zy_", "zy_a_b", "nonsense", "zy_" + "0" * 12 + "_" + "A" * 43, "x" * 5000])
def test_a_wrong_key_opens_nothing_whatever_is_asked(shop: Any, key: str) -> None:
    for method, path in [
        *(route for route, role in ROLES.items() if role),
        ("GET", "/nowhere"),
        ("DELETE", "/v1/events"),
    ]:
        said = asked(shop, method, path, key)
        assert said.status == 401
        assert key not in json.dumps(said.body) or key == "zy_"


def test_another_scheme_than_bearer_is_no_key(shop: Any) -> None:
    text = shop.keys["write"]
    for header in (text, f"Basic {text}", f"Bearer{text}", f"Bearer {text} {text}"):
        assert shop.ask("GET", "/v1/models", key=None, headers={"Authorization": header}).status == 401
    assert shop.ask("GET", "/v1/models", key=None, headers={"Authorization": f"bearer {text}"}).status == 200


def test_a_revoked_key_is_refused_by_the_very_next_question(shop: Any) -> None:
    key, text = shop.service.store.keys.new("read", actor="test")
    assert shop.ask("GET", "/v1/models", key=text).status == 200
    shop.service.store.keys.revoke(key.id, actor="test")
    assert shop.ask("GET", "/v1/models", key=text).status == 401


def test_no_path_and_no_method_are_answered_with_those_there_are(shop: Any) -> None:
    said = shop.ask("GET", "/v2/recommend")
    assert said.status == 404
    assert error(said)["message"].startswith("there is no /v2/recommend; the paths are: /v1/events, /v1/items")
    said = shop.ask("GET", "/v1/events")
    assert said.status == 405
    assert error(said)["message"] == "/v1/events does not take GET; it takes POST"
    for path in ("/v1/events/", "/../etc/passwd", "/docs", "/redoc", "/v1/%2e%2e/x", "//v1/events"):
        assert shop.ask("GET", path).status == 404, path


MISTAKES = [
    ("/v1/recommend", {}, "the request: found {}; give either user or history, one of the two"),
    ("/v1/recommend", {"user": 17850}, "the request setting 'user': found 17850; it must be text in quotation marks"),
    ("/v1/recommend", {"user": "u", "kk": 1}, "the request has no setting 'kk'; did you mean 'k'? its settings are: "
     "boost, exclude, filter, history, k, moment, most, offset, pin, reasons, rung, user"),
    ("/v1/recommend", {"user": "u", "k": "ten"}, "the request setting 'k': found 'ten'; it must be a whole number"),
    ("/v1/recommend", {"user": "u", "k": 0}, "found 0; it must be greater than or equal to 1"),
    ("/v1/recommend", {"user": "u", "k": 501}, "found 501; it must be less than or equal to 500"),
    ("/v1/recommend", {"history": ["i"] * 1001}, "it must be of at most 1,000 values"),
    ("/v1/recommend", {"user": "u", "exclude": ["i"] * 1001}, "it must be of at most 1,000 values"),
    ("/v1/recommend", {"user": "u" * 1025}, "it must be of at most 1,024 characters"),
    ("/v1/recommend", {"user": "a\0b"}, "give text without NUL and half characters"),
    ("/v1/recommend", [1], "the body must be a JSON object with: k, offset, filter, boost, most, pin, user, history, "
     "moment, exclude, rung, reasons"),
    ("/v1/recommend", None, "the body must be a JSON object with: k, offset"),
    ("/v1/recommend", {"user": "u", "k": 400, "offset": 101}, "offset and k are together 501; give at most 500"),
    ("/v1/recommend", {"user": "u", "filter": "x ="}, "the filter cannot be read (invalid syntax at character"),
    ("/v1/recommend", {"user": "u", "filter": "shade == 1"}, "the filter names the column 'shade', which the items"),
    ("/v1/recommend", {"user": "u", "most": {"price": 0}}, "found 0; it must be greater than or equal to 1"),
    ("/v1/recommend", {"user": "u", "boost": [{"filter": "price == 1"}]}, "'boost.0.by': found nothing; it is needed"),
    ("/v1/rerank", {"items": ["i1"]}, "found {'items': ['i1']}; give either user or history, one of the two"),
    ("/v1/rerank", {"user": "u", "items": []}, "it must be a list with at least one value"),
    ("/v1/basket", {}, "the request setting 'items': found nothing; it is needed"),
    ("/v1/trending", {"days": 0}, "found 0; it must be greater than 0"),
    ("/v1/similar", {"items": []}, "it must be a list with at least one value"),
    ("/v1/similar", {"items": ["i"] * 21}, "it must be of at most 20 values"),
    ("/v1/events", {"events": []}, "it must be a list with at least one value"),
    ("/v1/events", {"events": [{"user": "u"}]}, "the request setting 'events.0.item': found nothing; it is needed"),
    ("/v1/events", {"events": [{"user": "u", "itme": "i"}]}, "setting 'events.0.item': found nothing"),
    ("/v1/events", {"events": [{"user": "u", "item": "i", "tmie": 1}]}, "did you mean 'time'? its settings are:"),
    ("/v1/events", {"events": [{"user": "u", "item": "i"}] * 1001}, "it must be of at most 1,000 values"),
    ("/v1/events", {"events": [{"user": "u", "item": "i", "value": float("nan")}]}, "setting 'events.0.value'"),
    ("/v1/events", {"events": [{"user": "u", "item": "i", "time": -1}]}, "setting 'events.0.time'"),
    ("/v1/events", {"events": [{"user": "u", "item": "i", "kind": "purchse"}]}, "did you mean 'purchase'? the kinds"),
    ("/v1/events", {"events": [{"user": "u", "item": "i", "context": {"consent": "all"}}]}, "the purposes are train"),
    ("/v1/events", {"events": [{"user": "u", "item": "i", "context": {"a": {"b": 1}}}]}, "setting 'events.0.context"),
    ("/v1/events", {"events": [{"user": "u", "item": "i", "context": {str(n): 1 for n in range(33)}}]}, "at most 32"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "words"), MISTAKES)
def test_a_mistake_is_told_with_what_was_found_and_allowed(shop: Any, path: str, body: Any, words: str) -> None:
    events = len(shop.service.store.events)
    said = shop.ask("POST", path, body)
    assert 400 <= said.status < 500
    assert words in error(said)["message"]
    assert len(error(said)["message"]) < 2000
    assert len(shop.service.store.events) == events


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"user": "\\ud800"}', b"nul", b"", b'{"a": 1e999999}', b"9" * 5000]
)
def test_what_is_no_json_is_refused(shop: Any, body: bytes) -> None:
    said = shop.ask("POST", "/v1/recommend", body)
    assert 400 <= said.status < 500
    assert error(said)["message"]


@pytest.mark.parametrize("declared", [True, False])
def test_a_question_that_is_too_large_is_refused_whether_it_says_its_length_or_not(shop: Any, declared: bool) -> None:
    connection = http.client.HTTPConnection(urlsplit(shop.url).netloc, timeout=30)
    most = 200_000
    body = b'{"history": ["' + b"x" * most + b'"]}'
    sent: Any = body if declared else iter([body[: most // 2], body[most // 2 :]])
    headers = {"Authorization": f"Bearer {shop.keys['read']}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/recommend", sent, headers, encode_chunked=not declared)
    answer = connection.getresponse()
    told = json.loads(answer.read())["error"]
    connection.close()
    assert answer.status == 413
    assert told["message"] == "the question is larger than 200,000 bytes; ask in parts"


def test_an_accident_is_said_without_its_inside_and_stands_in_the_log_under_its_id(
    shop: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr(shop.service, "models", fails)
    said = shop.ask("GET", "/v1/models")
    assert said.status == 500
    told = error(said)
    assert told["code"] == "unexpected"
    assert told["found"] == said.headers["x-request-id"]
    assert "inside" not in json.dumps(said.body)
    assert f"request {told['found']} failed (ZeroDivisionError)" in caplog.text


def test_no_key_is_ever_in_a_log_or_an_answer(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)
    names = ("", "uvicorn", "uvicorn.error", "uvicorn.access", "zhiyin", "sqlalchemy.engine", "asyncio")
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    texts = [*shop.keys.values(), "zy_canary_" + "C" * 43]
    try:
        said = [asked(shop, method, path, key) for key in texts for method, path in ROLES]
        said += [shop.ask("POST", "/v1/recommend", {"user": key, "nonsense": 1}, key) for key in texts[:1]]
        monkeypatch.setattr(shop.service, "models", lambda: 1 / 0)
        said += [shop.ask("GET", "/v1/models", key=key) for key in texts]
    finally:
        logging.getLogger().removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
    assert "ZeroDivisionError" in heard.getvalue()
    told = heard.getvalue() + json.dumps([str(answer.body) for answer in said])
    assert not [text for text in texts if text.split("_", 2)[2] in told]


def test_only_this_machine_can_reach_it_unless_told_otherwise(shop: Any) -> None:
    host, port = urlsplit(shop.url).hostname, urlsplit(shop.url).port
    assert host == "127.0.0.1"
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)} - {"127.0.0.1"}
    for address in others:
        with socket.socket() as tried:
            tried.settimeout(2)
            if not address.startswith("127."):
                assert tried.connect_ex((address, port)) != 0
