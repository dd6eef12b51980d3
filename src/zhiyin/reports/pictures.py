"""The pictures of a run: what of its JSON goes into which, `zhiyin.charts` draws it and escapes every label."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from zhiyin.charts import Curve, Interval, bars, columns, curves, forest, intervals
from zhiyin.reports.found import ordered, references, trained

IMPORTANT = 12
"""Columns whose weight in the rankers is shown."""
SPREADS = ("person", "item", "time", "kind", "value")


def pictures(run: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, Markup]:
    """SVG by name, "" where the run has nothing to draw."""
    draw: dict[str, Callable[[Mapping[str, Any], Mapping[str, str]], str]] = {
        "models": _models, "sources": _sources, "ablation": _ablation, "importance": _importance,
        "calibration": _calibration, "effects": _effects, "content_effects": _content_effects,
    }  # fmt: skip
    made = {name: drawn(run, said) for name, drawn in draw.items()}
    made |= {what: _training(run, said, what) for what in ("loss", "validation")}
    spread = (run.get("data") or {}).get("distributions") or {}
    made |= {
        f"spread_{name}": columns(spread[name]["labels"], spread[name]["counts"], said[f"spread_{name}"])
        for name in SPREADS
        if name in spread
    }
    return {name: Markup(svg) for name, svg in made.items()}  # noqa: S704  charts escapes what it is given


def _models(run: Mapping[str, Any], said: Mapping[str, str]) -> str:
    """Every list by the run's metric, the best first; the references hollow."""
    metric, beside = run.get("metric", "ndcg@10"), references(run)
    shown = [(name, found[metric]) for name, found in ordered(run).items() if metric in found]
    return intervals([_interval(name, figure, hollow=name in beside) for name, figure in shown], metric)


def _sources(run: Mapping[str, Any], said: Mapping[str, str]) -> str:
    """What each proposes that was then taken; hollow: what nobody else does."""
    groups = {
        said[what]: [
            _interval(name, found[measure], hollow=measure.endswith("_alone"))
            for name, found in (run.get("sources") or {}).items()
            for measure in (what, f"{what}_alone")
        ]
        for what in ("reached", "hits")
    }
    return forest(groups, said["sources"], own_scales=True)


def _ablation(run: Mapping[str, Any], said: Mapping[str, str]) -> str:
    """A panel a predictor; hollow: the control."""
    ablation = run.get("ablation") or {}
    groups: dict[str, list[Interval]] = {}
    for hollow, cells in ((False, ablation.get("cells", [])), (True, ablation.get("control", {}).get("cells", []))):
        for cell in cells:
            value = {"value": cell["difference"], "low": cell["low"], "high": cell["high"]}
            name = said["every_family"] if cell["features"] == "all" else cell["features"]
            groups.setdefault(cell["predictor"], []).append(_interval(name, value, hollow=hollow))
    return forest(groups, said["ablation"])


def _importance(run: Mapping[str, Any], said: Mapping[str, str]) -> str:
    """The columns that count most, taking all rankers together."""
    weights = {name: facts["importance"] for name, facts in (run.get("rankers") or {}).items() if "importance" in facts}
    total: dict[str, float] = {}
    for importance in weights.values():
        for column, weight in importance.items():
            total[column] = total.get(column, 0.0) + float(weight)
    most = sorted(total, key=lambda column: -total[column])[:IMPORTANT]
    return bars(most, {name: [float(w.get(column, 0)) for column in most] for name, w in weights.items()},
                said["importance"])  # fmt: skip


def _calibration(run: Mapping[str, Any], said: Mapping[str, str]) -> str:
    found = (run.get("calibration") or {}).items()
    given = [Curve(name, one["predicted"], one["observed"]) for name, one in found if one]
    return curves(given, said["calibration"], x=said["predicted"], diagonal=True)


def _effects(run: Mapping[str, Any], said: Mapping[str, str]) -> str:
    rows = (run.get("effects") or {}).get("effects", [])
    return intervals(
        [Interval(row["name"], row["difference"], row["low"], row["high"]) for row in rows], said["effects"]
    )


def _content_effects(run: Mapping[str, Any], said: Mapping[str, str]) -> str:
    """Hollow: the control, shuffled between items."""
    rows = (run.get("content_effects") or {}).get("cells", [])
    shown = [
        Interval(row["content"], row["difference"], row["low"], row["high"], row["content"].endswith(" shuffled"))
        for row in rows
    ]
    return intervals(shown, said["content_effects"])


def _training(run: Mapping[str, Any], said: Mapping[str, str], what: str) -> str:
    """The kept epoch is marked where the validation part chose it."""
    given = [
        Curve(name, *_points(facts["curve"], what), facts.get("best_epoch") if what == "validation" else None)
        for name, facts in trained(run)
    ]
    return curves(given, said[what], x=said["epoch"])


def _points(curve: Sequence[Mapping[str, Any]], what: str) -> tuple[list[float], list[float]]:
    points: Iterator[tuple[float, Any]] = ((entry.get("epoch", n), entry.get(what)) for n, entry in enumerate(curve, 1))
    there = [(epoch, float(value)) for epoch, value in points if value is not None]
    return [epoch for epoch, _ in there], [value for _, value in there]


def _interval(name: str, figure: Mapping[str, Any], *, hollow: bool = False) -> Interval:
    return Interval(name, float(figure["value"]), float(figure["low"]), float(figure["high"]), hollow)
