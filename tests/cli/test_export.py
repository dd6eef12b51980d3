"""``zhiyin export``: what other programs read gives the scores that we give, or nothing is written."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import zhiyin as package
from zhiyin.cli import app
from zhiyin.data.contracts import Histories, Requests
from zhiyin.models import exporting
from zhiyin.pipeline.workspace import Workspace
from zhiyin.testing import worlds

RECIPE = """
[split]
by = "last"
{models}
"""
MODELS = {
    "ease": 'model = "EASE"',
    "vae": 'model = "MultVAE"\nepochs = 3\nhidden = 8\nlatent = 4',
    "recvae": 'model = "RecVAE"\nepochs = 2\nhidden = 8\nlatent = 4',
    "cosine": 'model = "VAECosine"\nepochs = 3\nhidden = 8\nlatent = 4',
    "cfgan": 'model = "CFGAN"\nepochs = 2\nhidden = 8',
    "adversarial": 'model = "AdversarialVAE"\nepochs = 3\nhidden = 8\nlatent = 4',
    "sasrec": 'model = "SASRec"\nepochs = 2\nwidth = 16\nheads = 2\nmax_history = 5',
    "gsasrec": 'model = "GSASRec"\nepochs = 2\nwidth = 16\nheads = 2\nmax_history = 5',
    "esasrec": 'model = "ESASRec"\nepochs = 2\nwidth = 16\nhead = "cosine"\nmax_history = 5',
    "kinds": 'model = "SASRec"\nepochs = 2\nwidth = 16\nmax_history = 5\nkinds = true',
    "both": 'model = "SASRec"\nepochs = 2\nwidth = 16\nmax_history = 5\nkinds = true\ngaps = true',
}
NETWORKS = [name for name in MODELS if name != "ease"]


def zhiyin(*arguments: object) -> int:
    return app.main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on even and odd tastes, with likes, dislikes, repeats and ids of all kinds."""
    folder = tmp_path_factory.mktemp("export")
    rng = np.random.default_rng(0)
    world = worlds.even(40, 20, 6)
    names = {"i0": "a,b", "i1": 'say "x"', "i2": "two\nlines", "i3": "汉字 😀"}
    users = world.users.take(world.histories.owners)
    items = [names.get(id_, id_) for id_ in world.catalogue.ids.take(world.histories.items)]
    kinds = rng.choice(["like", "like", "like", "dislike"], len(items))
    events = pl.DataFrame({"user": users, "item": items, "kind": kinds, "time": np.arange(len(items))})
    pl.concat([events, events.sample(40, seed=1)]).write_csv(folder / "log.csv")
    (folder / "zhiyin.toml").write_text(
        RECIPE.format(models="".join(f"\n[models.{name}]\n{lines}\n" for name, lines in MODELS.items()))
    )
    assert zhiyin("ingest", folder / "log.csv", "-w", folder) == 0
    assert zhiyin("train", "-w", folder) == 0
    return folder


@pytest.mark.parametrize("name", NETWORKS)
def test_another_runtime_gives_the_models_scores(folder: Path, tmp_path: Path, name: str, capsys: Any):
    runtime = pytest.importorskip("onnxruntime")
    assert zhiyin("export", "--onnx", tmp_path / "out", "--model", name, "-w", folder, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["parity"]["largest_difference"] <= 1e-4
    said = json.loads((tmp_path / "out" / f"{told['model']}.json").read_text("utf-8"))
    ids = json.loads((tmp_path / "out" / said["ids"]).read_text("utf-8"))
    model = package.load(folder / "models" / name / "1")
    assert ids == list(model.catalogue.ids)
    session = runtime.InferenceSession(tmp_path / "out" / said["network"], providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == list(said["inputs"])
    lists = [[], [0], [3, 3, 1], [5, 4, 3, 2, 1, 0, 6, 7], [2, 9, 2, 9]]
    weights = np.array([1, 1, -2, 1, 1, 1, 1, -1, 1, 1, 1, 1, -1, 1, 1, 1], np.float32)
    histories = Histories.of(lists)
    histories.weights[:] = weights
    histories.kinds[:] = np.arange(16) % 2
    histories.times[:] = [0, 9, 9, 10, *np.cumsum(2 ** np.arange(8)), 1, 2, 4, 2**40]
    for part in (histories, histories.take(slice(3, 4)), histories.take(slice(0, 1))):
        (scores,) = session.run(["scores"], exporting.padded(part, list(said["inputs"])))
        np.testing.assert_allclose(scores, model.score(Requests.of(part)), atol=1e-4)
        assert np.isfinite(scores).all()


def test_vectors_give_the_models_scores(folder: Path, tmp_path: Path, capsys: Any):
    for _ in range(2):  # what was exported may be exported again
        assert zhiyin("export", "--vectors", tmp_path / "out", "-w", folder, "--json") == 0
        told = json.loads(capsys.readouterr().out)
    assert told["model"] == "vae"
    people, items = (pl.read_parquet(tmp_path / "out" / f"{name}.parquet") for name in ("people", "items"))
    assert people.columns == ["user", "vector"]
    assert items.columns == ["item", "bias", "vector"]
    workspace, model = Workspace(folder), package.load(folder / "models" / "vae" / "1")
    dataset = workspace.snapshot().dataset(package.Weighting(), ())
    assert people["user"].to_list() == list(dataset.users)
    assert items["item"].to_list() == list(model.catalogue.ids)
    scores = people["vector"].to_numpy() @ items["vector"].to_numpy().T + items["bias"].to_numpy()
    np.testing.assert_allclose(scores, model.score(dataset.requests()), atol=1e-4)


def test_a_file_that_differs_is_not_written(folder: Path, tmp_path: Path, capsys: Any, monkeypatch: Any):
    pytest.importorskip("onnxruntime")
    whole = exporting._export

    def wrong(model: Any, path: Path) -> None:
        model.network.bias_out.data[3] += 0.01
        whole(model, path)
        model.network.bias_out.data[3] -= 0.01

    monkeypatch.setattr(exporting, "_export", wrong)
    assert zhiyin("export", "--onnx", tmp_path / "out", "--model", "vae", "-w", folder) == 1
    assert "differ from the model's by 0.01, more than 0.0001; nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_scores_that_are_no_numbers_are_no_parity(folder: Path, tmp_path: Path, monkeypatch: Any):
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(exporting, "_difference", lambda *asked: float("nan"))
    assert zhiyin("export", "--onnx", tmp_path / "out", "--model", "vae", "-w", folder) == 1


def test_without_the_extra_the_error_says_what_to_install(folder: Path, tmp_path: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    monkeypatch.setitem(sys.modules, "onnx", json)
    assert zhiyin("export", "--onnx", tmp_path / "out", "--model", "vae", "-w", folder) == 2
    assert (
        'needs onnxscript, which is not installed; install it: pip install "zhiyin[export]"' in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give either --vectors FOLDER or --onnx FOLDER, one of the two"),
        (["--onnx", "x", "--vectors", "y"], "give either --vectors FOLDER or --onnx FOLDER, one of the two"),
        (["--onnx", "x", "--model", "ease"], "ease has no network to export; models that can be exported so are: vae,"),
        (["--vectors", "x", "--model", "ease"], "ease has no vectors; models that can be exported so are: vae,"),
        (["--vectors", "x", "--model", "nobody"], "nobody"),
        (["--vectors", "."], "a folder with other files, which would be lost"),
    ],
)
def test_what_cannot_be_exported(folder: Path, arguments: list[str], words: str, capsys: Any):
    assert zhiyin("export", *arguments, "-w", folder) == 2
    assert words in capsys.readouterr().err


def test_a_workspace_without_networks(tmp_path: Path, capsys: Any):
    (tmp_path / "zhiyin.toml").write_text(RECIPE.format(models="\n[models.popular]\nmodel = 'Popular'\n"))
    events = [(user, item) for user in "ab" for item in "wxyz"]
    pl.DataFrame(events, schema=["user", "item"], orient="row").write_csv(tmp_path / "log.csv")
    assert zhiyin("ingest", tmp_path / "log.csv", "-w", tmp_path) == 0
    assert zhiyin("export", "--onnx", tmp_path / "out", "-w", tmp_path) == 2
    assert "has no trained model; train: zhiyin run" in capsys.readouterr().err
    assert zhiyin("train", "-w", tmp_path) == 0
    for what, words in (("--onnx", "has no network to export"), ("--vectors", "has no vectors")):
        assert zhiyin("export", what, tmp_path / "out", "-w", tmp_path) == 2
        assert f"each of popular {words}; add one such as MultVAE" in capsys.readouterr().err
