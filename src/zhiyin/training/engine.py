"""What machine a network learns on: device, precision, processes. It belongs to the machine, not to the model.

``with Engine(processes=2): model.fit(dataset)``. The same model settings hold on any machine. Plain PyTorch does it;
why not Lightning Fabric is told in docs/decisions/0008-engine.md. Proven on a CPU, with one process and with several; a
GPU, several GPUs and Windows are untested, and so would a TPU be, whose seam is `device_of` and `casting`.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar, Token
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr

from zhiyin.core.errors import SettingsError
from zhiyin.core.settings import Config

NOW: "ContextVar[Engine | None]" = ContextVar("engine", default=None)


class Engine(Config):
    """Settings of the machine; used where `with` holds it."""

    device: Literal["auto", "cpu", "cuda"] = "cpu"
    """Where the network learns; ``auto``: on a GPU where there is one. Models answer on the CPU in any case."""
    precision: Literal["auto", "float32", "bf16"] = "float32"
    """Of products while learning. ``auto``: bf16 where the processor multiplies it itself (AVX-512 BF16, AMX, a GPU),
    else float32. The same seed gives another model in another precision."""
    processes: int = Field(default=1, gt=0)
    """Processes of this machine that learn together, each its people of every batch."""
    tensorboard: Path | None = None
    """A folder that TensorBoard reads: the curve of each training. Needs ``pip install 'zhiyin[tensorboard]'``."""

    _tokens: list[Token[Any]] = PrivateAttr(default_factory=list)

    @classmethod
    def now(cls) -> "Engine":
        """The innermost that is held; the default one where none is."""
        return NOW.get() or cls()

    def __enter__(self) -> Self:
        self._tokens.append(NOW.set(self))
        return self

    def __exit__(self, *_: object) -> None:
        NOW.reset(self._tokens.pop())

    def device_of(self, rank: int = 0) -> Any:
        """The torch device of a process. Raises `SettingsError` for a GPU that is not there."""
        import torch

        there = torch.cuda.is_available()
        if self.device == "cuda" and not there:
            raise SettingsError(
                "device is cuda, and PyTorch finds no GPU here; choose device cpu or auto", found="cuda",
                allowed="cpu, auto",
            )  # fmt: skip
        return torch.device("cuda", rank) if there and self.device != "cpu" else torch.device("cpu")

    def is_bf16(self, device: Any) -> bool:
        """Whether products are made in bf16. Raises `SettingsError` where that would be many times slower."""
        native = native_bf16(device.type)
        if self.precision == "bf16" and not native:
            raise SettingsError(
                "precision is bf16, and this processor does not multiply it itself, which makes it many times slower; "
                "choose float32 or auto", found="bf16", allowed="float32, auto",
            )  # fmt: skip
        return native and self.precision != "float32"

    @contextlib.contextmanager
    def casting(self, device: Any) -> Iterator[None]:
        """Holds for one step: new tensors stand on the device, products are made in the precision."""
        import torch

        with contextlib.ExitStack() as held:
            if device.type != "cpu":
                held.enter_context(device)
            if self.is_bf16(device):
                held.enter_context(torch.autocast(device.type, torch.bfloat16))
            yield


def native_bf16(kind: str) -> bool:
    """Whether the processor multiplies bf16 itself: with AVX2 alone it runs at a thirtieth of float32's speed."""
    import torch

    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    known = torch.cpu.get_capabilities()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))
