"""The reference says what the code says, and the pages' names of code exist."""

import ast
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`([\w/]+\.py):([\w.]+)`")
EXPLAINED = [*sorted(ROOT.glob("docs/steps/*.md")), ROOT / "docs/learning.md"]


@pytest.fixture(scope="module")
def made() -> str:
    return str(runpy.run_path(str(ROOT / "docs/reference.py"))["page"]())


def test_the_reference_is_what_the_code_gives(made: str):
    assert (ROOT / "docs/reference.md").read_text(encoding="utf-8") == made, "run: python docs/reference.py"


def test_every_setting_option_and_column_has_a_meaning(made: str):
    rows = [line for line in made.splitlines() if line.startswith("|")]
    assert len(rows) > 250
    assert [row for row in rows if re.search(r"\|\s*\|", row)] == []


def words(path: Path) -> set[str]:
    """Every name that a file defines or uses."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for part in ("name", "id", "attr", "arg"):
            if isinstance(word := getattr(node, part, None), str):
                found.add(word)
    return found


@pytest.mark.parametrize("page", EXPLAINED, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_name_of_code_on_a_page_is_there(page: Path):
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    assert len(named) >= 5
    for file, name in named:
        path = ROOT / "src/zhiyin" / file
        assert path.is_file(), f"{page.name}: {file}"
        assert set(name.split(".")) <= words(path), f"{page.name}: {file} has no {name}"


def test_every_room_stands_on_the_page_of_papers():
    text = (ROOT / "docs/learning.md").read_text(encoding="utf-8")
    rooms = [path.parent.name for path in (ROOT / "src/zhiyin").glob("*/__init__.py")]
    assert len(rooms) > 10
    assert [room for room in rooms if f"`{room}`" not in text] == []


def test_every_paper_that_the_code_names_stands_on_the_page_of_papers():
    text = (ROOT / "docs/learning.md").read_text(encoding="utf-8")
    found = set()
    for path in (ROOT / "src/zhiyin").rglob("*.py"):
        found.update(re.findall(r"(?:arXiv|doi)\s+(10\.\S+[^\s,.;:)]|\d{4}\.\d{5})", path.read_text(encoding="utf-8")))
    assert len(found) > 15
    assert sorted(paper for paper in found if paper not in text) == []
