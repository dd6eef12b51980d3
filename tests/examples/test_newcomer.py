"""The newcomer's page runs on the bundled log as a CSV, dirt included, and each task takes the lines it is said to."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from zhiyin.data.bundled import online_retail

PAGE = Path(__file__).parents[2] / "examples" / "newcomer.py"
MOST_LINES = {
    "from a dirty CSV to ten items in your own ids": 4,
    "what was left out on the way, and why": 1,
    "a basket of somebody unknown": 1,
    "one more event, and the next answer is another": 1,
    "an item that was never sold is named, and the rest is answered": 1,
    "a new item of which only the catalogue's row is known": 3,
    "why each item: what the answer would be without an event, tried": 1,
    "split in time, popularity beside, intervals, the rule in words": 2,
    "is it really better than popularity": 1,
    "save, load elsewhere, the same answer": 2,
    "a server, and an event that changes its very next answer": 4,
    "a mistake is answered with what was found and what to do": 4,
}
"""Task → lines, imports not counted; one more for ``import zhiyin`` in each."""


def tasks() -> dict[str, list[str]]:
    """Each comment of the page with the lines of code below it."""
    found: dict[str, list[str]] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("# "):
            found[line[2:]] = []
        elif found and line.strip():
            found[list(found)[-1]].append(line)
    return found


def test_each_task_takes_as_few_lines_as_promised() -> None:
    assert {task: len(lines) for task, lines in tasks().items()} == MOST_LINES
    assert all(len(line) <= 120 and ";" not in line for lines in tasks().values() for line in lines)


@pytest.mark.slow
def test_the_tasks_of_a_newcomer(tmp_path: Path) -> None:
    pl.read_parquet(online_retail()).write_csv(tmp_path / "transactions.csv")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(PAGE), str(tmp_path / "transactions.csv"), str(tmp_path / "model")],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    first, basket, later, fitting, again = (ids for line in lines for ids in printed(line))
    assert len(first) == len(basket) == 10
    for count in ("135,080", "8,905", "1,547"):
        assert any(count in line for line in lines), count
    assert "22865" in basket
    assert "22865" not in later
    assert later != basket
    assert "[[\"item 'NEW001' is unknown; left out\"]]" in lines
    assert fitting.index("NEW001") < 10  # another hand warmer, never sold
    assert done.stdout.count("because of HAND WARMER") == 3
    assert "popularity of 7 days" in done.stdout
    assert "recall@k divides by min(k, targets)" in done.stdout
    assert "left out: 25,955 taken before, 268 people without history" in done.stdout
    assert re.search(r"EASE - popularity: \+0\.\d{4} \[\+0\.\d{4}, \+0\.\d{4}\] p 0\.", done.stdout)
    assert again == basket
    before, after = (line.partition(" ")[2] for line in lines if line.startswith(("before ", "after ")))
    assert before != after
    assert "22423" not in after
    assert lines[-1] == "user 17850 is unknown; '17850' as text is known; ids are text: give '17850'"


def printed(line: str) -> list[list[str]]:
    """The lists of ids that a line shows."""
    return list(ast.literal_eval(line)) if line.startswith("[['") else []
