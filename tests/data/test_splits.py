"""What is learned from, what is asked, and that the one never sees the other."""

import numpy as np
import polars as pl
import pytest

import zhiyin
from zhiyin.core.errors import DataError, SettingsError
from zhiyin.data.splits import windows

DAY = 86_400


def frame(rows: list[tuple[str, str, int]], **columns: list[object]) -> zhiyin.Dataset:
    return zhiyin.Dataset.from_frame(
        pl.DataFrame(rows, schema=["user", "item", "time"], orient="row").with_columns(
            **{k: pl.Series(v) for k, v in columns.items()}
        )
    )


def daily(n_users: int = 20, days: int = 10) -> zhiyin.Dataset:
    return frame([(f"u{u}", f"i{(u + d) % 15}", d * DAY) for u in range(n_users) for d in range(days)])


def ids(dataset: zhiyin.Dataset, rows: np.ndarray) -> list[str]:
    return dataset.catalogue.ids.take(rows)


def test_by_time_everything_learned_is_older_than_everything_asked():
    parts = zhiyin.split(daily(), "time", days=2)
    start = int(parts.test.requests.now[0])
    assert (parts.test.requests.now == start).all()
    assert parts.refit.histories.times.max() < start
    assert parts.train.histories.times.max() < parts.validation.requests.now[0] <= parts.refit.histories.times.max()  # type: ignore[union-attr]
    assert parts.train.parts == ("train",)
    assert parts.refit.parts == ("train", "validation")
    assert parts.facts["by"] == "time"


def test_without_being_asked_time_then_given_then_last():
    assert zhiyin.split(daily()).facts["by"] == "time"
    plain = pl.DataFrame({"user": ["a"] * 4 + ["b"] * 4, "item": list("wxyzwxyz")})
    assert zhiyin.split(zhiyin.Dataset.from_frame(plain)).facts["by"] == "last"
    given = plain.with_columns(split=pl.Series(["train", "train", "valid", "test"] * 2))
    assert zhiyin.split(zhiyin.Dataset.from_frame(given)).facts["by"] == "given"
    partly = zhiyin.Dataset.from_frame(plain.with_columns(split=pl.Series(["valid", "valid", "valid", "test"] * 2)))
    assert zhiyin.split(partly).facts["by"] == "last"
    with pytest.raises(DataError, match=r"no event to the training part \(it says .*\); split by another rule: time"):
        zhiyin.split(partly, "given")


def test_last_item_out_asks_with_the_validation_item_in_the_history():
    parts = zhiyin.split(
        frame([("u", item, i) for i, item in enumerate("abcd")] + [("v", "a", 0), ("v", "b", 1)]), "last"
    )
    assert ids(parts.train, parts.test.targets.rows) == ["d"]
    assert ids(parts.train, parts.test.requests.histories.items) == ["a", "b", "c"]
    assert ids(parts.train, parts.validation.targets.rows) == ["c"]  # type: ignore[union-attr]
    assert ids(parts.train, parts.train.histories.items) == ["a", "b", "a", "b"]


def test_held_out_people_are_never_trained_on():
    parts = zhiyin.split(daily(), "people", share=0.1, fold_in=0.8)
    assert len(parts.test) == len(parts.validation) == 2  # type: ignore[arg-type]
    assert not parts.train.histories.lengths[parts.test.users].any()
    assert not parts.refit.histories.lengths[parts.test.users].any()
    assert parts.test.requests.histories.lengths.tolist() == [8, 8]
    assert parts.test.targets.lengths.tolist() == [2, 2]
    assert parts.refit.histories.lengths[parts.validation.users].tolist() == [10, 10]  # type: ignore[union-attr]


def test_targets_taken_before_are_dropped_and_counted():
    rows = [("u", "a", 0), ("u", "b", DAY), ("u", "a", 9 * DAY), ("u", "c", 9 * DAY)]
    parts = zhiyin.split(frame(rows), "time", days=1, validation=False)
    assert ids(parts.train, parts.test.targets.rows) == ["c"]
    assert parts.test.dropped == {"taken before": 1}
    assert "1 taken before" in parts.rule
    kept = zhiyin.split(frame(rows), "time", days=1, validation=False, repeats="keep")
    assert sorted(ids(kept.train, kept.test.targets.rows)) == ["a", "c"]
    assert not len(kept.test.requests.exclude.rows)


def test_people_without_history_are_dropped_and_counted_or_kept():
    rows = [("u", "a", 0), ("u", "b", 9 * DAY), ("new", "a", 9 * DAY)]
    assert zhiyin.split(frame(rows), "time", days=1, validation=False).test.dropped == {"people without history": 1}
    kept = zhiyin.split(frame(rows), "time", days=1, validation=False, cold_people="keep")
    assert kept.test.requests.histories.lengths.tolist() == [1, 0]


def test_dislikes_are_no_targets():
    rows = [("u", "a", 0), ("u", "b", 9 * DAY), ("u", "c", 9 * DAY)]
    parts = zhiyin.split(frame(rows, kind=["view", "dislike", "view"]), "time", days=1, validation=False)
    assert ids(parts.train, parts.test.targets.rows) == ["c"]


def test_consent_decides_what_is_learned_and_what_is_asked():
    rows = [("u", "a", 0), ("u", "b", 0), ("u", "e", 0), ("u", "c", 9 * DAY), ("u", "d", 9 * DAY)]
    consent = ["train|personalise|measure", "personalise", "train|measure", "train", "measure"]
    parts = zhiyin.split(frame(rows, consent=consent), "time", days=1, validation=False)
    assert ids(parts.train, parts.train.histories.items) == ["a", "e"]
    assert ids(parts.train, parts.test.requests.histories.items) == ["a", "b"]
    assert ids(parts.train, parts.test.targets.rows) == ["d"]


def test_a_core_looks_at_the_training_part_only():
    rows = [(f"u{u}", f"i{i}", i) for u in range(4) for i in range(4)] + [("u0", "rare", 1), ("lone", "i0", 0)]
    parts = zhiyin.split(
        frame([*rows, ("u0", "new", 9 * DAY)]), "time", days=1, validation=False, min_user_events=2, min_item_events=2
    )
    learned = set(ids(parts.train, parts.train.histories.items))
    assert learned == {"i0", "i1", "i2", "i3"}
    assert ids(parts.train, parts.test.targets.rows) == ["new"]


def test_the_given_column_decides_and_a_strange_word_is_refused():
    rows = [("u", item, i) for i, item in enumerate("abcd")]
    parts = zhiyin.split(frame(rows, split=["train", "train", "valid", "TEST"]), "given")
    assert ids(parts.train, parts.test.targets.rows) == ["d"]
    with pytest.raises(DataError, match="the split column says 'later'; it may say train"):
        zhiyin.split(frame(rows, split=["train", "train", "valid", "later"]), "given")
    with pytest.raises(DataError, match="needs a column that says the part"):
        zhiyin.split(daily(), "given")


def test_given_parts_of_whole_sessions_show_all_but_the_newest_event():
    rows = [("s1", item, i) for i, item in enumerate("abc")] + [("s2", item, i) for i, item in enumerate("bcd")]
    sessions = frame([*rows, ("s3", "d", 0)], split=["train"] * 3 + ["test"] * 4)
    parts = zhiyin.split(sessions, "given")
    assert "holds out whole people" in parts.rule
    assert ids(parts.train, parts.test.targets.rows) == ["d"]
    assert ids(parts.train, parts.test.requests.histories.items) == ["b", "c"]
    assert set(ids(parts.refit, parts.refit.histories.items)) == {"a", "b", "c"}
    assert parts.refit.histories.n_events == 3
    known = zhiyin.split(frame([*rows, ("s1", "d", 9)], split=["train"] * 3 + ["test"] * 4), "given")
    assert "holds out whole people" not in known.rule


def test_random_only_when_asked_and_the_same_for_one_seed():
    one, same, other = (zhiyin.split(daily(), "random", seed=seed) for seed in (1, 1, 2))
    assert one.train.digest == same.train.digest != other.train.digest
    assert "figures flatter" in one.rule


def test_windows_follow_each_other():
    parts = windows(daily(days=12), 3, days=2)
    starts = [int(part.test.requests.now[0]) for part in parts]
    assert np.diff(starts).tolist() == [2 * DAY, 2 * DAY]
    assert all(part.refit.histories.times.max() < start for part, start in zip(parts, starts, strict=True))


def test_wrong_words_and_impossible_cuts_are_explained():
    with pytest.raises(SettingsError, match="there is no split by 'tiem'; did you mean 'time'"):
        zhiyin.split(daily(), "tiem")
    with pytest.raises(SettingsError, match=r"has no setting 'day'; did you mean 'days'\?"):
        zhiyin.split(daily(), "time", day=3)
    with pytest.raises(DataError, match="nothing is left to train on: the log spans 9.0 days"):
        zhiyin.split(daily(), "time", days=9)
    plain = pl.DataFrame({"user": ["a", "a"], "item": ["x", "y"]})
    with pytest.raises(DataError, match="a split by time needs times"):
        zhiyin.split(zhiyin.Dataset.from_frame(plain), "time")
    with pytest.raises(DataError, match="no test case is left"):
        zhiyin.split(zhiyin.Dataset.from_frame(plain), "last")


def test_impressions_after_the_last_telling_event_do_not_take_its_place() -> None:
    rows = [("a", f"i{n}", n) for n in range(6)]
    kinds = ["click", "impression", "click", "impression", "click", "impression"]
    dataset = frame(rows, kind=kinds)
    found = zhiyin.split(dataset, "last")
    ids = dataset.catalogue.ids
    assert ids.take(found.train.histories.items) == ["i0", "i1"]
    assert found.validation is not None
    assert ids.take(found.validation.targets.rows) == ["i2"]
    assert ids.take(found.test.targets.rows) == ["i4"]


@pytest.mark.parametrize(
    ("columns", "by", "words"),
    [
        ({"kind": ["dislike"] * 4}, "last", "no event of the log has a positive weight .*; give .data. weights"),
        ({"consent": ["train|personalise"] * 4}, "last", "no event of the test part has consent to measure"),
        ({"user": ["a", "a", "b", "b"]}, "last", "no event is in the test part; .* at least 3 events"),
        ({"item": ["x"] * 4}, "last", "1 taken before; give a longer test part"),
    ],
)
def test_an_empty_test_part_names_its_cause(columns: dict[str, list[object]], by: str, words: str) -> None:
    rows = [("a", f"i{n}", n * DAY) for n in range(4)]
    with pytest.raises(DataError, match=f"no test case is left: {words}"):
        zhiyin.split(frame(rows, **columns), by)
