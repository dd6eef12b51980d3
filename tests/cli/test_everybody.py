"""``zhiyin recommend --all``: everybody's lists are each one's own, in every form, whole or not at all."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from zhiyin.cli import app
from zhiyin.core.errors import ModelError
from zhiyin.pipeline import everybody, lists

RECIPE = """
[split]
by = "last"

[models.popular]
model = "Popular"

[models.ease]
model = "EASE"
regularisation = 5

[models.als]
model = "ALS"
factors = 4

[generation]
settings = {epochs = 1}

[answer]
k = 3
rules = {most = {category = 1}, hide = {item = ["i3"]}}
"""
HARD = ["a,b", 'say "x"', "two\nlines", "汉字", "😀 u", "'=1+1", "u/\\"]


def zhiyin(*arguments: object) -> int:
    return app.main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People with ids of all kinds like even or odd items; one of them lets nobody read what they did."""
    folder = tmp_path_factory.mktemp("everybody")
    rows = [(user, f"i{(2 * step + number % 2 + number // 7) % 24}", step, "all")
            for number, user in enumerate([*HARD, *(f"u{n}" for n in range(30))]) for step in range(7)]  # fmt: skip
    rows += [("silent", f"i{step}", step, "measure") for step in range(5)]
    events = pl.DataFrame(rows, schema=["user", "item", "time", "consent"], orient="row")
    events = events.with_columns(consent=pl.col("consent").replace({"all": None}))
    items = pl.DataFrame({"item": [f"i{n}" for n in range(24)], "category": [f"c{n % 5}" for n in range(24)]})
    events.write_parquet(folder / "log.parquet")
    items.write_parquet(folder / "items.parquet")
    workspace = folder / "w"
    workspace.mkdir()
    (workspace / "zhiyin.toml").write_text(RECIPE)
    assert zhiyin("ingest", folder / "log.parquet", "--items", folder / "items.parquet", "-w", workspace) == 0
    assert zhiyin("run", "-w", workspace) == 0
    return workspace


def listed(path: Path) -> dict[str, list[tuple[str, float, str]]]:
    """Each person's items, scores and sources, from any form."""
    if path.suffix == ".jsonl":
        slates = [json.loads(row) for row in path.read_text("utf-8").splitlines()]
        return {slate["user"]: [(i["item"], i["score"], i["source"]) for i in slate["items"]] for slate in slates}
    frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
    found: dict[str, list[tuple[str, float, str]]] = {}
    for user, rank, item, score, source in frame.iter_rows():
        assert rank == len(found.setdefault(user, [])) + 1
        found[user].append((item, score, source))
    return found


@pytest.mark.parametrize("model", [None, "ease", "als"])
def test_everybodys_list_is_the_one_that_each_is_given(line: Path, tmp_path: Path, capsys: Any, model: str | None):
    chosen = ["--model", model] if model else []
    for form in (".parquet", ".csv", ".jsonl"):
        assert zhiyin("recommend", "--all", *chosen, "--out", tmp_path / f"x{form}", "-w", line, "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert told["people"] == 38
        found = listed(tmp_path / f"x{form}")
        assert told["items"] == sum(map(len, found.values()))
        assert set(found) == {*HARD, *(f"u{n}" for n in range(30)), "silent"}
        for user in [*HARD, "u0", "u29", "silent"]:
            assert zhiyin("recommend", "--user", user, *chosen, "-w", line, "--json") == 0
            (slate,) = json.loads(capsys.readouterr().out)["recommendations"]
            if model != "als":  # its sums may differ in the last digit with the number of people, and ties then turn
                assert [(item, source) for item, _, source in found[user]] == [
                    (item["item"], item["source"]) for item in slate["items"]
                ]
            assert [score for _, score, _ in found[user]] == pytest.approx(
                [item["score"] for item in slate["items"]], rel=1e-5, abs=1e-5
            )


@pytest.mark.parametrize("model", [[], ["--model", "ease"]])
def test_the_size_of_a_block_changes_nothing(line: Path, tmp_path: Path, model: list[str], monkeypatch: Any):
    assert zhiyin("recommend", "--all", *model, "--out", tmp_path / "one.parquet", "-w", line) == 0
    monkeypatch.setattr(everybody, "ENTRIES", 3 * 5)
    monkeypatch.setattr(everybody, "RANKED_PEOPLE", 5)
    assert zhiyin("recommend", "--all", *model, "--out", tmp_path / "many.parquet", "-w", line) == 0
    one, many = (pl.read_parquet(tmp_path / name) for name in ("one.parquet", "many.parquet"))
    assert one.drop("score").equals(many.drop("score"))
    assert one.schema == {
        "user": pl.String, "rank": pl.Int32, "item": pl.String, "score": pl.Float32, "source": pl.String
    }  # fmt: skip


def test_reasons_are_those_of_a_slate(line: Path, tmp_path: Path, capsys: Any):
    (tmp_path / "some.csv").write_text("user\nu3\nstranger\nu4\n")
    asked = ("recommend", "--all", "--users", tmp_path / "some.csv", "--reasons", "-w", line)
    assert zhiyin(*asked, "--out", tmp_path / "x.csv") == 0
    assert "the log does not know 1 of them" in capsys.readouterr().out
    frame = pl.read_csv(tmp_path / "x.csv")
    assert frame["user"].unique(maintain_order=True).to_list() == ["u3", "stranger", "u4"]
    assert zhiyin("recommend", "--user", "u4", "-w", line, "--json") == 0
    (slate,) = json.loads(capsys.readouterr().out)["recommendations"]
    assert frame.filter(pl.col("user") == "u4")["reason"].to_list() == [item["reason"] for item in slate["items"]]


def test_a_stranger_of_a_file_is_somebody_new(line: Path, tmp_path: Path, capsys: Any):
    pl.DataFrame({"user": ["u3", "stranger"]}).write_parquet(tmp_path / "some.parquet")
    asked = ("--users", tmp_path / "some.parquet", "--out", tmp_path / "x.csv", "--model", "popular")
    assert zhiyin("recommend", "--all", *asked, "-w", line) == 0
    capsys.readouterr()
    assert zhiyin("recommend", "--history", "", "--model", "popular", "-w", line, "--json") == 0
    (slate,) = json.loads(capsys.readouterr().out)["recommendations"]
    assert [item for item, _, _ in listed(tmp_path / "x.csv")["stranger"]] == [item["item"] for item in slate["items"]]


def test_lines_on_stdout(line: Path, capsys: Any):
    assert zhiyin("recommend", "--all", "-k", "1", "-w", line, "--json") == 0
    slates = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert [slate["user"] for slate in slates][:7] == HARD
    assert {len(slate["items"]) for slate in slates} == {1}
    assert slates[0]["model"]["name"] == "assembly"


def test_somebody_without_a_list_is_counted_and_has_a_line(line: Path, tmp_path: Path, capsys: Any):
    (tmp_path / "one.csv").write_text("user\nu1\n")
    asked = ("recommend", "--all", "--users", tmp_path / "one.csv", "-w", line)
    nothing = everybody.Everybody.__dict__["_ranked"]
    try:
        everybody.Everybody._ranked = lambda self, r: _empty(nothing(self, r))  # type: ignore[method-assign]
        for form in (".jsonl", ".parquet"):
            assert zhiyin(*asked, "--out", tmp_path / f"x{form}") == 0
            assert "nothing to recommend to 1 of them" in capsys.readouterr().out
            assert listed(tmp_path / f"x{form}") == ({"u1": []} if form == ".jsonl" else {})
    finally:
        everybody.Everybody._ranked = nothing  # type: ignore[method-assign]


def _empty(found: Any) -> Any:
    found.rows[:] = -1
    return found


def test_a_failure_in_the_middle_leaves_the_old_file(line: Path, tmp_path: Path, monkeypatch: Any):
    out = tmp_path / "x.csv"
    out.write_text("older")
    monkeypatch.setattr(everybody, "RANKED_PEOPLE", 5)
    write = lists.CSVLists.write

    def failing(self: Any, users: list[str], table: Any) -> None:
        if "u29" in users:
            raise ModelError("half way")
        write(self, users, table)

    monkeypatch.setattr(lists.CSVLists, "write", failing)
    assert zhiyin("recommend", "--all", "--out", out, "-w", line) == 2
    assert out.read_text() == "older"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--all", "--out", "x.xlsx"], "x.xlsx is '.xlsx'; give a file that ends with one of: .parquet, .csv, .jsonl"),
        (["--all", "--out", "."], "--out . is a folder"),
        (["--all", "--user", "u1"], "give either --user U or --history A,B or --all, one of the three"),
        (["--user", "u1", "--out", "x.csv"], "--users, --out and --reasons belong to --all"),
        (["--all", "--users", "none.csv"], "none.csv is no file"),
        (["--all", "--model", "generator"], "generator does not recommend by itself"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(line: Path, capsys: Any, arguments: list[str], words: str):
    assert zhiyin("recommend", *arguments, "-w", line) == 2
    assert words in capsys.readouterr().err
