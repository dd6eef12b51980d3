"""``zhiyin generate`` on a tiny shop: people of the north take even items, of the south odd ones."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from zhiyin.cli import app
from zhiyin.testing import worlds

RECIPE = """
[split]
by = "last"

[models.als]
model = "ALS"
factors = 8

[generation]
settings = {epochs = 3, hidden = 64, batch = 100, learning_rate = 2e-3}

[answer]
k = 3
examples = 1
"""


def zhiyin(*arguments: object) -> int:
    return app.main([str(argument) for argument in arguments])


def result_of(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def write_shop(folder: Path, *, columns: bool = True) -> None:
    """120 people and 60 items of the world of even and odd; a table of items and one of people."""
    world = worlds.even(120, 60)
    events, ids = world.histories, list(world.catalogue.ids)
    pl.DataFrame(
        {"user": world.users.take(events.owners), "item": world.catalogue.ids.take(events.items), "time": events.times}
    ).write_csv(folder / "log.csv")
    kinds = ["jug" if worlds.parity(id_) == 0 else "bag" for id_ in ids]
    items = pl.DataFrame({"item": ids})
    if columns:
        items = items.with_columns(
            title=pl.Series([f"{['red', 'blue', 'green'][i % 3]} {kind}" for i, kind in enumerate(kinds)]),
            price=pl.Series([2.0 + i % 3 if kind == "jug" else 30.0 + i % 3 for i, kind in enumerate(kinds)]),
        )
    items.write_csv(folder / "items.csv")
    home = ["north" if worlds.parity(user) == 0 else "south" for user in world.users]
    pl.DataFrame({"user": list(world.users), "home": home, "age": [20 + i % 2 for i in range(len(home))]}).write_csv(
        folder / "users.csv"
    )


def prepared(folder: Path, recipe: str = RECIPE, *, columns: bool = True) -> Path:
    folder.mkdir(parents=True)
    write_shop(folder, columns=columns)
    (folder / "zhiyin.toml").write_text(recipe)
    code = zhiyin(
        "ingest", folder / "log.csv", "--items", folder / "items.csv", "--users", folder / "users.csv", "-w", folder
    )
    assert code == 0
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = prepared(tmp_path_factory.mktemp("generate") / "w")
    assert zhiyin("run", "-w", folder) == 0
    return folder


def jugs(result: Any) -> float:
    """Share of the specifications that are jugs."""
    return sum("jug" in one["text"] for one in result["specifications"]) / len(result["specifications"])


def test_a_person_gets_what_people_of_their_kind_take(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    users = pl.read_csv(shop / "users.csv")
    north, south = (users.filter(pl.col("home") == home)["user"][0] for home in ("north", "south"))
    assert zhiyin("generate", "--user", north, "-n", 6, "-w", shop, "--json") == 0
    result = result_of(capsys)
    assert len(result["specifications"]) == 6
    assert set(result["specifications"][0]) == {"attributes", "neighbours", "novelty", "ranges", "text", "text_zh"}
    assert jugs(result) > 0.6
    assert zhiyin("generate", "--user", south, "-n", 6, "-w", shop, "--json") == 0
    assert jugs(result_of(capsys)) < 0.4
    assert zhiyin("generate", "--user", north, "-n", 6, "-w", shop, "--json") == 0
    assert result_of(capsys) == result


def test_a_history_a_segment_and_somebody_new(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("generate", "--history", "i0,i2,i4,i6", "-n", 6, "-w", shop, "--json") == 0
    assert jugs(result_of(capsys)) > 0.6
    assert zhiyin("generate", "--segment", "home=south", "-n", 6, "-w", shop, "--json") == 0
    assert jugs(result_of(capsys)) < 0.4
    assert zhiyin("generate", "--segment", "age=21", "-n", 6, "-w", shop, "--json") == 0
    assert jugs(result_of(capsys)) < 0.4  # odd people are 21
    shares = []
    for cluster in (1, 2):
        assert zhiyin("generate", "--segment", f"cluster={cluster}", "-n", 4, "-w", shop, "--json") == 0
        shares.append(jugs(result_of(capsys)))
    assert all(share < 0.4 or share > 0.6 for share in shares)  # people alike like alike
    assert zhiyin("generate", "--history", "", "-n", 2, "-w", shop) == 0
    shown = capsys.readouterr()
    assert "nothing is known of this person yet" in shown.err
    assert "made up for this history" in shown.out
    assert re.search(r"nearest: (red|blue|green) (jug|bag) \(i\d+\) · ", shown.out)
    assert zhiyin("generate", "--history", 'i0,"x,y"', "-n", 2, "-w", shop, "--json") == 0
    assert "'x,y' is unknown" in " ".join(result_of(capsys)["notes"])


def test_gaps_say_how_many_people(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("generate", "--gaps", "-n", 3, "-w", shop, "--json") == 0
    found = result_of(capsys)["gaps"]
    assert len(found) <= 3
    for gap in found:
        assert set(gap) == {"specification", "people", "low", "high"}
        assert 0 <= gap["low"] <= gap["people"] <= gap["high"] <= 120
    assert [gap["people"] for gap in found] == sorted((gap["people"] for gap in found), reverse=True)
    assert zhiyin("generate", "--gaps", "-n", 5, "-w", shop, "--json") == 0
    more = result_of(capsys)["gaps"]
    assert more[:3] == found
    assert more == json.loads((shop / "runs" / "last.json").read_text())["generation"]["gaps"]  # what the report shows
    assert zhiyin("generate", "--gaps", "-w", shop, "--lang", "zh") == 0
    assert "接下来进什么货" in capsys.readouterr().out


def test_the_run_tells_how_good_it_is(shop: Path) -> None:
    facts = json.loads((shop / "runs" / "last.json").read_text())["generation"]
    assert facts["gaps"] == [] or set(facts["gaps"][0]) == {"specification", "people", "low", "high"}
    assert set(facts["judgement"]) == {"told_apart", "modes", "new", "marginals", "values", "foresight"}
    for name in ("told_apart", "modes", "new"):
        figure = facts["judgement"][name]
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert len(facts["specifications"]) == 5
    assert facts["condition"] == "als"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--user", "nobody"], "user 'nobody' is unknown; give the id of a person of the log"),
        (["--user", "U0"], "'U0' is unknown; 'u0' is known"),
        ([], "give one of --user U, --history A,B, --segment COLUMN=VALUE or --gaps"),
        (["--user", "u0", "--gaps"], "give one of --user U"),
        (["--segment", "home"], "a segment is COLUMN=VALUE, found 'home'; for example home=1"),
        (["--segment", "hone=north"], "people have no column 'hone'; did you mean 'home'"),
        (["--segment", "home=noth"], "nobody has home 'noth'; did you mean 'north'"),
        (["--segment", "cluster=99"], "there is no cluster '99'; clusters by size are: 1, 2"),
        (["--user", "u0", "-n", "0"], "should be greater than or equal to 1; found '0'"),
    ],
)
def test_what_cannot_be_answered_ends_with_2(
    arguments: list[str], words: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zhiyin("generate", *arguments, "-w", shop) == 2
    assert words in capsys.readouterr().err


def test_a_catalogue_of_ids_alone_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = prepared(tmp_path / "w", RECIPE + "\n[sources]\nals = 10\ngenerator = 10\n", columns=False)
    assert zhiyin("run", "-w", folder) == 0  # everything else works
    said = capsys.readouterr().out
    assert "no generator: it needs item columns and a model with vectors" in said
    assert "; the source generator proposes nothing: it needs item columns and a model with vectors" in said
    silent = "zhiyin: [sources] names the generator, which can propose nothing: it needs item columns and a model with"
    assert zhiyin("recommend", "--user", "u0", "-w", folder) == 0
    assert silent in capsys.readouterr().err
    assert zhiyin("recommend", "--all", "-w", folder) == 0
    assert silent in capsys.readouterr().err
    assert zhiyin("recommend", "--user", "u0", "-w", folder, "--lang", "zh") == 0
    assert "zhiyin: [sources] 中的 generator 无可提出：需要商品的列和一个有向量的模型" in capsys.readouterr().err
    assert zhiyin("recommend", "--user", "u0", "--model", "als", "-w", folder) == 0
    assert "[sources]" not in capsys.readouterr().err  # one model by itself has no other sources
    assert zhiyin("generate", "--user", "u0", "-w", folder) == 2
    assert "needs item columns (title, category, price …), and this catalogue has only ids" in capsys.readouterr().err


def test_without_a_run_it_says_what_to_do(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(shutil.copytree(shop, tmp_path / "copy"))
    shutil.rmtree(folder / "models" / "generator")
    assert zhiyin("generate", "--gaps", "-w", folder) == 2
    assert "has no generator yet; make one: zhiyin run -w" in capsys.readouterr().err


def test_a_run_that_could_make_none_says_why_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = prepared(tmp_path / "w")
    items = pl.read_csv(folder / "items.csv").select("item", category=pl.lit("one"))
    items.write_csv(folder / "alike.csv")
    assert zhiyin("ingest", folder / "log.csv", "--items", folder / "alike.csv", "-w", folder) == 0
    assert zhiyin("run", "-w", folder) == 0
    capsys.readouterr()
    assert zhiyin("generate", "--gaps", "-w", folder) == 2
    assert "always 'one'" in capsys.readouterr().err


def test_the_recipe_may_ask_for_the_vae(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = RECIPE.replace("[generation]\n", '[generation]\nmodel = "ConditionalVAE"\n')
    folder = prepared(tmp_path / "w", recipe)
    assert zhiyin("run", "--until", "generation", "-w", folder) == 0
    assert "ConditionalVAE on vectors of als; told from real items: AUC 0." in capsys.readouterr().out
    assert zhiyin("generate", "--user", "u0", "-n", 6, "-w", folder, "--json") == 0
    assert jugs(result_of(capsys)) > 0.6
