"""The page of figures says what the benchmarks' files say."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_files_give(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT))
    sys.modules.pop("benchmarks", None)
    from benchmarks.tables import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m benchmarks.tables"


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_figures_of_the_demo_are_those_of_the_last_run_of_it(page: str):
    found = json.loads((ROOT / "benchmarks/results/demo.json").read_text(encoding="utf-8"))
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in ("all six steps (Logistic)", "ease", "popularity of 7 days"):
        value, low, high = (f"{found['ndcg@10'][name][part]:.4f}" for part in ("value", "low", "high"))
        assert f"{value} [{low}, {high}]" in text, "run: python -m benchmarks.demo, and write its figures"
    assert f"{found['cases']:,}" in text
