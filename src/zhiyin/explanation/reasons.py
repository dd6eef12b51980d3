"""Why each item of a slate, in words that hold when they are checked.

- ``counterfactual``: without these events the item would not be there; the whole answer was made again without them.
- ``because``: without these events its score falls, though it stays; asked again in the same way.

The strongest events are found with the candidates held as they are, so that a place among them means the same.
Letters: C candidates, K items of the slate, M different items of the history that are tried.
"""

import numpy as np

from zhiyin.core.languages import Language, Sentence
from zhiyin.core.wire import Reason
from zhiyin.data.contracts import Catalogue, Requests
from zhiyin.explanation.counterfactual import MOST, Outcome, Rerun, Score, falls, verified, without

INSTEAD = Sentence("because of {items}: without {it}, {instead} would be here instead",
                   "因为 {items}：没有{it}，这里会是 {instead}")  # fmt: skip
GONE = Sentence("because of {items}: without {it}, it would not be here", "因为 {items}：没有{it}，就不会推荐它")
BECAUSE = Sentence("because of {items}: without {it} the score falls from {before} to {after}",
                   "因为 {items}：去掉{it}后得分从 {before} 降到 {after}")  # fmt: skip
TOGETHER = Sentence(
    "because of the history as a whole ({n} items): without it the score falls from {before} to {after}",
    "因为整个历史（{n} 件）：去掉后得分从 {before} 降到 {after}",
)
WHOLE = Sentence("because of the history as a whole ({n} items): without it, it would not be here",
                 "因为整个历史（{n} 件）：没有它，就不会推荐它")  # fmt: skip
IT, THEM = Sentence("it", "它"), Sentence("them", "它们")
COMMA, AND = Sentence(", ", "、"), Sentence(" and ", "和")
NOTICEABLE = 0.01
"""Share of a score: a smaller fall explains nothing."""
DIGITS = (3, 6, 9)
"""After the point: as many as a difference needs to be seen."""


def reasons_for(
    request: Requests, pool: np.ndarray, slate: np.ndarray, score: Score, rerun: Rerun, catalogue: Catalogue,
    language: Language,
) -> list[Reason | None]:  # fmt: skip
    """One reason for each item of the ``slate`` int32 (K,), of a single request; ``pool`` int32 (C,) are the candidates
    of this request, best first, the slate among them.

    None where neither an event nor the history as a whole speaks for an item. ``value``: how far the score falls.
    """
    if not request.histories.n_events or not len(slate):
        return [None] * len(slate)
    tried, fall = falls(request, pool, score)  # (M,), (M, C)
    places = [int(np.flatnonzero(pool == row)[0]) for row in slate]
    fall = fall[:, places]
    proven = verified(request, slate, tried, fall, rerun)
    unproven = [place for place, outcome in enumerate(proven) if outcome is None]
    strongest = [
        (int(tried[fall[:, place].argmax()]),) if fall[:, place].max() > 0 else tuple(tried.tolist())
        for place in unproven
    ]
    if unproven:  # the words say what comes out when it is asked again
        answers = rerun(without(request, strongest))
        for b, (place, items) in enumerate(zip(unproven, strongest, strict=True)):
            proven[place] = Outcome.of(items, int(slate[place]), slate, answers, b)
    before = score(request, pool[None])[0, places]
    return [
        None if outcome is None else told(outcome, float(high), catalogue, language)
        for outcome, high in zip(proven, before, strict=True)
    ]


def name_of(row: int, catalogue: Catalogue) -> str:
    """The item's title where it has one, else its id."""
    titles = catalogue.columns.get("title")
    return str((titles[row] if titles is not None else None) or catalogue.ids[row])


def told(outcome: Outcome, before: float, catalogue: Catalogue, language: Language) -> Reason | None:
    """The words and the number for one item whose score was ``before``; None where it hardly falls."""
    items, after = outcome.items, outcome.after
    if outcome.stays and after is not None and before - after <= NOTICEABLE * abs(before):
        return None
    shown = before if after is None else after
    digits = next((n for n in DIGITS if f"{before:.{n}f}" != f"{shown:.{n}f}"), DIGITS[-1])
    said = {
        "items": listed([name_of(item, catalogue) for item in items], language), "n": len(items),
        "it": (IT if len(items) == 1 else THEM).said(language),
        "instead": "" if outcome.instead is None else name_of(outcome.instead, catalogue),
        "before": f"{before:.{digits}f}", "after": f"{shown:.{digits}f}",
    }  # fmt: skip
    if outcome.stays:
        words = BECAUSE if len(items) == 1 else TOGETHER
    elif len(items) > MOST:
        words = WHOLE
    else:
        words = GONE if outcome.instead is None else INSTEAD
    return {
        "kind": "because" if outcome.stays else "counterfactual", "text": words.said(language, **said),
        "value": None if after is None else before - after, "events": catalogue.ids.take(np.array(items)),
    }  # fmt: skip


def listed(names: list[str], language: Language) -> str:
    """A, B and C."""
    first = COMMA.said(language).join(names[:-1])
    return AND.said(language).join([first, names[-1]] if first else names)
