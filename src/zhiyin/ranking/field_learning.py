"""How networks over fields learn: Adam, pass by pass, until rows kept aside are ordered no better.

Where passes bring nothing, the weights go back to the best ones and learn on at a tenth of the rate.
Letters: n rows, Q numbers, G categories, T targets.
"""

from dataclasses import dataclass

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from zhiyin.ranking.networks import FieldNetwork
from zhiyin.ranking.ranker import RankerConfig

WATCHED = 10
"""Every tenth request is kept aside, to see when learning on brings nothing."""
UPDATES, FEWEST = 100, 32
"""A pass over few rows is so many updates, each of at least so many rows."""
LONGEST = 10.0
"""Longer gradients are cut to this length."""
SLOWER, SLOWDOWNS = 0.1, 2
"""Of the rate, each time that nothing is gained, and how often that is done."""
BLOCK = 8_192
"""Rows computed at once where nothing is learned."""


class FieldConfig(RankerConfig):
    """Settings of the networks over fields."""

    categories: tuple[str, ...] = ()
    """Columns that are no numbers but codes of something: each code gets a vector of its own."""
    least_rows: int = Field(default=1, gt=0)
    """Rows that a code must have for that; rarer ones share one."""
    width: int = Field(default=16, gt=0)
    """Numbers of a vector."""
    hidden: tuple[int, ...] = (128, 64)
    """Units of each rectified layer."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of those units that is left out at each update."""
    decay: float = Field(default=0.02, ge=0)
    """L2 penalty on the vectors."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Of Adam, at the beginning."""
    batch: int = Field(default=1024, gt=0)
    """Rows of one update at most; of few rows fewer, so that a pass is at least ``UPDATES`` updates."""
    epochs: int = Field(default=40, gt=0)
    """Passes over the rows at most."""
    patience: int = Field(default=2, gt=0)
    """Passes in a row that bring nothing after which it goes on more slowly, and after ``SLOWDOWNS`` of these ends."""


@dataclass(frozen=True, eq=False)
class Examples:
    """What a network learns from."""

    numbers: Tensor
    """float32 (n, Q)"""
    rows: Tensor
    """int64 (n, G)"""
    labels: Tensor
    """float32 (n,), or (n, T)"""
    weights: Tensor
    """float32 (n,): how much each counts."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, which: Tensor) -> "Examples":
        return Examples(self.numbers[which], self.rows[which], self.labels[which], self.weights[which])


def kept_aside(groups: np.ndarray) -> np.ndarray:
    """Which rows (n,) only watch: whole requests, since the rows of one are alike."""
    return np.asarray(np.unique(groups, return_inverse=True)[1] % WATCHED == WATCHED - 1)


def log_loss(odds: Tensor, labels: Tensor) -> Tensor:
    """Of each row, (n,), the targets added up."""
    wrong = functional.binary_cross_entropy_with_logits(odds, labels, reduction="none")
    return wrong.reshape(len(wrong), -1).sum(1)


def learn(network: FieldNetwork, taught: Examples, watched: Examples, settings: FieldConfig) -> None:
    """Train ``network`` in place; seeded by the caller. Without watched rows it learns for all ``epochs``."""
    batch = min(settings.batch, max(FEWEST, len(taught) // UPDATES), len(taught))
    rate, best, since, slowdowns = settings.learning_rate, float("inf"), 0, 0
    optimiser = torch.optim.Adam(network.parameters(), rate)
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    for epoch in range(settings.epochs):
        network.train()
        for which in torch.split(torch.randperm(len(taught)), batch):
            if len(which) < min(batch, 2):  # one row has no spread to be normalised by
                continue
            part = taught.take(which)
            wrong = (log_loss(network(part.numbers, part.rows), part.labels) * part.weights).sum() / part.weights.sum()
            optimiser.zero_grad()
            (wrong + settings.decay / 2 * network.table.square().sum()).backward()  # type: ignore[no-untyped-call]
            clip_grad_norm_(network.parameters(), LONGEST)
            optimiser.step()
        now = misordered(network, watched) if len(watched) else -float(epoch)
        since = 0 if now < best else since + 1
        if since == 0:
            best = now
            kept = {name: value.clone() for name, value in network.state_dict().items()}
        elif since == settings.patience:
            if slowdowns == SLOWDOWNS:
                break
            rate, since, slowdowns = rate * SLOWER, 0, slowdowns + 1
            network.load_state_dict(kept)
            optimiser = torch.optim.Adam(network.parameters(), rate)
    network.load_state_dict(kept)
    network.eval()


@torch.no_grad()
def misordered(network: FieldNetwork, watched: Examples) -> float:
    """1 - AUC on rows that are not learned from, in the mean of the targets: how sure the network is, calibration puts
    right afterwards, and a network that is too sure may still order best. The mean loss where no target has both kinds.
    """
    from sklearn.metrics import roc_auc_score

    network.eval()
    blocks = torch.split(torch.arange(len(watched)), BLOCK)
    odds = torch.cat([network(watched.numbers[which], watched.rows[which]) for which in blocks])
    wrong = [
        1 - float(roc_auc_score(target.numpy(), column.numpy(), sample_weight=watched.weights.numpy()))
        for target, column in zip(*(t.reshape(len(t), -1).T for t in (watched.labels, odds)), strict=True)
        if 0 < target.sum() < len(target)
    ]
    if wrong:
        return sum(wrong) / len(wrong)
    return float((log_loss(odds, watched.labels) * watched.weights).sum() / watched.weights.sum())
