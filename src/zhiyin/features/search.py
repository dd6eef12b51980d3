"""What the person searched for: how like an item's title the words of the last searches are.

Searches stand in the events' column ``query`` (the words that led to the event), or, for what is asked right now, in
the moment's. Letters: B requests, C candidates, N items, W words.
"""

from collections import Counter

import numpy as np
from scipy import sparse

from zhiyin.core.words import words
from zhiyin.data.contracts import Requests
from zhiyin.features.counters import chosen
from zhiyin.features.feature import Compute, Counters

COLUMN = "query"
LAST = 3
"""Searches that are read."""
BLOCK = 1024
"""Requests whose words meet all titles at once."""


def likeness(titles: np.ndarray) -> Compute:
    """Cosine of the words (Chinese: signs and pairs of signs) of the last searches and those of the item's title, rare
    words counting more; NaN where nothing was searched, or the item has no title."""
    found = [Counter(words(title)) if isinstance(title, str) else Counter() for title in titles]
    code = {word: w for w, word in enumerate(dict.fromkeys(word for counts in found for word in counts))}
    items = _matrix(found, code)  # (N, W)
    rarity = np.log((1 + len(found)) / (1 + np.diff(items.tocsc().indptr))) + 1
    items = _unit(items @ sparse.diags(rarity))
    titled = np.diff(items.indptr) > 0

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        asked = searches(requests)
        persons = _matrix([Counter(words(" ".join(texts))) for texts in asked], code)
        persons = _unit(persons @ sparse.diags(rarity)) if len(code) else persons
        alike = np.zeros(candidates.shape)
        for start in range(0, len(asked), BLOCK):
            part = slice(start, start + BLOCK)
            alike[part] = chosen((persons[part] @ items.T).tocsr(), candidates[part])
        inside = (candidates >= 0) & (candidates < len(titled))
        there = inside & (titled[np.where(inside, candidates, 0)] if len(titled) else False)
        known = np.array([len(texts) > 0 for texts in asked], bool)[:, None]
        return np.where(there & known, alike, np.nan)

    return compute


def searches(requests: Requests) -> list[list[str]]:
    """The last searches of each person, the newest first."""
    moment, context = requests.moment or {}, requests.histories.context
    now = moment.get(COLUMN, np.full(len(requests), None, object))
    asked = [[text] if isinstance(text, str) and text.strip() else [] for text in now]
    if COLUMN not in context:
        return asked
    there = np.array([isinstance(text, str) and bool(text.strip()) for text in context[COLUMN]], bool)
    searched = requests.histories.keep(there).newest(LAST)
    texts = searched.context[COLUMN]
    starts = searched.offsets
    return [[*own, *texts[starts[b] : starts[b + 1]][::-1]][:LAST] for b, own in enumerate(asked)]


def _matrix(counts: list[Counter[str]], code: dict[str, int]) -> sparse.csr_matrix:
    """How often each known word stands in each text, float64 (n, W)."""
    cells = [(row, code[word], n) for row, found in enumerate(counts) for word, n in found.items() if word in code]
    rows, columns, values = np.array(cells, np.int64).reshape(-1, 3).T
    return sparse.csr_matrix((values.astype(np.float64), (rows, columns)), shape=(len(counts), max(1, len(code))))


def _unit(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(lengths, 1e-12)) @ matrix)
