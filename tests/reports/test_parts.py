"""Each part of the page says what the run says; odd runs end in a page, too."""

import copy
import os
import re
import shutil
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import LANGUAGES, Language
from zhiyin.reports import write
from zhiyin.reports.found import shown_history

LARGEST = 3_000_000
"""Bytes of a page."""


def figure(value: float, spread: float = 0.01) -> dict[str, Any]:
    return {"value": value, "low": value - spread, "high": value + spread, "n": 9}


def whole(models: int = 3, name: str = "model") -> dict[str, Any]:
    """A run that has every part."""
    names = [f"{name} {n}" for n in range(models)]
    values = {n: 0.2 - 0.001 * place for place, n in enumerate(names)}
    lists = {**values, "all six steps (Logistic)": 0.3, "popularity": 0.1, "popularity of 7 days": 0.15, "random": 0.01}
    cell = {"features": "VAE", "predictor": "Logistic", "difference": 0.02, "low": 0.01, "high": 0.03}
    specification = {
        "attributes": {}, "text": "jug, price 2–4", "text_zh": "jug，价格 2–4", "novelty": 0.5,
        "neighbours": [{"item": "i1"}],
    }  # fmt: skip
    bars = {"labels": ["1", "2–3"], "counts": [5, 2]}
    return {
        "metric": "ndcg@10",
        "steps": [{"name": "data", "seconds": 0.1, "made_in": 1.5, "cpu_s": 300.0, "peak_mb": 512, "summary": "done"},
                  {"name": "models", "seconds": 0.1, "made_in": 2.0, "cpu_s": None, "peak_mb": None, "summary": "x"}],
        "data": {
            "key": "k", "summary": {"en": "7 events", "zh": "7 个事件"}, "fixes": [],
            "distributions": {"person": bars, "item": bars, "time": bars, "value": bars, "half": {"items": 1, "of": 4}},
            "quality": {"score": 0.5, "checks": [{"name": "returns", "verdict": "fail", "rows": 3, "share": 0.25}]},
            "leakage": {"verdict": "pass", "findings": []},
        },
        "models": {n: {"verdict": "still improving", "verdict_zh": "仍在进步", "best_epoch": 2,
                       "curve": [{"epoch": 1, "loss": 3.0, "validation": 0.1}, {"epoch": 2, "loss": 2.0,
                                                                                "validation": 0.2}]} for n in names},
        "rankers": {"Logistic": {"importance": {"popularity": 0.75, "age": 0.25}}},
        "calibration": {"Logistic": {"predicted": [0.1, 0.2], "observed": [0.1, 0.3], "rows": [5, 5], "error": 0.0123,
                                     "log_loss": 0.4, "normalised_entropy": None}, "Trees": {}},
        "evaluation": {"split": {"rule": "by time", "references": ["popularity", "popularity of 7 days", "random"]},
                       "models": {n: {"ndcg@10": figure(value)} for n, value in lists.items()}},
        "comparison": {"pairs": [{"a": n, "b": "all six steps (Logistic)", "difference": lists[n] - 0.3, "low": -0.31,
                                  "high": -0.05, "p": 0.001, "p_holm": 0.0102} for n in lists if "Logistic" not in n]},
        "sources": {n: {"reached": figure(0.2), "reached_alone": figure(0.1), "hits": figure(0.9),
                        "hits_alone": figure(0.05, 0.1 * place)} for place, n in enumerate(names[:2])},
        "ablation": {"cells": [cell], "control": {"cells": [{**cell, "difference": 0.0}]}, "metric": "ndcg@10",
                     "people": 1277, "verdict": "VAE adds", "verdict_zh": "VAE 有贡献"},
        "effects": {"metric": "ndcg@10", "model": "EASE", "effects": [
            {"name": "returns", "in_recipe": False, "with": 0.12, "without": 0.1, "difference": 0.02, "low": 0.01,
             "high": 0.03, "p_holm": 0.01, "en": "Returned goods", "zh": "退货"}]},
        "content": {
            "blocks": {"look": {"encoder": "Pictures", "columns": ["image"], "width": 8, "items": 70, "absent": 3,
                                "unusable": {"it is empty": 2}}},
            "near": {"look": [{"item": "i1", "near": [{"item": "i3", "likeness": 0.9}]}]},
            "cold": {"model": "model 0", "of": 1000,
                     "items": [{"item": "i9", "people": [{"user": "u7", "place": 12}]}]},
            "pictures": {"i3": "data:image/jpeg;base64,AAAA"},
        },
        "content_effects": {
            "model": "model 0", "metric": "recall@20", "people": 600, "value": 0.3,
            "cells": [{"content": "look shuffled", "value": 0.2, "difference": -0.1, "low": -0.12, "high": -0.08,
                       "p_holm": 0.001}],
        },
        "generation": {
            "summary": {"en": "a GAN", "zh": "一个 GAN"}, "goals": {"told_apart": [0.0, 0.75], "new": [0.2, 1.0]},
            "judgement": {"told_apart": figure(0.8), "new": figure(0.85), "modes": figure(0.6),
                          "marginals": {"told_apart": figure(0.9)}},
            "gaps": [{"specification": specification, "people": 35, "low": 13, "high": 61}],
        },
        "specifications": [specification],
        "recommendations": [{"user": "u1", "history": ["i1", "i2"], "notes": [], "items": [
            {"item": "i3", "score": 0.5, "source": "vae", "reason": "because", "columns": {"title": "VASE"}}]}],
        "titles": {"i1": "RED JUG"},
    }  # fmt: skip


def page(run: dict[str, Any], folder: Path, language: Language = "en", **further: Any) -> str:
    write(run, folder / "run.html", language, **further)
    return (folder / "run.html").read_text("utf-8")


def plain(html: str) -> str:
    """What a reader reads, tables and pictures run together."""
    body = re.sub(r"<style>.*?</style>|<desc>.*?</desc>|<title>.*?</title>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def summary_of(html: str) -> list[str]:
    return re.findall(r"<p>(.*?)</p>", html[html.index('<div class="summary">') : html.index("</div>")])


HARD = ("<script>alert(1)</script>", "x" * 2000, "汉字" * 500, "</svg></table></section>", "$\\frac{", "{{ 7 * 7 }}")
SECTIONS = ["data", "content", "models", "sources", "training", "rankers", "ablation", "new", "people", "steps"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_is_there_and_is_led_to(tmp_path: Path, language: Language) -> None:
    html = page(whole(), tmp_path, language)
    assert re.findall(r'<section id="(\w+)">', html) == SECTIONS
    assert re.findall(r'<a href="#(\w+)">', html) == SECTIONS
    assert html.count("<svg") == 4 + 9
    assert "{" not in plain(html)


HOLDS = {
    "data": "data", "content": "content", "evaluation": "models", "sources": "sources", "models": "training",
    "ablation": "ablation", "recommendations": "people", "steps": "steps", "rankers": None, "generation": None,
    "effects": None, "content_effects": None, "calibration": None, "comparison": None, "titles": None,
}  # fmt: skip
"""Part of a run and the section that goes with it; None: the section has something else to say."""


@pytest.mark.parametrize("part", HOLDS)
def test_a_part_that_is_missing_takes_only_itself_away(tmp_path: Path, part: str) -> None:
    run = whole(1)
    if HOLDS[part] is None:
        run[part] = {}
    else:
        del run[part]
    run.pop("effects" if part == "data" else "", None)
    expected = [name for name in SECTIONS if name != HOLDS[part]]
    assert re.findall(r'<section id="(\w+)">', page(run, tmp_path)) == expected


def test_what_the_boss_reads_first(tmp_path: Path) -> None:
    read, compared, after = summary_of(page(whole(), tmp_path))
    assert read == "Read: 7 events; data quality 0.50 of 1."
    assert compared == (
        "The best list, all six steps (Logistic), is 100% better than popularity of 7 days, the best without a model: "
        "ndcg@10 0.300 against 0.150, a difference of 0.150 [0.050, 0.310] (p = 0.001; after correction for all "
        "comparisons p = 0.010)."
    )
    assert after == (
        "Next: mend the log, which fails Returned goods and cancelled invoices; add the fix returns, worth +0.0200 "
        "ndcg@10; train model 0, model 1, model 2 as their verdicts under Training say; ask whether the sources "
        "model 1 should stay: no hit is shown to be theirs alone."
    )


def test_the_headline_is_of_what_answers_and_names_what_is_surely_better(tmp_path: Path) -> None:
    run = whole()
    network, lists = "all six steps (NeuralNetwork)", run["evaluation"]["models"]
    lists[network] = {"ndcg@10": figure(0.4)}
    run["answers"] = "all six steps (Logistic)"
    pair = {"a": network, "b": run["answers"], "difference": 0.1, "low": 0.05, "high": 0.15, "p": 0.001, "p_holm": 0.2}
    run["comparison"]["pairs"].append(pair)
    said = summary_of(page(run, tmp_path))[1]
    assert said.startswith("What answers, all six steps (Logistic), is 100% better than popularity of 7 days")
    assert "NeuralNetwork" not in said  # not after Holm
    pair["p_holm"] = 0.03
    assert summary_of(page(run, tmp_path))[1].endswith(
        " all six steps (NeuralNetwork) is better than that by 0.100 (p = 0.030 after correction for all comparisons): "
        "[ranker] model = &#34;NeuralNetwork&#34; in zhiyin.toml lets it answer."
    )
    assert "全部六步（NeuralNetwork） 比它高 0.100" in plain(page(run, tmp_path, "zh")).replace("。全部", "。全部")
    run["answers"] = "model 0"
    assert summary_of(page(run, tmp_path))[1].startswith("What answers, model 0, is not shown to be better")


def test_what_is_not_shown_is_not_claimed(tmp_path: Path) -> None:
    run = whole()
    for pair in run["comparison"]["pairs"]:
        pair["p_holm"] = 0.06  # of the one comparison that was planned its own p decides
    assert "100% better" in summary_of(page(run, tmp_path))[1]
    for pair in run["comparison"]["pairs"]:
        pair["p"] = 0.06
    assert summary_of(page(run, tmp_path))[1] == (
        "The best list, all six steps (Logistic), is not shown to be better than popularity of 7 days, which needs no "
        "model: ndcg@10 0.300 against 0.150."
    )
    assert "better than" not in "".join(summary_of(page({**run, "evaluation": {}}, tmp_path)))


def test_content_shows_what_is_covered_what_is_alike_and_who_gets_a_new_item(tmp_path: Path) -> None:
    html = page(whole(), tmp_path)
    text = plain(html)
    assert "look image Pictures 8 70 3 it is empty (2)" in text
    assert "Most alike by look (cosine of their vectors) RED JUG i1 i3 0.90" in text
    assert "By model 0: the place in the list of the person, of 1,000 who were asked about. i9 u7 (12)" in text
    assert "model 0 learned again without a block, or with it shuffled between the items: recall@20 beside" in text
    assert html.count("<img") == 1
    assert '<img src="data:image/jpeg;base64,AAAA" alt=""><br>i3' in html
    assert "img-src data:" in html


def test_where_all_sources_find_the_same_none_is_blamed(tmp_path: Path) -> None:
    run = whole()
    run["sources"]["model 0"]["hits_alone"] = figure(0.0)
    assert "should stay" not in summary_of(page(run, tmp_path))[2]


def test_a_leak_comes_first_and_a_good_run_says_so(tmp_path: Path) -> None:
    run = whole()
    run["data"]["leakage"]["verdict"] = "warn"
    assert "Next: look at what the leakage audit found" in summary_of(page(run, tmp_path))[2]
    good = {**whole(), "effects": {}, "sources": {}}
    good["data"]["quality"]["checks"] = []
    good["models"] = {name: {"verdict": "converged at epoch 2"} for name in good["models"]}
    assert summary_of(page(good, tmp_path))[2] == "Next: nothing stands out; try it on people."
    weak = {**good, "models": {"popularity": {}, "model 0": {}}}
    weak["evaluation"]["models"]["model 0"] = {"ndcg@10": figure(0.01)}
    assert "ask whether popularity, model 0 should stay: no better" in summary_of(page(weak, tmp_path))[2]


def test_chinese_names_lists_in_chinese_and_models_as_the_recipe_does(tmp_path: Path) -> None:
    run = whole()
    run["models"]["random"] = {"verdict": "converged"}
    text = plain(page(run, tmp_path, "zh"))
    assert "最近 7 天热门" in text
    assert "全部六步（Logistic） − 最近 7 天热门" in text
    assert "popularity of" not in text
    assert "model 0" in text
    assert " random " in text
    assert "VAE 有贡献" in text
    assert "jug，价格 2–4" in text
    english = [word for word in re.findall(r"[A-Za-z]{4,}", text)
               if word not in ("model", "Holm", "Logistic", "random", "ndcg", "popularity", "EASE", "zhiyin", "report",
                               "watts", "returns", "VASE", "because", "price", "done", "time", "slate", "look",
                               "image", "Pictures", "recall", "shuffled")]  # fmt: skip
    assert not english


def test_judgement_goals_gaps_and_titles(tmp_path: Path) -> None:
    text = plain(page(whole(), tmp_path))
    assert "(AUC; 0.5: it cannot) 0.8000 0.7900 – 0.8100 0.9000 0.8900 – 0.9100 ≤ 0.75 missed" in text
    assert "share of made items that no real one is near to 0.8500 0.8400 – 0.8600 – ≥ 0.2 reached" in text
    assert "a made one is near to 0.6000 0.5900 – 0.6100 – – –" in text
    assert "jug, price 2–4 35 [13, 61] RED JUG i1" in text
    assert "history, newest last: RED JUG i1 · i2" in text
    assert "Half of all events are on 1 of 4 items (25.0%)." in text
    assert "0.0123 0.4000 –" in text
    assert "returns (asked for by a check, not in the recipe)" in text
    assert "More than chance (p after correction for all fixes): returns." in text
    run = whole()
    run["effects"]["effects"][0]["p_holm"] = 0.05
    text = plain(page(run, tmp_path))
    assert "None of these differences is shown to be more than chance" in text
    assert "add the fix" not in text


def test_energy_is_watts_times_cpu_seconds_and_the_assumption_is_said(tmp_path: Path) -> None:
    text = plain(page(whole(), tmp_path))
    assert "12 W for each busy core" in text
    assert "data 1.5 300.0 512 1.0000 done" in text
    assert "large models 2.0 – – – x" in text
    assert "all 3.5 300.0 512 1.0000" in text
    assert "data 1.5 300.0 512 0.5000" in plain(page(whole(), tmp_path, watts=6))
    for nothing in (0.0, -3.0, float("nan"), float("inf")):
        with pytest.raises(SettingsError, match="a busy core takes .* W; give a number above 0, such as 12"):
            page(whole(), tmp_path, watts=nothing)


def test_one_list_alone_is_a_page(tmp_path: Path) -> None:
    one = {"evaluation": {"models": {"only": {"ndcg@10": figure(0.1)}}}}
    html = page(one, tmp_path)
    assert html.count("<svg") == 1
    assert '<div class="summary">' not in html
    assert "<nav>" not in html


class Balance(HTMLParser):
    """Whether the elements that must be closed are."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open = dict.fromkeys(("section", "table", "svg", "div", "nav"), 0)
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in self.open:
            self.open[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            self.open[tag] -= 1


def hard(models: int) -> dict[str, Any]:
    """So many models, and all names that are hard wherever a name may stand."""
    run = whole(models)
    for name in HARD:
        run["models"][name] = run["models"]["model 0"]
        run["evaluation"]["models"][name] = {"ndcg@10": figure(0.2)}
        run["sources"][name] = run["sources"]["model 0"]
        run["recommendations"][0]["notes"].append(name)
        run["effects"]["effects"].append({**run["effects"]["effects"][0], "name": name})
        run["titles"][name] = name
    run["recommendations"][0] |= {"user": HARD[1], "history": ["i1", *HARD]}
    return run


def test_fifty_models_of_any_name_stay_a_small_whole_page(tmp_path: Path) -> None:
    html = page(hard(44), tmp_path)
    assert len(html.encode()) <= LARGEST
    assert "<script" not in html
    assert "{{ 7 * 7 }}" in html
    assert not any(Balance(html).open.values())
    assert html.count("<svg") == 13


def test_a_run_is_not_changed(tmp_path: Path) -> None:
    run = whole()
    before = copy.deepcopy(run)
    page(run, tmp_path, "zh")
    assert run == before


def test_chromium_opens_it_within_a_second_without_a_complaint(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        required = "chromium" in os.environ.get("ZHIYIN_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)("Chromium is absent")
    from playwright.sync_api import sync_playwright

    page(hard(10), tmp_path, "zh")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        said: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        took = []
        for _ in range(3):  # other tests run beside this one
            started = time.perf_counter()
            tab.goto((tmp_path / "run.html").as_uri())
            took.append(time.perf_counter() - started)
        wide = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        tab.set_viewport_size({"width": 390, "height": 800})
        narrow = tab.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert not said
    assert min(took) < 1
    assert (wide, narrow) == (0, 390), "the page is wider than the window"


def test_what_a_reason_names_is_in_the_history_that_is_shown() -> None:
    history = [f"h{n}" for n in range(12)]
    reasons = [{"events": ["h2", "h11"]}, {"events": history}]  # the second speaks of the history as a whole
    slate = {"history": history, "items": [{"item": "x", "reasons": [reason]} for reason in reasons]}
    assert shown_history(slate, 3) == [None, "h2", None, "h9", "h10", "h11"]
    assert shown_history({**slate, "items": []}, 3) == [None, "h9", "h10", "h11"]
    assert shown_history({"history": ["a", "b", "a", "c"], "items": [{"reasons": [{"events": ["a"]}]}]}, 1) == [
        None, "a", "c",
    ]  # fmt: skip
    assert shown_history({"history": ["a"], "items": []}, 3) == ["a"]


def test_slates_have_ranks_and_scores_that_differ_and_idle_cleaning_is_left_out(tmp_path: Path) -> None:
    run = whole()
    items = run["recommendations"][0]["items"]
    items.append({**items[0], "item": "i4", "score": 0.50004})
    run["data"]["fixes"] = [{"name": "returns", "rows": 0, "left": 7, "en": "idle", "zh": "idle"},
                            {"name": "price", "rows": 2, "left": 5, "en": "busy", "zh": "busy"}]  # fmt: skip
    text = plain(page(run, tmp_path))
    assert "1 VASE i3 0.50000" in text
    assert "2 VASE i4 0.50004" in text
    assert "busy 2 5" in text
    assert "idle" not in text
    run["ablation"]["cells"][0]["features"] = "all"
    assert "全部" in page(run, tmp_path, "zh").split('<section id="ablation">')[1].split("</section>")[0]
