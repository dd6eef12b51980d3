"""Sparse matrices, and what Surprise and LightFM learn from: the same events under our names."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import zhiyin
from zhiyin.core.errors import DataError
from zhiyin.data.dataset import Dataset
from zhiyin.data.reading import read

MATRIX = sparse.csr_matrix(np.array([[0, 2, 0], [0, 0, 0], [1, 0, 3]], np.int32))


def entries(dataset: Dataset) -> list[tuple[str, str, float, float]]:
    """User, item, value, weight of each event."""
    h = dataset.histories
    names = ([dataset.users[row] for row in h.owners], dataset.catalogue.ids.take(h.items))
    return list(zip(*names, h.values.tolist(), h.weights.tolist(), strict=True))


@pytest.mark.parametrize("form", ["csr_matrix", "csc_array", "coo_array", "lil_matrix"])
def test_a_matrix_is_people_by_items(form):
    dataset = Dataset.from_matrix(getattr(sparse, form)(MATRIX), ["a", "b", "c"], [10, 11.0, "x/y"])
    assert list(dataset.users) == ["a", "b", "c"]
    assert list(dataset.catalogue.ids) == ["10", "11", "x/y"]
    assert entries(dataset) == [("a", "11", 2, 1), ("c", "10", 1, 1), ("c", "x/y", 3, 1)]
    assert list(Dataset.from_matrix(MATRIX).users) == ["0", "1", "2"]


def test_entries_are_values_or_weights():
    weighed = Dataset.from_matrix(MATRIX, entries="weight")
    assert [weight for *_, weight in entries(weighed)] == [2, 1, 3]
    liked = Dataset.from_matrix(MATRIX, weighting=zhiyin.Weighting(like_from=2))
    assert [weight for *_, weight in entries(liked)] == [1, 0, 1]
    minus = Dataset.from_matrix(sparse.csr_array([[-1.5, 0], [0, 2]]), entries="weight")
    assert [weight for *_, weight in entries(minus)] == [-1.5, 2]
    assert [value for *_, value, _ in entries(Dataset.from_matrix(MATRIX.astype(bool)))] == [1, 1, 1]


def test_a_saved_matrix_is_read(tmp_path):
    sparse.save_npz(tmp_path / "m.npz", MATRIX)
    assert entries(read(tmp_path / "m.npz")) == [("0", "1", 2, 1), ("2", "0", 1, 1), ("2", "2", 3, 1)]
    np.savez(tmp_path / "n.npz", a=np.arange(3))
    with pytest.raises(DataError, match=r"n.npz cannot be read \(.*\); check that the file is whole"):
        read(tmp_path / "n.npz")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((MATRIX.toarray(),), "found ndarray; give a sparse matrix, for example scipy.sparse.csr_array"),
        ((MATRIX, ["a"]), "1 users were given for the 3 rows of the matrix; give one a row, in their order; is the"),
        ((MATRIX, None, "abcd"), "4 items were given for the 3 columns of the matrix; give one a column, .*order$"),
        ((MATRIX, ["a", None, "c"]), "row 1 of the matrix has no user; give an id for each"),
        ((MATRIX, ["17850", 17850.0, "c"]), "user '17850' stands for two rows of the matrix; add them up first"),
        ((MATRIX * np.nan,), "3 entries of the matrix are NaN or infinite; leave them out of it"),
        ((MATRIX * 1j,), "the entries are complex128; give a matrix of real numbers"),
    ],
)  # fmt: skip
def test_a_matrix_that_is_none_is_refused(arguments, words):
    with pytest.raises(DataError, match=words):
        Dataset.from_matrix(*arguments)
    with pytest.raises(DataError, match="entries is 'count'; the numbers of a matrix are value or weight"):
        Dataset.from_matrix(MATRIX, entries="count")  # type: ignore[arg-type]


def test_a_matrix_without_entries_is_people_who_have_done_nothing_yet():
    dataset = Dataset.from_matrix(sparse.csr_matrix((3, 2)), "abc", "xy")
    assert (list(dataset.users), dataset.n_items, dataset.histories.n_events) == (["a", "b", "c"], 2, 0)


class Trainset:
    """What Surprise's has: inner numbers, and raw ids behind them."""

    def __init__(self, ratings: list[tuple[Any, Any, float]]) -> None:
        self.ratings = ratings
        self.users, self.items = (list(dict.fromkeys(row[i] for row in ratings)) for i in (0, 1))

    def all_ratings(self) -> Any:
        return ((self.users.index(user), self.items.index(item), rating) for user, item, rating in self.ratings)

    def to_raw_uid(self, number: int) -> Any:
        return self.users[number]

    def to_raw_iid(self, number: int) -> Any:
        return self.items[number]


RATINGS = [(17850, "x", 4.0), (17850, "y", 2.5), (12346.0, "x", 1.0)]


def test_surprise_s_trainset_and_dataset():
    dataset = Dataset.from_surprise(Trainset(RATINGS), weighting=zhiyin.Weighting(like_from=4))
    assert entries(dataset) == [("17850", "x", 4, 1), ("17850", "y", 2.5, 0), ("12346", "x", 1, 0)]
    assert dataset.kinds[dataset.histories.kinds[0]] == "rating"
    timed = [(*row, time) for row, time in zip(RATINGS, ["978300760", "978300700", "978300000"], strict=True)]
    dataset = Dataset.from_surprise(SimpleNamespace(raw_ratings=timed))
    assert dataset.histories.times.tolist() == [978300700, 978300760, 978300000]
    untimed = SimpleNamespace(raw_ratings=[(*row, None) for row in RATINGS])
    assert Dataset.from_surprise(untimed).order == "row"


def test_traps_of_surprise_are_named():
    nobody = float("nan")
    dataset = Dataset.from_surprise(Trainset([*RATINGS, (nobody, "x", 5.0), (float("nan"), "y", 5.0)]))
    assert [report.sentence.en for report in dataset.report] == ["2 lines have no customer: left out"]
    with pytest.raises(DataError, match="users 17850 and '17850' are different there and one as text; make them all"):
        Dataset.from_surprise(Trainset([*RATINGS, ("17850", "x", 1.0)]))
    with pytest.raises(
        DataError, match=r"found list; give Surprise's Trainset \(data.build_full_trainset\(\)\), or its"
    ):
        Dataset.from_surprise([])


def lightfm() -> Any:
    return SimpleNamespace(mapping=lambda: ({"b": 1, "a": 0}, {}, {"x": 0, "z": 2, "y": 1}, {}))


def test_lightfm_s_dataset_and_interactions():
    ones = sparse.coo_matrix(([1, 1, 1], ([0, 1, 1], [1, 0, 2])), shape=(2, 3), dtype=np.int32)
    weights = sparse.coo_matrix(([0.5, 2.0, 3.0], ([0, 1, 1], [1, 0, 2])), shape=(2, 3), dtype=np.float32)
    plain = [("a", "y", 1, 1), ("b", "x", 1, 1), ("b", "z", 1, 1)]
    assert entries(Dataset.from_lightfm(lightfm(), ones)) == plain
    weighed = [("a", "y", 0.5, 0.5), ("b", "x", 2, 2), ("b", "z", 3, 3)]
    assert entries(Dataset.from_lightfm(lightfm(), ones, weights)) == weighed
    assert entries(Dataset.from_lightfm(lightfm(), (ones, weights))) == weighed
    with pytest.raises(DataError, match="3 users were given|2 users were given for the 3 rows of the matrix"):
        Dataset.from_lightfm(lightfm(), ones.T)
    with pytest.raises(DataError, match=r"found coo_matrix; give LightFM's Dataset, which has mapping\(\)"):
        Dataset.from_lightfm(ones, lightfm())


def test_the_real_surprise():
    surprise = pytest.importorskip("surprise", reason="Surprise is not installed")
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(RATINGS, columns=["user", "item", "rating"])
    data = surprise.Dataset.load_from_df(frame, surprise.Reader(rating_scale=(1, 5)))
    expected = [("17850", "x", 4, 1), ("17850", "y", 2.5, 1), ("12346", "x", 1, 1)]
    assert entries(Dataset.from_surprise(data.build_full_trainset())) == expected
    assert entries(Dataset.from_surprise(data)) == expected


def test_the_real_lightfm():
    data = pytest.importorskip("lightfm.data", reason="LightFM is not installed").Dataset()
    data.fit(["a", "b"], ["x", "y", "z"])
    built = data.build_interactions([("a", "y", 0.5), ("b", "x", 2.0)])
    assert entries(Dataset.from_lightfm(data, built)) == [("a", "y", 0.5, 0.5), ("b", "x", 2, 2)]
