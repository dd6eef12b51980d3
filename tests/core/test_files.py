"""Whole or not at all; one run at a time."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from zhiyin.core.errors import ResourceError
from zhiyin.core.files import disk_errors, locked, sha256, whole_file, whole_folder


def test_a_file_appears_only_when_the_block_ends_well(tmp_path: Path):
    target = tmp_path / "a.txt"
    with whole_file(target) as part:
        part.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    with pytest.raises(KeyError), whole_file(target) as part:
        part.write_text("half")
        raise KeyError
    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_is_replaced_at_the_very_end(tmp_path: Path):
    target = tmp_path / "model"
    for text in ("one", "two"):
        with whole_folder(target) as part:
            (part / "x").write_text(text)
        assert (target / "x").read_text() == text
    with pytest.raises(KeyError), whole_folder(target) as part:
        (part / "x").write_text("half")
        raise KeyError
    assert (target / "x").read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_second_run_is_told_who_holds_the_lock_and_a_killed_one_leaves_none(tmp_path: Path):
    lock = tmp_path / "lock"
    code = (
        "from zhiyin.core.files import locked; from pathlib import Path\n"
        f"with locked(Path({str(lock)!r})): print('in', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        with pytest.raises(ResourceError, match=f"in use by process {holder.pid}; wait for it to end"), locked(lock):
            pass
        holder.kill()
        holder.wait()
    with locked(lock):
        pass


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "no space left"), (errno.EROFS, "cannot be written")])
def test_a_full_disk_is_a_lack_of_resources(tmp_path: Path, number: int, words: str):
    with pytest.raises(ResourceError, match=words) as caught, disk_errors(tmp_path):
        raise OSError(number, "disk")
    assert caught.value.exit_code == 4
    for unnumbered in (OSError, RuntimeError):  # as writers in Rust raise it
        with pytest.raises(ResourceError, match="no space left"), disk_errors(tmp_path):
            raise unnumbered(f"No space left on device (os error {errno.ENOSPC})")
    with pytest.raises(OSError, match="other"), disk_errors(tmp_path):
        raise OSError(errno.EIO, "other")


def test_the_digest_is_sha256(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
