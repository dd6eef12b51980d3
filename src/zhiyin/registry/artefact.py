"""One trained thing in one folder: ``manifest.json`` names every other file with its sha256, and carries its own.

Arrays stand in ``arrays.safetensors``, tables in Parquet, text as it is, the rest in JSON. Nothing is read before its
digest was checked, and nothing that is read can run code.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from pydantic import Field, ValidationError
from safetensors.numpy import load_file, save_file

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.core.files import sha256, whole_folder
from zhiyin.core.settings import Config

FORMAT = 1
ARRAYS = "arrays.safetensors"


class Manifest(Config):
    """What a trained thing is and what it was made from."""

    kind: Literal["model", "ranker", "generator", "calibrator", "encoder", "checkpoint"] = "model"
    name: str
    """Its name in the entry-point group of its kind (``zhiyin.models`` …), never a module path."""
    settings: dict[str, Any] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)
    """Of its training: dataset and catalogue digest, people, events, parts read, seconds, verdict."""
    format: int = FORMAT
    zhiyin: str = ""
    files: dict[str, str] = Field(default_factory=dict)
    """sha256 of each other file of the folder."""
    digest: str = ""
    """sha256 of all the above; what an assembly names this thing by."""

    def sealed(self) -> "Manifest":
        """With its own digest."""
        body = self.model_dump(mode="json", exclude={"digest"})
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        return self.model_copy(update={"digest": hashlib.sha256(text.encode()).hexdigest()})


@dataclass
class Artefact:
    """The content of a folder in memory."""

    manifest: Manifest
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    """Text files by file name: ``card.md``, a LightGBM model …"""


def write(folder: Path | str, artefact: Artefact) -> Manifest:
    """Write the folder whole or not at all; an older one at the same place is replaced. Returns the final manifest."""
    _only_ours(Path(folder))
    with whole_folder(Path(folder)) as part:
        if artefact.arrays:
            save_file({name: np.ascontiguousarray(array) for name, array in artefact.arrays.items()}, part / ARRAYS)
        for name, table in artefact.tables.items():
            table.write_parquet(part / f"{name}.parquet", compression="zstd")
        for name, text in artefact.texts.items():
            (part / name).write_text(text, encoding="utf-8")
        files = {file.name: sha256(file) for file in sorted(part.iterdir())}
        manifest = artefact.manifest.model_copy(update={"files": files, "zhiyin": zhiyin.__version__}).sealed()
        (part / "manifest.json").write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
    return manifest


def _only_ours(folder: Path) -> None:
    """Refuses a place where something else stands: writing replaces what is there, and it would be lost."""
    if folder.is_dir() and ((folder / "manifest.json").is_file() or not any(folder.iterdir())):
        return
    if folder.exists():
        what = "a folder of other files, which" if folder.is_dir() else "a file, which"
        raise ModelError(f"{folder} is {what} would be lost; give the name of a new folder")


def read(folder: Path | str) -> Artefact:
    """Check every digest, then read. Raises `ModelError` for a missing, damaged or newer artefact."""
    folder = Path(folder)
    manifest = checked(folder)
    texts = {
        name: (folder / name).read_text(encoding="utf-8")
        for name in manifest.files
        if not name.endswith((".safetensors", ".parquet"))
    }
    tables = {
        name.removesuffix(".parquet"): pl.read_parquet(folder / name, glob=False)
        for name in manifest.files
        if name.endswith(".parquet")
    }
    arrays = load_file(folder / ARRAYS) if ARRAYS in manifest.files else {}
    return Artefact(manifest, arrays, tables, texts)


def checked(folder: Path) -> Manifest:
    """The manifest, after every file was found to be what it says. Raises `ModelError` as `read` does."""
    manifest = read_manifest(folder)
    for name, digest in manifest.files.items():
        if Path(name).name != name:
            raise ModelError(
                f"{folder}: the manifest names a file outside its folder ({name!r}); do not use this model"
            )
        if not (folder / name).is_file():
            raise ModelError(f"{folder}: {name} is missing; copy the whole folder again, or train the model again")
        if sha256(folder / name) != digest:
            raise ModelError(
                f"{folder}: {name} is damaged (its sha256 differs from the manifest's); "
                "copy the folder again, or train the model again"
            )
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest alone, its format checked."""
    path = folder / "manifest.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(f"{folder} is no saved model (no manifest.json); give the folder that save() wrote") from None
    except (ValueError, UnicodeDecodeError):
        raise ModelError(f"{path} is damaged (not JSON); copy the folder again, or train the model again") from None
    found = raw.get("format") if isinstance(raw, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise ModelError(
            f"{folder} has format {found}, this version of zhiyin reads up to {FORMAT}; update zhiyin to read it"
        )
    try:
        manifest = Manifest.model_validate(raw)
    except ValidationError as error:
        raise ModelError(f"{path} is damaged ({error.errors()[0]['msg']}); train the model again") from None
    if manifest.sealed().digest != manifest.digest:
        raise ModelError(f"{path} is damaged (its digest differs); copy the folder again, or train the model again")
    return manifest
