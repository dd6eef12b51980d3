"""Do the intervals and tests keep their promise? `python -m benchmarks.statistics` writes ``results/statistics.json``.

A thousand made-up worlds: two equal models on the same people (differences of zero-inflated metrics), so 5 % of the
comparisons may call a difference; and a known mean, so 95 % of the intervals must hold it.
"""

import json

import numpy as np

from benchmarks.protocols import RESULTS
from zhiyin.evaluation.comparison import p_value
from zhiyin.evaluation.intervals import figure, resampled_means

WORLDS, PEOPLE, RESAMPLES = 1000, 400, 2000
HIT, MEAN_GAIN = 0.2, 0.6
"""Share of people with a hit, and what a hit is worth on average."""


def metric(rng: np.random.Generator) -> np.ndarray:
    """One number a person: 0 for most, between 0.2 and 1 for a hit."""
    return np.where(rng.random(PEOPLE) < HIT, rng.uniform(0.2, 1.0, PEOPLE), 0.0)


def main() -> None:
    called, held = 0, 0
    for world in range(WORLDS):
        rng = np.random.default_rng([world, 11])
        one, other = metric(rng), metric(rng)
        table = np.stack([one - other, one], axis=1)
        means = resampled_means(table, seed=world, resamples=RESAMPLES)
        called += p_value(table[:, 0], means[:, 0]) <= 0.05
        found = figure(one, means[:, 1])
        held += found["low"] <= HIT * MEAN_GAIN <= found["high"]
    result = {
        "worlds": WORLDS, "people": PEOPLE, "resamples": RESAMPLES,
        "equal models called different": called / WORLDS, "allowed": [0.035, 0.065],
        "intervals that hold the truth": held / WORLDS, "nominal": 0.95,
    }  # fmt: skip
    (RESULTS / "statistics.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
