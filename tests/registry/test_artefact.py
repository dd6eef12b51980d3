"""A saved thing comes back the same, and a damaged or foreign one is refused in words."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhiyin.core.errors import ModelError
from zhiyin.registry import Artefact, Manifest, load, read, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    manifest = Manifest(name="Popular", settings={"seed": 1}, facts={"汉字": "知音", "loss": 0.1 + 0.2})
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3).T, "b": np.zeros((0, 4), np.int64)}
    tables = {"items": pl.DataFrame({"item": ["x", "y/../z", "🙂"]})}
    write(tmp_path / "saved", Artefact(manifest, arrays, tables, {"card.md": "# 知音\n"}))
    return tmp_path / "saved"


def test_everything_comes_back(folder: Path):
    artefact = read(folder)
    assert artefact.manifest.facts == {"汉字": "知音", "loss": 0.1 + 0.2}
    np.testing.assert_array_equal(artefact.arrays["a"], np.arange(6, dtype=np.float32).reshape(2, 3).T)
    assert artefact.arrays["b"].shape == (0, 4)
    assert artefact.tables["items"]["item"].to_list() == ["x", "y/../z", "🙂"]
    assert artefact.texts == {"card.md": "# 知音\n"}


@pytest.mark.parametrize("name", ["saved[1]", "saved*"])
def test_a_folder_name_is_no_pattern(folder: Path, name: str):
    write(folder.parent / name, read(folder))
    assert read(folder.parent / name).tables["items"]["item"].to_list() == ["x", "y/../z", "🙂"]


def test_there_is_no_pickle_and_every_file_has_a_digest(folder: Path):
    files = {path.name for path in folder.iterdir()}
    assert files == {"manifest.json", "arrays.safetensors", "items.parquet", "card.md"}
    assert set(read(folder).manifest.files) == files - {"manifest.json"}


@pytest.mark.parametrize("name", ["arrays.safetensors", "items.parquet", "card.md", "manifest.json"])
@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_a_flipped_bit_is_refused(folder: Path, name: str, place: float):
    content = bytearray((folder / name).read_bytes())
    content[int(place * len(content))] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name}.* is damaged"):
        read(folder)


def test_a_missing_file_and_a_folder_that_is_no_model(folder: Path, tmp_path: Path):
    (folder / "items.parquet").unlink()
    with pytest.raises(ModelError, match="items.parquet is missing; copy the whole folder again"):
        read(folder)
    with pytest.raises(ModelError, match=r"is no saved model \(no manifest.json\); give the folder that save"):
        read(tmp_path)


def changed(folder: Path, **fields: object) -> None:
    """Rewrite the manifest as a forger would: consistent in itself."""
    path = folder / "manifest.json"
    raw = {**json.loads(path.read_text()), **fields}
    path.write_text(Manifest.model_validate(raw).sealed().model_dump_json())


def test_a_newer_format_is_refused_before_anything_is_read(folder: Path):
    changed(folder, format=99)
    with pytest.raises(ModelError, match="has format 99, this version of zhiyin reads up to 1; update zhiyin"):
        read(folder)


@pytest.mark.parametrize("name", ["os:system", "zhiyin.models.linear.ease:EASE", "../../EASE", "EASY"])
def test_a_manifest_can_name_only_what_is_registered(folder: Path, name: str):
    changed(folder, name=name)
    with pytest.raises(ModelError, match="there is no model .* the choices are: ALS"):
        load(folder)


def test_a_manifest_cannot_name_a_file_elsewhere(folder: Path):
    changed(folder, files={"../secret": "0"})
    with pytest.raises(ModelError, match="names a file outside its folder"):
        read(folder)


def test_writing_again_replaces_the_folder_whole(folder: Path):
    write(folder, Artefact(Manifest(name="Popular"), {"c": np.ones(1)}))
    assert {path.name for path in folder.iterdir()} == {"manifest.json", "arrays.safetensors"}
    assert not list(folder.parent.glob(".*"))


def test_a_failed_write_leaves_the_old_one(folder: Path):
    with pytest.raises(AttributeError):
        write(folder, Artefact(Manifest(name="Popular"), {}, {"items": None}))  # type: ignore[dict-item]
    assert read(folder).manifest.settings == {"seed": 1}
    assert not list(folder.parent.glob(".*"))
