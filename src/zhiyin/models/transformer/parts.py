"""The parts that next-item Transformers are made of, each by its name in the settings.

Letters: T events of all histories end to end, B people, L longest history, D vector width, H heads, N items.
References: plain and released, Kang and McAuley 2018, arXiv 1808.09781; gated, LiGR (Borisyuk et al. 2025, arXiv
2502.03417) as eSASRec takes it, without dropout on attention's weights. A layer is handed ``mix``, which lets each
event ask the earlier ones of its own history: that histories are packed is known there alone.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.models.layers import Dropout, Norm

Mix: TypeAlias = Callable[[Tensor, int], Tensor]
"""Queries, keys and values side by side (…, 3D), and the number of heads, to what each event is answered (…, D)."""


AT_ONCE = 16
"""People whose events ask each other in one go."""


class Packed:
    """Attention over packed histories, a few people at a time: each few stand in a rectangle as wide as their longest
    history."""

    def __init__(self, lengths: Tensor) -> None:
        """``lengths`` int64 (B,). Where neighbours are of like length little is padded."""
        self.rectangles = [_Rectangle(few) for few in torch.split(lengths, AT_ONCE)]
        self.events = [len(rectangle.cells) for rectangle in self.rectangles]

    def __call__(self, packed: Tensor, heads: int) -> Tensor:
        parts = zip(torch.split(packed, self.events), self.rectangles, strict=True)
        return torch.cat([rectangle.mixed(part, heads) for part, rectangle in parts])


class _Rectangle:
    """Histories side by side: event t stands in cell ``cells[t]``."""

    def __init__(self, lengths: Tensor) -> None:
        self.shape = (len(lengths), int(lengths.max()) if len(lengths) else 0)
        owners = torch.repeat_interleave(lengths)  # (T,)
        ranks = torch.arange(len(owners)) - (lengths.cumsum(0) - lengths)[owners]
        self.cells = owners * self.shape[1] + ranks  # (T,)
        self.full = len(self.cells) == math.prod(self.shape)

    def mixed(self, packed: Tensor, heads: int) -> Tensor:
        n_people, longest = self.shape
        if not self.full:
            packed = packed.new_zeros(n_people * longest, packed.shape[1]).index_copy(0, self.cells, packed)
        q, k, v = packed.view(n_people, longest, 3, heads, -1).permute(2, 0, 3, 1, 4)  # (B, H, L, D / H) each
        # histories stand left in the rectangle, so that the padding is in everybody's future and needs no mask
        found = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        found = found.transpose(1, 2).reshape(n_people * longest, -1)
        return found if self.full else found.index_select(0, self.cells)  # (T, D)


class Watched:
    """The same for a single history, what each event attends to kept: (H, L, L) a block."""

    def __init__(self) -> None:
        self.weights: list[Tensor] = []

    def __call__(self, packed: Tensor, heads: int) -> Tensor:
        q, k, v = packed.view(len(packed), 3, heads, -1).permute(1, 2, 0, 3)  # (H, L, D / H) each
        logits = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
        future = torch.ones(logits.shape[1:], dtype=torch.bool).triu(1)
        self.weights.append(logits.masked_fill(future, -torch.inf).softmax(dim=-1))
        found: Tensor = self.weights[-1] @ v
        return found.transpose(0, 1).reshape(len(packed), -1)


class PlainBlock(nn.Module):
    """Attention to earlier events, then a feed-forward layer; each normalised before, and added to what came in."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_forward = Norm(width), Norm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        asked = mix(self.queries_keys_values(self.norm_attention(x)), self.heads)  # (T, D)
        x = x + self.dropout(self.attended(asked))
        wide = functional.gelu(self.widen(self.norm_forward(x)))  # (T, 4D)
        return torch.add(x, self.dropout(self.narrow(wide)))


class GatedBlock(nn.Module):
    """The same, but what is added passes a gate that reads what came in, not normalised; the feed-forward is SwiGLU."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_forward = Norm(width), Norm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.gate_attention, self.gate_forward = nn.Linear(width, width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 8 * width, bias=False), nn.Linear(4 * width, width, bias=False)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        asked = mix(self.queries_keys_values(self.norm_attention(x)), self.heads)  # (T, D)
        x = x + torch.sigmoid(self.gate_attention(x)) * self.dropout(self.attended(asked))
        swung, plain = self.widen(self.norm_forward(x)).chunk(2, dim=-1)  # (T, 4D) each
        wide = self.narrow(self.dropout(functional.silu(swung) * plain))
        return torch.addcmul(x, torch.sigmoid(self.gate_forward(x)), self.dropout(wide))


class ReleasedBlock(nn.Module):
    """As SASRec's authors published it: queries alone are normalised, and what is normalised is passed on."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_forward = Norm(width), Norm(width)
        self.queries, self.keys_values = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.widen, self.narrow = nn.Linear(width, width), nn.Linear(width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        q = self.norm_attention(x)  # (T, D)
        y = self.norm_forward(q + mix(torch.cat([self.queries(q), self.keys_values(x)], dim=-1), self.heads))
        wide = self.dropout(functional.relu(self.widen(y)))
        return torch.add(y, self.dropout(self.narrow(wide)))


class Dot(nn.Module):
    """A score is the product of a person's vector and an item's."""

    def people(self, vectors: Tensor) -> Tensor:
        return vectors

    def items(self, vectors: Tensor) -> Tensor:
        return vectors


class Cosine(nn.Module):
    """A score is the cosine between a person's vector and an item's, over a temperature."""

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def people(self, vectors: Tensor) -> Tensor:
        return functional.normalize(vectors, dim=-1) / self.temperature

    def items(self, vectors: Tensor) -> Tensor:
        return functional.normalize(vectors, dim=-1)


ADDED = ("attended.weight", "narrow.weight")
"""Weights of a layer whose output is added to what came in."""
BLOCKS: dict[str, type[nn.Module]] = {"plain": PlainBlock, "gated": GatedBlock, "released": ReleasedBlock}
PLACES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "oldest": lambda ranks, lengths: ranks,
    "newest": lambda ranks, lengths: lengths - 1 - ranks,
}
"""From the number of events before each one, and the number of all, to the place that it has."""
