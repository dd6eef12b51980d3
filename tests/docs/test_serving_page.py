"""The lines with curl that the pages show, asked of a really running server: a click changes the next answer."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import zhiyin
from zhiyin.answering import Answerer, Assembly, Budget
from zhiyin.data.bundled import online_retail
from zhiyin.serving import Service, running
from zhiyin.store import Store

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "README.zh-CN.md", "docs/serving.md", "docs/serving.zh.md")


def lines(page: str) -> list[str]:
    return re.findall(r"^curl .*$", (ROOT / page).read_text("utf-8"), re.MULTILINE)


def test_every_page_shows_the_same_lines():
    assert len(lines(PAGES[0])) == 3
    assert all(lines(page) == lines(PAGES[0]) for page in PAGES)


@pytest.mark.slow
def test_a_click_changes_the_next_answer_as_the_pages_say(tmp_path: Path):
    dataset = zhiyin.read(online_retail(), fixes="shop")
    model = zhiyin.models.ItemKNN().fit(dataset)
    store = Store.of(tmp_path)
    service = Service(Answerer(Assembly.alone("knn", model), dataset), store, Budget(full_s=60))
    key = store.keys.new("write", actor="test")[1]
    with running(service) as url:
        said = [
            subprocess.run(
                ["sh", "-c", f"curl -sS {line[5:]}".replace("127.0.0.1:8765", url)],
                env={**os.environ, "KEY": key}, capture_output=True, text=True, check=True, timeout=60,
            ).stdout
            for line in lines("README.md")
        ]  # fmt: skip
    service.close()
    before, taken, after = map(json.loads, said)
    assert taken["accepted"] == 1
    titles = [
        [item["columns"]["title"] for item in answer["recommendations"][0]["items"]] for answer in (before, after)
    ]
    assert titles[0] != titles[1]
    assert all("TEACUP" in title for title in titles[1])
