"""Content vectors of the recipe on their way into models. Letters: N items."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile

from zhiyin.cli.app import main
from zhiyin.core.errors import DataError, ModelError, SettingsError
from zhiyin.core.progress import Silent
from zhiyin.data.contracts import Catalogue
from zhiyin.data.ingest import ingest
from zhiyin.pipeline import Workspace
from zhiyin.pipeline.content import things_of
from zhiyin.pipeline.find import described_by, like
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.recipe import ContentRecipe, Recipe
from zhiyin.pipeline.run import run, train_models
from zhiyin.testing import worlds

RECIPE = """
[split]
by = "last"

[content.look]
encoder = "Vectors"
columns = ["look"]

[models.vae]
model = "MultVAE"
epochs = 30
hidden = 16
latent = 8
content = true
content_dropout = 0.5
"""


class Told(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    """People who take even or odd items; the look of an item says which it is, and is missing for two."""
    workspace = Workspace.create(tmp_path / "shop")
    worlds.even_csv(tmp_path / "log.csv")
    ids = worlds.even().catalogue.ids.take(np.arange(len(worlds.even().catalogue)))
    looks = [[1.0, 0.1] if worlds.parity(item) else [0.1, 1.0] for item in ids]
    looks[0], looks[1] = None, [1.0]  # type: ignore[call-overload]
    pl.DataFrame({"item": ids, "look": looks}).write_parquet(tmp_path / "items.parquet")
    ingest([tmp_path / "log.csv"], workspace.folder, items=tmp_path / "items.parquet")
    workspace.write(workspace.recipe_path, RECIPE)
    return workspace


def test_an_item_nobody_took_is_recommended_by_its_content(shop: Workspace) -> None:
    told = Told()
    train_models(shop, (), progress=told)
    assert "content look: 1 of 16 items are treated as without: it has 1 numbers, not 2 (1)" in told.lines
    vae = shop.versions.load("vae")
    assert vae.catalogue.content["look"].shape == (16, 2)
    assert "look" not in vae.catalogue.columns, "what holds vectors is no column any more"
    new = Catalogue.of(["new even", "new odd"])
    new = Catalogue(new.ids, {}, {"look": np.array([[0.1, 1.0], [1.0, 0.1]], np.float32)})
    evens = [item for item in vae.catalogue.ids.take(np.arange(16)) if not worlds.parity(item)]
    (slate,) = vae.recommend([evens[:4]], k=18, new_items=new).ids
    assert slate.index("new even") < slate.index("new odd")


def test_other_content_trains_again_and_the_same_does_not(shop: Workspace) -> None:
    first = train_models(shop, ())["vae"]
    assert train_models(shop, ())["vae"]["again"]
    shop.write(shop.recipe_path, RECIPE.replace("content_dropout = 0.5", "content_dropout = 0.4"))
    assert not train_models(shop, ())["vae"]["again"]
    shop.write(shop.recipe_path, RECIPE)
    assert train_models(shop, ())["vae"]["version"] == first["version"]
    without = RECIPE.replace('[content.look]\nencoder = "Vectors"\ncolumns = ["look"]\n', "")
    shop.write(shop.recipe_path, without)
    assert not train_models(shop, ())["vae"]["again"], "without the block it is another model"


def test_content_that_no_model_reads_is_told(shop: Workspace) -> None:
    shop.write(shop.recipe_path, RECIPE.replace("content = true\n", ""))
    told = Told()
    train_models(shop, (), progress=told)
    assert any(line.startswith("no model reads [content]: write  content = true") for line in told.lines)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("columns", ["looks"]), "names column 'looks', which the items do not have; did you mean 'look'"),
        (("columns", ["look", "look"]), "gives 2 columns to Vectors, which reads one; write a section for each"),
        (("encoder", "Vektors"), "there is no encoder 'Vektors'; did you mean 'Vectors'"),
        (("columns", []), "columns"),
    ],
)  # fmt: skip
def test_a_wrong_section_is_refused_by_its_name(change: tuple[str, object], words: str) -> None:
    items = Catalogue.of(["a"], look=[[1.0, 2.0]])
    with pytest.raises(SettingsError, match=words):
        recipe = ContentRecipe.read({"encoder": "Vectors", "columns": ["look"], change[0]: change[1]}, "[content.look]")
        things_of(items, "look", recipe, Path("."))


def test_what_encodes_does_not_recommend(shop: Workspace) -> None:
    train_models(shop, ())
    assert shop.versions.names() == ["content-look", "vae"]
    assert shop.recommenders == ["vae"]


def test_a_run_shows_what_is_alike_and_who_would_get_what_nobody_took(shop: Workspace, tmp_path: Path) -> None:
    items = pl.read_parquet(tmp_path / "items.parquet")
    cold = pl.DataFrame({"item": ["i98", "i99"], "look": [[0.1, 1.0], None]})
    pl.concat([items, cold]).write_parquet(tmp_path / "items.parquet")
    ingest([tmp_path / "log.csv"], shop.folder, items=tmp_path / "items.parquet")
    content = run(shop, until="models")["content"]
    assert content["blocks"]["look"]["items"] == 15
    row = content["near"]["look"][0]
    assert row["item"] not in {near["item"] for near in row["near"]}
    assert {worlds.parity(near["item"]) for near in row["near"]} == {worlds.parity(row["item"])}
    assert [one["item"] for one in content["cold"]["items"]] == ["i98"], "an item without content says nothing"
    assert content["cold"]["model"] == "vae"
    assert len(content["cold"]["items"][0]["people"]) == 5


@pytest.fixture
def described(shop: Workspace, tmp_path: Path) -> Workspace:
    """The same shop with titles of what the look shows."""
    ids = worlds.even().catalogue.ids.take(np.arange(16))
    rng = np.random.default_rng(0)
    looks = [[*((1.0, 0.1) if worlds.parity(item) else (0.1, 1.0)), *rng.normal(0, 0.05, 4)] for item in ids]
    titles = [
        f"blue tea cup number {item}" if worlds.parity(item) else f"red leather shoes size {item}" for item in ids
    ]
    pl.DataFrame({"item": ids, "look": looks, "title": titles}).write_parquet(tmp_path / "items.parquet")
    ingest([tmp_path / "log.csv"], shop.folder, items=tmp_path / "items.parquet")
    words = '\n[content.words]\nencoder = "Sentences"\ncolumns = ["title"]\n'
    shop.write(shop.recipe_path, RECIPE + words)
    return shop


def parities(answer: Any) -> list[int]:
    return [worlds.parity(item["item"]) for item in answer["recommendations"][0]["items"]]


@pytest.mark.parametrize(("words", "parity"), [("cups for tea", 1), ("茶杯", 1), ("shoes", 0), ("皮鞋", 0)])
@pytest.mark.parametrize("by", ["words", "look"])
def test_words_find_texts_and_looks(by: str, words: str, parity: int, described: Workspace) -> None:
    answer = described_by(described, words, by=by, k=5)
    assert parities(answer) == [parity] * 5
    first = answer["recommendations"][0]["items"][0]
    assert first["source"] == by
    assert first["columns"]["title"].startswith("blue" if parity else "red")


def test_what_is_like_an_item_by_its_look(described: Workspace) -> None:
    answer = like(described, "i3", by="look", k=4)
    assert parities(answer) == [1] * 4
    assert "i3" not in [item["item"] for item in answer["recommendations"][0]["items"]]
    with pytest.raises(DataError, match="item 'I3' is unknown; 'i3' is known"):
        like(described, "I3", by="look")
    with pytest.raises(SettingsError, match=r"the recipe has no \[content.loook\]; did you mean 'look'"):
        like(described, "i3", by="loook")


def test_what_cannot_be_looked_for_is_told(shop: Workspace, described: Workspace) -> None:
    with pytest.raises(DataError, match="nothing can be looked for by ' ': it is empty; give words"):
        described_by(described, " ", by="words")
    described.write(described.recipe_path, RECIPE)
    with pytest.raises(SettingsError, match=r"no \[content.NAME\] is made of texts; add \[content.words\]"):
        described_by(described, "shoes")
    described.write(described.recipe_path, "")
    with pytest.raises(SettingsError, match=r"the recipe has no \[content.NAME\]; add one"):
        described_by(described, "shoes")


def test_an_item_without_this_content_is_like_nothing(shop: Workspace) -> None:
    missing = worlds.even().catalogue.ids[0]
    with pytest.raises(DataError, match=f"item '{missing}' has no content 'look'"):
        like(shop, missing, by="look")


def test_the_commands_find_and_similar_by_content(described: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["find", "茶杯", "--by", "look", "-k", "3", "-w", str(described.folder), "--json"]) == 0
    assert parities(json.loads(capsys.readouterr().out)) == [1, 1, 1]
    assert main(["similar", "--item", "i2", "--by", "words", "-k", "2", "-w", str(described.folder)]) == 0
    assert "like i2, by its words" in capsys.readouterr().out
    assert main(["similar", "--item", "i2", "--by", "words", "--model", "vae", "-w", str(described.folder)]) == 2
    assert "give --model or --by, not both" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ('encoder = "EfficientNet"\ncolumns = ["title"]', r"no item has anything in title that EfficientNet can use: "
         r"its file cannot be read \(No such file or directory\) \(16\); correct columns or folder"),
        ('encoder = "WordsSVD"\ncolumns = ["sign"]', r"\[content.look\]: WordsSVD found 0 texts with 0"),
        ('encoder = "Vectors"\ncolumns = ["title"]', r"\[content.look\]: Vectors found no list of numbers"),
    ],
)  # fmt: skip
def test_a_block_without_any_content_is_a_mistake_and_named(
    shop: Workspace, tmp_path: Path, section: str, words: str
) -> None:
    items = pl.read_parquet(tmp_path / "items.parquet").with_columns(title=pl.lit("a tea"), sign=pl.lit("!"))
    items.write_parquet(tmp_path / "items.parquet")
    ingest([tmp_path / "log.csv"], shop.folder, items=tmp_path / "items.parquet")
    shop.write(shop.recipe_path, RECIPE.replace('encoder = "Vectors"\ncolumns = ["look"]', section))
    with pytest.raises((DataError, ModelError), match=words):
        train_models(shop, ())


def test_an_encoder_learns_again_when_a_file_holds_something_else(shop: Workspace, tmp_path: Path) -> None:
    ids = worlds.even().catalogue.ids.take(np.arange(16))
    for place, item in enumerate(ids):
        soundfile.write(tmp_path / f"{item}.wav", np.sin(np.arange(4000) * (0.1 + 0.02 * place)), 8000)
    items = pl.DataFrame({"item": ids, "sound": [f"{tmp_path}/{item}.wav" for item in ids]})
    items.write_parquet(tmp_path / "items.parquet")
    ingest([tmp_path / "log.csv"], shop.folder, items=tmp_path / "items.parquet")
    section = 'encoder = "SoundNetwork"\ncolumns = ["sound"]\nsettings = {epochs = 1, numbers = 4, channels = 8}'
    shop.write(shop.recipe_path, RECIPE.replace('encoder = "Vectors"\ncolumns = ["look"]', section))

    def learned() -> int:
        line = Line(shop, Recipe.load(shop.recipe_path), Silent())
        assert line.content.facts["look"]["items"] == 16
        return len(shop.versions.versions("content-look"))

    assert learned() == learned() == 1
    soundfile.write(tmp_path / f"{ids[0]}.wav", np.sin(np.arange(4000) * 1.7), 8000)
    assert learned() == 2
