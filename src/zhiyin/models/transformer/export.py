"""A next-item Transformer as one network from a padded history to scores, for ONNX.

Letters: B people, L longest history, D vector width, H heads, N items. Training keeps histories packed and drops what
says nothing; here every event stays where it is in the (B, 1 + L) rectangle, and those that do not count are hidden
from attention and from the counting of places.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.models.transformer.network import NextItemNetwork
from zhiyin.models.transformer.sequences import GAPS


class NextItemScores(nn.Module):
    """``items`` int64 (B, L), oldest first, -1 fills; ``weights`` float32 (B, L); where they are read, ``kinds`` and
    ``times`` int64 (B, L) → scores float32 (B, N)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.network: NextItemNetwork = model.network
        self.limit: int = model.config.max_history

    def forward(
        self, items: Tensor, weights: Tensor, kinds: Tensor | None = None, times: Tensor | None = None
    ) -> Tensor:  # fmt: skip
        network = self.network
        counts, ranks = self._counted(items, weights)
        newest = ranks.amax(dim=1, keepdim=True)  # (B, 1) rank of the newest event that counts
        oldest = (newest - self.limit + 1).clamp_min(0)
        read = counts & (ranks >= oldest)  # (B, 1 + L) what is read
        places = (ranks - oldest).clamp(0, self.limit - 1)
        rows = torch.where(items >= 0, items, network.n_items)
        rows = functional.pad(rows, (1, 0), value=network.n_items)  # the start comes first
        after_start = None if kinds is None else functional.pad(torch.where(items >= 0, kinds + 1, 0), (1, 0))
        gaps = None if times is None else self._gaps(times, counts)
        vectors = functional.embedding(rows, self.network.inputs)
        x = network.begun(vectors, places, newest - oldest + 1, after_start, gaps)
        events = network.finished(x, Hidden(self._seen(read)))
        last = (counts & (ranks == newest)).to(x.dtype)  # (B, 1 + L) one of each row
        vectors = torch.einsum("bl,bld->bd", last, events)
        scores = network.head.people(vectors) @ network.head.items(network.outputs).T
        bias = network.item_bias()
        return scores if bias is None else scores + bias

    def _counted(self, items: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Which of the start and the events count, bool (B, 1 + L), and how many counted before each, int64."""
        counts = functional.pad((items >= 0) & (weights > 0), (1, 0), value=True)
        return counts, counts.to(torch.int64).cumsum(dim=1) - 1

    def _gaps(self, times: Tensor, counts: Tensor) -> Tensor:
        """Bucket of the seconds since the event before that counts, int64 (B, 1 + L), as `Sequences` has it."""
        times = functional.pad(times, (1, 0))
        steps = torch.arange(times.shape[1])
        earlier = counts[:, None, :] & (steps[:, None] > steps[None, :])  # (B, 1 + L, 1 + L)
        before = torch.where(earlier, steps, 0).amax(dim=2)  # (B, 1 + L) 0 is the start
        seconds = (times - times.gather(1, before)).clamp_min(0)
        doublings = 2 ** torch.arange(GAPS - 1)
        buckets = (seconds[..., None] + 1 >= doublings).sum(dim=-1)
        return torch.where(before > 0, buckets, 0)

    def _seen(self, read: Tensor) -> Tensor:
        """Which event attends to which, bool (B, 1, 1 + L, 1 + L): earlier ones that are read, and always itself."""
        steps = torch.arange(read.shape[1])
        earlier = steps[:, None] > steps[None, :]
        itself = steps[:, None] == steps[None, :]
        return ((read[:, None, :] & earlier) | itself)[:, None]


class Hidden:
    """Attention in a rectangle: who may be asked is said by ``seen``, bool (B, 1, L, L)."""

    def __init__(self, seen: Tensor) -> None:
        self.seen = seen

    def __call__(self, packed: Tensor, heads: int) -> Tensor:
        n_people, length, _ = packed.shape
        q, k, v = packed.view(n_people, length, 3, heads, -1).permute(2, 0, 3, 1, 4)  # (B, H, L, D / H) each
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=self.seen)
        return mixed.transpose(1, 2).reshape(n_people, length, -1)
