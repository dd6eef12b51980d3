"""Tables of items and people: which column has the ids, and where the table may be."""

import polars as pl
import pytest

from zhiyin.data.dataset import Dataset
from zhiyin.data.reading import read

EVENTS = pl.DataFrame({"customer_no": ["7", "8", "7"], "book": ["B1", "B2", "B3"], "n": [1, 1, 2]})
BOOKS = pl.DataFrame({"nr": ["1", "2", "3", "4"], "code": ["B3", "B1", "B2", "B9"], "name": list("CABZ"),
                      "kind": ["B1", "B2", "B1", "B2"]})  # fmt: skip


def titles(dataset: Dataset) -> dict[str, str]:
    return dict(zip(dataset.catalogue.ids, dataset.catalogue.columns["title"].tolist(), strict=True))


@pytest.mark.parametrize(
    ("books", "note"),
    [
        (BOOKS, "items: code is taken for the item, as the events' items stand in it"),
        (BOOKS.rename({"nr": "id"}), "items: code is taken for the item, as the events' items stand in it"),
        (BOOKS.rename({"nr": "book"}), "items: code is taken for the item, as the events' items stand in it"),
        (BOOKS.rename({"code": "Book"}), ""),
        (BOOKS.rename({"code": "sku"}), ""),
    ],
)
def test_the_ids_of_a_table_are_where_the_events_ids_stand(books, note):
    """Under any name; a usual name whose cells are something else does not mislead."""
    dataset = read(EVENTS, items=books)
    assert titles(dataset) == {"B3": "C", "B1": "A", "B2": "B", "B9": "Z"}
    assert [said for said in dataset.guess.notes if said.startswith("items:")] == ([note] if note else [])
    assert titles(Dataset.from_frame(EVENTS, items=books)) == titles(dataset)


def test_the_events_own_name_and_the_map_go_before_usual_names():
    events = EVENTS.rename({"book": "ref"})
    both = BOOKS.rename({"code": "ref"}).with_columns(sku=pl.col("ref").reverse())
    dataset = read(events, items=both, map={"item": "ref"})
    assert titles(dataset)["B3"] == "C"
    both = BOOKS.rename({"code": "book"}).with_columns(sku=pl.col("book").reverse())
    assert titles(read(EVENTS, items=both))["B3"] == "C"
    people = pl.DataFrame({"age": [7, 8, 9], "Customer No": [8, 7, 1], "user": ["Bob", "Ann", "Cy"]})
    dataset = read(EVENTS, users=people)
    assert dict(zip(dataset.users, dataset.people["age"].tolist(), strict=True)) == {"8": 7, "7": 8, "1": 9}


def test_a_table_with_none_of_the_events_ids_is_said():
    dataset = read(EVENTS, items=pl.DataFrame({"item": ["b1", "b2"], "name": ["A", "B"]}))
    assert "items: none of the first events' items stands in item" in dataset.guess.notes


def test_a_column_that_repeats_or_has_few_of_the_ids_is_none_of_ids():
    frame = pl.DataFrame({"who": ["7", "8"] * 5, "some": ["7", *"abcdefghi"], "user": list("qrstuvwxyz")})
    events = pl.DataFrame({"user": ["7", "8", "9"], "item": "x"})
    assert "users: none of the first events' users stands in user" in read(events, users=frame).guess.notes


def test_items_numbered_anew_may_have_an_id_column_of_another_name() -> None:
    events = pl.DataFrame({"user": ["a", "b"], "item": ["1", "1"], "shop": ["n", "s"]})
    items = pl.DataFrame({"id": ["1", "1"], "shop": ["n", "s"], "title": ["Mug", "Bag"]})
    dataset = read(events, items=items)
    assert dataset.catalogue.columns["title"].tolist() == ["Mug", "Bag"]
    assert len(set(dataset.histories.items.tolist())) == 2
