"""Fixtures that every room's tests may use."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
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


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of its own on a free loopback port, or the one of ZHIYIN_POSTGRES; the test skips where none is."""
    if given := os.environ.get("ZHIYIN_POSTGRES"):
        yield given
        return
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or (str(programs[-1]) if programs else None)
    if initdb is None:
        if _required("postgres"):
            pytest.fail("ZHIYIN_REQUIRE names postgres, but neither initdb nor ZHIYIN_POSTGRES is there")
        pytest.skip("PostgreSQL is absent: install it, or set ZHIYIN_POSTGRES to an address")
    with tempfile.TemporaryDirectory(prefix="zhiyin-postgres-") as folder:
        yield from _postgres(Path(initdb).parent, Path(folder))


def _postgres(programs: Path, folder: Path) -> Iterator[str]:
    """Its address while it runs. It refuses to be root's, so that root starts it as ``postgres``."""
    owner = {"user": "postgres"} if os.geteuid() == 0 else {}
    if owner:
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, options = folder / "data", f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"

    def do(program: str, *arguments: str) -> None:
        command = [str(programs / program), *arguments]
        subprocess.run(command, check=True, cwd=folder, timeout=120, stdout=subprocess.DEVNULL, **owner)  # type: ignore[call-overload]

    do("initdb", "-D", str(data), "-U", "zhiyin", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8")
    do("pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql://zhiyin@127.0.0.1:{port}/postgres"
    finally:
        do("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
