"""Ids are text and come back byte for byte."""

import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.core.errors import DataError
from zhiyin.core.ids import UNKNOWN, IdIndex

NFC, NFD = unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")
STRANGE = ["a/b", "..", "%2f", '"', "'", "line\nbreak", "🎁", "汉字", "x" * 1024, NFC, NFD, " a", "a ", ""]


def test_strange_ids_come_back_byte_for_byte():
    index = IdIndex(STRANGE)
    assert index.take(index.rows(STRANGE)) == STRANGE
    assert index.row(NFC) != index.row(NFD)


def test_an_unknown_id_has_the_row_unknown():
    assert IdIndex(["a", "b"]).rows(["b", "z", "a"]).tolist() == [1, UNKNOWN, 0]
    assert IdIndex(["a"]).rows(["a"]).dtype == np.int32


@given(st.lists(st.text(), unique=True), st.lists(st.text(), unique=True))
def test_appending_keeps_the_rows(first, second):
    new = [id_ for id_ in second if id_ not in first]
    index = IdIndex(first).append(new)
    assert list(index) == [*first, *new]
    assert index.rows(first).tolist() == list(range(len(first)))


def test_the_digest_tells_lists_apart_that_join_to_the_same_text():
    assert IdIndex(["ab", "c"]).digest != IdIndex(["a", "bc"]).digest
    assert IdIndex(["a", "b"]).digest != IdIndex(["b", "a"]).digest
    assert IdIndex(["a", "b"]).digest == IdIndex(pl.Series(["a", "b"])).digest


def test_doubles_nulls_and_numbers_are_refused():
    with pytest.raises(DataError, match="id 'a' stands twice"):
        IdIndex(["a", "b", "a"])
    with pytest.raises(DataError, match="an id is missing"):
        IdIndex(pl.Series(["a", None]))
    with pytest.raises(DataError, match="id 5 is a int; ids are text: give '5'"):
        IdIndex(["a", 5])  # type: ignore[list-item]
    with pytest.raises(DataError, match="ids are Int64"):
        IdIndex(pl.Series([1, 2]))


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (17850, "17850 is unknown; '17850' as text is known"),
        (17850.0, "17850.0 is unknown; '17850' as text is known"),
        ("17850.0", "'17850.0' is unknown; '17850' is known"),
        (" 17850", "' 17850' is unknown; '17850' is known"),
        ("85123a", "'85123a' is unknown; '85123A' is known"),
        ("nothing like it", "'nothing like it' is unknown"),
    ],
)
def test_the_hint_names_the_likely_cause(asked, answer):
    assert IdIndex(["17850", "85123A"]).hint(asked) == answer
