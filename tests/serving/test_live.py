"""What is said of items and people, what is forgotten, shown, explored, limited, streamed, measured and renewed."""

import http.client
import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from zhiyin import models
from zhiyin.answering import Answerer, Assembly, Budget
from zhiyin.core.errors import DataError, ServiceError
from zhiyin.serving import Limits, Service, running
from zhiyin.serving.rates import Rates
from zhiyin.serving.shown import Shown
from zhiyin.store import ROLES, Event, Impression, Item, Store
from zhiyin.testing import worlds


def ids(slate: Any) -> list[str]:
    return [item["item"] for item in slate["items"]]


@pytest.fixture
def own(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A shop of this test alone; its parameter: limits, share that is explored."""
    from tests.serving.conftest import Shop

    limits, explore = getattr(request, "param", ({}, 0.0))
    world = worlds.even()
    sources = {name.lower(): (getattr(models, name)().fit(world), 12) for name in ("Popular", "EASE")}
    answerer = Answerer(Assembly(sources), world)
    with Store.of(tmp_path) as store:
        keys = {role: store.keys.new(role, actor="test")[1] for role in ROLES}
        service = Service(answerer, store, Budget(full_s=60, reasons_s=60, retrieval_s=60), explore=explore)
        with running(service, Limits(**limits)) as url:
            yield Shop(url, keys, service)
        service.close()


def test_a_withdrawn_item_is_in_no_answer_until_it_is_put_again(own: Any) -> None:
    first = ids(own.slate(history=["i1"], k=3))[0]
    assert own.ask("DELETE", f"/v1/items/{first}", key="admin").body == {"put": 1, "unknown_items": []}
    assert first not in ids(own.slate(history=["i1"], k=16))
    assert first not in ids(own.slate(history=["i1"], k=16, pin=[first]))
    for path in ("/v1/trending", "/v1/basket"):
        (slate,) = own.ask("POST", path, {"k": 16, **({"items": ["i1"]} if "basket" in path else {})}).body[
            "recommendations"
        ]
        assert first not in ids(slate)
    (similar,) = own.ask("POST", "/v1/similar", {"items": ["i1"], "k": 16}).body["recommendations"]
    assert first not in ids(similar)
    own.ask("POST", "/v1/items", {"items": [{"item": first}]}, "admin")
    assert ids(own.slate(history=["i1"], k=3))[0] == first


def test_what_is_said_of_items_is_shown_filtered_and_obeyed_at_once(own: Any) -> None:
    said = [{"item": "i3", "columns": {"price": 7, "colour": "red", "title": "New 名"}}, {"item": "tomorrow"}]
    assert own.ask("POST", "/v1/items", {"items": said}, "admin").body == {"put": 2, "unknown_items": ["tomorrow"]}
    slate = own.slate(history=["i1"], filter='price == 7 and colour == "red"')
    assert ids(slate) == ["i3"]
    assert slate["items"][0]["columns"]["title"] == "New 名"
    assert "i3" not in ids(own.slate(history=["i1"], k=16, filter="price == 40"))
    own.ask("POST", "/v1/items", {"items": [{"item": "i3", "columns": {"price": None}}]}, "admin")
    assert ids(own.slate(history=["i1"], filter="price > 0 and price < 8 and colour == 'red'")) == []
    assert ids(own.slate(history=["i1"], filter="colour == 'red'")) == ["i3"], "what is not named stays"


def test_another_process_knows_at_once_what_was_said(own: Any) -> None:
    with Store(own.service.store.database.url) as other:
        service = Service(own.service.now.answerer, other)
        first = ids(own.slate(history=["i1"], k=3))[0]
        service.put_items([Item(first, {}, withdrawn=True)], "test")
        service.ladder.close()
    assert first not in ids(own.slate(history=["i1"], k=16))


def test_a_forgotten_person_is_somebody_new_and_may_come_back(own: Any) -> None:
    own.ask("POST", "/v1/events", {"events": [{"user": "u0", "item": "i1"}]})
    known = own.slate(user="u0", k=16)
    receipt = own.ask("DELETE", "/v1/users/u0", key="admin").body
    assert receipt["rows"]["events"] == 1
    assert "u0" not in json.dumps(receipt["forgotten"])
    assert "until the log is taken in without this person" in receipt["kept"]
    new, nobody = own.slate(user="u0", k=16), own.slate(user="nobody", k=16)
    assert ids(new) == ids(nobody) != ids(known)
    assert new["notes"] == ["nothing is known of 'u0' yet: answered as for somebody new"]
    own.ask("POST", "/v1/events", {"events": [{"user": "u0", "item": "i2"}]})
    back = own.slate(user="u0", k=16)
    assert ids(back) == ids(own.slate(history=["i2"], k=16))


def test_nothing_remembered_of_a_person_outlives_that_another_process_forgot_them(own: Any) -> None:
    before = own.slate(user="u0", k=5)
    assert own.slate(user="u0", k=5, rung="cached")["rung"] == "cached"
    own.service.store.people.forget("u0", actor="another process")
    after = own.slate(user="u0", k=5, rung="cached")
    assert after["rung"] == "popular"
    assert ids(after) != ids(before)


def test_a_forgotten_person_stays_forgotten_while_the_store_is_down(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own.ask("DELETE", "/v1/users/u0", key="admin")

    def down(*_: Any, **__: Any) -> None:
        raise ServiceError("down")

    monkeypatch.setattr(own.service.store, "met", down)
    assert ids(own.slate(user="u0")) == ids(own.slate(user="nobody"))


@pytest.mark.parametrize("id_", ["a/b", "a%2fb", "../x", "汉字 🎸", "a?b#c", "two\nlines", "x" * 1024])
def test_an_id_in_a_path_is_taken_as_it_is(own: Any, id_: str) -> None:
    from zhiyin.client import Client

    own.ask("POST", "/v1/events", {"events": [{"user": id_, "item": "i1"}]})
    with Client(own.url, own.keys["admin"]) as client:
        assert client.forget(id_)["rows"]["events"] == 1
        client.person(id_, country="FR")
    assert own.service.store.people.of(id_) == {"country": "FR"}


@pytest.mark.parametrize("path", ["/v1/users/%00", "/v1/users/" + "x" * 1025, "/v1/items/%00"])
def test_an_id_that_cannot_be_kept_is_refused_in_a_path(own: Any, path: str) -> None:
    said = own.ask("DELETE", path, key="admin")
    assert said.status == 422
    assert "give an id of 1 to 1,024 characters without NUL" in said.body["error"]["message"]


def test_columns_of_a_person_reach_the_request(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    answer = own.service.ladder.answer
    monkeypatch.setattr(own.service.ladder, "answer", lambda q, *a, **b: seen.append(q.requests) or answer(q, *a, **b))
    own.ask("POST", "/v1/users/u0", {"columns": {"country": "FR", "age": 30}}, "admin")
    own.slate(user="u0")
    assert {name: seen[0].person[name].tolist() for name in ("country", "age")} == {"country": ["FR"], "age": [30]}


def test_each_shown_item_is_kept_with_its_place(own: Any) -> None:
    slate = own.slate(user="u1", k=3)
    own.service.shown.flush()
    kept = own.service.store.impressions.after()
    assert [(one.item, one.place) for one in kept] == [(id_, n) for n, id_ in enumerate(ids(slate), start=1)]
    assert {(one.request_id, one.user, one.rung, one.model, one.propensity, one.explored) for one in kept} == {
        (slate["request_id"], "u1", "full", "assembly/0", 1.0, False)
    }


def test_impressions_wait_for_a_store_that_is_down_and_the_oldest_give_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.of(tmp_path) as store:
        shown = Shown(store)
        one = [Impression("r", None, f"i{n}", 1, 1.0, False, "full", "a/1") for n in range(5)]
        append, calls = store.impressions.append, []

        def down(part: Any) -> None:
            calls.append(len(part))
            raise ServiceError("down")

        monkeypatch.setattr(store.impressions, "append", down)
        monkeypatch.setattr("zhiyin.serving.shown.MOST", 3)
        shown.add(one)
        with pytest.raises(ServiceError):
            shown.flush()
        assert (len(shown), shown.dropped) == (3, 2)
        monkeypatch.setattr(store.impressions, "append", append)
        shown.close()
        assert [kept.item for kept in store.impressions.after()] == ["i2", "i3", "i4"]


@pytest.mark.parametrize("own", [({}, 0.5)], indirect=True)
def test_a_new_item_is_tried_as_often_as_is_said_and_its_chance_is_written_down(own: Any) -> None:
    counts = own.service.ladder.counts
    own.service.ladder.exploration = type(own.service.ladder.exploration)(0.5, counts <= np.sort(counts)[3])
    new = {f"i{row}" for row in np.flatnonzero(own.service.ladder.exploration.new)}
    explored, propensities = 0, []
    for _ in range(200):
        slate = own.slate(user="u0", k=4)
        tried = [item for item in slate["items"] if item["source"] == "explored"]
        explored += len(tried)
        assert len(tried) <= 1
        assert {item["item"] for item in tried} <= new
        assert len(set(ids(slate))) == 4
        propensities += [item["propensity"] for item in tried]
        assert all(item["propensity"] == pytest.approx(1 - 0.5 / 4) for item in slate["items"] if item not in tried)
    assert 70 < explored < 130
    own.service.shown.flush()
    kept = own.service.store.impressions.after(limit=10_000)
    assert sum(one.explored for one in kept) == explored
    assert sorted(one.propensity for one in kept if one.explored) == pytest.approx(sorted(propensities))
    assert all(0 < p <= 0.5 / 4 for p in propensities)


@pytest.mark.parametrize("own", [({"per_key_per_s": 5}, 0.0)], indirect=True)
def test_a_key_that_asks_too_often_is_told_when_to_come_again(own: Any) -> None:
    said = [own.ask("GET", "/v1/models", key="read") for _ in range(12)]
    assert [one.status for one in said[:5]] == [200] * 5
    late = next(one for one in said if one.status == 429)
    assert late.body["error"]["code"] == "too_many"
    assert late.headers["retry-after"] == "1"
    assert own.ask("GET", "/v1/models", key="write").status == 200, "another key has a bucket of its own"


def test_a_bucket_fills_again() -> None:
    now = [0.0]
    rates = Rates(2, lambda: now[0])
    assert [rates.wait_s("a") for _ in range(3)] == [0, 0, 0.5]
    now[0] = 0.5
    assert [rates.wait_s("a"), rates.wait_s("b")] == [0, 0]
    assert rates.wait_s("a") == pytest.approx(0.5)


@pytest.mark.parametrize("own", [({"at_once": 1}, 0.0)], indirect=True)
def test_more_at_once_than_it_takes_are_asked_to_come_again(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Any:
        begun.set()
        assert go_on.wait(30)
        return {}

    monkeypatch.setattr(own.service, "models", slow)
    first: list[Any] = []
    asking = threading.Thread(target=lambda: first.append(own.ask("GET", "/v1/models")))
    asking.start()
    assert begun.wait(30)
    said = own.ask("POST", "/v1/recommend", {"user": "u0"})
    assert (said.status, said.headers["retry-after"]) == (503, "1")
    assert said.body["error"]["message"] == "1 questions are being answered; ask again in a second"
    assert own.ask("GET", "/health/live", key=None).status == 200
    go_on.set()
    asking.join()
    assert first[0].status == 200
    assert own.slate(user="u0")["items"]


def test_a_stream_gives_the_slate_again_after_each_event(own: Any) -> None:
    connection = http.client.HTTPConnection(urlsplit(own.url).netloc, timeout=30)
    connection.request("GET", "/v1/stream/visitor?k=4", headers={"Authorization": f"Bearer {own.keys['read']}"})
    answer = connection.getresponse()
    assert answer.headers["content-type"].startswith("text/event-stream")

    def following() -> tuple[str, Any]:
        lines = iter(answer.readline, b"")
        told = dict(line.decode().rstrip("\n").split(": ", 1) for line in iter(lambda: next(lines), b"\n"))
        return told["event"], json.loads(told["data"])

    kind, first = following()
    assert (kind, len(first["items"]), first["user"]) == ("slate", 4, "visitor")
    asked = time.perf_counter()
    own.ask("POST", "/v1/events", {"events": [{"user": "other", "item": "i1"}, {"user": "visitor", "item": "i1"}]})
    _, second = following()
    assert time.perf_counter() - asked < 20
    assert ids(second) != ids(first)
    assert ids(second) == ids(own.slate(user="visitor", k=4))
    connection.close()
    said = own.ask("GET", "/v1/stream/visitor?k=0", key="read")
    assert (said.status, said.body["error"]["code"]) == (400, "unreadable")


def test_figures_of_what_happened(own: Any) -> None:
    own.slate(user="u0")
    own.ask("POST", "/v1/events", {"events": [{"user": "u", "item": "i0"}] * 3})
    own.ask("GET", "/v1/made-up/name")
    text = own.ask("GET", "/metrics", key="read").body.decode()
    assert 'zhiyin_slates_total{rung="full"} 1.0' in text
    assert "zhiyin_events_total 3.0" in text
    assert 'zhiyin_requests_total{path="/v1/recommend",status="200"} 1.0' in text
    assert 'zhiyin_requests_total{path="other",status="404"} 1.0' in text
    assert "made-up" not in text


def test_why_over_http(own: Any) -> None:
    item = ids(own.slate(user="u0", k=3))[0]
    said = own.ask("POST", "/v1/explain", {"user": "u0", "item": item, "by": "loo", "k": 3}, "read").body
    assert (said["item"], said["by"], said["place"]) == (item, "loo", 1)
    assert said["events"]
    out = own.ask("POST", "/v1/explain", {"user": "u0", "item": "nowhere"}, "read")
    assert (out.status, out.body["error"]["message"][:20]) == (422, "item 'nowhere' is un")


def test_a_new_run_answers_and_a_bad_one_is_refused(workspace: Path, tmp_path: Path) -> None:
    from zhiyin.cli import app

    folder = tmp_path / "w"
    shutil.copytree(workspace, folder)
    service = Service.of(folder)
    try:
        assert not service.renew(), "nothing new"
        before = service.models()["answers"]["version"]
        old = service.now
        recipe = folder / "zhiyin.toml"
        recipe.write_text(recipe.read_text().replace("k = 4", "k = 6"))
        assert app.main(["run", "-w", str(folder)]) == 0
        assert service.renew()
        assert service.models()["answers"]["version"] == before + 1
        assert len(service.recommend("u4")["recommendations"][0]["items"]) == 6
        assert len(old.ladder.answerer.history(["i0"])["recommendations"][0]["items"]) == 4, "who had begun goes on"
        file = next((folder / "models" / "ease").glob("*/*.safetensors"))
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        recipe.write_text(recipe.read_text().replace("k = 6", "k = 7"))
        plan = (folder / "assembly.json").read_text()
        (folder / "assembly.json").write_text(plan.replace('"k": 6', '"k": 7'))
        assert not service.renew()
        assert len(service.recommend("u4")["recommendations"][0]["items"]) == 6
        assert not service.renew(), "it is not tried again and again"
        (folder / "assembly.json").write_text("{")
        assert not service.renew()
        with pytest.raises(DataError):
            service.events([Event("u", "i0", kind="nonsense")])
    finally:
        service.close()
