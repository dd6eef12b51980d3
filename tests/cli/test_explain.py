"""``zhiyin explain``: each way through the whole command, both languages, what is refused, and what holds again."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_commands import shaped
from tests.pipeline.conftest import RECIPE

from zhiyin.cli import app
from zhiyin.core import wire
from zhiyin.testing import worlds

TRANSFORMER = """
[models.sasrec]
model = "SASRec"
epochs = 3
width = 8
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explain")
    worlds.even_csv(folder / "log.csv")
    (folder / "zhiyin.toml").write_text(RECIPE.replace("[sources]", f"{TRANSFORMER}\n[sources]"))
    assert app.main(["ingest", str(folder / "log.csv"), "-w", str(folder)]) == 0
    assert app.main(["run", "-w", str(folder)]) == 0
    return folder


@pytest.fixture
def said(shop: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def asked(*arguments: str, command: str = "explain") -> Any:
        capsys.readouterr()
        assert app.main([command, *arguments, "-w", str(shop), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return asked


def slate(said: Any, *arguments: str) -> list[str]:
    return [item["item"] for item in said(*arguments, command="recommend")["recommendations"][0]["items"]]


@pytest.mark.parametrize(
    ("by", "model"), [("loo", None), ("shapley", None), ("loo", "ease"), ("shapley", "sasrec"), ("gradients", "vae"),
                      ("gradients", "sasrec"), ("attention", "sasrec")],
)  # fmt: skip
def test_every_event_gets_its_figure(said: Any, by: str, model: str | None) -> None:
    chosen = ["--model", model] if model else []
    item = slate(said, "--user", "u0", *chosen)[0]
    answer = said("--user", "u0", "--item", item, "--by", by, *chosen)
    shaped(answer, wire.ExplainJSON)
    assert (answer["by"], answer["place"], answer["item"]) == (by, 1, item)
    assert {part["item"] for part in answer["events"]} == set(answer["history"])
    figures = [part["value"] for part in answer["events"]]
    assert figures == sorted(figures, reverse=True)
    if by in ("shapley", "gradients"):
        assert sum(figures) == pytest.approx(answer["total"], rel=0.01, abs=1e-6)
    assert (answer["error"] is None) == (by == "attention")


def test_a_counterfactual_holds_when_the_recommendation_is_asked_again(said: Any) -> None:
    held = 0
    for user in (f"u{n}" for n in range(8)):
        before = slate(said, "--user", user)
        answer = said("--user", user, "--item", before[-1], "--by", "counterfactual")
        if answer["outcome"] is None:
            assert "does not make it leave" in answer["text"]
            continue
        after = slate(said, "--user", user, "--without", ",".join(answer["outcome"]["without"]))
        assert before[-1] not in after
        assert answer["outcome"]["instead"] in after
        held += 1
    assert held


def test_what_would_bring_an_item_in_holds_too(said: Any) -> None:
    chosen, history = ["--model", "ease"], "i0,i2"
    seen = slate(said, "--history", history, *chosen, "-k", "3")
    other = next(item for item in ("i5", "i7", "i9") if item not in seen)
    answer = said("--history", history, "--item", other, "--by", "counterfactual", "-k", "3", *chosen)
    assert answer["place"] is None
    assert "it would be at place" in answer["text"]
    changed = [item for item in history.split(",") if item not in answer["outcome"]["without"]]
    again = slate(said, "--history", ",".join([*changed, *answer["outcome"]["taken"]]), *chosen, "-k", "3")
    assert other in again


def test_columns_say_what_they_mean_and_add_up(said: Any) -> None:
    item = slate(said, "--user", "u1")[0]
    answer = said("--user", "u1", "--item", item, "--by", "features")
    assert sum(part["adds"] for part in answer["columns"]) == pytest.approx(answer["total"])
    assert all(part["meaning"] for part in answer["columns"])
    assert answer["columns"][0]["meaning"] in answer["text"]
    assert {"ease.score", "from.popular"} <= {part["name"] for part in answer["columns"]}


def test_in_words_in_both_languages(shop: Path, said: Any, capsys: pytest.CaptureFixture[str]) -> None:
    item = slate(said, "--user", "u2")[0]
    for by in ("loo", "shapley", "features", "counterfactual"):
        asked = ["explain", "--user", "u2", "--item", item, "--by", by, "-w", str(shop)]
        assert app.main([*asked, "--lang", "en"]) == 0
        english = capsys.readouterr().out
        assert "place 1 of the slate" in english
        assert app.main([*asked, "--lang", "zh"]) == 0
        chinese = capsys.readouterr().out
        assert "推荐列表第 1 位" in chinese
        assert english.splitlines()[3] != chinese.splitlines()[3]


def test_what_was_met_before_is_said_to_be(said: Any) -> None:
    met = said("--user", "u0", "--item", slate(said, "--user", "u0")[0])["history"][0]
    assert "met before" in said("--user", "u0", "--item", met, "--by", "counterfactual")["text"]
    other = said("--user", "u0", "--item", met, "--model", "ease")
    assert other["place"] is None
    assert any("met before" in note for note in other["notes"])


def test_too_little_time_gives_a_cheaper_way_that_says_so(said: Any) -> None:
    item = slate(said, "--user", "u0")[0]
    answer = said("--user", "u0", "--item", item, "--by", "shapley", "--budget-ms", "0.001")
    assert answer["by"] == "recency"
    assert "too short to measure anything" in answer["text"]
    assert any("0.001 ms are too short for shapley; this is recency" in note for note in answer["notes"])
    assert answer["error"] is None
    for by, model in (("gradients", "vae"), ("counterfactual", "ease"), ("loo", "ease")):
        shown = slate(said, "--user", "u0", "--model", model)[0]
        asked = ["--user", "u0", "--item", shown, "--by", by, "--model", model]
        assert said(*asked, "--budget-ms", "0.001")["by"] == "recency"
        assert said(*asked, "--budget-ms", "100000")["by"] == by
    plenty = said("--user", "u0", "--item", item, "--by", "shapley", "--budget-ms", "100000")
    assert plenty["by"] == "shapley"


def test_nobody_known_and_a_model_that_reads_nothing(said: Any) -> None:
    item = slate(said, "--history", "")[0]
    answer = said("--history", "", "--item", item)
    assert answer["text"].startswith("nothing is known of this person yet")
    assert answer["events"] == []
    popular = said("--user", "u0", "--item", item, "--model", "popular")
    assert popular["text"] == "Popular does not read histories: everybody is shown this"
    assert said("--user", "u0", "--item", item, "--by", "counterfactual", "--model", "popular")["outcome"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--user", "u0", "--item", "i99"], 2, "item 'i99' is unknown; give an item id of the catalogue"),
        (["--user", "u0", "--item", "i1", "--by", "lo"], 2, "there is no way 'lo' to explain; did you mean 'loo'?"),
        (["--item", "i1"], 2, "give either --user U or --history A,B"),
        (["--user", "u0", "--history", "i1", "--item", "i1"], 2, "give either --user U or --history A,B"),
        (["--user", "u0", "--item", "i1", "--by", "gradients"], 2, "gradients belongs to one network"),
        (["--user", "u0", "--item", "i1", "--by", "gradients", "--model", "ease"], 2, "EASE has no gradients"),
        (["--user", "u0", "--item", "i1", "--by", "attention", "--model", "vae"], 2, "MultVAE does not attend"),
        (["--user", "u0", "--item", "i1", "--by", "features", "--model", "ease"], 2, "ease has no ranker"),
        (["--user", "u0", "--item", "i1", "--budget-ms", "-1"], 2, "a budget of -1 ms is no time"),
        (["--user", "u0", "--item", "i1", "-k", "0"], 2, "k is 0; a slate has at least 1 item"),
    ],
)  # fmt: skip
def test_what_is_refused(
    shop: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert app.main(["explain", *arguments, "-w", str(shop)]) == code
    assert words in " ".join(capsys.readouterr().err.split())
