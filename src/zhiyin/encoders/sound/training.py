"""SoundNetwork: how it learns. What it computes is in network.py.

Each sound is changed twice in its own way (a piece of it, higher or lower, noise, a band and a moment taken out), and
each change is to find the other among those of all sounds of the batch (SimCLR, Chen et al. 2020, arXiv 2002.05709;
masks: SpecAugment, Park et al. 2019, arXiv 1904.08779). Nobody says what a sound is. Letters: B sounds, F frames, M
bands.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW, Optimizer

from zhiyin.core.errors import ModelError
from zhiyin.core.progress import Progress
from zhiyin.encoders.encoder import Unusable
from zhiyin.encoders.sound.network import Listening, SoundNetworkConfig, SoundNetworkModel
from zhiyin.encoders.sound.reading import BANDS
from zhiyin.training import Learner, Optimisers, Shuffled, reproducible, train

FEWEST = 16
"""Sounds."""
PIECE = 0.75
"""Least share of a sound that is kept."""
HIGHER = 1
"""Bands up or down at most."""
NOISE = 0.3
MASK = 10
"""Bands, and frames, that are taken out at most."""


class Heard:
    """Spectrograms (B, M, F), some at a time."""

    def __init__(self, spectrograms: Tensor) -> None:
        self.spectrograms = spectrograms

    def __len__(self) -> int:
        return len(self.spectrograms)

    def take(self, which: np.ndarray) -> "Heard":
        return Heard(self.spectrograms[torch.from_numpy(which)])


class Telling(Learner[Heard]):
    """One update: two changes of each sound are to find each other."""

    def __init__(self, network: Listening, config: SoundNetworkConfig) -> None:
        self.network, self.config = network, config

    def optimisers(self) -> dict[str, Optimizer]:
        return {"main": AdamW(self.network.parameters(), self.config.learning_rate, weight_decay=1e-2)}

    def step(self, batch: Heard, optimisers: Optimisers) -> Tensor:
        one, other = (self.network(changed(batch.spectrograms)) for _ in range(2))
        likeness = one @ other.T / self.config.temperature  # (B, B)
        own = torch.arange(len(batch))
        losses = (functional.cross_entropy(likeness, own, reduction="none")
                  + functional.cross_entropy(likeness.T, own, reduction="none")) / 2  # fmt: skip
        optimisers.descend(losses.mean(), len(batch))
        return losses.detach()


def changed(sounds: Tensor) -> Tensor:
    """The same sounds, each changed at random: (B, M, F)."""
    n, _, n_frames = sounds.shape
    share = PIECE + (1 - PIECE) * torch.rand(n, 1)
    places = (torch.rand(n, 1) * (1 - share) + share * torch.linspace(0, 1, n_frames)) * (n_frames - 1)  # (B, F)
    below = places.long().clamp(max=n_frames - 2)
    part = (places - below)[:, None]
    earlier, later = (sounds.gather(2, at[:, None].expand_as(sounds)) for at in (below, below + 1))
    moved = (1 - part) * earlier + part * later
    shift = torch.randint(-HIGHER, HIGHER + 1, (n, 1)) + torch.arange(BANDS)  # (B, M)
    moved = moved.gather(1, (shift % BANDS)[:, :, None].expand_as(moved))
    moved = moved + NOISE * (torch.randn(n, BANDS, 1) + torch.randn_like(moved))
    for axis, length in ((1, BANDS), (2, n_frames)):
        size, start = torch.randint(0, MASK, (n, 1)), torch.randint(0, length - MASK, (n, 1))
        at = torch.arange(length)
        gone = (at >= start) & (at < start + size)  # (B, length)
        moved = moved.masked_fill(gone.unsqueeze(3 - axis), 0.0)
    return moved


class SoundNetwork(SoundNetworkModel):
    """The encoder that can be fitted."""

    def fit(self, things: Sequence[Any], *, progress: Progress | None = None) -> Self:
        """Learn on the sounds that can be read. Raises `ModelError` for fewer than 16."""
        prepared = [found for found in map(self._prepared, things) if found is not None]
        if len(prepared) < FEWEST:
            raise ModelError(
                f"SoundNetwork found {len(prepared)} sounds that can be read; it needs {FEWEST} to learn from: use "
                "SoundShape, which learns nothing"
            )
        self.middle, self.spread = float(np.mean(prepared)), max(float(np.std(prepared)), 1e-6)
        settings = self.config
        loader = Shuffled(Heard(self.scaled(prepared)), settings.batch, settings.seed)
        epochs = min(settings.epochs, -(-settings.updates // len(loader)))
        with reproducible(settings.seed):
            self.network = Listening(settings.channels, settings.numbers)
            train(Telling(self.network, settings), loader, epochs=epochs, progress=progress, label=self.name)
        return self

    def _prepared(self, thing: Any) -> np.ndarray | None:
        try:
            return None if thing is None else self.prepared(thing)
        except Unusable:
            return None
