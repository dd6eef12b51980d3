"""What a Transformer's newest event attends to: a view into the model, never a reason.

Attention says where numbers are read, not what they change: other weights may give the same answer (Jain and Wallace
2019, arXiv 1902.10186). It is the same for every item.
"""

from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Requests
from zhiyin.explanation.explainer import Explanation, Parts


@runtime_checkable
class Attentive(Protocol):
    """A model that attends."""

    def attention(self, requests: Requests) -> tuple[np.ndarray, np.ndarray]:
        """float32 (blocks, heads, T) of a single request, 1 in sum over T; the item rows, int64 (T,), -1 for none."""
        ...


class Attention:
    """The mean over blocks and heads. What it gives to the start of a history is nobody's."""

    name: ClassVar[str] = "attention"

    def __init__(self, model: object) -> None:
        """Raises `ModelError` for a model that does not attend."""
        if not isinstance(model, Attentive):
            raise ModelError(
                f"{getattr(model, 'name', model)} does not attend to events; attention is a Transformer's (SASRec)"
            )
        self.model = model

    def explain(self, request: Requests, items: np.ndarray, rival: int | None = None) -> Explanation:
        parts = Parts.of(request)
        weights, of_event = self.model.attention(request)
        mean = weights.mean(axis=(0, 1)).astype(np.float64)  # (T,)
        scores = parts.sums(of_event, np.repeat(mean[:, None], len(items), axis=1))
        return Explanation(self.name, parts.items, scores, np.full(len(items), np.nan), np.full(scores.shape, np.nan))
