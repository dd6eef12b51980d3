"""The pages of the large models and their pictures say what the code and the benchmarks' files say."""

import runpy
import xml.etree.ElementTree as ElementTree
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from zhiyin.models import ESTIMATORS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        return runpy.run_path(str(DOCS / "models.py"))


@pytest.fixture(scope="module")
def drawings() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "drawings.py"))


def test_pages_and_pictures_are_what_the_code_and_the_files_give(made: dict[str, Any]):
    written = made["written"]()
    there = [*DOCS.glob("models/*.md"), *DOCS.glob("pictures/model-*.svg"), *DOCS.glob("pictures/curve-*.svg")]
    assert sorted(there) == sorted(written), "run: python docs/models.py; take away what it does not write"
    for path, said in written.items():
        assert path.read_text(encoding="utf-8") == said, f"{path.name}: run: python docs/models.py"


def test_every_large_model_has_a_page_that_can_be_found(made: dict[str, Any]):
    families = tuple(f"zhiyin.models.{family}." for family in ("vae", "gan", "transformer"))
    named = {name for name, place in ESTIMATORS.items() if place.startswith(families)} - {"VAECosine"}  # MultVAE's page
    assert set(made["MODELS"]) == named
    overview, navigation = (path.read_text(encoding="utf-8") for path in (DOCS / "models.md", ROOT / "mkdocs.yml"))
    for name in named:
        assert f"[`{name}`](models/{name.lower()}.md)" in overview
        assert f"- {name}: models/{name.lower()}.md" in navigation


def test_every_paper_of_a_page_is_named_in_the_code(made: dict[str, Any]):
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/zhiyin/models").rglob("*.py"))
    assert {number for large in made["MODELS"].values() for number in large.papers} == set(made["PAPERS"])
    assert [number for number in made["PAPERS"] if number not in code] == []


def test_a_drawing_is_named_and_its_boxes_and_words_have_room(made: dict[str, Any], drawings: dict[str, Any]):
    for name, large in made["MODELS"].items():
        picture = ElementTree.fromstring(drawings["svg"](large.drawing, name))  # noqa: S314  our own
        assert picture.get("role") == "img"
        assert picture.findtext("{*}title") == name
        rows = drawings["column"](large.drawing)
        places = [*rows, *(drawings["placed_beside"](box, rows) for box in large.drawing.beside)]
        for one, other in combinations(places, 2):
            apart = one.bottom <= other.top or other.bottom <= one.top or one.right < other.left
            assert apart, f"{name}: {one} {other}"
        for box, place in zip((*large.drawing.column, *large.drawing.beside), places, strict=True):
            if box.label not in drawings["OPERATORS"]:
                letters = max(map(len, box.label.split("\n"))) + len(box.shape)
                room = place.right - place.left - 2 * drawings["PAD"]
                assert drawings["LETTER"] * letters <= room, f"{name}: {box.label}"
