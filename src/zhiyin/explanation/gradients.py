"""Integrated gradients (Sundararajan et al. 2017, arXiv 1703.01365): φ = (x − x') ∫ ∇F(x' + α (x − x')) dα.

x is what the network reads of each event, x' nothing (0). A bag is read at length 1; the path keeps that length as it
is at its end, or all but the first of it would be flat. A Transformer's places and times stay; its normalised layers
may turn all at once, so that the path is cut into stretches, each with a few nodes of Gauss and Legendre, and a stretch
is halved as long as its slopes do not add up to what changes from its one end to its other.
Letters: T events read, D numbers of each, J stretches, n nodes of each, K items.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import numpy as np
import torch

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Differentiable, Requests
from zhiyin.explanation.explainer import Explanation, Parts

STRETCHES, NODES = 8, 8
"""At the beginning; nodes of each."""
HALVINGS = 12
"""At most."""
MOST_OPEN = 32
"""Stretches that are halved in one go, those that miss most: memory is bounded, whatever a network does."""
ROUNDING = 1e-6
"""Share of the margin by which it may change by rounding alone."""
COMPLETE = 0.01
"""Share of the total that may be missing from what all stretches add up to."""
PART = 1 / 16
"""Of that, for each stretch."""


class Gradients:
    """The change of the margin along the way from nothing to what was read, shared out by gradients."""

    name: ClassVar[str] = "gradients"

    def __init__(self, model: object, complete: float = COMPLETE) -> None:
        """``complete``: share of the total that may be missing.

        Raises `ModelError` for a model that is not `Differentiable`."""
        if not isinstance(model, Differentiable):
            raise ModelError(
                f"{getattr(model, 'name', model)} has no gradients; take leave-one-out (loo) or shapley, which ask any "
                "model"
            )
        self.model, self.complete = model, complete

    def explain(self, request: Requests, items: np.ndarray, rival: int | None = None) -> Explanation:
        """``error``: what is missing from the total after the last halving."""
        parts = Parts.of(request)
        read, of_event = self.model.event_embeddings(request)
        way = torch.where(torch.from_numpy(of_event >= 0)[:, None], read, 0.0)  # what is no event stays
        margins = partial(self._margins, request=request, items=items, rival=rival)
        scores, total = integrated(margins, read - way, way, len(items), self.complete)
        missing = np.abs(scores.sum(axis=0) - total)
        return Explanation(self.name, parts.items, parts.sums(of_event, scores), total,
                           np.repeat(missing[None], len(parts), axis=0))  # fmt: skip

    def _margins(self, points: torch.Tensor, request: Requests, items: np.ndarray, rival: int | None) -> torch.Tensor:
        rows = items if rival is None else np.append(items, np.int32(rival))
        asked, candidates = request.take(np.zeros(len(points), np.int64)), np.tile(rows, (len(points), 1))
        scores: torch.Tensor = self.model.score_from_embeddings(points.flatten(0, 1), asked, candidates)
        return scores if rival is None else scores[:, :-1] - scores[:, -1:]


def integrated(
    margins: Callable[[torch.Tensor], torch.Tensor],
    start: torch.Tensor,
    way: torch.Tensor,
    n_items: int,
    complete: float = COMPLETE,
) -> tuple[np.ndarray, np.ndarray]:
    """What each row of ``way`` (T, D) adds on the straight path from ``start``, float64 (T, K), and the total (K,).

    ``margins``: from points (S, T, D) to (S, K), differentiable.
    """
    places, weights = np.polynomial.legendre.leggauss(NODES)
    inside = torch.tensor(np.concatenate([(places + 1) / 2, [0.0, 1.0]]), dtype=way.dtype)  # and both ends
    share = torch.tensor(np.concatenate([weights / 2, [0.0, 0.0]]), dtype=way.dtype)
    begin, width = torch.arange(STRETCHES, dtype=way.dtype) / STRETCHES, 1 / STRETCHES
    found, total = np.zeros((len(way), n_items)), np.zeros(n_items)
    for halving in range(HALVINGS + 1):
        alphas = (begin[:, None] + width * inside).flatten()  # (J (n + 2),)
        points = (start + alphas[:, None, None] * way).requires_grad_()  # (J (n + 2), T, D)
        values = margins(points)
        slopes = [torch.autograd.grad(values[:, k].sum(), points, retain_graph=True)[0] for k in range(n_items)]
        along = torch.stack([(slope * way).sum(dim=2) for slope in slopes], dim=2)  # (J (n + 2), T, K)
        along = along.reshape(len(begin), -1, len(way), n_items)
        added = width * torch.einsum("jntk,n->jtk", along, share).double().numpy()
        ends = values.detach().double().numpy().reshape(len(begin), -1, n_items)
        change = ends[:, -1] - ends[:, -2]  # (J, K)
        if not halving:
            total = ends[-1, -1] - ends[0, -2]
        missing = np.abs(added.sum(axis=1) - change)
        noise = ROUNDING * np.abs(ends).max(axis=(0, 1))
        excess = (missing / np.maximum(complete * PART * np.abs(total), noise + 1e-30)).max(axis=1)  # (J,)
        open_ = (excess > 1) & (halving < HALVINGS)
        open_[np.argsort(-excess, kind="stable")[MOST_OPEN:]] = False
        found += added[~open_].sum(axis=0)
        if not open_.any():
            break
        width /= 2
        begin = (begin[torch.from_numpy(open_)][:, None] + torch.tensor([0.0, width], dtype=way.dtype)).flatten()
    return found, total
