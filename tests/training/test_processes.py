"""Several processes learn what one learns; a machine that cannot do what it is asked says so."""

import contextlib
import sys
import types

import numpy as np
import pytest
import torch

import zhiyin
from zhiyin.core.errors import ResourceError, SettingsError
from zhiyin.core.progress import Silent
from zhiyin.data.contracts import Requests
from zhiyin.testing import worlds
from zhiyin.training import Engine, engine


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings"),
    [("SASRec", {"width": 16, "max_history": 6}), ("SASRec", {"width": 16, "max_history": 6, "accumulate": 2}),
     ("MultVAE", {"hidden": 16, "latent": 4})],
)  # fmt: skip
def test_two_processes_equal_one_over_fifty_steps(name: str, settings: dict, tmp_path):
    world = worlds.even(n_people=60)
    cases = zhiyin.split(world, by="last").validation

    def fit(processes: int, **further):
        model = getattr(zhiyin.models, name)(epochs=10, batch=12, dropout=0.0, patience=50, **settings, **further)
        with Engine(processes=processes):
            return model.fit(world, validation=cases, checkpoints=tmp_path / str(processes))

    one, two = fit(1), fit(2)
    assert len(one.facts["curve"]) == 10  # of five steps
    bound = 1e-4 if name == "SASRec" else 0.05  # Mult-VAE draws its latent vectors, each process its own
    for number in ("loss", "validation") if name == "SASRec" else ("loss",):
        found, right = ([entry[number] for entry in model.facts["curve"]] for model in (two, one))
        np.testing.assert_allclose(found, right, rtol=bound)
    if name == "SASRec":
        asked = Requests.of(world.histories)
        gap = np.linalg.norm(two.score(asked) - one.score(asked)) / np.linalg.norm(one.score(asked))
        assert gap < bound
    assert two.facts["dataset"] == one.facts["dataset"]
    assert torch.distributed.is_initialized() is False


def test_an_engine_holds_inside_with_and_no_longer():
    assert Engine.now() == Engine()
    with Engine(precision="auto") as outer:
        with Engine(processes=2):
            assert Engine.now().processes == 2
        assert Engine.now() is outer
    assert Engine.now() == Engine()


def test_what_the_machine_has_not_is_refused_before_anything_is_learned(monkeypatch):
    world = worlds.even()
    with (
        pytest.raises(SettingsError, match="PyTorch finds no GPU here; choose device cpu or auto"),
        Engine(device="cuda"),
    ):
        zhiyin.models.SASRec(epochs=1).fit(world)
    monkeypatch.setattr(engine, "native_bf16", lambda kind: False)
    with pytest.raises(SettingsError, match="this processor does not multiply it itself"), Engine(precision="bf16"):
        zhiyin.models.SASRec(epochs=1).fit(world)
    assert not Engine(precision="auto").is_bf16(torch.device("cpu"))
    monkeypatch.setattr(engine, "native_bf16", lambda kind: True)
    assert Engine(precision="auto").is_bf16(torch.device("cpu"))
    assert not Engine().is_bf16(torch.device("cpu"))


@pytest.mark.parametrize("name", ["SASRec", "MultVAE"])
def test_bf16_learns_nearly_the_same_in_float32_weights(name: str, monkeypatch):
    monkeypatch.setattr(engine, "native_bf16", lambda kind: True)
    world, curves = worlds.even(), []
    for precision in ("float32", "bf16"):
        with Engine(precision=precision):
            model = getattr(zhiyin.models, name)(epochs=2, batch=12).fit(world)
        assert {array.dtype for array in model.arrays().values()} == {np.dtype(np.float32)}
        curves.append([entry["loss"] for entry in model.facts["curve"]])
    assert curves[0] != curves[1]
    np.testing.assert_allclose(curves[1], curves[0], rtol=0.05)


def test_a_helper_that_ends_before_its_time_is_told(monkeypatch):
    from zhiyin.training import processes

    monkeypatch.setattr(processes, "HELP", "raise SystemExit(3)")
    said = r"one of the 2 processes that learn together ended before its time \(exit codes \[3\]\); train again"
    with pytest.raises(ResourceError, match=said), Engine(processes=2):
        zhiyin.models.SASRec(epochs=1).fit(worlds.even())


def test_curves_need_their_package_and_say_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    said = r"a package that is not installed: pip install 'zhiyin\[tensorboard\]', or leave"
    with pytest.raises(ResourceError, match=said), Engine(tensorboard=tmp_path):
        zhiyin.models.SASRec(epochs=1).fit(worlds.even())


def test_each_entry_of_the_curve_is_written_under_the_models_name(tmp_path, monkeypatch):
    written = []

    class Writer(contextlib.nullcontext):
        def __init__(self, folder: str) -> None:
            super().__init__(self)
            self.folder = folder

        def add_scalar(self, name: str, value: float, epoch: int) -> None:
            written.append((self.folder, name, value, epoch))

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", types.SimpleNamespace(SummaryWriter=Writer))
    with Engine(tensorboard=tmp_path):
        model = zhiyin.models.SASRec(epochs=2).fit(worlds.even())
    folder = str(tmp_path / "SASRec")
    assert written == [(folder, "loss", entry["loss"], entry["epoch"]) for entry in model.facts["curve"]]


@pytest.mark.parametrize("name", ["MultVAE", "AdversarialVAE", "SASRec"])
@pytest.mark.parametrize(
    "world", [worlds.one_item(), worlds.one_user(), worlds.even(n_people=12, n_liked=1)],
    ids=["one item", "one person", "one event each"],
)  # fmt: skip
def test_the_smallest_data_train_in_a_batch_larger_than_they_are(name: str, world):
    model = getattr(zhiyin.models, name)(epochs=2, batch=500, accumulate=3).fit(world)
    assert np.isfinite(model.score(Requests.of(world.histories))).all()
    assert not model.facts["verdict"].startswith("diverged")


@pytest.mark.parametrize(("limit", "n"), [(5, 0), (4, 12)])
def test_that_longer_histories_are_cut_is_said_once(limit: int, n: int):
    said = []

    class Heard(Silent):
        def say(self, message: str) -> None:
            said.append(message)

    world = worlds.even(n_people=12)  # five events each
    model = zhiyin.models.SASRec(epochs=1, max_history=limit).fit(world, progress=Heard())
    remark = f"{n} of 12 people have longer histories: the newest {limit} events of theirs are read"
    assert model.facts.get("remarks", []) == ([remark] if n else [])
    assert said[:-1] == ([f"SASRec: {remark}"] if n else [])
