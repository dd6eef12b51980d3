"""Why each item of a slate, in words that hold when they are checked.

- ``counterfactual``: without these events the item would not be there; the whole answer was made again without them.
- ``because``: without these events its score falls, though it stays.

The candidates stay the same while scores are compared, so that a place among them means the same before and after.
Letters: C candidates, K items of the slate (the first K candidates), M different items of the history that are tried.
"""

import numpy as np

from zhiyin.core.languages import Language, Sentence
from zhiyin.core.wire import Reason
from zhiyin.data.contracts import Catalogue, Requests
from zhiyin.explanation.counterfactual import Rerun, Score, Verified, falls, verified, without

INSTEAD = Sentence("because of {items}: without {it}, {instead} would be here instead",
                   "因为 {items}：没有{it}，这里会是 {instead}")  # fmt: skip
GONE = Sentence("because of {items}: without {it}, it would not be here", "因为 {items}：没有{it}，就不会推荐它")
BECAUSE = Sentence("because of {items}: without {it} the score falls from {before} to {after}",
                   "因为 {items}：去掉{it}后得分从 {before} 降到 {after}")  # fmt: skip
TOGETHER = Sentence(
    "because of the history as a whole ({n} items): without it the score falls from {before} to {after}",
    "因为整个历史（{n} 件）：去掉后得分从 {before} 降到 {after}",
)
IT, THEM = Sentence("it", "它"), Sentence("them", "它们")
COMMA, AND = Sentence(", ", "、"), Sentence(" and ", "和")
DIGITS = (3, 6, 9)
"""After the point: as many as a difference needs to be seen."""


def reasons_for(
    request: Requests, pool: np.ndarray, k: int, score: Score, rerun: Rerun, catalogue: Catalogue, language: Language
) -> list[Reason | None]:  # fmt: skip
    """One reason for each of the first ``k`` of ``pool`` int32 (C,), the candidates of a single request, best first.

    None where neither an event nor the history as a whole speaks for an item. ``value``: how far the score falls.
    """
    if not request.histories.n_events or not len(pool):
        return [None] * min(k, len(pool))
    tried, fall = falls(request, pool, score)  # (M,), (M, C)
    slate, fall = pool[:k], fall[:, :k]
    proven = verified(request, slate, tried, fall, rerun)
    strongest = [
        (int(tried[fall[:, place].argmax()]),) if fall[:, place].max() > 0 else tuple(tried.tolist())
        for place in range(len(slate))
    ]
    removed = [strong if proof is None else proof.items for proof, strong in zip(proven, strongest, strict=True)]
    scores = score(without(request, [(), *removed]), np.tile(pool, (len(removed) + 1, 1)))  # (1 + K, C)
    before, after = scores[0, : len(slate)], scores[1:].diagonal()
    return [
        _reason(proof, items, float(high), float(low), catalogue, language)
        for proof, items, high, low in zip(proven, removed, before, after, strict=True)
    ]


def name_of(row: int, catalogue: Catalogue) -> str:
    """The item's title where it has one, else its id."""
    titles = catalogue.columns.get("title")
    return str((titles[row] if titles is not None else None) or catalogue.ids[row])


def _reason(
    proof: Verified | None, items: tuple[int, ...], before: float, after: float, catalogue: Catalogue,
    language: Language,
) -> Reason | None:  # fmt: skip
    """The words and the number for one item; ``items`` are what was taken out."""
    if proof is None and not before > after:
        return None
    digits = next((n for n in DIGITS if f"{before:.{n}f}" != f"{after:.{n}f}"), DIGITS[-1])
    said = {
        "items": _listed([name_of(row, catalogue) for row in items], language), "n": len(items),
        "it": (IT if len(items) == 1 else THEM).said(language),
        "before": f"{before:.{digits}f}", "after": f"{after:.{digits}f}",
    }  # fmt: skip
    if proof is None:
        words = (BECAUSE if len(items) == 1 else TOGETHER).said(language, **said)
    elif proof.instead is None:
        words = GONE.said(language, **said)
    else:
        words = INSTEAD.said(language, **said, instead=name_of(proof.instead, catalogue))
    return {
        "kind": "because" if proof is None else "counterfactual", "text": words, "value": before - after,
        "events": catalogue.ids.take(np.array(items)),
    }  # fmt: skip


def _listed(names: list[str], language: Language) -> str:
    """A, B and C."""
    first = COMMA.said(language).join(names[:-1])
    return AND.said(language).join([first, names[-1]] if first else names)
