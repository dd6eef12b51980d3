"""From a folder to a live object, by the name registered for it; a manifest can name no code of its own."""

from pathlib import Path
from typing import Any

from zhiyin.core.plugins import find
from zhiyin.registry.artefact import read


def load(folder: Path | str) -> Any:
    """The model (ranker, generator …) saved in ``folder``: what ``save`` was called on, ready to answer.

    Raises `zhiyin.core.errors.ModelError` where a file is missing or damaged or the kind is not registered here.
    """
    artefact = read(folder)
    return find(f"zhiyin.{artefact.manifest.kind}s", artefact.manifest.name).restored(artefact)
