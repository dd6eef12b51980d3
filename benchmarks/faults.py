"""What a server survives: `python -m benchmarks.faults`, or `make bench-faults`; prints tried / survived.

Writes ``benchmarks/results/faults.json``. A shop of sixteen items, as the tests have it, served as its users start it:
killed while it takes events in; a worker killed again and again; models damaged in every way while it answers; events
in every order; questions made up at random for every route and role; hostile ids, paths and filters.
"""

import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import string
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.protocols import RESULTS
from benchmarks.serving import served, zhiyin
from zhiyin.answering import Budget, Filter
from zhiyin.client import Client
from zhiyin.core.errors import ServiceError, ZhiyinError
from zhiyin.registry import Versions
from zhiyin.serving import Service
from zhiyin.serving.app import ROLES
from zhiyin.store import ROLES as KEYS
from zhiyin.store import Event, Store
from zhiyin.testing import worlds
from zhiyin.testing.worlds import HARD_IDS

PATH = RESULTS / "faults.json"
KILLS, WORKER_S, DAMAGES, QUESTIONS, SHUFFLES, TRAVERSALS = 50, 120, 1000, 20_000, 200, 500
RECIPE = '[split]\nby = "last"\n[models.popular]\nmodel = "Popular"\n[models.ease]\nmodel = "EASE"\n[answer]\nk = 4\n'


def shop(folder: Path) -> Path:
    """A workspace in which everything was run once."""
    folder.mkdir()
    worlds.even_csv(folder / "log.csv")
    (folder / "zhiyin.toml").write_text(RECIPE)
    zhiyin("ingest", folder / "log.csv", "-w", folder)
    zhiyin("run", "-w", folder)
    return folder


def kills(folder: Path) -> dict[str, Any]:
    """kill -9 in the middle of events: every acknowledged one is there once, and answers come again."""
    acknowledged: set[str] = set()
    n, ready, survived, key = 0, [], 0, ""
    for round_ in range(KILLS):
        with served(folder, fresh=not round_) as server:
            key = key or server.key
            if round_:
                ready.append(first_answer(f"http://{server.host}:{server.port}", key) - server.began)
            stop, sent = threading.Event(), n

            url = f"http://{server.host}:{server.port}"
            writers = [
                threading.Thread(target=written, args=(url, key, sent + 100_000 * w, stop, acknowledged))
                for w in range(2)
            ]
            for writer in writers:
                writer.start()
            time.sleep(0.1 + 0.3 * random.Random(round_).random())
            os.kill(server.process.pid, signal.SIGKILL)
            stop.set()
            for writer in writers:
                writer.join()
            n += 200_000
        with Store.of(folder) as store:
            there = Counter(event.idempotency_key for event in store.events.after(0, 10_000_000))
        survived += not (acknowledged - set(there)) and max(there.values(), default=1) == 1
    return {"tried": KILLS, "survived": survived, "acknowledged": len(acknowledged),
            "slowest_ready_s": round(max(ready), 2)}  # fmt: skip


def written(url: str, key: str, number: int, stop: threading.Event, acknowledged: set[str]) -> None:
    """Events, five at once, until it is to stop or the server is gone."""
    with contextlib.suppress(ServiceError), Client(url, key) as client:
        while not stop.is_set():
            batch = [f"{number + m}" for m in range(5)]
            number += 5
            client.events([{"user": "u", "item": f"i{one}", "idempotency_key": one} for one in batch])
            acknowledged.update(batch)


def first_answer(url: str, key: str) -> float:
    """The moment of it."""
    with Client(url, key) as client:
        client.recommend("somebody", rung="retrieval")
    return time.perf_counter()


def workers(folder: Path) -> dict[str, Any]:
    """One of two workers is killed every ten seconds; a question that fails is asked once more."""
    asked = failed = killed = 0
    with served(folder, "--workers", "2") as server:
        url, until, next_kill = f"http://{server.host}:{server.port}", time.monotonic() + WORKER_S, time.monotonic() + 5
        while time.monotonic() < until:
            if time.monotonic() > next_kill:
                children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.process.pid)], text=True,
                                          capture_output=True, check=True).stdout.split()  # fmt: skip
                os.kill(int(children[killed % len(children)]), signal.SIGKILL)
                killed, next_kill = killed + 1, time.monotonic() + 10
            asked += 1
            for attempt in range(2):
                try:
                    with Client(url, server.key, timeout_s=10) as client:
                        client.recommend("u1")
                    break
                except ServiceError:
                    failed += attempt
    return {"tried": asked, "survived": asked - failed, "workers_killed": killed}


def damages(folder: Path) -> dict[str, Any]:
    """Model folders flipped, cut, swapped, emptied or with a pickle inside: refused, and the old model goes on."""
    rng, refused, served_on = random.Random(0), 0, False
    service = Service.of(folder, budget=Budget(full_s=60))
    expected = ids(service)
    home = folder / "models" / "ease" / "1"
    files = sorted(path.name for path in home.iterdir() if path.name != "card.md")
    try:
        for _ in range(DAMAGES):
            with tempfile.TemporaryDirectory() as place:
                copy = Path(place) / "models"
                shutil.copytree(folder / "models", copy)
                file = copy / "ease" / "1" / rng.choice(files)
                content = bytearray(file.read_bytes())
                how = rng.choice(("flip", "cut", "swap", "empty", "pickle", "missing"))
                if how == "flip":
                    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
                elif how == "cut":
                    content = content[: rng.randrange(len(content))]
                elif how == "swap":
                    content = bytearray((copy / "popular" / "1" / "manifest.json").read_bytes())
                elif how == "empty":
                    content = bytearray()
                else:
                    content = bytearray(b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.")
                file.unlink() if how == "missing" else file.write_bytes(bytes(content))
                try:
                    Versions(copy).load("ease", 1)
                except ZhiyinError:
                    refused += 1
        served_on = ids(service) == expected
    finally:
        service.close()
    return {"tried": DAMAGES, "survived": refused, "old_model_goes_on": served_on}


def ids(service: Service) -> list[str]:
    """What is shown; scores change with the time of asking."""
    return [item["item"] for item in service.recommend("u4")["recommendations"][0]["items"]]


def orders(folder: Path) -> dict[str, Any]:
    """Events late, twice and in other batches: the same state as in order and once."""
    rng, same = random.Random(1), 0
    each = [Event("u", f"i{n}", 1000 + n, idempotency_key=f"{n}") for n in range(20)]
    for _ in range(SHUFFLES):
        with tempfile.TemporaryDirectory() as place, Store.of(Path(place)) as store:
            sent = [*each, *rng.choices(each, k=10)]
            cuts = sorted(rng.sample(range(1, len(sent)), 4))
            for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
                store.events.append(sent[start:end])
                store.events.append(sent[start:end])
            kept = [(event.item, event.time) for event in store.events.of("u")]
            same += kept == [(event.item, event.time) for event in each]
    return {"tried": SHUFFLES, "survived": same}


def made_up(rng: random.Random, depth: int = 3) -> Any:
    """Any JSON."""
    leaves: tuple[Callable[[], Any], ...] = (
        lambda: None, lambda: rng.random() < 0.5, lambda: rng.randint(-(10**18), 10**18), lambda: rng.gauss(0, 1e6),
        lambda: "".join(rng.choices(string.printable + "汉字🎸\u202e\0", k=rng.randint(0, 12))),
        lambda: rng.choice(("u1", "i1", "u0", "i3", "full", "loo")),
    )  # fmt: skip
    if not depth or rng.random() < 0.5:
        return rng.choice(leaves)()
    if rng.random() < 0.5:
        return [made_up(rng, depth - 1) for _ in range(rng.randint(0, 4))]
    return {made_up_name(rng): made_up(rng, depth - 1) for _ in range(rng.randint(0, 4))}


NAMES = ("user", "item", "items", "events", "history", "k", "filter", "boost", "most", "pin", "offset", "moment", "by",
         "rung", "reasons", "columns", "withdrawn", "days", "exclude", "budget_ms", "value", "time", "kind",
         "context")  # fmt: skip


def made_up_name(rng: random.Random) -> str:
    return rng.choice(NAMES) if rng.random() < 0.9 else "".join(rng.choices(string.printable, k=4))


GOOD = {
    "/v1/events": {"events": [{"user": "fuzz", "item": "i1"}]}, "/v1/items": {"items": [{"item": "i15"}]},
    "/v1/users/{user}": {"columns": {"country": "FR"}}, "/v1/recommend": {"user": "u1"},
    "/v1/rerank": {"user": "u1", "items": ["i1", "i2"]}, "/v1/basket": {"items": ["i1"]}, "/v1/trending": {"k": 3},
    "/v1/similar": {"items": ["i1"]}, "/v1/explain": {"history": ["i0"], "item": "i2"},
}  # fmt: skip
"""A question of each route, of which one part at a time is made up."""


def questions(folder: Path) -> dict[str, Any]:
    """Every route and role: no 5xx, no answer without a key that may, every error of the one shape."""
    rng, statuses, bad = random.Random(2), Counter[int](), []
    routes = [route for route in ROLES if route[1] != "/v1/stream/{user}"]
    with served(folder, "--per-second", "1000000") as server, Store.of(folder) as store:
        keys = {role: store.keys.new(role, actor="benchmark")[1] for role in KEYS}
        connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
        for _ in range(QUESTIONS):
            method, path = rng.choice(routes)
            needed, role = ROLES[method, path], rng.choice((None, *KEYS))
            body = GOOD.get(path, {}) if rng.random() < 0.7 else made_up(rng)
            if isinstance(body, dict) and rng.random() < 0.7:
                body = {**body, made_up_name(rng): made_up(rng)}
            real = path
            for name in ("{user}", "{item}"):
                real = real.replace(name, quote("".join(rng.choices(string.printable + "汉\0", k=6)), safe=""))
            headers = {} if role is None else {"Authorization": f"Bearer {keys[role]}"}
            sent = json.dumps(body).encode() if method == "POST" else None
            connection.request(method, real, sent, headers)
            answer = connection.getresponse()
            text = answer.read()
            statuses[answer.status] += 1
            may = needed is None or (role is not None and KEYS.index(role) >= KEYS.index(needed))  # type: ignore[arg-type]
            told = answer.status == 200 or set(json.loads(text)) == {"error"}
            if answer.status >= 500 or (answer.status == 200 and not may) or not told:
                bad.append([method, real, answer.status, role])
        connection.close()
    return {"tried": QUESTIONS, "survived": QUESTIONS - len(bad), "bad": bad[:10],
            "statuses": {str(status): n for status, n in sorted(statuses.items())}}  # fmt: skip


def hostile(folder: Path) -> dict[str, Any]:
    """Ids byte for byte or refused alike; paths that lead outside; filters that are no filters."""
    outside, kept, tried = Path(folder.parent / "outside"), 0, 0
    outside.write_text("secret")
    traversals = [
        f"{'../' * (n % 12 + 1)}outside{'' if n % 3 else '%00'}{n if n % 2 else ''}" for n in range(TRAVERSALS)
    ]
    with served(folder, "--per-second", "1000000") as server, Store.of(folder) as store:
        admin = store.keys.new("admin", actor="benchmark")[1]
        with Client(f"http://{server.host}:{server.port}", admin) as client:
            for id_ in (*HARD_IDS, *traversals, "a\r\nX: y", "\u202e", "'; DROP TABLE events; --", "${jndi:ldap://x}"):
                tried += 1
                client.events([{"user": id_, "item": id_}])
                whole = client.recommend(id_)["unknown_items"] == [id_]
                kept += whole and store.events.of(id_)[0].item == id_
                client.items([{"item": id_, "columns": {id_: id_}}])
                client.forget(id_)
    refused = 0
    for text in ("__import__('os').system('x')", "(" * 500, "a" * 3000, "price == 1\0", "x.__class__ == 1", "1 == 1",
                 "price == " + "-" * 900 + "1", "not " * 400 + "a == 1"):  # fmt: skip
        try:
            Filter.of(text)
        except ZhiyinError:
            refused += 1
    tried += 8
    return {"tried": tried, "survived": kept + refused, "outside_untouched": outside.read_text() == "secret"}


ALL = {"killed in ingest": kills, "worker killed every 10 s": workers, "damaged models": damages,
       "events in any order": orders, "made-up questions": questions, "hostile names": hostile}  # fmt: skip


def main() -> None:
    for name in sys.argv[1:] or ALL:
        with tempfile.TemporaryDirectory() as place:
            began = time.perf_counter()
            found = ALL[name](shop(Path(place) / "shop"))
            found["seconds"] = round(time.perf_counter() - began, 1)
        kept = json.loads(PATH.read_text()) if PATH.exists() else {}
        PATH.write_text(json.dumps({**kept, name: found}, indent=1) + "\n")
        print(f"{name}: {found['survived']:,} of {found['tried']:,} survived", flush=True)


if __name__ == "__main__":
    main()
