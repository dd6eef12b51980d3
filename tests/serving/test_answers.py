"""An event changes the very next answer; the JSON is the design's; rules, rungs and names hold over HTTP."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from zhiyin.answering import Answerer
from zhiyin.core import wire
from zhiyin.core.errors import ModelError, ServiceError
from zhiyin.serving import Service, app_of


def shaped(content: Any, shape: type) -> None:
    """``content`` has exactly the keys of a TypedDict (those not required may be missing)."""
    assert shape.__required_keys__ <= set(content) <= set(get_type_hints(shape))  # type: ignore[attr-defined]


def ids(slate: Any) -> list[str]:
    return [item["item"] for item in slate["items"]]


def test_an_event_changes_the_very_next_answer(shop: Any) -> None:
    before = shop.slate(user="fresh", k=5)
    assert before["notes"] == ["nothing is known of 'fresh' yet: answered as for somebody new"]
    said = shop.ask("POST", "/v1/events", {"events": [{"user": "fresh", "item": "i3", "kind": "purchase"}]})
    assert (said.status, said.body["accepted"]) == (200, 1)
    after = shop.slate(user="fresh", k=5)
    assert ids(before) != ids(after)
    assert "i3" not in ids(after)
    assert all(int(id_[1:]) % 2 == 1 for id_ in ids(after)[:3])  # who likes an odd item likes odd ones
    assert after["notes"] == []


def test_an_event_of_somebody_in_the_log_follows_their_history(shop: Any) -> None:
    before = shop.slate(user="u8", k=9)
    shop.ask("POST", "/v1/events", {"events": [{"user": "u8", "item": ids(before)[0]}]})
    after = shop.slate(user="u8", k=9)
    assert ids(before)[0] not in ids(after)
    assert len(ids(after)) == 9


def test_the_answer_is_the_designs_json(shop: Any) -> None:
    said = shop.ask("POST", "/v1/recommend", {"user": "u4", "k": 3, "reasons": True}, headers={"X-Request-Id": "a-1"})
    shaped(said.body, wire.Recommendations)
    (slate,) = said.body["recommendations"]
    shaped(slate, wire.SlateJSON)
    for item in slate["items"]:
        shaped(item, wire.SlateItem)
        for reason in item["reasons"]:
            shaped(reason, wire.Reason)
    assert (slate["user"], slate["rung"], slate["request_id"]) == ("u4", "full", "a-1")
    assert slate["model"] == {"name": "assembly", "version": 3}
    assert said.headers["x-request-id"] == "a-1"
    assert set(slate["history"]) == set(ids_of_history(shop, "u4"))


def ids_of_history(shop: Any, user: str) -> list[str]:
    log = shop.service.asking.dataset
    return list(log.catalogue.ids.take(log.history_of([user]).items))


def test_each_question_has_an_id_of_its_own_and_a_strange_one_is_not_taken(shop: Any) -> None:
    given = [{}, {}, *({"X-Request-Id": id_} for id_ in ("a b", "x" * 65, "é"))]
    said = [shop.ask("GET", "/v1/models", headers=headers) for headers in given]
    named = [answer.headers["x-request-id"] for answer in said]
    assert len(set(named)) == len(named)
    assert all(len(id_) == 32 for id_ in named)


def test_a_bare_history_is_answered_and_what_is_unknown_is_named(shop: Any) -> None:
    slate = shop.slate(history=["i1", "nowhere"], k=4)
    assert slate["unknown_items"] == ["nowhere"]
    assert slate["user"] is None
    assert all(int(id_[1:]) % 2 == 1 for id_ in ids(slate)[:3])
    assert ids(shop.slate(history=[], k=4)) == ids(shop.slate(user="nobody at all", k=4))


def test_a_body_is_json_whatever_it_is_called(shop: Any) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", ""):
        said = shop.ask("POST", "/v1/recommend", {"user": "u0"}, headers={"Content-Type": kind})
        assert said.status == 200, kind


def test_what_is_excluded_and_what_the_house_hides_is_not_returned(shop: Any) -> None:
    slate = shop.slate(history=["i0"], k=16, exclude=["i2", "nowhere"])
    assert not {"i0", "i2", "i12"} & set(ids(slate))
    assert len(ids(slate)) == 13


def test_an_unknown_item_of_an_event_is_kept_and_named(shop: Any) -> None:
    said = shop.ask("POST", "/v1/events", {"events": [{"user": "curious", "item": "tomorrow"}] * 2})
    shaped(said.body, wire.TakenJSON)
    assert (said.body["accepted"], said.body["unknown_items"]) == (2, ["tomorrow"])
    assert shop.slate(user="curious")["unknown_items"] == ["tomorrow"]


def test_a_retry_counts_once_and_a_key_of_another_event_is_a_conflict(shop: Any) -> None:
    event = {"user": "careful", "item": "i0", "idempotency_key": "c-1"}
    first, again = (shop.ask("POST", "/v1/events", {"events": [event]}).body for _ in range(2))
    assert (first["accepted"], first["repeated"]) == (1, 0)
    assert (again["accepted"], again["repeated"], again["sequence"]) == (0, 1, first["sequence"])
    other = shop.ask("POST", "/v1/events", {"events": [{**event, "item": "i2"}]})
    assert (other.status, other.body["error"]["code"]) == (409, "refused")


def test_without_a_time_it_is_the_servers_and_with_one_it_is_that(shop: Any) -> None:
    shop.ask("POST", "/v1/events", {"events": [{"user": "t", "item": "i0"}, {"user": "t", "item": "i1", "time": 5}]})
    mine, theirs = shop.service.store.events.of("t")
    assert abs(mine.time - time.time()) < 60
    assert theirs.time == 5


def test_similar_is_a_slate_for_each_item(shop: Any) -> None:
    said = shop.ask("POST", "/v1/similar", {"items": ["i0", "nowhere"], "k": 3}, "read").body["recommendations"]
    assert [len(slate["items"]) for slate in said] == [3, 0]
    assert all(int(id_[1:]) % 2 == 0 for id_ in ids(said[0]))
    assert said[1]["unknown_items"] == ["nowhere"]


def test_models_names_what_answers_with_versions(shop: Any) -> None:
    said = shop.ask("GET", "/v1/models", key="read").body
    shaped(said, wire.ModelsJSON)
    assert said["answers"] == {"name": "assembly", "version": 3}
    assert [(part["name"], part["model"]) for part in said["models"]] == [("popular", "Popular"), ("ease", "EASE")]


@pytest.mark.parametrize(("broken", "rung"), [("_full", "retrieval"), ("_retrieval", "context")])
def test_a_broken_rung_is_stepped_over_and_the_answer_names_the_next(
    shop: Any, broken: str, rung: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("secret detail")

    for name in ("_full", broken):
        monkeypatch.setattr(shop.service.ladder, name, fails)
    slate = shop.slate(history=["i0"], k=4)
    assert (slate["rung"], len(slate["items"])) == (rung, 4)
    assert "i12" not in ids(slate)
    assert "secret detail" not in json.dumps(slate)


def test_a_store_that_is_down_is_said_and_the_log_still_answers(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: Any, **__: Any) -> None:
        raise ServiceError("the store does not answer")

    monkeypatch.setattr(shop.service.store, "met", down)
    monkeypatch.setattr(shop.service.store.events, "of", down)
    monkeypatch.setattr(shop.service.store.events, "append", down)
    slate = shop.slate(user="u0")
    assert len(slate["items"]) == 10
    assert slate["notes"] == ["the store of live events does not answer: this is what the log knows"]
    for said in (shop.ask("GET", "/health/ready", key=None), shop.ask("POST", "/v1/events", {"events": [
        {"user": "u", "item": "i0"}]})):  # fmt: skip
        assert (said.status, said.body["error"]["code"], said.headers["retry-after"]) == (503, "service", "1")
    assert shop.ask("GET", "/health/live", key=None).status == 200


def test_the_document_is_openapi_3_1_with_an_example_of_everything(shop: Any) -> None:
    document = shop.ask("GET", "/openapi.json", key="read").body
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for operation in methods.values():
            (answer,) = operation["responses"]["200"]["content"].values()
            assert path == "/openapi.json" or answer["example"], path
            assert operation["responses"]["default"]["content"]["application/json"]["schema"]["$ref"]
    shapes = document["components"]["schemas"]
    named = {"EventsIn": "events", "RecommendIn": "recommend", "SimilarIn": "similar", "RerankIn": "rerank",
             "BasketIn": "basket", "TrendingIn": "trending", "ItemsIn": "items", "PersonIn": "users/17850"}  # fmt: skip
    for name, path in named.items():
        for example in shapes[name]["examples"]:
            if "filter" not in example:  # which speaks of columns that this world does not have
                assert shop.ask("POST", f"/v1/{path}", example, "admin").status == 200, example
    assert shapes["EventIn"]["properties"]["idempotency_key"]["description"]


def test_a_workspace_serves_what_its_last_run_put_together(workspace: Path, tmp_path: Path) -> None:
    expected = Answerer.of(workspace)
    assert expected is not None
    service = Service.of(workspace)
    (slate,) = service.recommend("u4")["recommendations"]
    service.close()
    (offline,) = expected.people(["u4"])["recommendations"]
    assert ids(slate) == ids(offline)
    assert len(ids(slate)) == 4
    with pytest.raises(ModelError, match="has nothing to serve yet; run: zhiyin run -w"):
        Service.of(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_after_a_served_answer_no_training_code_is_loaded(workspace: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from zhiyin.client import Client
from zhiyin.serving import Service, running
service = Service.of(Path({str(workspace)!r}))
with running(service) as url, Client(url, service.store.keys.new("write", actor="test")[1]) as client:
    client.events([{{"user": "u1", "item": "i0"}}])
    assert client.recommend("u1", reasons=True)["rung"] == "full"
service.close()
print([name for name in sys.modules if name.startswith(("zhiyin.training", "zhiyin.pipeline"))])
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_every_route_is_in_the_table_of_roles(shop: Any) -> None:
    from zhiyin.serving.app import ROLES

    app = app_of(shop.service)
    assert {(method, route.path_format) for route in app.routes for method in route.methods} == set(ROLES)  # type: ignore[attr-defined]


def test_a_slate_as_it_is_wished(shop: Any) -> None:
    wished = {"filter": "price == 40", "boost": [{"filter": 'item == "i9"', "by": 50}], "pin": ["i2"], "k": 3}
    slate = shop.slate(history=["i1"], **wished)
    assert ids(slate)[:2] == ["i2", "i9"]
    assert slate["items"][0]["score"] is None
    assert int(ids(slate)[2][1:]) % 2 == 1
    following = shop.slate(history=["i1"], **{**wished, "offset": 1})
    assert ids(following)[:2] == ids(slate)[1:]
    assert len(shop.slate(history=[], most={"price": 1}, k=9)["items"]) == 2


def test_the_moment_of_asking_reaches_the_request(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    answer = shop.service.ladder.answer
    monkeypatch.setattr(
        shop.service.ladder, "answer",
        lambda question, *a, **b: seen.append(question.requests.moment) or answer(question, *a, **b),
    )  # fmt: skip
    shop.slate(user="u1", moment={"query": "tea cups", "latitude": 47.1})
    assert {name: column.tolist() for name, column in seen[0].items()} == {"query": ["tea cups"], "latitude": [47.1]}


def only(said: Any) -> Any:
    assert said.status == 200, said
    (slate,) = said.body["recommendations"]
    return slate


def test_a_list_of_ones_own_is_ordered_and_nothing_known_is_left_out(shop: Any) -> None:
    given = ["i0", "i3", "i12", "nowhere", "i5", "i3"]
    slate = only(shop.ask("POST", "/v1/rerank", {"history": ["i1", "i7", "i9"], "items": given}))
    assert sorted(ids(slate)) == ["i0", "i12", "i3", "i5"], "what the house hides is the shop's own to show"
    assert set(ids(slate)[:2]) == {"i3", "i5"}
    assert slate["unknown_items"] == ["nowhere"]
    assert slate["rung"] == "full"
    whole = only(shop.ask("POST", "/v1/recommend", {"history": ["i1", "i7", "i9"], "k": 9}))
    again = only(shop.ask("POST", "/v1/rerank", {"history": ["i1", "i7", "i9"], "items": ids(whole)[::-1]}))
    assert ids(again) == ids(whole)
    scores = [[item["score"] for item in one["items"]] for one in (whole, again)]
    assert scores[1] == pytest.approx(scores[0], rel=1e-5), "each scores as it does among what is proposed"
    assert ids(only(shop.ask("POST", "/v1/rerank", {"user": "u1", "items": ["nowhere"]}))) == []


def test_what_goes_with_a_basket(shop: Any) -> None:
    slate = only(shop.ask("POST", "/v1/basket", {"items": ["i1", "i3"], "k": 3}))
    assert all(int(id_[1:]) % 2 == 1 and id_ not in ("i1", "i3") for id_ in ids(slate))
    own = only(shop.ask("POST", "/v1/basket", {"items": ["i1"], "user": "u0", "k": 9}))
    assert own["user"] == "u0"
    assert "i1" not in ids(own)
    n = len(shop.service.store.events)
    assert ids(own) != ids(shop.slate(user="u0", k=9))
    assert len(shop.service.store.events) == n, "a basket is no event"


def test_what_rises_stands_first(shop: Any) -> None:
    before = only(shop.ask("POST", "/v1/trending", {"k": 16}))
    assert before["rung"] == "rising"
    assert "i12" not in ids(before)
    last = ids(before)[-1]
    events = [{"user": f"fan {n}", "item": last} for n in range(30)]
    assert shop.ask("POST", "/v1/events", {"events": events}).status == 200
    after = only(shop.ask("POST", "/v1/trending", {"k": 3}))
    assert ids(after)[0] == last
    assert after["items"][0]["score"] > 3 > before["items"][-1]["score"]
    odd = only(shop.ask("POST", "/v1/trending", {"k": 3, "filter": "price == 40"}))
    assert all(int(id_[1:]) % 2 == 1 for id_ in ids(odd))
