"""`write`: a run to one HTML file that needs no network; what stands in the run stays text, never markup."""

import math
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from zhiyin.charts import Interval, intervals, lines
from zhiyin.core.files import whole_file
from zhiyin.core.languages import Language
from zhiyin.core.languages import language as spoken
from zhiyin.data.checks import all_checks
from zhiyin.reports.run import RunJSON
from zhiyin.reports.words import REASONS, words

FIRST = ("ndcg@10", "recall@10", "mrr@10", "diversity@10", "coverage@10")
"""Metrics of the table, where they were made."""


def write(run: RunJSON | Mapping[str, Any], path: Path | str, language: Language = "en") -> None:
    """Write the report of ``run`` to ``path``, whole or not at all. Sections without data are left out.

    Raises `zhiyin.core.errors.SettingsError` for a language that is not spoken here.
    """
    said = words(spoken(language))
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = _number
    template = environment.from_string(files("zhiyin.reports").joinpath("run.html.jinja").read_text("utf-8"))
    html = template.render(
        run=run, w=said, language=language, pictures=_pictures(run, said), shown=_shown(run),
        about=_about(language), ordered=_ordered(run), differences=_differences(run),
        reasons=REASONS if language == "zh" else {},
    )  # fmt: skip
    with whole_file(Path(path)) as part:
        part.write_text(html, "utf-8")


def _pictures(run: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, Markup]:
    """SVG by name; `zhiyin.charts` escapes every label."""
    metric = run.get("metric", "ndcg@10")
    figures = _ordered(run)
    rows = [
        Interval(name, *(float(found[metric][part]) for part in ("value", "low", "high")))
        for name, found in figures.items()
        if metric in found
    ]
    made = {"models": intervals(rows, metric)}
    for what in ("loss", "validation"):
        curves = {
            name: [float(epoch[what]) for epoch in model.get("curve") or [] if epoch.get(what) is not None]
            for name, model in (run.get("models") or {}).items()
        }
        made[what] = "".join(lines({name: curve}, f"{name}: {said[what]}") for name, curve in curves.items())
    return {name: Markup(svg) for name, svg in made.items()}  # noqa: S704  charts escapes what it is given


def _ordered(run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Figures of every list, the best first by the run's metric."""
    metric = run.get("metric", "ndcg@10")
    models: dict[str, dict[str, Any]] = (run.get("evaluation") or {}).get("models", {})
    return dict(sorted(models.items(), key=lambda found: -found[1].get(metric, {}).get("value", -math.inf)))


def _differences(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The best list beside each other; every pair stands in the JSON of the run."""
    pairs: list[dict[str, Any]] = (run.get("comparison") or {}).get("pairs", [])
    best = next(iter(_ordered(run)), None)
    return [pair for pair in pairs if best in (pair["a"], pair["b"])]


def _about(language: Language) -> dict[str, str]:
    """What each check looks for, by its name."""
    return {check.name: getattr(check.about, language).rstrip(".。") for check in all_checks()}


def _shown(run: Mapping[str, Any]) -> list[str]:
    """The metrics that a page is wide enough for; all of them stand in the JSON of the run."""
    models = (run.get("evaluation") or {}).get("models", {})
    known = list(dict.fromkeys(metric for figures in models.values() for metric in figures))
    everywhere = [metric for metric in known if all(metric in figures for figures in models.values())]
    return [metric for metric in FIRST if metric in everywhere] or everywhere


def _number(value: Any) -> str:
    """A number as people read it; a dash where there is none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
