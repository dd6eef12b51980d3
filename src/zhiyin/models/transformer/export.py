"""SASRec as one network from a padded history to scores, for ONNX.

Letters: B people, L longest history, D vector width, H heads, N items. Training keeps histories packed and drops what
says nothing; here every event stays where it is in the (B, 1 + L) rectangle, and those that do not count are hidden
from attention and from the counting of places.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.models.transformer.network import Block, NextItemNetwork


class NextItemScores(nn.Module):
    """``items`` int64 (B, L), oldest first, -1 fills; ``weights`` float32 (B, L) → scores float32 (B, N)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.network: NextItemNetwork = model.network
        self.limit: int = model.config.max_history

    def forward(self, items: Tensor, weights: Tensor) -> Tensor:
        network = self.network
        counts, ranks = self._counted(items, weights)
        newest = ranks.amax(dim=1, keepdim=True)  # (B, 1) rank of the newest event that counts
        oldest = (newest - self.limit + 1).clamp_min(0)
        read = counts & (ranks >= oldest)  # (B, 1 + L) what is read
        places = (ranks - oldest).clamp(0, self.limit - 1)
        rows = torch.where(items >= 0, items, network.n_items)
        rows = functional.pad(rows, (1, 0), value=network.n_items)  # the start comes first
        x = functional.embedding(rows, network.item_table) + functional.embedding(places, network.place_table)
        seen = self._seen(read)
        for block in network.blocks:
            x = _through(block, x, seen)  # type: ignore[arg-type]
        last = (counts & (ranks == newest)).to(x.dtype)  # (B, 1 + L) one of each row
        vectors = torch.einsum("bl,bld->bd", last, network.final_norm(x))
        return vectors @ network.item_table[:-1].T

    def _counted(self, items: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Which of the start and the events count, bool (B, 1 + L), and how many counted before each, int64."""
        counts = functional.pad((items >= 0) & (weights > 0), (1, 0), value=True)
        return counts, counts.to(torch.int64).cumsum(dim=1) - 1

    def _seen(self, read: Tensor) -> Tensor:
        """Which event attends to which, bool (B, 1, 1 + L, 1 + L): earlier ones that are read, and always itself."""
        steps = torch.arange(read.shape[1])
        earlier = steps[:, None] > steps[None, :]
        itself = steps[:, None] == steps[None, :]
        return ((read[:, None, :] & earlier) | itself)[:, None]


def _through(block: Block, x: Tensor, seen: Tensor) -> Tensor:
    """One block on a rectangle (B, L, D), as `Block.forward` does it on packed events."""
    n_people, length, width = x.shape
    packed = block.queries_keys_values(block.norm_attention(x)).view(n_people, length, 3, block.heads, -1)
    q, k, v = packed.permute(2, 0, 3, 1, 4)  # (B, H, L, D / H) each
    mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
    x = x + block.attended(mixed.transpose(1, 2).reshape(n_people, length, width))
    return torch.as_tensor(x + block.narrow(functional.gelu(block.widen(block.norm_forward(x)))))
