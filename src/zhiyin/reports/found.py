"""What the parts of a report look up in the JSON of a run, any part of which may be missing."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

SURE = 0.05
"""p after Holm below which a difference is said."""


def ordered(run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Figures of every list, the best first by the run's metric."""
    metric = run.get("metric", "ndcg@10")
    models: dict[str, dict[str, Any]] = (run.get("evaluation") or {}).get("models", {})
    return dict(sorted(models.items(), key=lambda found: -found[1].get(metric, {}).get("value", -math.inf)))


def references(run: Mapping[str, Any]) -> list[str]:
    """Lists that need no model: popularity, and chance."""
    return list(((run.get("evaluation") or {}).get("split") or {}).get("references", []))


def differences(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The best list less each other, the nearest first; every pair stands in the JSON of the run."""
    pairs: list[dict[str, Any]] = (run.get("comparison") or {}).get("pairs", [])
    best = next(iter(ordered(run)), None)
    return sorted(
        (_from(best, pair) for pair in pairs if best in (pair["a"], pair["b"])), key=lambda p: p["difference"]
    )


def trained(run: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Whatever has a training curve: models, rankers, the generator."""
    parts = {**(run.get("models") or {}), **(run.get("rankers") or {}), "generator": run.get("generation") or {}}
    return ((name, facts) for name, facts in parts.items() if facts.get("curve"))


def _from(best: str | None, pair: Mapping[str, Any]) -> dict[str, Any]:
    if pair["a"] == best:
        return dict(pair)
    turned = {"difference": -pair["difference"], "low": -pair["high"], "high": -pair["low"]}
    return {**pair, "a": pair["b"], "b": pair["a"], **turned}
