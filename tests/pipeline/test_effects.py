"""What a fix does is measured on the same people and targets, and nothing of the targets is learned."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from zhiyin.cli import app
from zhiyin.data.contracts import Cases
from zhiyin.data.dataset import Dataset
from zhiyin.data.ingest import ingest
from zhiyin.data.splits import split
from zhiyin.pipeline import Workspace, effects
from zhiyin.testing import worlds

RECIPE = """
[data]
fixes = {fixes}
[split]
by = "{by}"
[models.popular]
model = "Popular"
"""


def shop(folder: Path, fixes: str, by: str = "last") -> Workspace:
    """Even people like even items, odd ones odd; who keyed the codes wrote every other one in small letters."""
    world = worlds.even(n_people=80)
    h = world.histories
    codes = np.char.upper(np.array(world.catalogue.ids.take(h.items)))
    small = np.random.default_rng(1).random(len(codes)) < 0.5
    frame = pl.DataFrame({
        "user": world.users.take(h.owners), "item": np.where(small, np.char.lower(codes), codes).tolist(),
        "time": np.random.default_rng(2).permutation(h.times), "kind": "purchase", "value": 1.0,
    })  # fmt: skip
    returned = frame.head(5).with_columns(value=-1.0, time=pl.col("time") + 60)
    workspace = Workspace.create(folder)
    pl.concat([frame, returned]).write_csv(folder / "log.csv")
    workspace.recipe_path.write_text(RECIPE.format(fixes=fixes, by=by))
    ingest(folder / "log.csv", folder)
    return workspace


def by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in found["effects"]}


@pytest.mark.parametrize("by", ["last", "time"])
def test_mending_what_hurts_helps_and_mending_nothing_does_nothing(tmp_path: Path, by: str) -> None:
    found = effects.measure(shop(tmp_path, '["upper_case_items", "price", "returns"]', by))
    rows = by_name(found)
    assert found["model"] == "EASE"
    assert rows["upper_case_items"]["low"] > 0
    assert rows["upper_case_items"]["p_holm"] < 0.05
    assert rows["upper_case_items"]["difference"] == pytest.approx(
        rows["upper_case_items"]["with"] - rows["upper_case_items"]["without"]
    )
    assert rows["price"]["difference"] == rows["price"]["low"] == rows["price"]["high"] == 0
    assert {row["with"] for row in rows.values()} == {rows["price"]["with"]}
    assert all(row["p_holm"] >= row["p"] for row in rows.values())


def test_a_fix_that_a_check_asks_for_is_tried_and_said_to_be_missing(tmp_path: Path) -> None:
    rows = by_name(effects.measure(shop(tmp_path, "[]")))
    assert not rows["spelling"]["in_recipe"]
    assert rows["spelling"]["low"] > 0
    assert "returns" in rows
    assert rows["returns"]["zh"] != rows["returns"]["en"]


def test_made_once_and_kept_for_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = shop(tmp_path, '["returns"]')
    first = effects.measure(workspace)
    again = effects.measure(workspace)
    assert not first["again"]
    assert again["again"]
    kept = json.loads((tmp_path / "runs" / "effects.json").read_text("utf-8"))
    assert kept["effects"] == first["effects"]
    assert app.main(["check", "--effects", "--json", "-w", str(tmp_path)]) in (0, 1)
    said = json.loads(capsys.readouterr().out)
    assert said["effects"] == first["effects"]
    assert said["checks"]
    assert app.main(["run", "-w", str(tmp_path)]) == 0
    assert app.main(["report", "-w", str(tmp_path)]) == 0
    page = tmp_path / "reports" / "run.html"
    assert "What mending each defect does" in page.read_text("utf-8")
    kept["of"] = "another log"
    (tmp_path / "runs" / "effects.json").write_text(json.dumps(kept), "utf-8")
    assert app.main(["report", "-w", str(tmp_path)]) == 0
    assert "What mending each defect does" not in page.read_text("utf-8")


@pytest.mark.parametrize("by", ["last", "time"])
def test_nothing_that_is_asked_for_is_learned(by: str) -> None:
    made = worlds.even()
    h = made.histories
    log = pl.DataFrame({
        "user": made.users.take(h.owners), "item": made.catalogue.ids.take(h.items),
        "time": np.random.default_rng(2).permutation(h.times),
    }).sort("time")  # fmt: skip
    again = log.head(5).with_columns(
        time=pl.lit(int(h.times.max()) - 60, pl.Int64)
    )  # bought before: not asked for, and not known yet
    world = Dataset.from_frame(pl.concat([log, again]) if by == "time" else log)
    cases = split(world, by).test
    people, targets = cases.users, cases.targets.rows
    past = effects._past(world, people, targets, cases, by_time=by == "time")
    seen = set(zip(past.histories.owners.tolist(), past.histories.items.tolist(), strict=True))
    asked = set(zip(people[cases.targets.owners].tolist(), targets.tolist(), strict=True))
    assert asked
    assert not seen & asked
    if by == "time":
        assert past.histories.times.max() < cases.requests.now.min()
    else:
        assert past.histories.n_events == world.histories.n_events - len(asked)


def test_an_item_that_the_worse_log_does_not_know_is_missed_and_counts(tmp_path: Path) -> None:
    """Whoever takes two items, one of them under a code that the other log lacks, can find half of it at most."""
    workspace = shop(tmp_path, '["upper_case_items"]')
    line = effects.Line(workspace, effects.Recipe.load(workspace.recipe_path))
    mended = line.dataset
    cases: Cases = line.split.test
    worse: Dataset = replace(mended, catalogue=mended.catalogue.__class__.of([f"x{i}" for i in range(mended.n_items)]))
    assert not effects._figures(effects.EASE, worse, mended, cases, line).any()
    assert effects._figures(effects.EASE, mended, mended, cases, line).mean() > 0.3


@pytest.mark.parametrize(("repeats", "left_out"), [("drop", True), ("keep", False)])
def test_what_was_seen_is_left_out_where_repeats_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repeats: str, left_out: bool
) -> None:
    workspace = shop(tmp_path, "[]")
    workspace.recipe_path.write_text(
        RECIPE.format(fixes="[]", by="last").replace("by =", f'repeats = "{repeats}"\nby =')
    )
    line = effects.Line(workspace, effects.Recipe.load(workspace.recipe_path))
    excluded = []

    def ranks(model: Any, cases: Cases, k: int) -> tuple[np.ndarray, None]:
        excluded.append(len(cases.requests.exclude.rows))
        return np.ones(len(cases.targets.rows)), None

    monkeypatch.setattr(effects, "ranked", ranks)
    effects._figures(effects.EASE, line.dataset, line.dataset, line.split.test, line)
    assert (excluded[0] > 0) == left_out
