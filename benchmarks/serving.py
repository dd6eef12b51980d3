"""A running server under load: `python -m benchmarks.serving`, or `make bench-serving`.

Writes ``benchmarks/results/serving.json``. A made-up shop of 100,000 items and 1,000,000 events of 50,000 people
(tastes in groups, items by Zipf's law), a Transformer as a source and boosted trees that rank; `zhiyin serve` as its
users start it, one process; whoever asks runs on the same machine. Milliseconds are of the whole HTTP exchange over a
kept connection. "open": questions come at random moments at a given rate, whether or not earlier ones were answered.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.protocols import CACHE, RESULTS
from zhiyin.core.progress import Silent
from zhiyin.pipeline.assemble import assemble
from zhiyin.pipeline.run import line_after
from zhiyin.pipeline.workspace import Workspace

PATH = RESULTS / "serving.json"
FOLDER = CACHE / "serving"
ITEMS, PEOPLE, EVENTS, GROUPS = 100_000, 50_000, 1_000_000, 200
RECIPE = """
[models.popular]
model = "Popular"

[models.transformer]
model = "SASRec"
epochs = 1
loss = "sampled_softmax"
shared = true
proposal = "frequency"
corrected = true
negatives = 1024

[sources]
transformer = 200

[ranker]
model = "BoostedTrees"
beside = []
negatives = 0.05

[answer]
examples = 0
"""
ALONE = 1500
"""Questions of one client, one after the other."""
OPEN_S = 15
MIX = (("full", 0.15), ("retrieval", 0.35), ("cached", 0.5))
"""Rungs at which questions begin, and their shares."""


def built() -> Path:
    """The workspace, made once."""
    folder = FOLDER / "shop"
    if not (folder / "assembly.json").is_file():
        rng = np.random.default_rng(0)
        group = rng.integers(GROUPS, size=PEOPLE)
        user = np.sort(rng.integers(PEOPLE, size=EVENTS))
        near = rng.random(EVENTS) < 0.8
        rank = np.minimum(rng.zipf(1.3, EVENTS) - 1, ITEMS // GROUPS - 1)
        item = np.where(near, group[user] + GROUPS * rank, rng.permutation(ITEMS)[rng.integers(ITEMS, size=EVENTS)])
        moment = 1_700_000_000 + rng.integers(180 * 86_400, size=EVENTS)
        FOLDER.mkdir(parents=True, exist_ok=True)
        log = pl.DataFrame({"user": [f"u{u}" for u in user], "item": [f"i{i}" for i in item], "time": moment})
        log.write_parquet(FOLDER / "log.parquet")
        everything = np.arange(ITEMS)
        items = {"item": [f"i{i}" for i in everything], "category": [f"c{i % GROUPS}" for i in everything],
                 "price": np.round(rng.gamma(2, 10, ITEMS), 2)}  # fmt: skip
        pl.DataFrame(items).write_parquet(FOLDER / "items.parquet")
        zhiyin("ingest", FOLDER / "log.parquet", "--items", FOLDER / "items.parquet", "-w", folder)
        (folder / "zhiyin.toml").write_text(RECIPE)
        with line_after(Workspace(folder), ("data", "models", "features", "ranking", "generation"), Silent()) as line:
            assemble(line)  # without judging it on 50,000 people, which takes longer than all the rest
    return folder


def zhiyin(*arguments: object) -> None:
    subprocess.run(
        [sys.executable, "-m", "zhiyin", *map(str, arguments)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Server:
    """A started server, with the key that it gave."""

    def __init__(self, process: "subprocess.Popen[str]", said: dict[str, Any], began: float) -> None:
        self.process, self.began = process, began
        self.key = said["key"]["text"] if said["key"] else ""
        self.host, _, port = said["url"].removeprefix("http://").partition(":")
        self.port = int(port)

    def memory_mib(self) -> float:
        """Proportional set size."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


@contextmanager
def served(folder: Path, *options: str, fresh: bool = True) -> Iterator[Server]:
    """`zhiyin serve` until the block ends; its store is a new one, unless it is to go on with what is there."""
    for file in folder.glob("store.db*") if fresh else ():
        file.unlink()
    began = time.perf_counter()
    command = [sys.executable, "-m", "zhiyin", "serve", "-w", str(folder), "--port", "0", "--json", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        yield Server(process, json.loads(process.stdout.readline()), began)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


class Connection:
    """One kept connection; a question and its answer as bytes."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def __aenter__(self) -> "Connection":
        self.reader, self.writer = await asyncio.open_connection(self.server.host, self.server.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def ask(self, path: str, body: Any) -> tuple[int, bytes, float]:
        """Status, body, seconds."""
        began = time.perf_counter()
        sent = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.server.key}\r\n"
        self.writer.write(f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)
        lines = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        length = next(int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length"))
        text = await self.reader.readexactly(length)
        return int(lines[0].split()[1]), text, time.perf_counter() - began


def spread(seconds: list[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    p50, p99 = np.percentile(np.array(seconds) * 1000, [50, 99])
    return {"p50_ms": round(float(p50), 3), "p99_ms": round(float(p99), 3), "n": len(seconds)}


async def alone(server: Server, rung: str, n: int) -> dict[str, Any]:
    """One client, one question after the other, of people of the log."""
    rng, seconds = np.random.default_rng(1), []
    async with Connection(server) as connection:
        for user in rng.integers(PEOPLE, size=n + 20):
            asked = {"user": f"u{user}", "rung": rung}
            status, text, took = await connection.ask("/v1/recommend", asked)
            slate = json.loads(text)["recommendations"][0]
            assert status == 200
            assert slate["rung"] == rung, slate["rung"]
            assert len(slate["items"]) == 10
            seconds.append(took)
    return {"rung": rung, **spread(seconds[20:])}


async def at_once(server: Server, rung: str, clients: int, seconds: float) -> dict[str, Any]:
    """So many clients, each as fast as it is answered."""
    until, n = time.perf_counter() + seconds, 0

    async def client(seed: int) -> None:
        nonlocal n
        rng = np.random.default_rng(seed)
        async with Connection(server) as connection:
            while time.perf_counter() < until:
                asked = {"user": f"u{rng.integers(PEOPLE)}", "rung": rung}
                status, _, _ = await connection.ask("/v1/recommend", asked)
                assert status == 200
                n += 1

    before = cpu_s(server)
    await asyncio.gather(*(client(seed) for seed in range(clients)))
    used = cpu_s(server) - before
    return {"rung": rung, "clients": clients, "per_s": round(n / seconds, 1), "per_server_cpu_s": round(n / used, 1)}


def cpu_s(server: Server) -> float:
    """CPU seconds that the server has used."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def opened(server: Server, rate: float, mix: tuple[tuple[str, float], ...], seconds: float) -> dict[str, Any]:
    """Questions at random moments (Poisson) at ``rate`` a second; milliseconds from the moment one should be asked."""
    rng = np.random.default_rng(2)
    moments = np.cumsum(rng.exponential(1 / rate, int(rate * seconds)))
    rungs = rng.choice([rung for rung, _ in mix], len(moments), p=[share for _, share in mix])
    users = rng.integers(PEOPLE, size=len(moments))
    free: asyncio.Queue[Connection] = asyncio.Queue()
    statuses: Counter[int] = Counter()
    given: Counter[str] = Counter()
    took: list[float] = []
    began = time.perf_counter()

    async def one(moment: float, rung: str, user: int) -> None:
        connection = free.get_nowait() if free.qsize() else await Connection(server).__aenter__()
        asked = {"user": f"u{user}", "rung": str(rung)}
        status, text, _ = await connection.ask("/v1/recommend", asked)
        statuses[status] += 1
        if status == 200:
            took.append(time.perf_counter() - began - moment)
            given[json.loads(text)["recommendations"][0]["rung"]] += 1
        free.put_nowait(connection)

    tasks = []
    for moment, rung, user in zip(moments, rungs, users, strict=True):
        await asyncio.sleep(max(0.0, moment - (time.perf_counter() - began)))
        tasks.append(asyncio.create_task(one(moment, rung, int(user))))
    await asyncio.gather(*tasks)
    while free.qsize():
        await free.get_nowait().__aexit__()
    return {"rate": rate, "statuses": {str(status): n for status, n in sorted(statuses.items())},
            "rungs": dict(given), **(spread(took) if took else {})}  # fmt: skip


async def highest(server: Server, mix: tuple[tuple[str, float], ...], rates: tuple[float, ...]) -> list[dict[str, Any]]:
    """Rate after rate, until the slowest hundredth takes more than 50 ms."""
    found = []
    for rate in rates:
        found.append(await opened(server, rate, mix, OPEN_S))
        print(found[-1], flush=True)
        if found[-1].get("p99_ms", 1e9) > 50:
            break
    return found


async def events(server: Server) -> dict[str, Any]:
    """Batches of 500 for ten seconds, each acknowledged when it is on the disk; then an event and the next answer."""
    rng = np.random.default_rng(3)
    taken, began = 0, time.perf_counter()
    async with Connection(server) as connection:
        while time.perf_counter() - began < 10:
            batch = [{"user": f"u{u}", "item": f"i{i}", "idempotency_key": f"{taken}-{n}"}
                     for n, (u, i) in enumerate(zip(rng.integers(PEOPLE, size=500), rng.integers(ITEMS, size=500),
                                                    strict=True))]  # fmt: skip
            status, _, _ = await connection.ask("/v1/events", {"events": batch})
            assert status == 200
            taken += len(batch)
        per_s = taken / (time.perf_counter() - began)
        seconds = []
        for n in range(200):
            user = f"visitor {n}"
            _, text, _ = await connection.ask("/v1/recommend", {"user": user})
            item = json.loads(text)["recommendations"][0]["items"][0]["item"]
            start = time.perf_counter()
            await connection.ask("/v1/events", {"events": [{"user": user, "item": item}]})
            _, text, _ = await connection.ask("/v1/recommend", {"user": user})
            seconds.append(time.perf_counter() - start)
            after = [one["item"] for one in json.loads(text)["recommendations"][0]["items"]]
            assert item not in after, "the event is not in the next answer"
    return {"per_s": round(per_s), "batch": 500, "in_next_answer": spread(seconds)}


def imports_s() -> float:
    """Seconds of the bare imports that a full answer needs."""
    code = "import torch, fastapi, uvicorn, sqlalchemy, polars, lightgbm, pyarrow, scipy.sparse"
    took = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        took.append(time.perf_counter() - began)
    return sorted(took)[1]


def starts(folder: Path) -> dict[str, float]:
    """From the command to the first answer, three times."""
    found = []
    for _ in range(3):
        with served(folder) as server:
            asyncio.run(alone(server, "full", 1))
            found.append((time.perf_counter() - server.began, server.memory_mib()))
    bare = imports_s()
    full = sorted(took for took, _ in found)[1]
    return {"full_s": round(full, 2), "bare_imports_s": round(bare, 2), "ratio": round(full / bare, 2),
            "memory_mib": round(max(mib for _, mib in found), 1)}  # fmt: skip


async def overload(server: Server, rate: float) -> dict[str, Any]:
    """Five times what it can, then what it can."""
    before = server.memory_mib()
    over = await opened(server, 5 * rate, (("full", 1.0),), OPEN_S)
    memory = server.memory_mib()
    await asyncio.sleep(10)
    after = await opened(server, rate, (("full", 1.0),), OPEN_S)
    return {"over": over, "after": after, "memory_ratio": round(memory / before, 3)}


async def all_of(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = {}
    found["retrieval_alone"] = await alone(server, "retrieval", ALONE)
    found["full_alone"] = await alone(server, "full", ALONE // 3)
    found["retrieval_at_once"] = await at_once(server, "retrieval", 4, 10)
    found["events"] = await events(server)
    for name, one in found.items():
        print(name, one, flush=True)
    found["open_full"] = await highest(server, (("full", 1.0),), (10, 20, 40, 60, 80, 100, 150))
    found["open_mix"] = await highest(server, MIX, (100, 200, 300, 400, 500, 700, 1000))
    held = [one["rate"] for one in found["open_full"] if one["p99_ms"] <= 50]
    found["overload"] = await overload(server, max(held, default=10))
    print("overload", found["overload"], flush=True)
    return found


def main() -> None:
    folder = built()
    found = {"items": ITEMS, "people": PEOPLE, "log_events": EVENTS, "mix": dict(MIX), "start": starts(folder)}
    print("start", found["start"], flush=True)
    with served(folder, "--per-second", "1000000") as server:
        found |= asyncio.run(all_of(server))
    PATH.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
