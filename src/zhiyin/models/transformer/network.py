"""Next-item Transformer (SASRec): what it computes. How it learns is in training.py.

Letters: B people in a batch, T events of all of them end to end, L longest history of the batch, D vector width,
H heads, N items of the catalogue.
Reference: Kang and McAuley 2018, arXiv 1808.09781. We normalise before attention, use GELU, begin every history
with a start row (so that an empty one has an answer), count positions from there (so that a history of two clicks looks
like the beginning of a longer one, and one more event leaves the others' vectors as they were), and keep histories
packed: only inside attention do they stand in a (B, L) rectangle.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.data.contracts import Histories, Ragged, Requests
from zhiyin.models.learning import LearningConfig
from zhiyin.models.model import Model

SCORE_BLOCK = 512
"""People whose histories go through the network at once when scoring."""


class SASRecConfig(LearningConfig):
    """Settings of SASRec."""

    max_history: int = Field(default=50, gt=0)
    """Newest events read; older ones are cut off."""
    width: int = Field(default=64, gt=0)
    """Numbers of an item's vector and of everything inside."""
    blocks: int = Field(default=2, gt=0)
    """Layers of attention and feed-forward."""
    heads: int = Field(default=1, gt=0)
    """Attention heads; they share the width."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of numbers hidden at each update, after the embedding and after each layer."""
    batch: int = Field(default=32, gt=0)
    """People of one update. A person is many targets: with 128, a log of some thousand people gives so few updates an
    epoch that the network has hardly begun when the epochs are over."""
    learning_rate: float = Field(default=5e-3, gt=0)
    """Of Adam, at its height, see `LearningConfig`."""
    ahead: int = Field(default=0, ge=0)
    """0: each event predicts the next one. n: what is read up to the end of a moment predicts all the new items of the
    next n moments at once; for logs where many events share a time, like the lines of an invoice."""

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} cannot be shared by {self.heads} heads; make it a multiple of heads")
        return self


class Norm(nn.Module):
    """Layer normalisation whose gradient is the same for any number of threads (torch's own adds per-thread parts)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = (width,)
        self.gain = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = torch.addcmul(self.shift, functional.layer_norm(x, self.width), self.gain)
        return normed


class Dropout(nn.Module):
    """Hides a share of the numbers (in steps of 1/256): one random byte a number is drawn three times as fast."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.cut = round(256 * share)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.cut:
            return x
        words = torch.empty(x.numel() // 8 + 1, dtype=torch.int64).random_(-(2**63), None)
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= self.cut
        return x * kept.to(x.dtype).mul_(256 / (256 - self.cut))


class Block(nn.Module):
    """Attention to earlier events, then a feed-forward layer; each normalised before, and added to what came in."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_forward = Norm(width), Norm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, cells: Tensor, shape: tuple[int, int]) -> Tensor:
        """``x`` (T, D); event t stands in cell ``cells[t]`` of the (B, L) rectangle of this ``shape``."""
        x = x + self.dropout(self.attended(self._attention(self.norm_attention(x), cells, shape)))
        wide = functional.gelu(self.widen(self.norm_forward(x)))  # (T, 4D)
        return torch.add(x, self.dropout(self.narrow(wide)))  # (T, D)

    def _attention(self, x: Tensor, cells: Tensor, shape: tuple[int, int]) -> Tensor:
        n_people, longest = shape
        packed = self.queries_keys_values(x)  # (T, 3D)
        padded = packed.new_zeros(n_people * longest, packed.shape[1]).index_copy(0, cells, packed)
        q, k, v = padded.view(n_people, longest, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # (B, H, L, D / H) each
        # histories stand left in the rectangle, so that the padding is in everybody's future and needs no mask
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return mixed.transpose(1, 2).reshape(n_people * longest, -1).index_select(0, cells)  # (T, D)


class NextItemNetwork(nn.Module):
    """Packed sequences of item rows → a vector for each event; its products with the item table score what is next."""

    def __init__(self, n_items: int, config: SASRecConfig) -> None:
        super().__init__()
        self.n_items = n_items
        self.item_table = nn.Parameter(torch.empty(n_items + 1, config.width))  # the last row is the start
        self.place_table = nn.Parameter(torch.empty(config.max_history, config.width))
        self.dropout = Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.dropout) for _ in range(config.blocks))
        self.final_norm = Norm(config.width)
        for name, weight in self.named_parameters():
            if name.endswith("table"):
                nn.init.normal_(weight, std=0.02)
            elif weight.dim() > 1:
                nn.init.xavier_normal_(weight)  # at 0.02 a narrow layer passes on next to nothing, and learns as slowly
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def forward(self, offsets: Tensor, rows: Tensor) -> Tensor:
        """A vector for each event, (T, D), that knows of earlier events of its own history alone.

        ``offsets`` int64 (B + 1,), ``rows`` int64 (T,): rows of the item table, at most ``max_history`` a history.
        """
        lengths = offsets.diff()
        owners = torch.repeat_interleave(lengths)  # (T,)
        places = torch.arange(len(rows)) - offsets[owners]  # (T,) 0 for the oldest that is read
        longest = int(lengths.max()) if len(lengths) else 0
        x = self.dropout(functional.embedding(rows, self.item_table) + functional.embedding(places, self.place_table))
        for block in self.blocks:
            x = block(x, owners * longest + places, (len(lengths), longest))
        normed: Tensor = self.final_norm(x)  # (T, D)
        return normed


class SASRecModel(Model[SASRecConfig]):
    """SASRec: a Transformer that reads a history in order and scores every item as the next one."""

    name = "SASRec"
    Config = SASRecConfig
    estimator = "zhiyin.models.transformer.training:SASRec"
    reads_order = True
    network: NextItemNetwork

    def score_all(self, requests: Requests) -> np.ndarray:
        scores: np.ndarray = self.user_vectors(requests) @ self.item_vectors.T  # (B, N)
        return scores

    @torch.no_grad()
    def user_vectors(self, requests: Requests) -> np.ndarray:
        """What each history says of the next item, float32 (B, D)."""
        sequences = sequences_of(requests.histories, len(self.catalogue), self.config.max_history)
        vectors = [np.zeros((0, self.config.width), np.float32)]
        for start in range(0, len(sequences), SCORE_BLOCK):
            part = sequences.take(slice(start, start + SCORE_BLOCK))
            offsets = torch.from_numpy(part.offsets)
            events = self.network(offsets, torch.from_numpy(part.rows.astype(np.int64)))  # (T, D)
            vectors.append(events[offsets[1:] - 1].numpy())
        return np.concatenate(vectors)

    @property
    def item_vectors(self) -> np.ndarray:
        """float32 (N, D)"""
        return np.asarray(self.network.item_table.detach().numpy()[:-1])

    @property
    def item_bias(self) -> np.ndarray:
        """float32 (N,): none."""
        return np.zeros(len(self.catalogue), np.float32)

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {name: weight.numpy() for name, weight in self.network.state_dict().items()}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.network = NextItemNetwork(len(self.catalogue), self.config)
        self.network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in arrays.items()})
        self.network.eval()


def sequences_of(histories: Histories, n_items: int, limit: int) -> Ragged:
    """The newest ``limit`` of the start row (``n_items``) and each history's events of positive weight, in order."""
    liked = histories.keep(histories.weights > 0)
    n_people = len(liked)
    rows = np.full(liked.n_events + n_people, n_items, np.int32)
    starts = liked.offsets[:-1] + np.arange(n_people)
    rows[np.delete(np.arange(len(rows)), starts)] = liked.items
    offsets = liked.offsets + np.arange(n_people + 1)
    ages = np.repeat(offsets[1:], np.diff(offsets)) - 1 - np.arange(len(rows))
    lengths = np.minimum(np.diff(offsets), limit)
    return Ragged(np.concatenate([[0], np.cumsum(lengths)]), rows[ages < limit])
