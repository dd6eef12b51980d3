"""The newcomer's page runs on the bundled log as a CSV, dirt included."""

import ast
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from zhiyin.data.bundled import online_retail

PAGE = Path(__file__).parents[2] / "examples" / "newcomer.py"


@pytest.mark.slow
def test_the_tasks_of_a_newcomer(tmp_path: Path):
    pl.read_parquet(online_retail()).write_csv(tmp_path / "transactions.csv")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(PAGE), str(tmp_path / "transactions.csv")],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(printed(lines[0])[0]) == 10
    for count in ("135,080", "8,905", "1,547"):
        assert any(count in line for line in lines), count
    baskets = [line for line in lines if line.startswith("[['")]
    assert baskets[1] == lines[-1]  # saved and loaded: the same answer
    assert "item 'NEW001' is unknown; left out" in done.stdout
    assert "popularity of 7 days" in done.stdout
    assert "recall@k divides by min(k, targets)" in done.stdout


def printed(text: str) -> list[list[str]]:
    """The printed lists of ids."""
    return list(ast.literal_eval(text))
