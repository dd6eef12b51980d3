"""Why each item of a slate: an event is taken out, everything is scored again; the largest fall is the reason.

The candidates stay the same, so that a place among them means the same before and after.
Letters: C candidates, K items of the slate (the first K candidates), M different items of the history that are tried.
"""

from collections.abc import Callable

import numpy as np

from zhiyin.core.languages import Language, Sentence
from zhiyin.core.wire import Reason
from zhiyin.data.contracts import Catalogue, Requests

TRIED = 30
"""Newest different items of a history that are taken out, one at a time."""
BECAUSE = Sentence("because of {item}: without it the score falls from {before:.3f} to {after:.3f}",
                   "因为 {item}：去掉后得分从 {before:.3f} 降到 {after:.3f}")  # fmt: skip
POPULAR = Sentence("many people took it lately", "近期很受欢迎")
NO_EVENT = Sentence("no single event of the history raises it", "历史中没有单个事件提高它的得分")

Rescore = Callable[[Requests, np.ndarray], np.ndarray]


def reasons_for(
    request: Requests, pool: np.ndarray, k: int, rescore: Rescore, catalogue: Catalogue, language: Language
) -> list[Reason]:
    """One reason for each of the first ``k`` of ``pool`` (C,), the candidates of a single request."""
    history = request.histories.items
    if not len(history):
        return [{"kind": "popular", "text": POPULAR.said(language), "value": None, "events": []} for _ in range(k)]
    tried = list(dict.fromkeys(history[::-1].tolist()))[:TRIED]
    asked = request.take(np.zeros(len(tried) + 1, np.int64))
    missing = np.array([-1, *tried])[asked.histories.owners]
    after = rescore(
        asked.with_histories(asked.histories.keep(asked.histories.items != missing)),
        np.tile(pool, (len(tried) + 1, 1)),
    )[:, :k]  # (1 + M, K); the first with nothing taken out
    falls = after[0] - after[1:]  # (M, K)
    return [
        _reason(catalogue, tried[best], float(after[0, place]), float(falls[best, place]), language)
        for place, best in enumerate(falls.argmax(axis=0))
    ]


def _reason(catalogue: Catalogue, row: int, before: float, fall: float, language: Language) -> Reason:
    if not fall > 0:
        return {"kind": "popular", "text": NO_EVENT.said(language), "value": None, "events": []}
    item = catalogue.ids[row]
    titles = catalogue.columns.get("title")
    words = BECAUSE.said(language, item=(titles[row] if titles is not None else None) or item, before=before,
                         after=before - fall)  # fmt: skip
    return {"kind": "counterfactual", "text": words, "value": fall, "events": [item]}
