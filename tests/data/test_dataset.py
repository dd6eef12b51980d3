"""Frames to histories: the fast way against the obvious one, ids byte for byte, consent obeyed."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.core.errors import DataError
from zhiyin.data import coding, numbers
from zhiyin.data.coding import coded, in_order
from zhiyin.data.dataset import Dataset, encode_histories
from zhiyin.data.numbers import numbered
from zhiyin.data.weighting import Weighting

IDS = st.one_of(
    st.text(min_size=1, max_size=4), st.integers(0, 30).map(str), st.text("ab", min_size=11, max_size=14),
    st.sampled_from(["007", "+7", "-0", "7", "a\0", "a", "twelve bytes", "twelve bytes\0", "é" * 6, "é" * 7]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("bits", "places", "step"), [(14, 4, 1 << 16), (2, 0, 7), (1, 1, 3)],
    ids=["as shipped", "a table too small, tiny parts", "a table that grows"],
)  # fmt: skip
@given(ids=st.lists(IDS, min_size=1, max_size=60))
def test_ids_are_numbered_by_first_appearance(bits, places, step, ids):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "BITS", bits)
        patch.setattr(numbers, "PLACES", places)
        patch.setattr(numbers, "STEP", step)
        found = numbered(pl.Series(ids, dtype=pl.String))
    codes, distinct = found.codes, found.distinct
    assert distinct.to_list() == list(dict.fromkeys(ids))
    assert [distinct[int(code)] for code in codes] == ids


@given(st.lists(IDS, min_size=1, max_size=20), st.lists(IDS, max_size=20))
def test_ids_of_a_table_come_first(ids, table):
    found = coded(pl.Series(ids, dtype=pl.String), pl.Series(table, dtype=pl.String))
    assert list(found.ids) == list(dict.fromkeys([*table, *ids]))
    assert found.ids.take(found.rows) == ids


@given(st.lists(st.text("ab", min_size=12, max_size=15), min_size=1, max_size=60))
def test_long_ids_of_one_hash_are_kept_apart(ids):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "STEP", 5)
        patch.setattr(numbers, "CHUNKS", 2)
        patch.setattr(numbers, "_hashed", lambda texts: np.full(len(texts), numbers.NOBODY))
        found = numbered(pl.Series(ids, dtype=pl.String))
    assert found.distinct.to_list() == list(dict.fromkeys(ids))
    assert found.texts.to_list() == ids


def test_numbers_go_on_from_column_to_column():
    given = numbers.Numbers()
    first, second = (pl.Series(ids, dtype=pl.String) for ids in (["b", "a long identifier", "b"], ["c", "b", "c"]))
    assert given.of(first).tolist() == [0, 1, 0]
    assert given.of(second).tolist() == [2, 0, 2]
    assert given.distinct().to_list() == ["b", "a long identifier", "c"]


def test_a_slice_of_a_column_and_one_in_chunks_are_read_where_they_begin():
    column = pl.concat([pl.Series(["x", "y"]), pl.Series(["y", "z", "x"])], rechunk=False)
    assert numbered(column.slice(1)).codes.tolist() == [0, 0, 1, 2]
    assert numbered(column.slice(1)).distinct.to_list() == ["y", "z", "x"]


TIMES = st.one_of(st.integers(0, 3), st.integers(-5, 2**62))


@pytest.mark.parametrize("step", [1 << 16, 5], ids=["as shipped", "many blocks"])
@given(rows=st.lists(st.tuples(st.integers(0, 6), TIMES, st.integers(-1, 2)), max_size=50))
def test_the_order_is_that_of_a_stable_sort(step, rows):
    users, times, positions = (np.array([row[i] for row in rows], np.int64) for i in range(3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coding, "STEP", step)
        found = in_order(users, [times, positions])
    order = found.placed(np.arange(len(rows))).tolist()
    assert order == sorted(range(len(rows)), key=lambda i: rows[i])
    assert list(zip(found.placed(users), *found.keys, strict=True)) == sorted(rows)


def test_the_order_is_time_then_position_then_row():
    frame = pl.DataFrame(
        {"user": ["a"] * 5, "item": list("vwxyz"), "time": [2, 1, 2, 2, 2], "position": [1, 9, None, 0, 1]}
    )
    dataset = Dataset.from_frame(frame)
    assert dataset.catalogue.ids.take(dataset.histories.items) == ["w", "x", "y", "v", "z"]
    assert dataset.histories.times.tolist() == [1, 2, 2, 2, 2]
    assert dataset.order == "time"


def test_without_time_the_position_and_without_it_the_row_is_the_order():
    frame = pl.DataFrame({"user": ["a", "b", "a", "a"], "item": ["x", "y", "z", "w"], "position": [5, 0, None, 3]})
    by_position, by_row = Dataset.from_frame(frame), Dataset.from_frame(frame.drop("position"))
    assert (by_position.order, by_row.order) == ("position", "row")
    assert by_position.catalogue.ids.take(by_position.histories.items) == ["z", "w", "x", "y"]
    assert by_row.catalogue.ids.take(by_row.histories.items) == ["x", "z", "w", "y"]
    assert by_row.histories.times.tolist() == [0, 1, 2, 0]


def test_pandas_polars_and_arrow_give_one_dataset():
    frame = pl.DataFrame(
        {"user": ["b", "a", "b"], "item": ["1", "2", "2"], "time": [3, 2, 1], "value": [1.0, 2.0, 3.0]}
    )
    digests = {Dataset.from_frame(f).digest for f in (frame, frame.to_pandas(), frame.to_arrow(), frame.lazy())}
    assert len(digests) == 1


def test_unusable_rows_are_dropped_and_counted():
    frame = pd.DataFrame({"user": [17850.0, np.nan, 12346.0, 1.0], "item": ["x", "y", None, "z"]})
    dataset = Dataset.from_frame(frame)
    assert list(dataset.users) == ["17850", "1"]
    assert [report.sentence.en for report in dataset.report] == [
        "1 lines have no item: left out", "1 lines have no customer: left out",
    ]  # fmt: skip
    odd = Dataset.from_frame(pl.DataFrame({"user": ["a", "b"], "item": ["x", "y"], "value": [float("inf"), None]}))
    assert odd.histories.n_events == 2


def test_ids_of_mixed_types_are_refused():
    with pytest.raises(DataError, match=r"column 'user' mixes types \(int 1, str 'a'\); a column has one type"):
        Dataset.from_frame(pd.DataFrame({"user": ["a", 1], "item": ["x", "y"]}, dtype=object))
    with pytest.raises(DataError, match="found int; give a path, or a pandas, Polars or Arrow table"):
        Dataset.from_frame(3)


def test_a_table_of_items_keeps_items_that_nobody_took():
    items = pl.DataFrame({"id": [3, 1], "name": ["three", "one"], "price": ["2.50", "free"]})
    dataset = Dataset.from_frame(pl.DataFrame({"user": ["a"], "item": ["2"]}), items=items)
    assert list(dataset.catalogue.ids) == ["3", "1", "2"]
    assert dataset.catalogue.columns["title"].tolist() == ["three", "one", None]
    np.testing.assert_array_equal(dataset.catalogue.columns["price"], [2.5, np.nan, np.nan])


def test_one_user_and_one_item_make_a_dataset():
    dataset = Dataset.from_frame(pl.DataFrame({"user": ["u"], "item": ["i"]}))
    assert (len(dataset), dataset.n_items, dataset.histories.lengths.tolist()) == (1, 1, [1])


CONSENT = pl.DataFrame(
    {
        "user": ["a", "a", "a", "a"], "item": ["all", "train", "measure", "none"],
        "consent": [None, "train|personalise", "measure", "none"],
    }
)  # fmt: skip


def read_for(dataset: Dataset, purpose: str) -> list[str]:
    return dataset.catalogue.ids.take(dataset.for_purpose(purpose).histories.items)  # type: ignore[arg-type]


def test_an_event_without_consent_is_not_read():
    dataset = Dataset.from_frame(CONSENT)
    assert dataset.catalogue.ids.take(dataset.histories.items) == ["all", "train"]
    assert read_for(dataset, "train") == ["all", "train"]
    assert read_for(dataset, "personalise") == ["all", "train"]
    assert read_for(dataset, "measure") == ["all", "measure"]
    assert read_for(dataset.for_purpose("measure"), "train") == ["all", "train"]
    assert Dataset.from_frame(CONSENT.drop("consent")).for_purpose("measure").histories.n_events == 4


def test_an_unreadable_consent_sets_the_row_aside():
    from zhiyin.data.reading import read

    words = [None, "train | measure", "none", "personalise", "", "train,measure", "all"]
    dataset = read(pl.DataFrame({"user": ["u"] * 7, "item": list("abcdefg"), "consent": words}))
    assert list(dataset.catalogue.ids) == list("abcde")
    assert dataset.catalogue.ids.take(dataset.histories.items) == ["a", "b"]
    assert [(report.name, report.rows) for report in dataset.report] == [("consent cannot be read", 2)]


def test_consent_survives_a_new_weighting_and_unknown_purposes_are_refused():
    dataset = Dataset.from_frame(CONSENT).weighted(Weighting(kinds={"view": 3.0}))
    assert dataset.for_purpose("measure").histories.weights.tolist() == [3, 3]
    with pytest.raises(DataError, match="purpose 'sell' does not exist; the purposes are train, personalise, measure"):
        dataset.for_purpose("sell")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="consent 'train,sell' names 'train,sell'; the purposes are train"):
        Dataset.from_frame(CONSENT.with_columns(consent=pl.lit("train,sell")))


def test_a_frame_of_histories_names_what_it_does_not_know():
    catalogue = Dataset.from_frame(pl.DataFrame({"user": ["a", "a"], "item": ["85123A", "x"]})).catalogue
    asked = pd.DataFrame({"CustomerID": [2.0, 1.0, 2.0], "StockCode": ["x", "85123a", "85123A"], "time": [9, 1, 3]})
    found = encode_histories(asked, catalogue, Weighting())
    assert list(found.users) == ["2", "1"]
    assert [rows.tolist() for rows in (found.requests.histories.rows[0], found.requests.histories.rows[1])] == [
        [0, 1],
        [],
    ]
    assert [list(ids) for ids in found.unknown] == [[], ["85123a"]]
    assert found.notes[1] == ["item '85123a' is unknown; '85123A' is known; left out"]


@pytest.mark.parametrize("times", [[1, 2, 3], [3, 2, 1]])
def test_arrays_of_histories_are_the_datasets_own(times):
    frame = pl.DataFrame({"user": ["a"] * 3, "item": list("xyz"), "time": times, "value": [1.0, 2.0, 3.0]})
    h = Dataset.from_frame(frame).histories
    assert all(a.flags.writeable for a in (h.offsets, h.items, h.times, h.kinds, h.values, h.weights))
    h.values[:] = 0
    assert frame["value"].to_list() == [1, 2, 3]


def test_an_unknown_item_is_named_once_with_how_many_events_it_had():
    dataset = Dataset.from_frame(pl.DataFrame({"user": ["u", "u"], "item": ["A", "B"]}))
    said = ["item 'X' is unknown; left out, 10,000 events", "item 'b' is unknown; 'B' is known; left out"]
    frame = pl.DataFrame({"user": "u", "item": ["X"] * 10_000 + ["b", "A"]})
    for histories in ([["X"] * 10_000 + ["b", "A"]], frame):
        asked = encode_histories(histories, dataset.catalogue, dataset.weighting)
        assert (asked.notes[0], asked.unknown[0]) == (said, ["X", "b"])
        assert asked.requests.histories.n_events == 1
    people = Dataset.from_frame(frame).history_of(["u"])
    assert list(encode_histories(people, dataset.catalogue, dataset.weighting).notes[0]) == said
