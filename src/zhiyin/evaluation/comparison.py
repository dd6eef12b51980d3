"""Is one model better than another? Paired over the same people, corrected for looking at many pairs.

Paired bootstrap; p two-sided = (1 + #{|d* - d| >= |d|}) / (R + 1); Holm 1979 over all pairs of the family; smallest
detectable difference 2.80 · sd(d) / sqrt(P) (5 % level, 80 % power).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from zhiyin.core.errors import SettingsError
from zhiyin.core.wire import CompareJSON, PairJSON
from zhiyin.evaluation.evaluate import Evaluation
from zhiyin.evaluation.intervals import LEVEL, resampled_means

DETECTABLE = 2.80
RESAMPLES = 10_000
"""More than an interval needs: Holm multiplies the smallest p by the number of pairs."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Every pair of models on one metric."""

    metric: str
    pairs: tuple[PairJSON, ...]

    def to_dict(self) -> CompareJSON:
        """The JSON shape of ``compare``."""
        return {"pairs": list(self.pairs)}

    def __repr__(self) -> str:
        lines = [f"{self.metric}, paired over people; p after Holm"]
        for pair in self.pairs:
            clear = (
                "" if pair["p_holm"] < 1 - LEVEL else f"  no difference shown; {pair['detectable']:.4f} would have been"
            )
            lines.append(
                f"  {pair['a']} - {pair['b']}: {pair['difference']:+.4f} [{pair['low']:+.4f}, {pair['high']:+.4f}]"
                f" p {pair['p_holm']:.3f}{clear}"
            )
        return "\n".join(lines)


def compare(
    evaluation: Evaluation, metric: str = "ndcg@10", *, stratum: str | None = None, seed: int = 0
) -> Comparison:  # fmt: skip
    """Every pair of models, and each beside every reference, on ``metric`` (references among themselves are not the
    question, and would only make the correction harsher); raises `SettingsError` for one that was not evaluated.

    ``stratum``: over the targets that are ``hot``, ``warm`` or ``cold`` alone, and those who have any.
    """
    if not isinstance(evaluation, Evaluation):
        raise SettingsError(
            f"compare takes what evaluate gave, found {type(evaluation).__name__}; give "
            "zhiyin.evaluate({'a': first, 'b': second}, split)", found=type(evaluation).__name__, allowed="Evaluation",
        )  # fmt: skip
    if metric not in evaluation.metrics:
        raise SettingsError.unknown(f"{metric!r} was not evaluated", metric, evaluation.metrics, "evaluated were")
    columns_of: Mapping[str, Mapping[str, np.ndarray]] = evaluation.table
    if stratum is not None:
        there = next(iter(evaluation.stratum_table.values()), {})
        if stratum not in there:
            raise SettingsError.unknown(f"no target is {stratum!r}", stratum, there, "there are targets that are")
        columns_of = {name: strata[stratum] for name, strata in evaluation.stratum_table.items()}
    table = {name: columns[metric] for name, columns in columns_of.items() if metric in columns}
    return paired(table, evaluation.references, metric, seed)


def paired(table: Mapping[str, np.ndarray], references: Collection[str], metric: str, seed: int = 0) -> Comparison:
    """The same from one number a person: model → float64 (P,)."""
    beside = set(references)
    return compare_pairs(table, [(a, b) for a, b in combinations(table, 2) if not {a, b} <= beside], metric, seed)


def compare_pairs(
    table: Mapping[str, np.ndarray], names: Sequence[tuple[str, str]], metric: str, seed: int = 0
) -> Comparison:  # fmt: skip
    """These pairs alone, as one family: model → float64 (P,)."""
    if not names:
        return Comparison(metric, ())
    differences = np.stack([table[a] - table[b] for a, b in names], axis=1)  # (P, pairs)
    means = resampled_means(differences, seed, RESAMPLES)  # (R, pairs)
    raw = [p_value(differences[:, i], means[:, i]) for i in range(len(names))]
    corrected = holm(np.array(raw))
    pairs = []
    for i, (a, b) in enumerate(names):
        low, high = (float(x) for x in np.quantile(means[:, i], [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
        spread = float(differences[:, i].std(ddof=1)) if len(differences) > 1 else float("nan")
        pairs.append(
            PairJSON(
                a=a,
                b=b,
                metric=metric,
                difference=float(differences[:, i].mean()),
                low=low,
                high=high,
                p=raw[i],
                p_holm=float(corrected[i]),
                detectable=DETECTABLE * spread / np.sqrt(len(differences)),
            )
        )
    return Comparison(metric, tuple(pairs))


def holm(p: np.ndarray) -> np.ndarray:
    """Adjusted p values: running maximum of (m - i + 1) p_(i), at most 1."""
    order = np.argsort(p, kind="stable")
    adjusted = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    back = np.empty(len(p))
    back[order] = adjusted
    return back


def p_value(differences: np.ndarray, means: np.ndarray) -> float:
    """Two-sided p of no difference; exactly 1 for identical models."""
    mean = differences.mean()
    return float((1 + (np.abs(means - mean) >= abs(mean)).sum()) / (len(means) + 1))
