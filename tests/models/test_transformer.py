"""SASRec: the traps of sequence models, each a test."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import zhiyin
from zhiyin.core.errors import SettingsError
from zhiyin.data.contracts import Histories, Requests, VectorModel
from zhiyin.models.layers import Dropout, Norm
from zhiyin.models.transformer import network as network_module
from zhiyin.models.transformer.lessons import Lessons
from zhiyin.models.transformer.network import NextItemNetwork
from zhiyin.models.transformer.sequences import Sequences
from zhiyin.models.transformer.settings import SASRecConfig
from zhiyin.models.transformer.training import NextItemLearner, SASRec
from zhiyin.testing import RecommenderContract
from zhiyin.training import Optimisers

N_ITEMS = 20
SMALL = {"width": 16, "blocks": 1, "max_history": 6, "epochs": 30, "batch": 16, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def dataset() -> zhiyin.Dataset:
    """The next item is always the last one plus 1: 80 people who start anywhere and walk 5 to 12 steps in a circle."""
    rng = np.random.default_rng(2)
    rows = [
        {"user": f"u{user}", "item": f"i{(start + step) % N_ITEMS:02}", "position": step}
        for user, (start, length) in enumerate(zip(rng.integers(0, N_ITEMS, 80), rng.integers(5, 13, 80), strict=True))
        for step in range(length)
    ]
    items = pl.DataFrame({"item": [f"i{item:02}" for item in range(N_ITEMS)]})
    return zhiyin.Dataset.from_frame(pl.DataFrame(rows), items=items)


@pytest.fixture(scope="module")
def model(dataset: zhiyin.Dataset) -> SASRec:
    return SASRec(seed=1, dropout=0.1, **SMALL).fit(dataset)


@pytest.fixture(scope="module")
def network() -> NextItemNetwork:
    torch.manual_seed(0)
    return NextItemNetwork(N_ITEMS, SASRecConfig(width=16, heads=2, max_history=12)).eval()


def vectors(network: NextItemNetwork, *histories: list[int]) -> list[torch.Tensor]:
    offsets = torch.tensor([0, *np.cumsum([len(history) for history in histories])])
    with torch.no_grad():
        events = network(offsets, torch.tensor([row for history in histories for row in history]))
    return list(events.split(offsets.diff().tolist()))


def test_the_world_of_next_is_last_plus_one_is_solved(model: SASRec):
    histories = [[f"i{(start + step) % N_ITEMS:02}" for step in range(3)] for start in range(N_ITEMS)]
    first = [ids[0] for ids in model.recommend(histories, k=1).ids]
    assert first == [f"i{(start + 3) % N_ITEMS:02}" for start in range(N_ITEMS)]


@pytest.mark.parametrize(
    ("estimator", "settings"),
    [
        (zhiyin.models.GSASRec, {"negatives": 8, "dropout": 0.1, "epochs": 60}),
        (zhiyin.models.ESASRec, {"negatives": 8, "kinds": True, "gaps": True}),
        (SASRec, {"block": "released", "head": "cosine", "loss": "bpr", "negatives": 8, "temperature": 0.2}),
    ],
)
def test_other_parts_and_losses_solve_it_too(dataset: zhiyin.Dataset, estimator: Any, settings: dict[str, Any]):
    test_the_world_of_next_is_last_plus_one_is_solved(estimator(**{"seed": 1, **SMALL, **settings}).fit(dataset))


def test_a_beginning_has_the_same_vectors_whether_or_not_more_follows(network: NextItemNetwork):
    (whole,), (beginning,) = vectors(network, [1, 2, 3, 4, 5]), vectors(network, [1, 2, 3])
    torch.testing.assert_close(whole[:3], beginning)


def test_the_future_does_not_change_the_past(network: NextItemNetwork):
    (one,), (other,) = vectors(network, [1, 2, 3, 4, 5]), vectors(network, [1, 2, 3, 6, 7])
    torch.testing.assert_close(one[:3], other[:3])
    assert not torch.allclose(one[3:], other[3:])


@pytest.mark.parametrize("longer", [0, 1, 5, 9])
def test_an_answer_does_not_depend_on_who_else_is_in_the_batch(network: NextItemNetwork, longer: int):
    (alone,) = vectors(network, [1, 2, 3])
    together = vectors(network, [9] * (3 + longer), [1, 2, 3], [4])
    torch.testing.assert_close(together[1], alone)


def test_only_the_newest_events_are_read(model: SASRec):
    newest = list(range(6))
    one, other = ([*old, *newest] for old in ([9, 9, 9], [14]))
    scores = model.score(Requests.of(Histories.of([one, other, newest, newest[1:]])))
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)
    assert not np.allclose(scores[0], scores[3], atol=1e-3)


def test_seen_items_are_left_out_by_the_whole_history_not_the_part_that_is_read(model: SASRec):
    long = [f"i{item:02}" for item in range(12, 20)] + [f"i{item:02}" for item in range(9)]  # reads the last 6
    assert model.recommend([long], k=N_ITEMS).ids == [model.recommend([long], k=3).ids[0]]
    assert set(model.recommend([long], k=N_ITEMS).ids[0]) == {"i09", "i10", "i11"}


def test_sequences_begin_with_the_start_row_and_keep_the_newest():
    sequences = Sequences.of(Histories.of([[3, 4, 5, 6], [7], []]), N_ITEMS, 3)
    assert [sequences[b].tolist() for b in range(3)] == [[4, 5, 6], [N_ITEMS, 7], [N_ITEMS]]
    assert Sequences.of(Histories.empty(0), N_ITEMS, 3).offsets.tolist() == [0]


def test_disliked_events_are_left_out():
    histories = replace(Histories.of([[3, 4, 5], [6]]), weights=np.array([1, -1, 1, 0], np.float32))
    sequences = Sequences.of(histories, N_ITEMS, 5)
    assert [sequences[b].tolist() for b in range(2)] == [[N_ITEMS, 3, 5], [N_ITEMS]]


def test_an_empty_history_gets_what_people_begin_with(dataset: zhiyin.Dataset):
    """Everybody begins with item 0 or 10."""
    rows = [
        {"user": f"u{user}", "item": f"i{10 * (user % 2) + step:02}", "position": step}
        for user in range(40)
        for step in range(6)
    ]
    items = pl.DataFrame({"item": dataset.catalogue.ids.series})
    model = SASRec(seed=1, **SMALL).fit(zhiyin.Dataset.from_frame(pl.DataFrame(rows), items=items))
    assert set(model.recommend([[]], k=2).ids[0]) == {"i00", "i10"}


def test_the_loss_is_the_mean_over_real_targets():
    """Against each history alone, its cross-entropy written out; the gradient against the mean over all targets."""
    torch.manual_seed(3)
    config = SASRecConfig(width=16, heads=2, max_history=12, dropout=0.0)
    network = NextItemNetwork(N_ITEMS, config).double()
    histories = Histories.of([[1, 2, 3, 4, 5], [7], [8, 9, 10]])
    losses = []
    for row in range(3):
        sequence = torch.from_numpy(np.concatenate([[N_ITEMS], histories.rows[row]]))
        events = network(torch.tensor([0, len(sequence) - 1]), sequence[:-1])
        logits = events @ network.item_table[:-1].T
        losses.append(torch.nn.functional.cross_entropy(logits, sequence[1:], reduction="none"))
    expected = torch.autograd.grad(torch.cat(losses).mean(), network.item_table)[0]
    before = network.item_table.detach().clone()
    optimisers = Optimisers({"main": torch.optim.SGD(network.parameters(), lr=1.0)}, 1)
    found = NextItemLearner(network, config).step(Lessons.of(histories, N_ITEMS, 12, 0), optimisers)
    torch.testing.assert_close(found, torch.stack([part.mean().detach() for part in losses]))
    torch.testing.assert_close(before - network.item_table.detach(), expected)


def test_order_matters_where_the_world_has_an_order(dataset: zhiyin.Dataset, model: SASRec):
    rng = np.random.default_rng(5)
    order = np.lexsort([rng.random(dataset.histories.n_events), dataset.histories.owners])
    shuffled = dataset.with_histories(dataset.histories.events(order, dataset.histories.offsets))
    other = SASRec(seed=1, dropout=0.1, **SMALL).fit(shuffled)
    asked = Requests.of(Histories.of([[start] for start in range(N_ITEMS)]))
    right = (np.arange(N_ITEMS) + 1) % N_ITEMS

    def hits(of: SASRec) -> int:
        return int((of.candidates(asked, 1).rows[:, 0] == right).sum())

    assert hits(model) == N_ITEMS
    assert hits(other) < 15


def test_scores_are_vectors_times_vectors(model: SASRec):
    requests = Requests.of(Histories.of([[0, 1], [], [5]]))
    assert isinstance(model, VectorModel)
    assert model.item_vectors.shape == (N_ITEMS, 16)  # the start row is no item
    product = model.user_vectors(requests) @ model.item_vectors.T + model.item_bias
    np.testing.assert_allclose(model.score(requests), product, atol=1e-6)


def test_blocks_of_people_do_not_matter(model: SASRec, monkeypatch: pytest.MonkeyPatch):
    requests = Requests.of(Histories.of([[n % N_ITEMS] * (n % 7) for n in range(50)]))
    whole = model.user_vectors(requests)
    monkeypatch.setattr(network_module, "SCORE_BLOCK", 7)
    np.testing.assert_allclose(model.user_vectors(requests), whole, atol=1e-5)


def test_the_norm_is_layer_normalisation_and_dropout_keeps_the_mean():
    torch.manual_seed(1)
    norm, torchs = Norm(8), torch.nn.LayerNorm(8)
    with torch.no_grad():
        for ours, theirs in ((norm.gain, torchs.weight), (norm.shift, torchs.bias)):
            ours.copy_(torch.randn(8))
            theirs.copy_(ours)
    x = torch.randn(5, 8)
    torch.testing.assert_close(norm(x), torchs(x))
    dropped = Dropout(0.25)(torch.ones(300, 301))
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float(dropped.mean()) == pytest.approx(1, abs=0.01)
    assert torch.equal(Dropout(0.25).eval()(x), x)


def test_a_width_that_heads_cannot_share_is_refused():
    with pytest.raises(SettingsError, match="width 10 cannot be shared by 3 heads; make it a multiple of heads"):
        SASRec(width=10, heads=3)


def test_one_item_and_one_person():
    alone = zhiyin.Dataset.from_frame(pl.DataFrame({"user": ["u"], "item": ["知音/🙂'\n"]}))
    model = SASRec(epochs=1).fit(alone)
    assert model.recommend([[]], k=5).ids == [["知音/🙂'\n"]]


class TestGSASRecContract(RecommenderContract):
    def trained_on(self, dataset: zhiyin.Dataset) -> Any:
        return zhiyin.models.GSASRec(**{**SMALL, "epochs": 60}, dropout=0.1, negatives=8).fit(dataset)


class TestESASRecContract(RecommenderContract):
    def trained_on(self, dataset: zhiyin.Dataset) -> Any:
        parts = {"kinds": True, "gaps": True, "proposal": "frequency", "corrected": True, "negatives": 8}
        return zhiyin.models.ESASRec(**SMALL, **parts).fit(dataset)


class TestSASRecContract(RecommenderContract):
    def trained_on(self, dataset: zhiyin.Dataset) -> SASRec:
        return SASRec(**SMALL).fit(dataset)
