"""A killed training goes on to the very same weights."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import zhiyin
from zhiyin.core.errors import ModelError, ResourceError
from zhiyin.registry import Artefact, read, write
from zhiyin.training import Checkpoints, checkpoints, train
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
@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_resumed_training_gives_the_same_weights_curve_and_best_epoch(
    line, loader, tmp_path: Path, n_steps: int, accumulate: int
):
    def run(learner, folder: Path | None):
        def validate() -> float:
            return -abs(learner.network.weight.item() - 1.0)  # best somewhere on the way to 3

        checkpoints = Checkpoints.at(folder, {"seed": 1}, every_s=0)
        torch.manual_seed(7)
        return train(
            learner, loader, epochs=4, patience=9, validate=validate, checkpoints=checkpoints, rate=warm_cosine,
            accumulate=accumulate,
        )  # fmt: skip

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
    with pytest.raises(ModelError, match=r"holds the checkpoint of another training \(other dataset\); remove the"):
        train(line(), loader, epochs=1, checkpoints=Checkpoints(tmp_path / "c", {"dataset": "b"}))


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


@pytest.mark.parametrize("damage", [flip, cut])
def test_where_the_newest_is_damaged_the_one_before_is_taken_up_and_said(line, loader, tmp_path: Path, damage):
    whole = line()
    train(whole, loader, epochs=3, checkpoints=Checkpoints(tmp_path / "c", {}, every_s=0))
    older, newest = sorted((tmp_path / "c").iterdir())
    damage(newest / "arrays.safetensors")
    read(older)
    again = line()
    training = train(again, loader, epochs=3, checkpoints=Checkpoints(tmp_path / "c", {}, every_s=0))
    assert torch.equal(again.network.weight, whole.network.weight)
    assert training.facts()["remarks"] == [
        f"a checkpoint is left out ({newest}: arrays.safetensors is damaged (its sha256 differs from the manifest's)); "
        "the one before it is taken up"
    ]
    damage(sorted((tmp_path / "c").iterdir())[0] / "manifest.json")
    damage(sorted((tmp_path / "c").iterdir())[1] / "arrays.safetensors")
    with pytest.raises(ModelError, match=r"arrays.safetensors is damaged .*, and no checkpoint of .* is whole; remove"):
        train(line(), loader, epochs=3, checkpoints=Checkpoints(tmp_path / "c", {}))


def test_a_checkpoint_of_another_version_and_a_folder_of_other_files_are_refused(line, loader, tmp_path, monkeypatch):
    train(line(), loader, epochs=1, checkpoints=Checkpoints(tmp_path / "c", {}))
    monkeypatch.setattr(zhiyin, "__version__", "9.0")
    with pytest.raises(ModelError, match=r"of another training \(other zhiyin 0\.[0-9.]+, this is 9\.0\); remove"):
        train(line(), loader, epochs=1, checkpoints=Checkpoints(tmp_path / "c", {}))
    (tmp_path / "c" / "thesis.docx").touch()
    with pytest.raises(ModelError, match="c holds thesis.docx, which is no checkpoint; give a folder of its own"):
        train(line(), loader, epochs=1, checkpoints=Checkpoints(tmp_path / "c", {}))


def test_without_disk_training_goes_on_warns_once_and_keeps_the_last(line, loader, tmp_path, monkeypatch):
    good = line()
    torch.manual_seed(3)
    train(good, loader, epochs=2)
    learner, written = line(), []

    def full(folder: Path, artefact: Artefact) -> None:
        if len(written) == 2:
            raise ResourceError(f"no space left on the disk of {folder}; free some space and run again")
        written.append(write(folder, artefact))

    monkeypatch.setattr(checkpoints, "write", full)
    torch.manual_seed(3)
    training = train(learner, loader, epochs=2, checkpoints=Checkpoints(tmp_path / "c", {}, every_s=0))
    assert torch.equal(learner.network.weight, good.network.weight)
    (remark,) = training.remarks
    assert remark.en == (
        f"a checkpoint could not be written (no space left on the disk of {tmp_path / 'c' / '000003'}); "
        "training goes on, the checkpoint before it is kept"
    )
    assert remark.zh.startswith("检查点未能写入（no space left")
    assert [read(folder).manifest.facts["batch"] for folder in sorted((tmp_path / "c").iterdir())] == [1, 2]


KILLED = """
import hashlib, os, random, signal, sys, time
import torch
import zhiyin
from zhiyin.testing import worlds

world = worlds.even(n_people=100)
small = {"epochs": 12, "batch": 10, "checkpoint_minutes": 0}


def fitted(name, settings, folder, out):
    model = getattr(zhiyin.models, name)(**small, **settings).fit(world, checkpoints=folder)
    digest = hashlib.sha256()
    for weight, array in sorted(model.arrays().items()):
        digest.update(weight.encode() + array.tobytes())
    os.write(out, digest.hexdigest().encode())


def attempt(name, settings, folder, seconds):
    \"\"\"What a process of its own printed, and "" where it was killed after so many seconds.\"\"\"
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        fitted(name, settings, folder, there)
        os._exit(0)
    os.close(there)
    begin = time.monotonic()
    while seconds is not None and os.waitpid(child, os.WNOHANG)[0] == 0:
        if time.monotonic() - begin > seconds:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            break
        time.sleep(0.0005)
    with open(here) as said:
        return said.read()


for name, settings in (
    ("MultVAE", {"hidden": 24, "latent": 8}), ("SASRec", {"width": 16, "max_history": 8}),
    ("SASRec", {"width": 16, "max_history": 8, "accumulate": 3}),
):
    folder, rng, kills, found = sys.argv[1] + f"/{name}{len(settings)}", random.Random(5), 0, ""
    begin = time.monotonic()
    expected = attempt(name, settings, folder + "-whole", None)
    whole = time.monotonic() - begin
    while not found:
        found = attempt(name, settings, folder, rng.uniform(0, 0.07 * whole) if kills < 20 else None)
        kills += not found
    print(name, kills, found == expected, len(expected))
"""


@pytest.mark.slow
def test_kill_9_at_twenty_random_moments_gives_bit_for_bit_the_same_models(tmp_path: Path):
    arguments = [sys.executable, "-c", KILLED, str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["MultVAE 20 True 64", "SASRec 20 True 64", "SASRec 20 True 64"]
