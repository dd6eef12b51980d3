"""What the catalogue says of the candidate, and how that compares with what the person took before.

Letters: B requests, C candidates, E events, N items, V different values of a column.
"""

from collections.abc import Iterable

import numpy as np
from scipy import sparse

from zhiyin.data.contracts import Catalogue, Requests
from zhiyin.features.feature import Compute, Counters
from zhiyin.features.person import liked


def numeric(column: np.ndarray) -> Compute:
    """The column's number of the candidate."""
    numbers = column.astype(np.float64)  # (N,)

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        return of_items(numbers, candidates)

    return compute


def against_usual(column: np.ndarray) -> Compute:
    """Log of the candidate's number over the person's usual one (geometric mean); NaN where either is not known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(column > 0, np.log(column.astype(np.float64)), np.nan)  # (N,)

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        history = liked(requests)
        events = of_items(logs, history.items)  # (E,)
        known = ~np.isnan(events)
        counts = np.bincount(history.owners[known], minlength=len(history))
        sums = np.bincount(history.owners[known], events[known], minlength=len(history))
        usual = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)  # (B,)
        return of_items(logs, candidates) - usual[:, None]

    return compute


def same_value(column: np.ndarray) -> Compute:
    """Share of the person's events with an item of the same value; for lists, the mean over the item's values.

    NaN for an empty history and for an item without a value.
    """
    values = _indicators(column)  # (N, V)

    def compute(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        history = liked(requests)
        history = history.keep(history.items < values.shape[0])
        ones = np.ones(history.n_events, np.float32)
        taken = sparse.csr_matrix((ones, history.items.copy(), history.offsets), shape=(len(history), values.shape[0]))
        shares = (taken @ values) / np.maximum(history.lengths, 1)[:, None]  # (B, V) sparse
        inside = (candidates >= 0) & (candidates < values.shape[0])
        items = values[np.where(inside, candidates, 0).ravel()]  # (B·C, V)
        persons = sparse.csr_matrix(shares)[np.repeat(np.arange(len(requests)), candidates.shape[1])]
        matches = np.asarray(items.multiply(persons).sum(axis=1)).reshape(candidates.shape)
        sizes = np.asarray(items.sum(axis=1)).reshape(candidates.shape)
        known = inside & (sizes > 0) & (history.lengths > 0)[:, None]
        return np.where(known, matches / np.maximum(sizes, 1), np.nan)

    return compute


def is_number(column: np.ndarray) -> bool:
    """Whether a catalogue column holds numbers."""
    return column.ndim == 1 and column.dtype.kind in "biuf"


def repeats(catalogue: Catalogue, name: str) -> bool:
    """Whether values of a text or list column stand with several items, so that it can be compared between items."""
    values = [value for cell in catalogue.columns[name] for value in set(cell_values(cell))]
    return 2 * len(set(values)) <= len(values)


def cell_values(cell: object) -> list[str]:
    """The values of one cell: none for a missing one, several for a list."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return []
    return [cell] if isinstance(cell, str) else [str(v) for v in cell] if isinstance(cell, Iterable) else [str(cell)]


def _indicators(column: np.ndarray) -> sparse.csr_matrix:
    """Items by values, float32 (N, V): 1 where the item has the value."""
    cells = [sorted(set(cell_values(cell))) for cell in column]
    code = {value: v for v, value in enumerate(dict.fromkeys(value for cell in cells for value in cell))}
    columns = np.array([code[value] for cell in cells for value in cell], np.int32)
    offsets = np.concatenate([[0], np.cumsum([len(cell) for cell in cells])])
    return sparse.csr_matrix(
        (np.ones(len(columns), np.float32), columns, offsets), shape=(len(cells), max(1, len(code)))
    )


def of_items(numbers: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The number of each item, NaN for rows that the column does not have (no item, or one added later)."""
    inside = (rows >= 0) & (rows < len(numbers))
    return np.where(inside, numbers[np.where(inside, rows, 0)] if len(numbers) else np.nan, np.nan)
