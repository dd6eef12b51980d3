"""SoundNetwork: what it computes. How it learns is in training.py.

Letters: B sounds, F frames, M bands, H channels, D numbers. A sound's log-mel spectrogram, brought to F frames and the
spread of the sounds it learned on, goes through three convolutions over time (the second and third halve it); what is
left is averaged in quarters and projected; length 1.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.encoders.encoder import Encoder, EncoderConfig
from zhiyin.encoders.sound.reading import BANDS, heard, log_mel

FRAMES = 64
"""F: a short sound is stretched to so many, a long one pressed."""
PARTS = 4
GROUPS = 8


class SoundNetworkConfig(EncoderConfig):
    """Settings of SoundNetwork."""

    numbers: int = Field(default=128, gt=0)
    """Of a vector."""
    channels: int = Field(default=128, gt=0, multiple_of=GROUPS)
    """Of each layer."""
    epochs: int = Field(default=150, gt=0)
    """Passes over the sounds."""
    updates: int = Field(default=2000, gt=0)
    """About so many updates at most: on many sounds fewer passes are enough."""
    batch: int = Field(default=200, gt=1)
    """Sounds that are told apart from each other at once."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Of AdamW."""
    temperature: float = Field(default=0.2, gt=0)
    """The smaller, the more sounds that are hard to tell apart count."""
    seed: int = Field(default=0, ge=0)
    """Same sounds, same seed: same vectors."""


class Listening(nn.Module):
    """Spectrograms (B, M, F) → vectors (B, D)."""

    def __init__(self, channels: int, numbers: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, stride in ((BANDS, 1), (channels, 2), (channels, 2)):
            layers += [
                nn.Conv1d(inputs, channels, 5, stride, padding=2), nn.GroupNorm(GROUPS, channels), nn.GELU(),
            ]  # fmt: skip
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(channels * PARTS, numbers)

    def forward(self, spectrograms: Tensor) -> Tensor:
        found = self.layers(spectrograms)  # (B, H, F / 4)
        quarters = found.unflatten(2, (PARTS, -1)).mean(dim=3).flatten(1)  # (B, H · PARTS)
        return functional.normalize(self.head(quarters))


class SoundNetworkModel(Encoder[SoundNetworkConfig]):
    """SoundNetwork: a network that learned to know a sound of the catalogue again when it was changed."""

    name = "SoundNetwork"
    Config = SoundNetworkConfig
    reads = "sound"
    learns = True
    estimator = "zhiyin.encoders.sound.training:SoundNetwork"
    network: Listening
    middle: float
    spread: float

    @property
    def width(self) -> int:
        return self.config.numbers

    def prepared(self, thing: Any) -> np.ndarray:
        """float32 (M, F)"""
        bands = torch.from_numpy(log_mel(heard(thing)).T[None])
        stretched = functional.interpolate(bands, FRAMES, mode="linear", align_corners=False)
        return np.asarray(stretched[0].numpy())

    @torch.inference_mode()
    def vectors(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        return np.asarray(self.network(self.scaled(prepared)).numpy())

    def scaled(self, prepared: Sequence[np.ndarray]) -> Tensor:
        """(B, M, F) at the spread of what was learned on."""
        return (torch.from_numpy(np.stack(prepared)) - self.middle) / self.spread

    def arrays(self) -> Mapping[str, np.ndarray]:
        weights = {name: weight.numpy() for name, weight in self.network.state_dict().items()}
        return {**weights, "scale": np.array([self.middle, self.spread], np.float32)}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        weights = {name: torch.from_numpy(array.copy()) for name, array in arrays.items() if name != "scale"}
        self.network = Listening(self.config.channels, self.config.numbers)
        self.network.load_state_dict(weights)
        self.network.eval()
        self.middle, self.spread = (float(number) for number in arrays["scale"])
