"""The curve of a training for TensorBoard, where an `Engine` names a folder for it."""

from collections.abc import Callable
from pathlib import Path

from zhiyin.core.errors import ResourceError


def curves(folder: Path | None, label: str) -> Callable[[dict[str, float]], None] | None:
    """What writes each entry of a curve under ``label``; None where no folder is named.

    Raises `ResourceError` with the install line where the package is not there.
    """
    if folder is None:
        return None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ResourceError.not_installed(
            "writing curves for TensorBoard", "tensorboard", ", or leave tensorboard out"
        ) from None

    def record(entry: dict[str, float]) -> None:
        with SummaryWriter(str(folder / label)) as writer:
            for name, value in entry.items():
                if name != "epoch":
                    writer.add_scalar(name, value, int(entry["epoch"]))

    return record
