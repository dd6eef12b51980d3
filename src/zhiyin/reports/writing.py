"""`write`: a run to one HTML file that needs no network; what stands in the run stays text, never markup."""

import math
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from zhiyin.core.digits import told_apart
from zhiyin.core.errors import SettingsError
from zhiyin.core.files import whole_file
from zhiyin.core.languages import Language
from zhiyin.core.languages import language as spoken
from zhiyin.data.checks import all_checks
from zhiyin.generation.judgement.goals import reached
from zhiyin.reports.found import SURE, differences, in_chinese, ordered, shown_history, trained
from zhiyin.reports.pictures import SPREADS, pictures
from zhiyin.reports.run import RunJSON
from zhiyin.reports.summary import summary
from zhiyin.reports.words import REASONS, STEPS, words

FIRST = ("ndcg@10", "recall@10", "mrr@10", "diversity@10", "coverage@10")
"""Metrics of the table, where they were made."""
MEASURES = ("reached", "reached_alone", "hits", "hits_alone")
JUDGED = ("told_apart", "modes", "new", "nearer_to_training", "foresight")
NEWEST = 12
"""Events of a history that are shown."""
WATTS = 12.0
"""Of a busy core, where nobody says: what Green Algorithms (Lannelongue 2021) takes for a processor not known."""


def write(
    run: RunJSON | Mapping[str, Any], path: Path | str, language: Language = "en", *, watts: float = WATTS
) -> None:  # fmt: skip
    """Write the report of ``run`` to ``path``, whole or not at all. Sections without data are left out.

    ``watts``: of a busy core, for the estimate of energy. Raises `zhiyin.core.errors.SettingsError` for a language that
    is not spoken here, or watts that are none.
    """
    said = words(spoken(language))
    if not (math.isfinite(watts) and watts > 0):
        raise SettingsError(f"a busy core takes {watts} W; give a number above 0, such as {WATTS:g}", found=str(watts))
    run = in_chinese(run) if language == "zh" and run.get("evaluation") else run
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "number": _number, "percent": _percent, "signed": _signed, "tenths": _tenths, "sections": _sections,
        "told_apart": told_apart,
    }  # fmt: skip
    template = environment.from_string(files("zhiyin.reports").joinpath("run.html.jinja").read_text("utf-8"))
    about = _about(language)
    html = template.render(
        run=run, w=said, language=language, about=about, summary=summary(run, language, about),
        pictures=pictures(run, said), spreads=[f"spread_{name}" for name in SPREADS], half=_half(run, said),
        shown=_shown(run), ordered=ordered(run), differences=differences(run), measures=MEASURES,
        verdicts=_verdicts(run, language), judged=_judged(run), titles=run.get("titles") or {}, newest=NEWEST,
        shown_history=shown_history,
        steps={name: sentence.said(language) for name, sentence in STEPS.items()}, cost=_cost(run), watts=watts,
        reasons=REASONS if language == "zh" else {}, SURE=SURE,
    )  # fmt: skip
    with whole_file(Path(path)) as part:
        part.write_text(html, "utf-8")


def _about(language: Language) -> dict[str, str]:
    """What each check looks for, by its name."""
    return {check.name: getattr(check.about, language).rstrip(".。") for check in all_checks()}


def _half(run: Mapping[str, Any], said: Mapping[str, str]) -> str:
    """How few items half of all events are on."""
    half = ((run.get("data") or {}).get("distributions") or {}).get("half")
    if not half or not half["of"]:
        return ""
    return said["half"].format(
        items=_number(half["items"]), of=_number(half["of"]), share=_percent(half["items"] / half["of"])
    )


def _shown(run: Mapping[str, Any]) -> list[str]:
    """The metrics that a page is wide enough for; all of them stand in the JSON of the run."""
    models = (run.get("evaluation") or {}).get("models", {})
    known = list(dict.fromkeys(metric for figures in models.values() for metric in figures))
    everywhere = [metric for metric in known if all(metric in figures for figures in models.values())]
    return [metric for metric in FIRST if metric in everywhere] or everywhere


def _verdicts(run: Mapping[str, Any], language: Language) -> dict[str, str]:
    """How each training ended, in words."""
    told = {name: facts.get("verdict_zh") if language == "zh" else None for name, facts in trained(run)}
    return {name: told[name] or facts["verdict"] for name, facts in trained(run) if "verdict" in facts}


def _judged(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each figure of the generator, the baseline's beside it, its goal and whether it is reached."""
    generation = run.get("generation") or {}
    judgement, goals = generation.get("judgement") or {}, generation.get("goals") or {}
    rows = []
    for name in JUDGED:
        if figure := judgement.get(name):
            least, most = goals.get(name, (0.0, 1.0))
            goal = f"≥ {least:g}" if least > 0 else f"≤ {most:g}" if most < 1 else ""
            goal = f"> {least:g}" if name == "foresight" else goal
            met = "met" if reached(name, figure) else "missed"
            beside = (judgement.get("marginals") or {}).get(name)
            rows.append(
                {"name": name, "figure": figure, "beside": beside, "goal": goal or "–", "met": met if goal else ""}
            )
    return rows


def _cost(run: Mapping[str, Any]) -> dict[str, Any]:
    """Of all steps together; {} where it was not measured."""
    steps = [step for step in run.get("steps") or [] if step.get("cpu_s") is not None]
    if not steps:
        return {}
    seconds = sum(step.get("made_in", step["seconds"]) for step in run["steps"])
    return {"seconds": seconds, "cpu_s": sum(step["cpu_s"] for step in steps),
            "peak_mb": max(step["peak_mb"] for step in steps)}  # fmt: skip


def _sections(page: str) -> list[tuple[str, Markup]]:
    """Name and heading of every section that the page has."""
    found = re.findall(r'<section id="(\w+)"><h2>(.*?)</h2>', page)
    return [(name, Markup(heading)) for name, heading in found]  # noqa: S704  it is escaped already


def _number(value: Any) -> str:
    """A number as people read it; a dash where there is none."""
    if not _is_number(value):
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _signed(value: Any) -> str:
    return f"{value:+z.4f}".replace("-", "−") if _is_number(value) else "–"


def _percent(value: Any) -> str:
    return f"{value:.1%}" if _is_number(value) else "–"


def _tenths(value: Any) -> str:
    return f"{value:,.1f}" if _is_number(value) else "–"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
