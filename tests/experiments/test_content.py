"""What content adds: nothing where it is shuffled, much where it says what people like."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhiyin.cli.app import main
from zhiyin.core.errors import ModelError, SettingsError
from zhiyin.data.contracts import Catalogue
from zhiyin.data.ingest import ingest
from zhiyin.experiments import weigh_content
from zhiyin.experiments.content import variants_of
from zhiyin.pipeline import Workspace

RECIPE = """
[split]
by = "last"
[content.look]
encoder = "Vectors"
columns = ["look"]
[content.noise]
encoder = "Vectors"
columns = ["noise"]
[models.popular]
model = "Popular"
[models.vae]
model = "MultVAE"
epochs = 40
hidden = 32
latent = 16
content = true
content_dropout = 0.5
"""
KINDS, ITEMS, PEOPLE = 5, 100, 150


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    """Each likes items of one kind, many items and few events, so that behaviour alone hardly says which are alike."""
    rng = np.random.default_rng(0)
    kinds = np.arange(ITEMS) % KINDS
    looks = np.eye(KINDS)[kinds] + rng.normal(0, 0.1, (ITEMS, KINDS))
    items = pl.DataFrame({"item": [f"i{n}" for n in range(ITEMS)], "look": looks.tolist(),
                          "noise": rng.normal(size=(ITEMS, KINDS)).tolist()})  # fmt: skip
    events = [
        (f"p{person}", f"i{item}", place)
        for person in range(PEOPLE)
        for place, item in enumerate(rng.choice(np.flatnonzero(kinds == person % KINDS), 5, replace=False))
    ]
    pl.DataFrame(events, schema=["user", "item", "position"], orient="row").write_parquet(tmp_path / "log.parquet")
    items.write_parquet(tmp_path / "items.parquet")
    workspace = Workspace.create(tmp_path / "shop")
    ingest([tmp_path / "log.parquet"], workspace.folder, items=tmp_path / "items.parquet")
    workspace.write(workspace.recipe_path, RECIPE)
    return workspace


def test_a_block_that_speaks_is_missed_and_its_shuffled_copy_is_worth_nothing(
    shop: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    found = weigh_content(shop)
    cells = {cell["content"]: cell for cell in found["cells"]}
    assert set(cells) == {"no content", "without look", "look shuffled", "without noise", "noise shuffled"}
    for gone in ("no content", "without look", "look shuffled"):
        assert cells[gone]["high"] < 0, gone
        assert cells[gone]["p_holm"] < 0.05, gone
    assert cells["without noise"]["difference"] > -0.03
    assert json.loads((shop.runs / "content_effects.json").read_text())["model"] == "vae"
    assert main(["ablate", "--content", "-w", str(shop.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cells"] == found["cells"], "what is done is not done again"
    assert main(["ablate", "--model", "vae", "-w", str(shop.folder)]) == 2
    assert "give --content too" in capsys.readouterr().err


def test_shuffling_moves_whole_vectors_between_items_that_have_one() -> None:
    block = np.arange(12, dtype=np.float32).reshape(6, 2)
    block[2] = np.nan
    items = Catalogue.of(list("abcdef"))
    found = variants_of(Catalogue(items.ids, {}, {"look": block}), seed=1)
    assert list(found) == ["all content", "no content", "look shuffled"], "one block alone is taken away by no content"
    moved = found["look shuffled"].content["look"]
    assert np.isnan(moved[2]).all()
    assert sorted(map(tuple, np.delete(moved, 2, 0))) == sorted(map(tuple, np.delete(block, 2, 0)))
    assert not np.array_equal(moved[3], block[3]) or not np.array_equal(moved[0], block[0])
    assert found["no content"].content == {}


def test_a_model_that_reads_no_content_is_refused(shop: Workspace) -> None:
    with pytest.raises(SettingsError, match="'popular' reads no content; models that do are: vae"):
        weigh_content(shop, "popular")
    shop.write(shop.recipe_path, RECIPE.replace("content = true", "content = false"))
    with pytest.raises(ModelError, match="no model of the recipe reads content; add a"):
        weigh_content(shop)
