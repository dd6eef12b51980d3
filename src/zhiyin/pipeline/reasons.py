"""Why each item of a slate, in words: the event whose removal costs it most.

A fall of the score is a `because`; it does not claim that the item would leave the slate. The candidates stay the
same while events are taken out, so that a place among them means the same before and after.
Letters: C candidates, K items of the slate (the first K candidates), M different items of the history that are tried.
"""

from collections.abc import Callable

import numpy as np

from zhiyin.core.languages import Language, Sentence
from zhiyin.core.wire import Reason
from zhiyin.data.contracts import Catalogue, Requests
from zhiyin.explanation import falls

BECAUSE = Sentence("because of {item}: without it the score falls from {before:.3f} to {after:.3f}",
                   "因为 {item}：去掉后得分从 {before:.3f} 降到 {after:.3f}")  # fmt: skip
NO_HISTORY = Sentence("nothing is known of this person yet: this is what everybody new is shown",
                      "尚无此人的历史：所有新用户看到的都是这些")  # fmt: skip
NO_EVENT = Sentence("no single event of the history raises it", "历史中没有单个事件提高它的得分")

Rescore = Callable[[Requests, np.ndarray], np.ndarray]


def reasons_for(
    request: Requests, pool: np.ndarray, scores: np.ndarray, rescore: Rescore, catalogue: Catalogue, language: Language
) -> list[Reason]:  # fmt: skip
    """One reason for each of the first K of ``pool`` (C,), the candidates of a single request; ``scores`` (K,)."""
    if not request.histories.n_events or not len(pool):
        return [{"kind": "because", "text": NO_HISTORY.said(language), "value": None, "events": []} for _ in scores]
    tried, fall = falls(request, pool, rescore)  # (M,), (M, C)
    best = fall[:, : len(scores)].argmax(axis=0)
    return [
        _reason(catalogue, int(tried[m]), float(scores[place]), float(fall[m, place]), language)
        for place, m in enumerate(best)
    ]


def _reason(catalogue: Catalogue, row: int, before: float, fall: float, language: Language) -> Reason:
    if not fall > 0:
        return {"kind": "because", "text": NO_EVENT.said(language), "value": None, "events": []}
    item = catalogue.ids[row]
    titles = catalogue.columns.get("title")
    words = BECAUSE.said(language, item=(titles[row] if titles is not None else None) or item, before=before,
                         after=before - fall)  # fmt: skip
    return {"kind": "because", "text": words, "value": fall, "events": [item]}
