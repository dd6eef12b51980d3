"""What the parts of a report look up in the JSON of a run, any part of which may be missing."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

SURE = 0.05
"""p after Holm below which a difference is said."""

NAMED = 4
"""Events that a reason names at most."""

LISTS = {
    r"all six steps \((.+)\)": r"全部六步（\1）", r"popularity of (\S+) days": r"最近 \1 天热门", r"popularity": "热门",
    r"random": "随机",
}  # fmt: skip
"""Names of lists that are not a model of the recipe, in Chinese."""


def in_chinese(run: Mapping[str, Any]) -> dict[str, Any]:
    """The run with its lists named in Chinese; models keep the names that the recipe gives them."""
    evaluation = run.get("evaluation") or {}
    named = {name: _chinese(name, run.get("models") or {}) for name in evaluation.get("models", {})}
    pairs = [{**pair, "a": named.get(pair["a"], pair["a"]), "b": named.get(pair["b"], pair["b"])}
             for pair in (run.get("comparison") or {}).get("pairs", [])]  # fmt: skip
    split = {**(evaluation.get("split") or {}), "references": [named.get(name, name) for name in references(run)]}
    models = {named[name]: figures for name, figures in evaluation.get("models", {}).items()}
    answers = named.get(str(run.get("answers")), run.get("answers"))
    return {
        **run,
        "answers": answers,
        "evaluation": {**evaluation, "models": models, "split": split},
        "comparison": {"pairs": pairs},
    }


def _chinese(name: str, models: Mapping[str, Any]) -> str:
    for pattern, meant in LISTS.items():
        if name not in models and re.fullmatch(pattern, name):
            return re.sub(pattern, meant, name)
    return name


def ordered(run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Figures of every list, the best first by the run's metric."""
    metric = run.get("metric", "ndcg@10")
    models: dict[str, dict[str, Any]] = (run.get("evaluation") or {}).get("models", {})
    return dict(sorted(models.items(), key=lambda found: -found[1].get(metric, {}).get("value", -math.inf)))


def references(run: Mapping[str, Any]) -> list[str]:
    """Lists that need no model: popularity, and chance."""
    return list(((run.get("evaluation") or {}).get("split") or {}).get("references", []))


def answering(run: Mapping[str, Any]) -> str | None:
    """The list that answers; where none alone does, the best that is no reference."""
    lists, beside = ordered(run), references(run)
    best = next((name for name in lists if name not in beside), None)
    return run["answers"] if run.get("answers") in lists else best


def differences(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The list that answers less each other, the nearest first; every pair stands in the JSON of the run."""
    pairs: list[dict[str, Any]] = (run.get("comparison") or {}).get("pairs", [])
    first = answering(run)
    return sorted(
        (_from(first, pair) for pair in pairs if first in (pair["a"], pair["b"])), key=lambda p: p["difference"]
    )


def shown_history(slate: Mapping[str, Any], newest: int) -> list[str | None]:
    """The newest ids of a slate's history and, before them, those that its reasons name; None where some are left out.

    A reason of more than `NAMED` events speaks of the history as a whole and names none.
    """
    history: list[str] = slate.get("history") or []
    events = [reason["events"] for item in slate["items"] for reason in item.get("reasons", [])]
    cited = {event for named in events if len(named) <= NAMED for event in named}
    recent = set(history[-newest:])
    last = {item: at for at, item in enumerate(history)}  # of what was taken twice the later one is shown
    kept = [at for at, item in enumerate(history)
            if at >= len(history) - newest or (item in cited - recent and last[item] == at)]  # fmt: skip
    shown: list[str | None] = []
    for before, at in zip([-1, *kept], kept, strict=False):
        shown += [history[at]] if at == before + 1 else [None, history[at]]
    return shown


def trained(run: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Whatever has a training curve: models, rankers, the generator."""
    parts = {**(run.get("models") or {}), **(run.get("rankers") or {}), "generator": run.get("generation") or {}}
    return ((name, facts) for name, facts in parts.items() if facts.get("curve"))


def _from(best: str | None, pair: Mapping[str, Any]) -> dict[str, Any]:
    if pair["a"] == best:
        return dict(pair)
    turned = {"difference": -pair["difference"], "low": -pair["high"], "high": -pair["low"]}
    return {**pair, "a": pair["b"], "b": pair["a"], **turned}
