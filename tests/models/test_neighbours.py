"""Neighbours: slow and obvious versions against the fast ones, and what is each model's own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import sparse

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.core.words import words
from zhiyin.data.contracts import Catalogue, Histories, Requests
from zhiyin.models.neighbours import item_knn
from zhiyin.models.neighbours.content_knn import tokens
from zhiyin.models.neighbours.sequence_knn import followers
from zhiyin.models.neighbours.similarity import nearest
from zhiyin.testing import worlds


def dataset_of(lists: list[list[int]], n_items: int) -> zhiyin.Dataset:
    rows = [{"user": f"u{user}", "item": f"i{item}"} for user, items in enumerate(lists) for item in items]
    return zhiyin.Dataset.from_frame(
        pl.DataFrame(rows), items=pl.DataFrame({"item": [f"i{i}" for i in range(n_items)]})
    )


@pytest.fixture(scope="module")
def lists() -> list[list[int]]:
    rng = np.random.default_rng(5)
    return [rng.integers(12, size=rng.integers(1, 15)).tolist() for _ in range(30)]


def test_item_similarities_are_cosines_with_shrinking(lists, monkeypatch):
    monkeypatch.setattr(item_knn, "BLOCK", 5)
    model = zhiyin.models.ItemKNN(shrink=3).fit(dataset_of(lists, 12))
    dense = np.zeros((30, 12))
    for user, items in enumerate(lists):
        dense[user, items] = 1
    wanted = dense.T @ dense / (np.sqrt(np.outer(dense.sum(0), dense.sum(0))) + 3)
    np.fill_diagonal(wanted, 0)
    np.testing.assert_allclose(model.neighbours.toarray(), wanted, atol=1e-6)


@pytest.mark.parametrize("similarity", ["tfidf", "bm25"])
def test_people_who_like_everything_say_less(similarity: str):
    likes = sparse.csr_matrix(np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]], np.float32))
    weighted = item_knn.by_person(likes, similarity).toarray()
    assert weighted[0, 0] > weighted[2, 0] > 0
    assert (weighted[likes.toarray() == 0] == 0).all()


def test_pairs_count_by_their_distance(lists):
    histories = Histories.of(lists)
    wanted = np.zeros((12, 12))
    for items in lists:
        for later, after in enumerate(items):
            for before in range(max(0, later - 4), later):
                wanted[items[before], after] += 1 / (later - before)
    np.testing.assert_allclose(followers(histories, 12, 4).toarray(), wanted)
    assert followers(Histories.empty(3), 12, 4).nnz == 0


def test_a_sequence_is_scored_as_the_equation_says(lists):
    model = zhiyin.models.SequenceKNN(window=3, reverse=0.5, shrink=2, decay=0.5).fit(dataset_of(lists, 12))
    c = followers(Histories.of(lists), 12, 3).toarray()
    n = np.bincount(np.concatenate(lists), minlength=12)
    s = (c + 0.5 * c.T) / (np.sqrt(np.outer(n, n)) + 2)
    found = model.score(Requests.of(Histories.of([[4, 7, 4]])))[0]
    np.testing.assert_allclose(found, s[4] + 0.5 * s[7] + 0.25 * s[4], rtol=1e-5)


def test_the_next_of_the_chain_is_known():
    world = worlds.chain()
    model = zhiyin.models.SequenceKNN().fit(world)
    slates = model.recommend([[f"i{item}"] for item in range(20)], k=1)
    assert slates.ids == [[f"i{(item + 1) % 20}"] for item in range(20)]


def test_the_order_of_training_matters_where_it_tells_something(lists):
    world, rng = worlds.chain(), np.random.default_rng(0)
    order = np.lexsort((rng.random(world.histories.n_events), world.histories.owners))
    shuffled = world.with_histories(world.histories.events(order, world.histories.offsets))
    asked = [[f"i{item}"] for item in range(20)]
    right = [f"i{(item + 1) % 20}" for item in range(20)]
    found = [zhiyin.models.SequenceKNN().fit(d).recommend(asked, k=1).ids for d in (world, shuffled)]
    hits = [sum(ids == [wanted] for ids, wanted in zip(slates, right, strict=True)) for slates in found]
    assert hits[0] == 20
    assert hits[1] < 15


@pytest.mark.parametrize("k", [1, 3, 11, 50])
def test_the_nearest_are_kept_the_lower_row_among_equals(k: int):
    dense = np.random.default_rng(1).integers(0, 4, (9, 11)).astype(np.float32)
    kept = nearest(sparse.csr_matrix(dense), k).toarray()
    for line, found in zip(dense, kept, strict=True):
        best = sorted((row for row in range(11) if line[row]), key=lambda row: (-line[row], row))[:k]
        assert sorted(np.flatnonzero(found)) == sorted(best)
        assert (found[best] == line[best]).all()


def test_the_nearest_people_are_asked(lists):
    model = zhiyin.models.UserKNN(neighbours=4).fit(dataset_of(lists, 12))
    likes = np.zeros((30, 12))
    for user, items in enumerate(lists):
        likes[user, items] = 1
    weighted = likes * np.log1p(30 / likes.sum(0))
    unit = weighted / np.linalg.norm(weighted, axis=1, keepdims=True)
    asked = np.zeros(12)
    asked[[1, 5]], asked[8] = np.log1p(30 / likes.sum(0))[[1, 5]], -np.log1p(30 / likes.sum(0))[8]
    alike = unit @ (asked / np.linalg.norm(asked))
    best = np.argsort(-np.abs(alike).astype(np.float32), kind="stable")[:4]
    history = replace(Histories.of([[1, 5, 8]]), weights=np.array([1, 1, -1], np.float32))
    np.testing.assert_allclose(model.score(Requests.of(history))[0], alike[best] @ likes[best], rtol=1e-4, atol=1e-6)


def test_words_of_two_languages():
    assert list(words("Retro SPOT mug, 2-pack é")) == ["retro", "spot", "mug", "2", "pack", "é"]
    assert list(words("红茶杯 tea")) == ["红", "茶", "杯", "红茶", "茶杯", "tea"]


def test_tokens_of_every_kind_of_cell():
    assert list(tokens("genre", "Sci-Fi|War")) == ["genre=sci-fi", "genre=war", "sci", "fi", "war"]
    assert list(tokens("tags", ["Red", "Big"])) == ["tags=red", "red", "tags=big", "big"]
    assert list(tokens("new", True)) == ["new=True"]
    for missing in (None, float("nan"), float("inf"), "", []):
        assert list(tokens("price", missing)) == []
    near = set(tokens("price", 10.0)) & set(tokens("price", 11.0))
    far = set(tokens("price", 10.0)) & set(tokens("price", 100.0))
    assert near
    assert not far


def test_content_finds_what_is_described_alike():
    world = worlds.even()
    catalogue = Catalogue.of(
        ["i0", "i1", "i2", "i3"], title=["red tea cup", "blue garden chair", "tea cup, large", "white garden table"]
    )
    events = pl.DataFrame({"user": ["u", "v"], "item": ["i0", "i1"]})
    items = pl.DataFrame({"item": list(catalogue.ids), "title": catalogue.columns["title"].tolist()})
    model = zhiyin.models.ContentKNN(columns=("title",)).fit(zhiyin.Dataset.from_frame(events, items=items))
    assert [ids[0] for ids in model.similar_items(["i0", "i1"], k=1).ids] == ["i2", "i3"]
    with pytest.raises(ModelError, match="the catalogue has no column 'titel'; it has title, category, price"):
        zhiyin.models.ContentKNN(columns=("titel",)).fit(world)
    with pytest.raises(ModelError, match="ContentKNN reads the catalogue, which has no column"):
        zhiyin.models.ContentKNN().fit(zhiyin.Dataset.from_frame(events))


def test_a_new_item_in_the_history_speaks_for_new_items():
    model, new = zhiyin.models.ContentKNN().fit(worlds.even()), worlds.new_even_items()
    asked = Requests.of(Histories.of([[16], [17], []]))  # the rows of new items come after the catalogue's
    scores = model.score_new(asked, new)
    assert scores[0, 0] > scores[0, 1]
    assert scores[1, 1] > scores[1, 0]
    assert (scores[2] == 0).all()


def mid_rank_figures(model, requests: Requests, targets: np.ndarray) -> tuple[float, float]:
    """Recall@10 and NDCG@10 of one target each, seen left out, ties at their middle rank."""
    ranks = np.zeros(len(targets))
    for start in range(0, len(targets), 1000):
        part, wanted = requests.take(slice(start, start + 1000)), targets[start : start + 1000]
        scores = model.score(part)
        own = scores[np.arange(len(wanted)), wanted].copy()
        scores[part.exclude.owners, part.exclude.rows] = -np.inf
        scores[np.arange(len(wanted)), wanted] = own
        above, equal = (scores > own[:, None]).sum(1), (scores == own[:, None]).sum(1) - 1
        ranks[start : start + 1000] = above + equal / 2 + 1
    hits = ranks <= 10
    return float(hits.mean()), float(np.where(hits, 1 / np.log2(ranks + 1), 0).mean())


def beauty(data_folder: Path, *, shuffle_days: bool = False) -> zhiyin.Dataset:
    events = pl.read_parquet(data_folder / "amazon-beauty" / "interactions.parquet")
    if shuffle_days:
        draw = pl.Series(np.random.default_rng(0).permutation(len(events)))
        events = events.with_columns(position=draw)  # the time is a day: who shares one is in a drawn order
    return zhiyin.Dataset.from_frame(events.rename({"timestamp": "time"}).select("user", "item", "time", "position"))


@pytest.mark.parametrize(
    ("shuffled", "model", "parts", "wanted", "tolerance"),
    [
        (False, "Popular", 2, (0.0110, 0.0053), 5e-5), (False, "Popular", 1, (0.0130, 0.0059), 5e-5),
        (False, "SequenceKNN", 2, (0.0831, 0.0523), 5e-5), (False, "SequenceKNN", 1, (0.0926, 0.0596), 5e-5),
        (True, "SequenceKNN", 2, (0.0744, 0.0455), 2.5e-3), (True, "SequenceKNN", 1, (0.0822, 0.0507), 2.5e-3),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_published_figures_on_beauty(data_folder: Path, shuffled, model, parts, wanted, tolerance):
    """Last item out; fitted on the events older than the ``parts`` newest."""
    whole = beauty(data_folder, shuffle_days=shuffled)
    histories = whole.histories
    fitted = getattr(zhiyin.models, model)().fit(whole.with_histories(histories.keep(histories.ages >= parts)))
    targets = histories.keep(histories.ages == 0).items
    found = mid_rank_figures(fitted, Requests.of(histories.keep(histories.ages >= 1)), targets)
    assert found == pytest.approx(wanted, abs=tolerance)


def test_content_knn_can_propose_only_what_nobody_has_taken(tmp_path):
    items = pl.DataFrame({"item": ["a", "b", "c", "d"], "title": ["red jug", "blue jug", "red cup", "red vase"]})
    events = pl.DataFrame({"user": ["u", "u", "v"], "item": ["a", "b", "a"]})
    model = zhiyin.models.ContentKNN(new_only=True).fit(zhiyin.Dataset.from_frame(events, items=items))
    assert set(model.recommend([["a"]], k=4).ids[0]) == {"c", "d"}
    assert model.recommend([["a"]], k=4, allowed=["b", "d"]).ids == [["d"]]
    model.save(tmp_path / "m")
    assert zhiyin.load(tmp_path / "m").recommend([["a"]], k=4).ids == model.recommend([["a"]], k=4).ids
