"""A package outside the repository registers a model, trains it by its name, and passes the contract suite."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OUTSIDER = Path(__file__).parent / "outsider"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outsider's package, built and installed into a folder of its own, without a network."""
    folder = tmp_path_factory.mktemp("outsider")
    source = shutil.copytree(OUTSIDER, folder / "source")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "site"), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder


def run(installed: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": path if path is not None else str(installed / "site")}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=installed, capture_output=True, text=True, timeout=240
    )


@pytest.mark.slow
def test_it_passes_the_contract_suite(installed: Path):
    found = run(installed, "-m", "pytest", "source/test_together.py", "-q", "-W", "error", "-p", "no:cacheprovider")
    assert found.returncode == 0, found.stdout + found.stderr
    assert " passed" in found.stdout


@pytest.mark.slow
def test_it_is_trained_saved_and_loaded_by_its_name(installed: Path):
    program = (
        "import zhiyin\n"
        "from zhiyin.testing import worlds\n"
        "zhiyin.models.Together().fit(worlds.even()).save('kept')\n"
        "print(zhiyin.load('kept').recommend([['i0', 'i2']], k=3).ids)\n"
    )
    found = run(installed, "-c", program)
    assert found.returncode == 0, found.stderr
    assert {int(word.strip("[]'\n i")) % 2 for word in found.stdout.split(",")} == {0}


@pytest.mark.slow
def test_without_the_package_its_saved_model_is_refused_by_name(installed: Path):
    save = "import zhiyin; from zhiyin.testing import worlds; zhiyin.models.Together().fit(worlds.even()).save('other')"
    assert run(installed, "-c", save).returncode == 0
    load = "import zhiyin\ntry: zhiyin.load('other')\nexcept zhiyin.ZhiyinError as error: print(error)"
    found = run(installed, "-c", load, path="")
    assert "there is no model 'Together'" in found.stdout, found.stdout + found.stderr
    assert "the choices are: ALS, " in found.stdout
