"""Content inside the large models: new items, silent ids, and what is kept of it, for every network that reads it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Cases, Catalogue, Histories, Ragged, Requests
from zhiyin.experiments.planning import parameters_of
from zhiyin.models.described import ItemContent, Projection
from zhiyin.models.exporting import onnx_of
from zhiyin.models.transformer.lessons import Lessons
from zhiyin.models.transformer.network import NextItemNetwork
from zhiyin.models.transformer.settings import SASRecConfig
from zhiyin.models.transformer.training import NextItemLearner
from zhiyin.testing import RecommenderContract, worlds
from zhiyin.training import Optimisers
from zhiyin.training.losses import Proposal
from zhiyin.training.newness import fair_lift

SMALL = {"width": 16, "blocks": 1, "max_history": 6, "epochs": 25, "batch": 16, "learning_rate": 1e-2}
BAG = {"hidden": 32, "latent": 8, "batch": 16, "epochs": 40}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "MultVAE": ("MultVAE", BAG),
    "MultVAE, bent": ("MultVAE", {**BAG, "content_hidden": 16}),
    "RecVAE": ("RecVAE", {**BAG, "epochs": 15}),
    "AdversarialVAE": ("AdversarialVAE", BAG),
    "SASRec": ("SASRec", SMALL),
    "SASRec, bent, two vectors": ("SASRec", {**SMALL, "tied": False, "content_hidden": 16}),
    "SASRec, soft softmax": ("SASRec", {**SMALL, "loss": "soft_softmax", "negatives": 8}),
    "SASRec, cosine": ("SASRec", {**SMALL, "head": "cosine", "temperature": 0.2}),
    "GSASRec": ("GSASRec", {**SMALL, "negatives": 8, "dropout": 0.1, "epochs": 60}),
    "ESASRec": ("ESASRec", {**SMALL, "negatives": 8}),
    "ESASRec, shared draws": (
        "ESASRec", {**SMALL, "negatives": 8, "shared": True, "proposal": "frequency", "corrected": True}
    ),
    "SASRec, bce": ("SASRec", {**SMALL, "loss": "bce", "negatives": 4, "epochs": 40}),
    "SASRec, bpr": ("SASRec", {**SMALL, "loss": "bpr", "negatives": 4}),
}  # fmt: skip
TRAINED: dict[str, Any] = {}


def described(world: zhiyin.Dataset | None = None, n_numbers: int = 4) -> zhiyin.Dataset:
    """The even world whose items' content vectors say their parity, and nothing else but noise."""
    world = world or worlds.even()
    vectors = 0.2 * np.random.default_rng(5).standard_normal((world.n_items, n_numbers))
    vectors[:, 0] += [1 - 2 * worlds.parity(id_) for id_ in world.catalogue.ids]
    return replace(world, catalogue=replace(world.catalogue, content={"seen": vectors.astype(np.float32)}))


def untaken(world: zhiyin.Dataset, *rows: int) -> zhiyin.Dataset:
    """The same world where nobody took these items."""
    return world.with_histories(world.histories.keep(~np.isin(world.histories.items, rows)))


def new_items(vectors: list[list[float]], *names: str) -> Catalogue:
    plain = Catalogue.of(names or [f"new{n}" for n in range(len(vectors))])
    return replace(plain, content={"seen": np.array(vectors, np.float32)})


def model(case: str) -> Any:
    if case not in TRAINED:
        name, settings = MODELS[case]
        TRAINED[case] = getattr(zhiyin.models, name)(content=True, content_dropout=0.4, **settings).fit(
            untaken(described(), 14, 15)
        )
    return TRAINED[case]


TWO = [[2, 0, 0, 0], [-2, 0.1, 0, 0]]
"""An even one, an odd one."""


@pytest.mark.parametrize("case", MODELS)
class TestEveryModelOfContent:
    """Items 14 and 15 are in the catalogue and nobody took them."""

    def test_a_new_items_content_says_who_likes_it(self, case: str):
        slates = model(case).recommend([["i0", "i2", "i4"], ["i1", "i3", "i5"]], k=100, new_items=new_items(TWO))
        even, odd = (ids.index("new0") - ids.index("new1") for ids in slates.ids)
        assert even < 0 < odd
        assert not any(slates.notes)

    def test_an_item_of_the_catalogue_that_nobody_took_is_answered_by_content(self, case: str):
        even, odd = model(case).score(Requests.of(Histories.of([[0, 2, 4], [1, 3, 5]])))
        assert even[14] - even[15] > odd[14] - odd[15] + 0.5 * even.std()

    def test_a_history_of_new_items_alone_is_read(self, case: str):
        slates = model(case).recommend([["new0"], ["new1"]], k=4, new_items=new_items(TWO))
        wrong = [
            sum(worlds.parity(id_) != taste for id_ in ids if id_[0] == "i")
            for ids, taste in zip(slates.ids, (0, 1), strict=True)
        ]
        assert sum(wrong) <= 2, slates.ids

    def test_the_model_with_new_items_answers_known_ones_as_before(self, case: str):
        known, new = model(case), new_items(TWO)
        grown = known.with_new(new)
        assert list(grown.catalogue.ids) == [*known.catalogue.ids, "new0", "new1"]
        asked = Requests.of(Histories.of([[0, 2], [], [5]]))
        scores = grown.score(asked)
        np.testing.assert_allclose(scores[:, : len(known.catalogue)], known.score(asked), atol=1e-4)
        np.testing.assert_allclose(scores[:, len(known.catalogue) :], known.score_new(asked, new), atol=1e-6)

    def test_saved_and_loaded_it_answers_the_same(self, case: str, tmp_path: Path):
        before, asked, new = (
            model(case),
            Requests.of(Histories.of([[0, 2], []])),
            new_items([[2, 0, 0, 0], [np.nan] * 4]),
        )
        before.save(tmp_path / "model")
        loaded = zhiyin.load(tmp_path / "model")
        np.testing.assert_array_equal(loaded.score(asked), before.score(asked))
        np.testing.assert_array_equal(loaded.score_new(asked, new), before.score_new(asked, new))
        assert np.isfinite(before.score_new(asked, new)).all()
        grown = before.with_new(new)
        grown.save(tmp_path / "grown")
        np.testing.assert_array_equal(zhiyin.load(tmp_path / "grown").score(asked), grown.score(asked))

    def test_scores_are_vectors_times_vectors(self, case: str):
        requests = Requests.of(Histories.of([[0, 1], [], [5]]))
        one = model(case)
        product = one.user_vectors(requests) @ one.item_vectors.T + one.item_bias
        np.testing.assert_allclose(one.score(requests), product, atol=1e-5)

    def test_going_on_keeps_what_was_learned(self, case: str):
        name, settings = MODELS[case]
        before = model(case)
        none = {"epochs": 1, "learning_rate": 1e-12} if name == "GSASRec" else {"epochs": 0}
        after = getattr(zhiyin.models, name)(content=True, **{**settings, **none}).fit(
            untaken(described(), 0, 1), start=before
        )
        asked = Requests.of(Histories.of([[2, 4], [3]]))
        np.testing.assert_allclose(after.score(asked)[:, :14], before.score(asked)[:, :14], atol=1e-5)
        trained = after.item_content.trained.numpy()[:16]
        assert trained.all()  # 14 and 15 here, 0 and 1 in the version before

    def test_parameters_of_content_are_planned(self, case: str):
        kind, settings = type(model(case)), model(case).config
        plain = settings.model_copy(update={"content": False})
        n, n_plain = (parameters_of(kind, one, described()) for one in (settings, plain))
        network = model(case).network
        assert n == sum(weight.numel() for weight in network.parameters())
        assert n - n_plain == sum(w.numel() for name, w in network.named_parameters() if name.startswith("content"))

    def test_absent_or_unread_content_is_off(self, case: str):
        name, settings = MODELS[case]
        estimator, asked = getattr(zhiyin.models, name), Requests.of(Histories.of([[0, 2]]))
        short = {**settings, "epochs": 1}
        plain = estimator(**short).fit(worlds.even())
        for other in (estimator(content=True, **short).fit(worlds.even()), estimator(**short).fit(described())):
            np.testing.assert_array_equal(other.score(asked), plain.score(asked))
            assert other.score_new(asked, new_items(TWO)) is None
        with pytest.raises(ModelError, match="content 'seen' of the new items has 2 numbers, the model was trained"):
            model(case).score_new(asked, new_items([[1, 0]]))


@pytest.mark.parametrize("case", ["MultVAE, bent", "SASRec, bent, two vectors", "SASRec, cosine"])
def test_exported_it_scores_the_same(case: str, tmp_path: Path):
    pytest.importorskip("onnxruntime")
    model(case).item_content.lift.fill_(0.5)
    model(case).network.eval()
    said = onnx_of(model(case), tmp_path, Histories.of([[0, 2, 2], [], [5, 14]]))
    assert said["parity"]["largest_difference"] < 1e-4


def test_nearest_latent_vectors_answer_new_items_too():
    cosine = zhiyin.models.VAECosine(content=True, **BAG).fit(described())
    slates = cosine.recommend([["i0", "i2", "i4"], ["i1", "i3", "i5"]], k=100, new_items=new_items(TWO))
    even, odd = (ids.index("new0") - ids.index("new1") for ids in slates.ids)
    assert even < 0 < odd


def test_content_knn_reads_new_items_in_histories_and_lists():
    knn = zhiyin.models.ContentKNN().fit(worlds.even())
    slates = knn.recommend([["new-even"], ["new-odd"]], k=100, new_items=worlds.new_even_items())
    assert [worlds.parity(id_) for id_ in slates.ids[0][:3] if id_[0] == "i"] == [0, 0, 0]
    assert [worlds.parity(id_) for id_ in slates.ids[1][:3] if id_[0] == "i"] == [1, 1, 1]
    assert len(knn.catalogue) == worlds.even().n_items


def test_what_is_added_to_a_catalogue_comes_after_it():
    first = replace(Catalogue.of(["a", "b"], title=["Jug", None]), content={"seen": np.eye(2, dtype=np.float32)})
    both = first.add(replace(Catalogue.of(["c"], price=[4.0]), content={"heard": np.ones((1, 3), np.float32)}))
    assert list(both.ids) == ["a", "b", "c"]
    assert both.columns["title"].tolist() == ["Jug", None, None]
    assert np.isnan(both.columns["price"]).tolist() == [True, True, False]
    np.testing.assert_array_equal(both.content["seen"][:2], first.content["seen"])
    assert np.isnan(both.content["seen"][2]).all()
    assert np.isnan(both.content["heard"][:2]).all()
    assert len(first) == 2


# -- parts -----------------------------------------------------------------------------------------------------------


def small_network(**settings: object) -> NextItemNetwork:
    torch.manual_seed(0)
    content = torch.eye(6)[:, :4]  # the last two are not described
    return NextItemNetwork(
        6, SASRecConfig(**{"width": 8, "content": True, "dropout": 0.0, **settings}), content=content
    )


@pytest.mark.parametrize("tied", [True, False])
def test_content_speaks_where_ids_are_silent(tied: bool):
    network = small_network(tied=tied)
    inputs, outputs = network.tables(nameless=1 - 1e-9)
    content = network.content.vectors
    torch.testing.assert_close(inputs[:4], network.content_in(content)[:4])
    torch.testing.assert_close(outputs[:4], (network.content_in if tied else network.content_out)(content)[:4])
    torch.testing.assert_close(inputs[4:], network.item_table[4:])  # without content an id is never silent
    whole = network.tables()[0]
    torch.testing.assert_close(whole, network.item_table + network.content_in(content))
    hidden = (network.tables(nameless=0.5)[0] != whole).any(dim=1)
    assert 0 < int(hidden.sum()) < 5


def test_an_item_that_nobody_took_is_no_negative():
    network = small_network()
    network.content.trained[[1, 4]] = False
    bias = network.item_bias(learning=True)
    assert torch.isneginf(bias).tolist() == [False, True, False, False, False, False]  # 4 has no content: as ever
    network.content.lift.fill_(3.0)
    assert network.item_bias().tolist() == [0, 3, 0, 0, 0, 0]
    drawn = Proposal(6, np.arange(6), among=torch.tensor([0, 2, 5])).draw(4000)
    counts = np.bincount(drawn.numpy(), minlength=6)
    assert counts[[1, 3, 4]].sum() == 0
    np.testing.assert_allclose(counts[[0, 2, 5]] / 4000, np.array([1, 3, 6]) / 10, atol=0.04)
    expected = Proposal(6, np.arange(6), among=torch.tensor([0, 2, 5])).log_expected(torch.tensor([5]), 10)
    assert float(expected.exp()) == pytest.approx(6)


@pytest.mark.parametrize("loss", ["softmax", "soft_softmax", "sampled_softmax", "gbce", "bce", "bpr"])
def test_no_loss_hears_of_an_item_that_nobody_took(loss: str):
    """What is said of item 3 changes, and no loss does; of an item that is taken it does."""
    found = []
    for changed in (None, 3, 2):
        network = small_network(loss=loss, negatives=8, content_dropout=0.0)
        network.content.trained[3] = False
        if changed is not None:
            network.content.vectors[changed] = 50.0
        settings = SASRecConfig(content=True, content_dropout=0.0, loss=loss, negatives=8)
        learner = NextItemLearner(network, settings)
        lessons = Lessons.of(Histories.of([[0, 1, 2], [5, 0]]), 6, 50, 0)
        torch.manual_seed(1)
        optimisers = Optimisers({"main": torch.optim.SGD(network.parameters(), lr=0.0)}, 1)

        found.append(learner.step(lessons, optimisers))
    torch.testing.assert_close(found[0], found[1])
    assert not torch.allclose(found[0], found[2])


def test_no_bag_hears_of_an_item_that_nobody_took():
    vae = model("MultVAE")
    network = vae.network.train()
    logits = network.outputs()[1]
    network.eval()
    assert torch.isneginf(logits).nonzero()[:, 0].tolist() == [14, 15]
    assert np.isfinite(vae.item_bias).all()


def test_a_projection_bends_only_where_it_is_told_to():
    torch.manual_seed(0)
    plain, bent = Projection(4, 3), Projection(4, 3, hidden=8)
    x, y = torch.randn(5, 4), torch.randn(5, 4)
    torch.testing.assert_close(plain(x + y), plain(x) + plain(y))
    torch.nn.init.normal_(bent.narrow.weight)
    assert not torch.allclose(bent(x + y), bent(x) + bent(y), atol=1e-2)


def test_ids_are_silent_for_a_share_of_what_is_described():
    content = ItemContent(torch.cat([torch.ones(2000, 2), torch.zeros(10, 2)]))
    share = 1 - content.speaks(nameless=0.3)[:2000].mean()
    assert float(share) == pytest.approx(0.3, abs=0.04)
    assert content.speaks(nameless=0.3)[2000:].all()


class Drawn:
    """Scores by chance, the same at every call; those of the first half of the items are 5 higher."""

    def score(self, requests: Requests) -> np.ndarray:
        scores = np.random.default_rng(1).standard_normal((len(requests), 400)).astype(np.float32)
        scores[:, :200] += 5
        return scores


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_new_items_have_the_share_of_lists_that_they_have_of_what_is_taken(share: float):
    targets = np.where(np.arange(200) < 200 * share, 399, 0)
    cases = Cases(Requests.of(Histories.empty(200)), Ragged.of(targets[:, None]), np.arange(200))
    silent = np.arange(400) >= 200
    lift = fair_lift(Drawn(), cases, silent)
    scores = Drawn().score(cases.requests)
    scores[:, silent] += lift
    shown = np.argsort(-scores, axis=1)[:, :20]
    assert silent[shown].mean() == pytest.approx(share, abs=0.02)


def test_few_new_items_are_lifted_no_further_than_into_every_list():
    cases = Cases(Requests.of(Histories.empty(8)), Ragged.of(np.full((8, 1), 399)), np.arange(8))
    assert np.isfinite(fair_lift(Drawn(), cases, np.arange(400) == 399))


def test_a_given_bias_of_new_items_is_taken():
    fitted = zhiyin.models.SASRec(content=True, new_bias=1.5, **{**SMALL, "epochs": 2}).fit(untaken(described(), 14))
    assert fitted.facts["new_bias"] == 1.5
    assert fitted.item_bias.tolist() == [1.5 if row == 14 else 0 for row in range(len(fitted.catalogue))]


class TestSASRecWithContentContract(RecommenderContract):
    def world(self) -> zhiyin.Dataset:
        return self.with_content(worlds.even())

    def trained_on(self, dataset: zhiyin.Dataset) -> Any:
        return zhiyin.models.SASRec(content=True, **SMALL).fit(self.with_content(dataset))

    @staticmethod
    def with_content(dataset: zhiyin.Dataset) -> zhiyin.Dataset:
        content = {"seen": np.random.default_rng(0).standard_normal((dataset.n_items, 3)).astype(np.float32)}
        return replace(dataset, catalogue=replace(dataset.catalogue, content=content))
