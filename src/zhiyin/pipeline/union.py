"""What each source of candidates adds: what it reaches, and what nobody else does.

Letters: B requests, C candidates, S sources, K items of a slate.
"""

from typing import Any

import numpy as np

from zhiyin.data.contracts import Cases
from zhiyin.evaluation.intervals import figure, resampled_means
from zhiyin.evaluation.ranking import blocks
from zhiyin.pipeline.whole import WholeLine
from zhiyin.ranking import labels_for

MEASURES = ("reached", "reached_alone", "hits", "hits_alone")


def contributions(whole: WholeLine, cases: Cases, k: int) -> dict[str, dict[str, Any]]:
    """Of each source by NAME, with intervals over people: the share of what was then taken that is among its candidates
    (``reached``) and in nobody else's (``reached_alone``); hits in the slate of ``k`` that it proposed (``hits``) and
    that only it did (``hits_alone``), a person."""
    table = np.concatenate([_of(whole, block, k) for block in blocks(cases)])  # (B, S, measures)
    flat = table.reshape(len(table), -1)
    means = resampled_means(flat)
    found = [figure(flat[:, column], means[:, column]) for column in range(flat.shape[1])]
    n = len(MEASURES)
    return {
        name: dict(zip(MEASURES, found[s * n : (s + 1) * n], strict=True))
        for s, name in enumerate(whole.tables.sources)
    }


def _of(whole: WholeLine, cases: Cases, k: int) -> np.ndarray:
    """float64 (B, S, measures)"""
    found = whole.ranked(cases.requests)  # (B, C), best first
    hits = labels_for(found.rows, cases.targets)
    sources = np.arange(len(found.source_names), dtype=np.uint32)
    by = (found.sources[:, :, None] >> sources & 1).astype(bool) & hits[:, :, None]  # (B, C, S)
    alone = by & (found.sources[:, :, None] == np.uint32(1) << sources)
    targets = cases.targets.lengths[:, None]
    return np.stack(
        [by.sum(axis=1) / targets, alone.sum(axis=1) / targets, by[:, :k].sum(axis=1), alone[:, :k].sum(axis=1)], axis=2
    )  # fmt: skip
