"""Social ties: pairs become lists of friends; a friend of oneself is ignored and counted."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhiyin.cli import app
from zhiyin.core.errors import DataError
from zhiyin.data.dataset import Dataset
from zhiyin.data.ingest import ingest
from zhiyin.data.noted import note_said
from zhiyin.data.snapshots import Snapshot
from zhiyin.data.ties import read_ties
from zhiyin.features import EventCounters, compute_table, named_features

EVENTS = pl.DataFrame(
    {"user": ["a", "b", "c", "b"], "item": ["x", "y", "y", "z"], "time": [1_700_000_000 + 60 * n for n in range(4)]}
)
EDGES = pl.DataFrame({"user": ["a", "a", "a", "b", "c", None], "friend": ["b", "a", "b", "c", "nobody", "a"]})


def test_friends_of_themselves_doubles_and_gaps_are_left_out_and_counted() -> None:
    ties = read_ties(EDGES)
    assert ties.frame.rows() == [("a", "b"), ("b", "c"), ("c", "nobody")]
    assert ties.notes == (
        "1 ties lack a user or a friend: left out", "1 people are named as friends of themselves: left out",
        "1 ties stand twice: counted once",
    )  # fmt: skip
    assert all(note_said(note).zh != note for note in ties.notes)


def test_a_dataset_from_frames_knows_what_friends_took() -> None:
    dataset = Dataset.from_frame(EVENTS, edges=EDGES)
    assert [None if own is None else list(own) for own in dataset.people["friends"]] == [["b"], ["c"], ["nobody"]]
    rows = np.tile(np.array([0, 1, 2, -1], np.int32), (3, 1))
    features = named_features(["friends"], dataset.catalogue, log=dataset)
    requests = dataset.requests()
    table = compute_table(features, requests, rows, EventCounters(dataset)).values[..., 0]
    np.testing.assert_allclose(table[0], [0, np.log(2), 0, np.nan])  # y by b; z only at this very moment
    np.testing.assert_allclose(table[1], [0, np.log(2), 0, np.nan])
    assert np.isnan(table[2]).all()  # whom the log does not know says nothing


def test_the_command_takes_edges_in_keeps_them_and_appends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    EVENTS.write_csv(tmp_path / "log.csv")
    EDGES.rename({"user": "follower", "friend": "followee"}).write_csv(tmp_path / "edges.csv")
    shop = tmp_path / "shop"
    words = ["ingest", str(tmp_path / "log.csv"), "-w", str(shop)]
    assert app.main(words) == 0
    before = Snapshot.load(shop)
    assert before.ties() is None
    assert app.main([*words, "--edges", str(tmp_path / "edges.csv")]) == 0
    assert "1 people are named as friends of themselves: left out" in " ".join(capsys.readouterr().err.split())
    after = Snapshot.load(shop)
    assert after.digest != before.digest
    assert list(after.dataset().people["friends"][0]) == ["b"]
    more = pl.DataFrame({"user": ["a"], "friend": ["c"]})
    ingest(EVENTS.with_columns(pl.col("time") + 999), shop, append=True, edges=more)
    assert list(Snapshot.load(shop).dataset().people["friends"][0]) == ["b", "c"]
    fixed = Snapshot.load(shop).dataset(fixes=["duplicates"])
    assert list(fixed.people["friends"][0]) == ["b", "c"]  # a table made from the events anew keeps them


def test_a_table_without_the_two_columns_is_refused() -> None:
    with pytest.raises(DataError, match="has the columns one, two; it needs two, user and friend: rename them"):
        read_ties(pl.DataFrame({"one": ["a"], "two": ["b"]}))
