"""What a run tells its report: how the log is spread, whether probabilities come true, what each step cost."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from zhiyin.data.dataset import Dataset
from zhiyin.pipeline import Workspace
from zhiyin.pipeline.distributions import distributions
from zhiyin.pipeline.once import key_of, once
from zhiyin.pipeline.run import _cost, run


def spread(column: str, values: list[Any], **further: list[Any]) -> dict[str, Any]:
    users = further.pop("user", [f"u{n}" for n in range(len(values))])
    frame = pl.DataFrame({"user": users, "item": [f"i{n % 7}" for n in range(len(values))], column: values, **further})
    return distributions(Dataset.from_frame(frame))


def test_each_person_and_item_is_in_the_column_of_its_events() -> None:
    users = [f"u{length}" for length in (1, 2, 3, 4, 7, 8) for _ in range(length)]
    frame = pl.DataFrame({"user": users, "item": ["a"] * 12 + ["b"] * 12 + ["c"]})
    found = distributions(Dataset.from_frame(frame))
    assert found["person"] == {"labels": ["1", "2–3", "4–7", "8–15"], "counts": [1, 2, 2, 1]}
    assert found["item"] == {"labels": ["1", "2–3", "4–7", "8–15"], "counts": [1, 0, 0, 2]}
    assert found["half"] == {"items": 2, "of": 3}
    assert not {"time", "kind", "value"} & set(found)


def test_half_of_the_events_are_on_the_fewest_items_that_have_them() -> None:
    frame = pl.DataFrame({"user": [f"u{n}" for n in range(10)], "item": ["a"] * 5 + list("bcdef")})
    assert distributions(Dataset.from_frame(frame))["half"] == {"items": 1, "of": 6}


@pytest.mark.parametrize(
    ("days", "step"), [(10, 1), (200, 7), (1500, 30.44), (5000, 91.3), (20_000, 365.25), (22_000, 22_000 / 59)]
)
def test_time_has_a_column_a_day_a_week_or_more_and_never_too_many(days: int, step: float) -> None:
    times = [1_300_000_000 + n * 86_400 * days // 100 for n in range(101)]
    found = spread("time", times)["time"]
    assert found["days"] == pytest.approx(step, rel=0.01)
    assert sum(found["counts"]) == 101
    assert len(found["counts"]) == len(found["labels"]) <= 61
    assert found["labels"][0] == "2011-03-13"


def test_values_have_columns_that_suit_them() -> None:
    assert spread("value", [1.0, 5.0, 5.0, 2.5])["value"] == {"labels": ["1", "2.5", "5"], "counts": [1, 1, 2]}
    whole = spread("value", [float(n) for n in range(1, 101)])["value"]
    assert whole["labels"][:3] == ["1", "2–3", "4–7"]
    assert sum(whole["counts"]) == 100
    broken = spread("value", [n / 7 for n in range(-50, 50)])["value"]
    assert len(broken["counts"]) == 12
    assert sum(broken["counts"]) == 98  # the smallest and the largest hundredth are beyond


def test_kinds_are_counted_where_there_are_several() -> None:
    assert "kind" not in spread("kind", ["click", "click"])
    assert spread("kind", ["click", "cart", "click"])["kind"] == {"labels": ["click", "cart"], "counts": [2, 1]}


def test_a_log_without_events_has_nothing_to_show() -> None:
    world = Dataset.from_frame(pl.DataFrame({"user": ["u"], "item": ["i"]}))
    empty = world.with_histories(world.histories.keep(np.zeros(1, bool)))
    assert distributions(empty) == {"half": {"items": 0, "of": 0}}


def test_what_was_made_keeps_what_it_cost_when_it_is_remembered(tmp_path: Path) -> None:
    def make(key: str) -> dict[str, Any]:
        return {"sum": float(np.random.default_rng(0).random(4_000_000).sum())}

    workspace = Workspace(tmp_path)
    first, again = (once(workspace, "sum", {}, make) for _ in range(2))
    assert first["cpu_s"] > 0
    assert 20 < first["peak_mb"] < 100_000
    assert {**again, "again": False} == first
    assert key_of({}) == first["key"]


def test_a_step_costs_what_its_parts_do() -> None:
    parts = {"a": {"cpu_s": 1.5, "peak_mb": 100}, "b": {"cpu_s": 2.0, "peak_mb": 90}, "made before": {}}
    assert _cost({"models": parts, "cpu_s": 9.0}) == {"cpu_s": 3.5, "peak_mb": 100}
    assert _cost({"cpu_s": 9.0, "peak_mb": 7}) == {"cpu_s": 9.0, "peak_mb": 7}
    assert _cost({"models": {"made before": {}}}) == {"cpu_s": None, "peak_mb": None}


def test_a_run_tells_its_report_everything(shop: Workspace) -> None:
    result = run(shop)
    assert {step["name"]: step["cpu_s"] is not None for step in result["steps"]} == dict.fromkeys(
        ("data", "models", "features", "ranking", "generation", "answering"), True
    )
    assert sum(result["data"]["distributions"]["time"]["counts"]) == result["data"]["events"]
    calibration = result["calibration"]["Logistic"]
    assert len(calibration["predicted"]) == len(calibration["observed"]) == len(calibration["rows"]) == 10
    assert calibration["predicted"] == sorted(calibration["predicted"])
    taken = np.dot(calibration["observed"], calibration["rows"])
    assert taken == pytest.approx(round(taken))
    assert 0 < taken <= result["evaluation"]["split"]["test_targets"]
    assert set(result["generation"]["goals"]) >= {"told_apart", "foresight"}
    titles = result["titles"]
    for slate in result["recommendations"]:
        assert all(titles[item] == f"{('even 双数', 'odd 单数')[int(item[1:]) % 2]} jug {item[1:]}"
                   for item in slate["history"])  # fmt: skip
