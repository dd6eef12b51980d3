"""The report is one harmless offline file that says what the run says, and nothing about what it lacks."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import LANGUAGES, Language
from zhiyin.reports import write
from zhiyin.reports.words import WORDS

HOSTILE = "<script>alert('汉字')</script>"


def run_of(hostile: str = HOSTILE) -> dict[str, Any]:
    figure = {"value": 0.1234, "low": 0.1, "high": 0.15, "n": 9}
    return {
        "steps": [{"name": "data", "seconds": 1.5, "summary": hostile}],
        "metric": "ndcg@10",
        "data": {
            "summary": {"en": hostile, "zh": hostile}, "taken_in": {"no customer": 135080},
            "quality": {"score": 0.5, "checks": [{"name": hostile, "verdict": "warn", "rows": 3, "share": 0.25}]},
            "fixes": [{"name": "returns", "rows": 8905, "left": 397924, "en": "cancellations", "zh": "取消的订单"}],
            "leakage": {"verdict": "pass", "findings": [{"what": hostile}]},
        },
        "models": {hostile: {"verdict": hostile, "curve": [{"loss": 3.0}, {"loss": 2.0}]}},
        "evaluation": {"split": {"rule": hostile}, "models": {hostile: {"ndcg@10": figure}}},
        "comparison": {"pairs": [{"a": hostile, "b": "b", "difference": 0.5, "low": 0, "high": 1, "p_holm": 0.04}]},
        "specifications": [
            {"attributes": {"title": [hostile, "jug"], "price": 2.0}, "neighbours": [{"item": hostile}], "novelty": 0.5}
        ],
        "recommendations": [
            {"user": hostile, "history": [hostile], "notes": [hostile], "unknown_items": [],
             "items": [{"item": hostile, "score": 0.75, "reason": hostile, "source": hostile,
                        "columns": {"title": hostile}}]}
        ],
    }  # fmt: skip


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href")]


def written(run: dict[str, Any], folder: Path, language: Language = "en") -> str:
    write(run, folder / "run.html", language)
    return (folder / "run.html").read_text("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_ids_stay_text_and_nothing_is_loaded(tmp_path: Path, language: Language) -> None:
    html = written(run_of(), tmp_path, language)
    tags = Tags(html)
    assert "script" not in tags.tags
    assert all(re.fullmatch(r"#\w+", link) for link in tags.links)
    assert html.count("alert(") >= 15
    assert "@import" not in html
    assert "url(" not in html


def test_figures_stand_with_their_intervals_in_picture_and_table(tmp_path: Path) -> None:
    html = written(run_of("x"), tmp_path)
    assert "0.1234 [0.1000, 0.1500]" in html
    assert "0.1000 – 0.1500" in html
    for shown in ("135,080", "8,905", "397,924", "cancellations", "0.0400", "title: x jug; price: 2.0"):
        assert shown in html
    assert html.count("<svg") == 2


def test_chinese_has_no_english_heading(tmp_path: Path) -> None:
    html = written(run_of("x"), tmp_path, "zh")
    headings = re.findall(r"<h[123]>(.*?)</h[123]>", html)
    assert WORDS["models"].zh in headings
    assert not [heading for heading in headings if heading.isascii() and heading != "x"]
    assert "取消的订单" in html
    assert "警告" in html


def test_sections_without_data_are_left_out(tmp_path: Path) -> None:
    assert Tags(written({}, tmp_path)).tags.count("h2") == 0
    one = {"steps": [{"name": "data", "seconds": 1.5, "summary": "done"}], "comparison": None}
    assert re.findall("<h2>(.*?)</h2>", written(one, tmp_path)) == ["Steps and cost"]


def test_an_unspoken_language_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="language 'fr' is not spoken here; choose one of: en, zh"):
        written(run_of(), tmp_path, "fr")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_the_best_list_stands_first_and_is_compared_with_each_other(tmp_path: Path) -> None:
    figure = {"low": 0.0, "high": 1.0, "n": 9}
    run = {
        "metric": "ndcg@10",
        "evaluation": {"models": {name: {"ndcg@10": {**figure, "value": value}}
                                  for name, value in (("weak", 0.1), ("best", 0.3), ("middle", 0.2))}},
        "comparison": {"pairs": [{"a": a, "b": b, "difference": 0.1, "low": 0.0, "high": 0.2, "p_holm": 0.5}
                                 for a, b in (("weak", "best"), ("weak", "middle"), ("best", "middle"))]},
    }  # fmt: skip
    write(run, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text("utf-8")
    assert page.index(">best<") < page.index(">middle<") < page.index(">weak<")
    assert re.search(r"best − weak<td[^>]*>−0.1000 <span[^>]*>\[−0.2000, \+0.0000\]", page)
    assert "best − middle" in page
    assert "weak − middle" not in page
