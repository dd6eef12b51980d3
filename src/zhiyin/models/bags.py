"""A person as a bag of items: the ends that all networks of bags share, and the model that asks them.

Letters: B people, E events, N items, M new items, H width of a row going in, K of one coming out, C numbers of content.
A bag is read sparsely (an embedding bag instead of a (B, N) matrix). With content an item is the row of its id plus a
projection of what it is, going in and coming out, so that an item without a row, a new one, is read and scored too.
"""

import warnings
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.core.once import once
from zhiyin.data.contracts import Histories, Requests
from zhiyin.models.described import ItemContent, Projection
from zhiyin.models.layers import dropped
from zhiyin.models.model import ModelConfig
from zhiyin.models.network import NetworkModel
from zhiyin.models.profiles import signs

BLOCK = 4096
"""Histories read at once."""


class BagNetwork(nn.Module):
    """Rows of the items going in (N, H) and coming out (N, K), and a bias of each. A network adds what is between."""

    per_item: ClassVar[tuple[str, ...]] = ("item_in", "item_out", "bias_out")
    """Weights with a row an item."""
    writes: ClassVar[tuple[str, ...]] = ("item_out", "bias_out", "content_out", "content_popular", "content_bias")
    """Beginnings of the names of weights that belong to the way out."""

    def __init__(
        self, n_items: int, width_in: int, width_out: int, content: Tensor | None, content_hidden: int = 0
    ) -> None:  # fmt: skip
        super().__init__()
        self.item_in = nn.Parameter(torch.empty(n_items, width_in))
        self.item_out = nn.Parameter(torch.empty(n_items, width_out))
        self.bias_out = nn.Parameter(torch.empty(n_items))
        self.content = None if content is None else ItemContent(content)
        if content is not None:
            self.content_in = nn.Parameter(torch.empty(content.shape[1], width_in))  # plain, so that sums go through it
            self.content_out = Projection(content.shape[1], width_out, content_hidden)
            self.content_popular = nn.Parameter(torch.zeros(content.shape[1]))
            self.content_bias = nn.Parameter(torch.zeros(1))
            nn.init.xavier_normal_(self.content_in)
        self.folded: tuple[Tensor, Tensor] | None = None

    def people(self, summed: Tensor) -> Tensor:
        """What the summed rows of each bag (B, H) say of the person, (B, K): its products with `outputs` are scores."""
        raise NotImplementedError

    def summed(
        self, offsets: Tensor, items: Tensor, values: Tensor, *, dropout: float = 0.0, nameless: float = 0.0
    ) -> Tensor:
        """The rows of each bag added up, (B, H), at ``values`` / ‖values‖ each.

        ``offsets`` (B + 1,), ``items`` int64 (E,), ``values`` (E,). ``dropout``: share of events hidden;
        ``nameless``: share of events that only their content speaks for.
        """
        if not len(items):
            return self.item_in.new_zeros(len(offsets) - 1, self.item_in.shape[1])
        values = dropped(values * _scale(offsets, values), dropout)
        if dropout:
            offsets, items, values = _counting(offsets, items, values)
        if self.content is None:
            return summed_rows(self.item_in, offsets, items, values)
        named = values * self.content.speaks(items, nameless)
        content = summed_rows(self.content.vectors, offsets, items, values)  # (B, C)
        return summed_rows(self.item_in, offsets, items, named) + content @ self.content_in

    def inputs(self) -> Tensor:
        """What each item adds to a bag, (N, H)."""
        if self.content is None:
            return self.item_in
        return self.content.speaks()[:, None] * self.item_in + self.content.vectors @ self.content_in

    def outputs(self, nameless: float = 0.0) -> tuple[Tensor, Tensor]:
        """Vectors (N, K) and biases (N,) of the items; a share ``nameless`` of them is known by content alone."""
        if self.content is None:
            return self.item_out, self.bias_out
        if self.training:
            return self._outputs(self.content, nameless)
        if self.folded is None:
            self.folded = self._outputs(self.content, 0.0)
        return self.folded

    def _outputs(self, content: ItemContent, nameless: float) -> tuple[Tensor, Tensor]:
        named = content.speaks(nameless=nameless)  # (N,)
        vectors = torch.addcmul(self.content_out(content.vectors), self.item_out, named[:, None])
        by_content = content.vectors @ self.content_popular + self.content_bias  # (N,)
        return vectors, torch.where(named > 0, self.bias_out, by_content) + content.bias(self.training)

    def halves(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Weights of the way in, and of the way out."""
        found = list(self.named_parameters())
        return (
            [weight for name, weight in found if not name.startswith(self.writes)],
            [weight for name, weight in found if name.startswith(self.writes)],
        )

    def train(self, mode: bool = True) -> "BagNetwork":
        self.folded = None
        return super().train(mode)


C = TypeVar("C", bound=ModelConfig)


class BagModel(NetworkModel[C]):
    """A model whose network reads a history as a bag and scores items by products of vectors."""

    lowers_disliked = True
    network: BagNetwork

    def score_all(self, requests: Requests) -> np.ndarray:
        scores: np.ndarray = once(self.user_vectors, requests) @ self.item_vectors.T  # (B, N)
        scores += self.item_bias
        return scores

    @torch.no_grad()
    def user_vectors(self, requests: Requests) -> np.ndarray:
        """What each history comes to, float32 (B, K): with `item_vectors` and `item_bias` it gives the scores."""
        parts = [self.network.people(self.network.summed(*bags)).numpy() for bags in self._bags(requests.histories)]
        return np.concatenate([np.zeros((0, self.network.item_out.shape[1]), np.float32), *parts])

    @property
    @torch.no_grad()
    def item_vectors(self) -> np.ndarray:
        """float32 (N, K)"""
        return np.asarray(self.network.outputs()[0].numpy())

    @property
    @torch.no_grad()
    def item_bias(self) -> np.ndarray:
        """float32 (N,)"""
        return np.asarray(self.network.outputs()[1].numpy())

    @torch.no_grad()
    def event_embeddings(self, requests: Requests) -> tuple[Tensor, np.ndarray]:
        """What each item adds to its bag, (T, H), the bag's length taken as it is, and its row, int64 (T,)."""
        offsets, items, values = bags_of(requests.histories, len(self.catalogue))
        if not len(items):
            return self.network.item_in.new_zeros(0, self.network.item_in.shape[1]), items.numpy()
        return self.network.inputs()[items] * (values * _scale(offsets, values))[:, None], items.numpy()

    def score_from_embeddings(self, embeddings: Tensor, requests: Requests, candidates: np.ndarray) -> Tensor:
        """Scores (B, C) of ``candidates`` int32 (B, C), were ``embeddings`` (T, H) what the items add to their bags."""
        lengths = bags_of(requests.histories, len(self.catalogue))[0].diff()
        owners = torch.repeat_interleave(lengths)
        summed = embeddings.new_zeros(len(lengths), embeddings.shape[1]).index_add(0, owners, embeddings)  # (B, H)
        people = self.person(summed)  # (B, K)
        rows = torch.as_tensor(candidates, dtype=torch.int64)
        vectors, bias = (torch.from_numpy(part) for part in (self.item_vectors, self.item_bias))
        return torch.einsum("bk,bck->bc", people, vectors[rows]) + bias[rows]

    def person(self, summed: Tensor) -> Tensor:
        """What meets `item_vectors`, (B, K), from the summed rows of bags (B, H)."""
        return self.network.people(summed)

    def _bags(self, histories: Histories) -> list[tuple[Tensor, Tensor, Tensor]]:
        blocks = range(0, len(histories), BLOCK)
        return [bags_of(histories.take(slice(b, b + BLOCK)), len(self.catalogue)) for b in blocks]


def bags_of(histories: Histories, n_items: int) -> tuple[Tensor, Tensor, Tensor]:
    """Offsets (B + 1,), items (E,) and signs (E,): each item of a history once, +1 liked, -1 disliked."""
    matrix = signs(histories, n_items)
    return (
        torch.from_numpy(matrix.indptr.astype(np.int64)), torch.from_numpy(matrix.indices.astype(np.int64)),
        torch.from_numpy(matrix.data),
    )  # fmt: skip


def summed_rows(rows: Tensor, offsets: Tensor, items: Tensor, values: Tensor) -> Tensor:
    """The ``items`` (E,) of ``rows`` (N, H) at ``values`` (E,), added up for each bag, (B, H)."""
    if rows.requires_grad and rows.device.type == "cpu" and torch.backends.mkl.is_available():  # type: ignore[no-untyped-call]
        found: Tensor = _Bag.apply(rows, offsets, items, values)  # type: ignore[no-untyped-call]
        return found
    return torch_bag(rows, offsets, items, values)


def torch_bag(rows: Tensor, offsets: Tensor, items: Tensor, values: Tensor) -> Tensor:
    """The same, with torch's own gradient."""
    return functional.embedding_bag(
        items, rows, offsets, mode="sum", per_sample_weights=values, include_last_offset=True
    )  # fmt: skip


class _Bag(torch.autograd.Function):
    """`torch_bag` whose gradient is a product with the bags turned round, item by item: each of its rows is written
    once, which takes less than half the time of torch's own."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, offsets: Tensor, items: Tensor, values: Tensor) -> Tensor:
        ctx.save_for_backward(offsets, items, values)
        ctx.n_items = len(rows)
        return torch_bag(rows, offsets, items, values)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        offsets, items, values = (part.numpy() for part in ctx.saved_tensors)
        bags = sparse.csr_matrix((values, items, offsets), (len(upstream), ctx.n_items)).T.tocsr()  # (N, B)
        begins, people, counts = (torch.from_numpy(part) for part in (bags.indptr, bags.indices, bags.data))
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # that torch's sparse rows are in beta
            turned = torch.sparse_csr_tensor(begins, people, counts, bags.shape)
        with torch.autocast("cpu", enabled=False):  # which would multiply in bf16, for which there is no such product
            return turned @ upstream, None, None, None


def _counting(offsets: Tensor, items: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same bags without the events that count nothing: a row costs as much to read as to use."""
    counting = values != 0
    before = functional.pad(torch.cumsum(counting, 0), (1, 0))  # (E + 1,) how many of the first so many
    return before[offsets], items[counting], values[counting]


def _scale(offsets: Tensor, values: Tensor) -> Tensor:
    """1 / ‖x‖ of each event's bag, (E,)."""
    lengths = offsets.diff()
    owners = torch.repeat_interleave(lengths)
    squares = torch.zeros(len(lengths), dtype=values.dtype, device=values.device).index_add_(0, owners, values * values)
    return squares.clamp_min(1e-12).rsqrt()[owners]
