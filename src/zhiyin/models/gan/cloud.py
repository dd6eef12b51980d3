"""Is the cloud of people's latent vectors the normal one? Counted and tested, said in words.

A space can collapse, or drift from what the critic was to make of it, without any loss showing it.
Letters: U people, D latent width. References: active numbers, Burda et al. 2016, arXiv 1509.00519; the two-sample test
by a classifier, Lopez-Paz and Oquab 2017, arXiv 1610.06545. Ours is linear in z and z², so that it is in closed form.
"""

import math
from typing import Any

import numpy as np

from zhiyin.core.languages import Sentence
from zhiyin.core.randomness import generator

ACTIVE = 0.01
"""Variance of a latent mean over people from which on it tells them apart."""
FOLDS = 5
MOST, LEAST = 2000, 50
"""People of the test, at most and at least."""

NORMAL = Sentence(
    "{active} of {latent} latent numbers tell people apart; their cloud cannot be told from N(0, I) "
    "(AUC {auc} ± {error}, 0.5 is chance)",
    "{latent} 个潜在数中有 {active} 个能区分人；其分布与 N(0, I) 无法区分（AUC {auc} ± {error}，0.5 为随机）",
)
OTHER = Sentence(
    "{active} of {latent} latent numbers tell people apart; their cloud can be told from N(0, I) "
    "(AUC {auc} ± {error}, 0.5 is chance): invented people are unlike real ones; set penalty, or raise adversarial",
    "{latent} 个潜在数中有 {active} 个能区分人；其分布与 N(0, I) 可以区分（AUC {auc} ± {error}，0.5 为随机）：虚构的人"
    "不像真实的人；请设置 penalty，或调高 adversarial",
)
FEW = Sentence(
    "{active} of {latent} latent numbers tell people apart; too few people to compare their cloud with N(0, I)",
    "{latent} 个潜在数中有 {active} 个能区分人；人数太少，无法将其分布与 N(0, I) 比较",
)


def cloud_of(means: np.ndarray, drawn: np.ndarray, seed: int) -> dict[str, Any]:
    """What is worth keeping of latent means and draws, (U, D) each: ``active``, ``told_from_normal``, ``cloud``."""
    active = int((means.var(axis=0) > ACTIVE).sum())
    rng = generator(seed, "cloud")
    drawn = drawn[rng.permutation(len(drawn))[:MOST]]
    if len(drawn) < LEAST:
        said, facts = FEW.filled(active=active, latent=means.shape[1]), {}
    else:
        auc, error = told_apart(drawn, rng.standard_normal(drawn.shape), rng)
        sentence = NORMAL if auc - 2 * error < 0.5 else OTHER
        said = sentence.filled(active=active, latent=means.shape[1], auc=f"{auc:.3f}", error=f"{error:.3f}")
        facts = {"told_from_normal": auc}
    return {"active": active, **facts, "cloud": said.en, "cloud_zh": said.zh}


def told_apart(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Chance that a row of ``one`` looks more like ``one`` than a row of ``other`` does, (n, D) each, out of fold.

    0.5: they cannot be told apart; beside it the standard error that 0.5 itself would have.
    """
    rows = np.concatenate([one, other]).astype(np.float64)
    x = np.concatenate([rows, rows**2, np.ones((len(rows), 1))], axis=1)  # (2n, 2D + 1)
    y = np.repeat([1.0, -1.0], len(one))
    fold, scores = rng.permutation(len(rows)) % FOLDS, np.zeros(len(rows))
    for out in range(FOLDS):
        a, b = x[fold != out], y[fold != out]
        scores[fold == out] = x[fold == out] @ np.linalg.solve(a.T @ a + np.eye(a.shape[1]), a.T @ b)
    n = len(one)
    # folds differ in their line's height, so that pairs are compared within a fold
    parts = [(scores[:n][fold[:n] == f], scores[n:][fold[n:] == f]) for f in range(FOLDS)]
    wins = sum(float((p[:, None] > q[None, :]).sum() + 0.5 * (p[:, None] == q[None, :]).sum()) for p, q in parts)
    pairs = sum(len(p) * len(q) for p, q in parts)
    return wins / max(1, pairs), math.sqrt((2 * n + 1) / 12) / n
