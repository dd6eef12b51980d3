"""Mult-VAE: what it computes. How it learns is in training.py.

A person is a bag of items; an encoder turns it into a short vector, a decoder turns that into a score for every item.
Letters: B people, E events, N items of the catalogue, H hidden width, D latent width.
Reference: Liang et al. 2018, arXiv 1802.05814. We read the bag sparsely (an embedding bag instead of a (B, N) matrix)
and take a disliked item into the bag with a minus.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from pydantic import Field
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.data.contracts import Histories, HistoriesLike, Requests
from zhiyin.data.dataset import encode_histories
from zhiyin.models.learning import LearningConfig
from zhiyin.models.model import Model

ENCODE_BLOCK = 4096
"""Histories encoded at once."""


class MultVAEConfig(LearningConfig):
    """Settings of Mult-VAE."""

    hidden: int = Field(default=600, gt=0)
    """Width of the layer on either side of the latent vector."""
    latent: int = Field(default=200, gt=0)
    """Numbers that a person (or an item) is compressed to."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of a person's items hidden from the encoder at each update; the decoder must guess them."""
    kl_weight: float = Field(default=0.2, ge=0)
    """Final weight of the Kullback-Leibler term (the paper's cap on beta)."""
    annealing: float = Field(default=0.8, ge=0, le=1)
    """Share of all updates over which the weight of that term rises from 0."""


class VAENetwork(nn.Module):
    """N items → H → (mean, log variance) of D numbers → H → N logits."""

    def __init__(self, n_items: int, hidden: int, latent: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.item_in = nn.Parameter(torch.empty(n_items, hidden))
        self.bias_in = nn.Parameter(torch.empty(hidden))
        self.encoder = nn.Linear(hidden, 2 * latent)
        self.decoder = nn.Linear(latent, hidden)
        self.item_out = nn.Parameter(torch.empty(n_items, hidden))
        self.bias_out = nn.Parameter(torch.empty(n_items))
        for weight in (self.item_in, self.encoder.weight, self.decoder.weight, self.item_out):
            nn.init.xavier_normal_(weight)
        for bias in (self.bias_in, self.encoder.bias, self.decoder.bias, self.bias_out):
            nn.init.normal_(bias, std=0.001)

    def encode(self, offsets: Tensor, items: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance (B, D) of bags: ``offsets`` (B + 1,), ``items`` (E,) int64, ``values`` (E,)."""
        if not len(items):
            bags = self.bias_in.expand(len(offsets) - 1, -1)
        else:
            values = functional.dropout(values * self._scale(offsets, values), self.dropout, self.training)
            bags = self.bias_in + functional.embedding_bag(
                items, self.item_in, offsets, mode="sum", per_sample_weights=values, include_last_offset=True
            )  # (B, H)
        mean, log_variance = self.encoder(torch.tanh(bags)).chunk(2, dim=1)
        return mean, log_variance

    def unfold(self, latent: Tensor) -> Tensor:
        """The decoder's hidden layer (B, H); scores are its products with ``item_out``, plus ``bias_out``."""
        return torch.tanh(self.decoder(latent))

    @staticmethod
    def _scale(offsets: Tensor, values: Tensor) -> Tensor:
        """1 / ‖x‖ of each event's bag, (E,)."""
        lengths = offsets.diff()
        owners = torch.repeat_interleave(lengths)
        squares = torch.zeros(len(lengths), dtype=values.dtype).index_add_(0, owners, values * values)
        return squares.clamp_min(1e-12).rsqrt()[owners]


class MultVAEModel(Model[MultVAEConfig]):
    """Mult-VAE: a person's bag of items, compressed to a few numbers, unfolded to a score for every item."""

    name = "MultVAE"
    Config = MultVAEConfig
    estimator = "zhiyin.models.vae.training:MultVAE"
    lowers_disliked = True
    network: VAENetwork

    def score_all(self, requests: Requests) -> np.ndarray:
        scores: np.ndarray = self.user_vectors(requests) @ self.item_vectors.T  # (B, N)
        scores += self.item_bias
        return scores

    @torch.no_grad()
    def user_vectors(self, requests: Requests) -> np.ndarray:
        """The decoder's hidden layer, float32 (B, H): with `item_vectors` and `item_bias` it gives the scores."""
        return np.asarray(self.network.unfold(torch.from_numpy(self.latent(requests.histories))).numpy())

    @property
    def item_vectors(self) -> np.ndarray:
        """The decoder's output weights, float32 (N, H)."""
        return np.asarray(self.network.item_out.detach().numpy())

    @property
    def item_bias(self) -> np.ndarray:
        """float32 (N,)"""
        return np.asarray(self.network.bias_out.detach().numpy())

    def encode(self, histories: HistoriesLike) -> np.ndarray:
        """The latent mean of each history (your ids, a frame, or `Histories`), float32 (B, D)."""
        self._need_training()
        return self.latent(encode_histories(histories, self.catalogue, self.weighting).requests.histories)

    def encode_items(self, items: Sequence[str] | None = None) -> np.ndarray:
        """The latent mean of items, each as a history of one, float32 (n, D); the whole catalogue's without ``items``.

        An unknown item is an empty history.
        """
        self._need_training()
        rows = np.arange(len(self.catalogue)) if items is None else self.catalogue.ids.rows(items)
        return self.latent(Histories.of([row] if row >= 0 else [] for row in rows.tolist()))

    @torch.no_grad()
    def latent(self, histories: Histories) -> np.ndarray:
        """The latent mean of each history of rows, float32 (B, D)."""
        blocks = range(0, len(histories), ENCODE_BLOCK)
        parts = [bags_of(histories.take(slice(b, b + ENCODE_BLOCK)), len(self.catalogue)) for b in blocks]
        means = [self.network.encode(*bags)[0].numpy() for bags in parts]
        return np.concatenate([np.zeros((0, self.config.latent), np.float32), *means])

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {name: weight.numpy() for name, weight in self.network.state_dict().items()}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.network = self.new_network()
        self.network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in arrays.items()})
        self.network.eval()

    def new_network(self) -> VAENetwork:
        """An untrained network of this model's settings and catalogue."""
        settings = self.config
        return VAENetwork(len(self.catalogue), settings.hidden, settings.latent, settings.dropout)


def bags_of(histories: Histories, n_items: int) -> tuple[Tensor, Tensor, Tensor]:
    """Offsets (B + 1,), items (E,) and signs (E,): each item of a history once, +1 liked, -1 disliked."""
    matrix = signs(histories, n_items)
    return (
        torch.from_numpy(matrix.indptr.astype(np.int64)), torch.from_numpy(matrix.indices.astype(np.int64)),
        torch.from_numpy(matrix.data),
    )  # fmt: skip


def signs(histories: Histories, n_items: int) -> sparse.csr_matrix:
    """The sign of what each history's events of an item add up to, sparse float32 (B, N)."""
    matrix = histories.matrix(n_items, weighted=True)
    matrix.data = np.sign(matrix.data)
    matrix.eliminate_zeros()
    return matrix
