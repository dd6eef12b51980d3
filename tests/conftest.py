"""Fixtures that every room's tests may use."""

import os
from pathlib import Path

import pytest


def _required(service: str) -> bool:
    return service in os.environ.get("ZHIYIN_REQUIRE", "").split(",")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real datasets (environment variable ZHIYIN_DATA); the test skips where there is none."""
    folder = Path(os.environ.get("ZHIYIN_DATA", ""))
    if os.environ.get("ZHIYIN_DATA") and folder.is_dir():
        return folder
    if _required("data"):
        pytest.fail("ZHIYIN_REQUIRE names data, but ZHIYIN_DATA is no folder")
    pytest.skip("real datasets are absent: set ZHIYIN_DATA to their folder")
