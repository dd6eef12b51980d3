"""Whether a ranker's probabilities come true, on the test part. Letters: C candidates of B people, K bins."""

from typing import Any

import numpy as np

from zhiyin.data.contracts import FILL, Cases
from zhiyin.evaluation.ranking import blocks
from zhiyin.pipeline.whole import WholeLine
from zhiyin.ranking import labels_for, reliability_of


def calibration(whole: WholeLine, cases: Cases) -> dict[str, Any]:
    """The reliability diagram over all candidates of the cases: ``predicted``, ``observed`` and ``rows`` (K,), the
    expected calibration ``error``, ``log_loss`` and ``normalised_entropy``."""
    probability, labels = (np.concatenate(parts) for parts in zip(*(_of(whole, b) for b in blocks(cases)), strict=True))
    if not len(labels):
        return {}
    found = reliability_of(probability, labels)
    finite = np.isfinite(found.normalised_entropy)  # not where nothing was taken
    return {
        "predicted": found.predicted.tolist(), "observed": found.observed.tolist(), "rows": found.rows.tolist(),
        "error": found.error, "log_loss": found.log_loss,
        "normalised_entropy": found.normalised_entropy if finite else None,
    }  # fmt: skip


def _of(whole: WholeLine, cases: Cases) -> tuple[np.ndarray, np.ndarray]:
    """Probability and label of every candidate that there is."""
    found, table = whole.tables.of(cases.requests)
    there = found.rows != FILL
    return whole.ranker.probability(table.values)[there], labels_for(found.rows, cases.targets)[there]
