"""ONNXText, ONNXImage, ONNXSound: any network of yours that stands in an ONNX file.

The first output is taken: (n, D) as it is; of (n, T, D) the mean over tokens, of (n, D, H, W) that over places; at
length 1. A text needs ``tokenizer.json`` beside the file. Letters: n things, T tokens or samples, D numbers.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from zhiyin.core.errors import SettingsError
from zhiyin.core.files import sha256
from zhiyin.core.lengths import at_length_one
from zhiyin.encoders.encoder import C, Encoder, EncoderConfig

EXTRAS = "export,huggingface,image,sound"


class ONNXConfig(EncoderConfig):
    """Settings that all three have."""

    file: Path
    """The ``.onnx`` file."""


class ONNXTextConfig(ONNXConfig):
    """Settings of ONNXText."""

    tokens: int = Field(default=256, gt=2)
    """Of a text that are read."""


class ONNXImageConfig(ONNXConfig):
    """Settings of ONNXImage."""

    side: int = Field(default=224, gt=0)
    """Pixels that the network reads, where the file does not say."""
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    """Taken off red, green and blue (0 to 1)."""
    spread: tuple[float, float, float] = (0.229, 0.224, 0.225)
    """What is left is divided by."""


class ONNXSoundConfig(ONNXConfig):
    """Settings of ONNXSound."""

    seconds: float = Field(default=10.0, gt=0)
    """Of a sound that are read, at 16,000 samples a second; a shorter one is filled up with silence."""


class ONNXEncoder(Encoder[C]):
    """What all three do."""

    @property
    def file(self) -> Path:
        found: Path = self.config.file  # type: ignore[attr-defined]
        return found

    @cached_property
    def width(self) -> int:
        return int(self.vectors([self.nothing]).shape[1])

    @property
    def nothing(self) -> Any:
        """Something that can be encoded, to see how many numbers come out."""
        raise NotImplementedError

    @property
    def origin(self) -> str:
        return self._origin

    @cached_property
    def _origin(self) -> str:
        return sha256(self._there)

    @property
    def _there(self) -> Path:
        if not self.file.is_file():
            raise SettingsError(f"there is no file {self.file}; give an .onnx file", found=str(self.file))
        return self.file

    @cached_property
    def session(self) -> Any:
        """The network, on one thread."""
        try:
            import onnxruntime
        except ImportError:
            raise SettingsError.not_installed(f"the encoder {self.name}", EXTRAS) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(self._there, options, providers=["CPUExecutionProvider"])
        except SettingsError:
            raise
        except Exception as error:  # whatever a foreign file may hold
            said = str(error).strip().split("\n")[0][:200]
            raise SettingsError(f"{self.file} cannot be read as a network ({said})", found=str(self.file)) from None

    def asked(self, inputs: dict[str, np.ndarray], mask: np.ndarray | None = None) -> np.ndarray:
        """The first output for these inputs, (n, D) at length 1."""
        try:
            found = np.asarray(self.session.run(None, inputs)[0], np.float32)
        except Exception as error:
            wanted = ", ".join(f"{one.name} {one.shape}" for one in self.session.get_inputs())
            given = ", ".join(f"{name} {list(array.shape)}" for name, array in inputs.items())
            raise SettingsError(
                f"{self.file} could not be asked: it wants {wanted}, {self.name} gives {given} "
                f"({str(error).strip().split(chr(10))[0][:120]})", found=given, allowed=wanted,
            ) from None  # fmt: skip
        if found.ndim == 3 and mask is not None:
            found = (found * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        elif found.ndim > 2:
            found = found.mean(axis=tuple(range(2, found.ndim)))
        return at_length_one(found)


class ONNXText(ONNXEncoder[ONNXTextConfig]):
    """ONNXText: a text network of yours, with ``tokenizer.json`` beside its file."""

    name = "ONNXText"
    Config = ONNXTextConfig
    reads = "text"
    nothing = "a"

    def prepared(self, thing: Any) -> str:
        from zhiyin.encoders.text.reading import readable

        return readable(thing)

    def vectors(self, prepared: Sequence[str]) -> np.ndarray:
        read = self._tokenizer.encode_batch(list(prepared))
        all_ = {
            "input_ids": np.array([one.ids for one in read], np.int64),
            "attention_mask": np.array([one.attention_mask for one in read], np.int64),
            "token_type_ids": np.array([one.type_ids for one in read], np.int64),
        }
        wanted = [one.name for one in self.session.get_inputs()]
        if unknown := [name for name in wanted if name not in all_]:
            raise SettingsError(
                f"{self.file} wants {unknown[0]!r}, which is made of no text; a text network reads {', '.join(all_)}",
                found=unknown[0], allowed=", ".join(all_),
            )  # fmt: skip
        return self.asked({name: all_[name] for name in wanted}, all_["attention_mask"])

    @cached_property
    def _origin(self) -> str:
        return f"{sha256(self._there)} {sha256(self._beside)}"

    @property
    def _beside(self) -> Path:
        beside = self._there.with_name("tokenizer.json")
        if not beside.is_file():
            raise SettingsError(f"there is no {beside}; a text needs the network's tokenizer beside it")
        return beside

    @cached_property
    def _tokenizer(self) -> Any:
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise SettingsError.not_installed(f"the encoder {self.name}", EXTRAS) from None
        tokenizer = Tokenizer.from_file(str(self._beside))
        tokenizer.enable_truncation(self.config.tokens)
        tokenizer.enable_padding()
        return tokenizer


class ONNXImage(ONNXEncoder[ONNXImageConfig]):
    """ONNXImage: an image network of yours, that reads (n, 3, side, side)."""

    name = "ONNXImage"
    Config = ONNXImageConfig
    reads = "image"

    @property
    def side(self) -> int:
        """Pixels, as the file says or the settings."""
        last = self.session.get_inputs()[0].shape[-1]
        return last if isinstance(last, int) and last > 0 else self.config.side

    @property
    def nothing(self) -> np.ndarray:
        return np.zeros((3, self.side, self.side), np.float32)

    def prepared(self, thing: Any) -> np.ndarray:
        """float32 (3, side, side)"""
        from zhiyin.encoders.image.reading import opened

        image = opened(thing)
        from PIL import Image, ImageOps

        pixels = np.asarray(ImageOps.fit(image, (self.side, self.side), Image.Resampling.BICUBIC), np.float32) / 255
        scaled = (pixels - np.array(self.config.mean, np.float32)) / np.array(self.config.spread, np.float32)
        return np.asarray(scaled.transpose(2, 0, 1))

    def vectors(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        return self.asked({self.session.get_inputs()[0].name: np.stack(prepared)})


class ONNXSound(ONNXEncoder[ONNXSoundConfig]):
    """ONNXSound: a sound network of yours, that reads samples (n, T)."""

    name = "ONNXSound"
    Config = ONNXSoundConfig
    reads = "sound"

    @property
    def samples(self) -> int:
        """T, as the file says or the settings."""
        from zhiyin.encoders.sound.reading import RATE

        last = self.session.get_inputs()[0].shape[-1]
        return last if isinstance(last, int) and last > 0 else int(self.config.seconds * RATE)

    @property
    def nothing(self) -> np.ndarray:
        return np.zeros(self.samples, np.float32)

    def prepared(self, thing: Any) -> np.ndarray:
        """float32 (T,)"""
        from zhiyin.encoders.sound.reading import heard

        heard_ = heard(thing)[: self.samples]
        return np.pad(heard_, (0, self.samples - len(heard_)))

    def vectors(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        return self.asked({self.session.get_inputs()[0].name: np.stack(prepared)})
