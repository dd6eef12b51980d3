"""The lock holds what pyproject asks for, and nothing that only a GPU can use."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements/lock.txt").read_text()
LOCKED = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", LOCK, re.MULTILINE))


def test_no_gpu_library_is_locked():
    assert not [name for name in LOCKED if re.search("nvidia|triton|cuda|rocm", name)]


def test_every_locked_package_has_a_hash_and_no_registry_is_named():
    blocks = re.split(r"\n(?=[a-z0-9])", LOCK.strip())
    assert len(LOCKED) == len(blocks) > 50
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in LOCK
    assert "--find-links" not in LOCK


def test_every_dependency_is_locked_but_torch():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    asked = {re.match(r"[A-Za-z0-9._-]+", line)[0].lower() for line in [*project["dependencies"], *extras]}  # type: ignore[index]
    assert asked - set(LOCKED) == {"torch"}


def test_torch_has_one_version_everywhere():
    pinned = (ROOT / "constraints.txt").read_text().strip()
    assert f"TORCH  := {pinned}" in (ROOT / "Makefile").read_text()
    lists = [path.read_text().splitlines() for path in (ROOT / "benchmarks/peers/requirements").glob("*.txt")]
    asked = [line for lines in lists for line in lines if line.startswith("torch==")]
    assert len(asked) > 2
    assert set(asked) == {pinned}
