"""Helpers: further processes of this machine that go through the same loop beside ours, each with its people.

A helper is handed the learner and the loader once, at its start; after that only gradients and a few numbers travel.
It validates nothing and writes nothing. Each process has its own luck (dropout), so that a training that is taken up
again by several is not bit for bit the same.
"""

import contextlib
import datetime
import pickle  # between a process and its own helpers, through a pipe; never a file
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch

from zhiyin.core.errors import ResourceError
from zhiyin.training.engine import Engine
from zhiyin.training.group import Group, Processes
from zhiyin.training.learner import Learner
from zhiyin.training.loop import Loader, train
from zhiyin.training.machine import reproducible

T = TypeVar("T")

HELP = "from zhiyin.training.processes import help_out; help_out()"
PATIENCE = datetime.timedelta(days=7)
"""How long a process waits for the others: validation and a checkpoint are the first one's alone."""


class Share(Generic[T]):
    """The people of each batch that one of ``n`` processes has; all of them where they are fewer than processes."""

    def __init__(self, loader: Loader[Any], rank: int, n: int) -> None:
        self.loader, self.rank, self.n = loader, rank, n

    def __len__(self) -> int:
        return len(self.loader)

    def epoch(self, number: int, skip: int = 0) -> Iterator[Any]:
        for batch in self.loader.epoch(number, skip):
            yield batch if len(batch) < self.n else batch.take(np.arange(self.rank, len(batch), self.n))


@contextlib.contextmanager
def together(
    engine: Engine, learner: Learner[Any], loader: Loader[Any], settings: Mapping[str, Any]
) -> Iterator[tuple[Group, Loader[Any]]]:
    """The group that learns and our share of the loader, while helpers call `train` with the same ``settings``.

    Raises `ResourceError` where a helper ends before its time.
    """
    if engine.processes == 1:
        yield Group(), loader
        return
    threads = torch.get_num_threads()
    helpers: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="zhiyin-") as folder:
        try:
            meet = str(Path(folder) / "meet")
            plain = Engine(**engine.model_dump())
            work = pickle.dumps((plain, learner, loader, settings, torch.initial_seed(), meet))
            helpers += [
                subprocess.Popen([sys.executable, "-c", HELP, str(rank)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                for rank in range(1, engine.processes)
            ]
            for helper in helpers:
                _hand(helper, work)
            yield _join(engine, meet, 0), Share(loader, 0, engine.processes)
            if any(helper.wait() for helper in helpers):
                raise RuntimeError("a helper failed at its end")
        except (RuntimeError, OSError) as error:
            for helper in helpers:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    helper.wait(timeout=1)  # one that is ending
            codes = [helper.poll() for helper in helpers]
            if not any(codes):
                raise
            raise ResourceError(
                f"one of the {engine.processes} processes that learn together ended before its time (exit codes "
                f"{codes}); train again, with fewer processes where memory was short"
            ) from error
        finally:
            for helper in helpers:
                helper.kill()
                helper.wait()
                for pipe in (helper.stdin, helper.stdout):
                    with contextlib.suppress(OSError):
                        pipe.close()  # type: ignore[union-attr]
            if torch.distributed.is_initialized():
                torch.distributed.destroy_process_group()
            torch.set_num_threads(threads)


def _hand(helper: subprocess.Popen[bytes], work: bytes) -> None:
    """Give a helper its work and wait until it has it."""
    assert helper.stdin is not None and helper.stdout is not None  # noqa: S101, PT018
    helper.stdin.write(work)
    helper.stdin.close()
    if helper.stdout.readline() != b"ready\n":
        helper.wait()
        raise RuntimeError("a helper did not begin")


def _join(engine: Engine, meet: str, rank: int) -> Processes:
    device = engine.device_of(rank)
    torch.set_num_threads(max(1, torch.get_num_threads() // engine.processes))
    torch.distributed.init_process_group(
        "gloo" if device.type == "cpu" else "nccl", init_method=f"file://{meet}", rank=rank,
        world_size=engine.processes, timeout=PATIENCE,
    )  # fmt: skip
    return Processes(device)


def help_out() -> None:
    """What a helper does: read its work, say so, learn beside the others until they end."""
    rank = int(sys.argv[1])
    engine, learner, loader, settings, seed, meet = pickle.load(sys.stdin.buffer)  # noqa: S301
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with reproducible(seed + 1_000_003 * rank):
        group = _join(engine, meet, rank)
        learner.network.to(group.device)
        train(
            learner, Share(loader, rank, engine.processes), **settings, group=group,
            casting=lambda: engine.casting(group.device),
        )  # fmt: skip
        torch.distributed.destroy_process_group()
