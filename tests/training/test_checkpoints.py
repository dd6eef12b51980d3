"""A killed training goes on to the very same weights."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from zhiyin.core.errors import ModelError
from zhiyin.registry import read
from zhiyin.training import Checkpoints, train
from zhiyin.training.schedules import warm_cosine


class KilledError(Exception):
    pass


def killed_after(learner, n_steps: int):
    """The same learner, which dies at the beginning of its step ``n_steps`` + 1."""
    step, done = learner.step, 0

    def dying(batch, optimisers):
        nonlocal done
        if done == n_steps:
            raise KilledError
        done += 1
        return step(batch, optimisers)

    learner.step = dying
    return learner


@pytest.mark.parametrize("n_steps", [0, 1, 5, 7, 10, 19])
def test_a_resumed_training_gives_the_same_weights_curve_and_best_epoch(line, loader, tmp_path: Path, n_steps: int):
    def run(learner, folder: Path | None):
        def validate() -> float:
            return -abs(learner.network.weight.item() - 1.0)  # best somewhere on the way to 3

        checkpoints = Checkpoints.at(folder, {"seed": 1}, every_s=0)
        torch.manual_seed(7)
        return train(
            learner, loader, epochs=4, patience=9, validate=validate, checkpoints=checkpoints, rate=warm_cosine
        )

    whole, part, rest = line(), line(), line()
    expected = run(whole, None)
    with pytest.raises(KilledError):
        run(killed_after(part, n_steps), tmp_path / "checkpoint")
    torch.rand(9)  # another process has another random state
    found = run(rest, tmp_path / "checkpoint")
    assert len(rest.seen) == 20 - n_steps
    assert rest.seen == whole.seen[n_steps:]
    assert found.curve == expected.curve
    assert found.best_epoch == expected.best_epoch
    for name, weight in whole.network.state_dict().items():
        assert torch.equal(rest.network.state_dict()[name], weight)


def test_a_finished_training_is_not_trained_again(line, loader, tmp_path: Path):
    first, again = line(), line()
    train(first, loader, epochs=2, checkpoints=Checkpoints(tmp_path / "c", {}))
    training = train(again, loader, epochs=2, checkpoints=Checkpoints(tmp_path / "c", {}))
    assert again.seen == []
    assert torch.equal(first.network.weight, again.network.weight)
    assert len(training.curve) == 2


def test_it_is_written_when_its_time_has_come(line, loader, tmp_path: Path):
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1
        return now

    checkpoints = Checkpoints(tmp_path / "c", {}, every_s=10, clock=clock)
    assert [checkpoints.is_due() for _ in range(10)] == [False] * 9 + [True]


def test_another_trainings_checkpoint_is_refused(line, loader, tmp_path: Path):
    train(line(), loader, epochs=1, checkpoints=Checkpoints(tmp_path / "c", {"dataset": "a"}))
    with pytest.raises(ModelError, match=r"holds the checkpoint of another training \(other data or settings\)"):
        train(line(), loader, epochs=1, checkpoints=Checkpoints(tmp_path / "c", {"dataset": "b"}))


def test_a_damaged_checkpoint_is_refused(line, loader, tmp_path: Path):
    train(line(), loader, epochs=1, checkpoints=Checkpoints(tmp_path / "c", {}))
    file = tmp_path / "c" / "arrays.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match="arrays.safetensors is damaged"):
        train(line(), loader, epochs=1, checkpoints=Checkpoints(tmp_path / "c", {}))


FIT = """
import hashlib, json, sys
import numpy as np, polars as pl
import zhiyin
rng = np.random.default_rng(1)
rows = [{"user": f"u{u}", "item": f"i{i}"} for u in range(200) for i in rng.choice(80, 12, replace=False)]
dataset = zhiyin.Dataset.from_frame(pl.DataFrame(rows))
settings = {"epochs": 12, "batch": 10, "checkpoint_minutes": 0, **json.loads(sys.argv[2])}
folder = sys.argv[3] if len(sys.argv) > 3 else None
model = getattr(zhiyin.models, sys.argv[1])(**settings).fit(dataset, checkpoints=folder)
digest = hashlib.sha256()
for name, array in sorted(model.arrays().items()):
    digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
print(digest.hexdigest())
"""


def fit(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", FIT, *arguments], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings"),
    [("MultVAE", '{"hidden": 32, "latent": 8}'), ("SASRec", '{"width": 16, "max_history": 8}')],
)
def test_kill_9_and_again_gives_bit_for_bit_the_same_model(tmp_path: Path, name: str, settings: str):
    expected = fit(name, settings).communicate()[0]
    folder = tmp_path / "checkpoint"
    kills = 0
    while True:
        process = fit(name, settings, str(folder))
        before = read(folder).manifest.facts["updates"] if folder.exists() else 0
        while process.poll() is None and kills < 3:
            time.sleep(0.005)
            try:
                moved = read(folder).manifest.facts["updates"] >= before + 20
            except (ModelError, OSError):  # between two checkpoints
                continue
            if moved and process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
        found = process.communicate()[0]
        if found:
            break
    assert kills == 3
    assert found == expected
