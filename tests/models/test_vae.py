"""Mult-VAE: what is its own; what every model must do is in the contract suite."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from scipy.sparse import csr_matrix

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.core.plugins import registered
from zhiyin.data.contracts import Cases, Catalogue, Histories, Ragged, Requests, VectorModel
from zhiyin.models.bags import bags_of, summed_rows, torch_bag
from zhiyin.models.exporting import padded
from zhiyin.models.vae.cosine import VAECosineModel
from zhiyin.models.vae.export import BagScores
from zhiyin.models.vae.network import MultVAEConfig, MultVAENetwork
from zhiyin.models.vae.training import MultVAE, VAECosine, VAELearner
from zhiyin.testing import RecommenderContract, worlds
from zhiyin.training import Bags, Optimisers, ndcg_on

SMALL = {"hidden": 24, "latent": 8, "epochs": 60, "batch": 16, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def dataset() -> zhiyin.Dataset:
    """Even people like even items: 60 people, 12 items, 4 of their own kind each."""
    rng = np.random.default_rng(1)
    rows = [
        {"user": f"u{user}", "item": f"i{2 * item + user % 2}"}
        for user in range(60)
        for item in rng.choice(6, 4, replace=False)
    ]
    return zhiyin.Dataset.from_frame(pl.DataFrame(rows))


@pytest.fixture(scope="module")
def model(dataset: zhiyin.Dataset) -> MultVAE:
    return MultVAE(seed=3, **SMALL).fit(dataset)


def test_even_people_get_even_items(model: MultVAE):
    even, odd = model.recommend([["i0", "i2", "i4"], ["i1", "i3"]], k=3).ids
    assert {int(item[1:]) % 2 for item in even} == {0}
    assert {int(item[1:]) % 2 for item in odd} == {1}


def test_scores_are_vectors_times_vectors(model: MultVAE):
    requests = Requests.of(Histories.of([[0, 1], [], [5]]))
    assert isinstance(model, VectorModel)
    product = model.user_vectors(requests) @ model.item_vectors.T + model.item_bias
    np.testing.assert_allclose(model.score(requests), product, atol=1e-6)


def test_without_validation_exactly_the_epochs_asked_for(model: MultVAE):
    assert [entry["epoch"] for entry in model.facts["curve"]] == list(range(1, 61))
    assert model.facts["parts"] == ["all"]


def test_a_large_log_ends_after_so_many_updates(dataset: zhiyin.Dataset):
    few = MultVAE(**{**SMALL, "epochs": 20}, updates=7).fit(dataset)  # 60 people, 16 a batch: 4 updates an epoch
    assert few.facts["epochs"] == 2


def test_an_item_is_a_history_of_one(model: MultVAE):
    some = model.encode_items(["i3", "nobody's", "i0"])
    np.testing.assert_allclose(some, model.encode([["i3"], [], ["i0"]]), atol=1e-6)
    np.testing.assert_allclose(model.encode_items(), model.encode([[id_] for id_ in model.catalogue.ids]), atol=1e-6)


def test_training_leaves_the_callers_random_state_alone(dataset: zhiyin.Dataset):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    MultVAE(**{**SMALL, "epochs": 1}).fit(dataset)
    assert torch.rand(1) == expected
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_loss_of_a_person_is_the_papers(dataset: zhiyin.Dataset):
    """Against the formula written out: undropped target, summed over clicks, annealed divergence."""
    torch.manual_seed(0)
    config = MultVAEConfig(hidden=6, latent=3, kl_weight=0.2, annealing=0.8, dropout=0.5)
    network = MultVAENetwork(5, 6, 3).double()
    learner = VAELearner(network, config)
    optimisers = Optimisers({"main": torch.optim.SGD(network.parameters(), lr=0.0)}, 100)
    optimisers.updates = 40  # half of the 80 over which the weight of the divergence rises
    bags = Bags(np.array([0, 2, 5]), np.array([1, 3, 0, 2, 4]), np.array([1, 1, 1, -1, 1], np.float64))
    state = torch.get_rng_state()
    losses = learner.step(bags, optimisers)

    torch.set_rng_state(state)
    mean, log_variance = network.encode(*map(torch.from_numpy, (bags.offsets, bags.items, bags.values)), dropout=0.5)
    latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
    logits = network.unfold(latent) @ network.item_out.T + network.bias_out
    target = torch.tensor([[0, 1, 0, 1, 0], [1, 0, 0, 0, 1]], dtype=torch.float64)  # a dislike is no target
    likelihood = -(target * logits.log_softmax(1)).sum(1)
    divergence = 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum(1)
    torch.testing.assert_close(losses, (likelihood + 0.1 * divergence).detach())


BAGS = Bags(np.array([0, 2, 5]), np.array([1, 3, 0, 2, 4]), np.array([1, 1, 1, -1, 1], np.float32))


def loss_at(share_done: float = 0.5, **settings: float) -> torch.Tensor:
    """Losses of one step from the same weights and luck."""
    torch.manual_seed(0)
    config = MultVAEConfig(**{"hidden": 6, "latent": 3, "dropout": 0.0, **settings})
    network = MultVAENetwork(5, 6, 3)
    optimisers = Optimisers({"main": torch.optim.SGD(network.parameters(), lr=0.0)}, 100)
    optimisers.updates = round(100 * share_done)
    return VAELearner(network, config).step(BAGS, optimisers)


def test_the_divergence_counts_and_rises():
    without, whole = loss_at(kl_weight=0.0), loss_at(kl_weight=0.2, annealing=0.5)
    assert (whole > without).all()
    torch.testing.assert_close(loss_at(0.1, kl_weight=0.2, annealing=0.5) - without, 0.2 * (whole - without))
    torch.testing.assert_close(loss_at(0.0, kl_weight=0.2, annealing=0.5), without)


def test_dropout_hides_events_from_the_encoder():
    network = MultVAENetwork(5, 6, 3)
    bags = [torch.from_numpy(array) for array in vars_of(BAGS)]
    torch.manual_seed(0)
    drawn = torch.stack([network.summed(*bags, dropout=0.5) for _ in range(2000)])
    plain = network.summed(*bags)
    assert not torch.allclose(drawn[0], drawn[1])
    torch.testing.assert_close(drawn.mean(0), plain, atol=0.05, rtol=0.1)
    assert torch.equal(network.train().summed(*bags), plain)  # only where a share is asked for


def test_the_latent_vector_is_drawn_while_learning_alone(model: MultVAE):
    assert not torch.equal(*(VAELearner(model.network, model.config).step(BAGS, _still(model)) for _ in range(2)))
    requests = Requests.of(Histories.of([[0, 1]]))
    np.testing.assert_array_equal(model.score(requests), model.score(requests))


def _still(model: MultVAE) -> Optimisers:
    return Optimisers({"main": torch.optim.SGD(model.network.parameters(), lr=0.0)}, 1)


def test_the_encoder_reads_the_normalised_bag():
    torch.manual_seed(0)
    network = MultVAENetwork(5, 6, 3).eval()
    x = torch.tensor([[0, 1, 0, -1, 1], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0.0]])
    sparse = [torch.from_numpy(a) for a in vars_of(Bags.of(csr_matrix(x.numpy())))]
    mean, log_variance = network.encode(*sparse)
    hidden = torch.tanh(torch.nn.functional.normalize(x) @ network.item_in + network.bias_in)
    torch.testing.assert_close(torch.cat([mean, log_variance], 1), network.encoder(hidden))


def vars_of(bags: Bags) -> tuple[np.ndarray, ...]:
    return bags.offsets, bags.items, bags.values


@pytest.mark.parametrize("cast", [False, True])
def test_the_gradient_of_a_bag_is_that_of_torchs_own(cast: bool):
    rows = torch.randn(9, 5, requires_grad=True)
    offsets = torch.tensor([0, 3, 3, 5, 9])  # one is empty
    items, values, upstream = torch.tensor([0, 4, 8, 4, 7, 1, 4, 5, 8]), torch.randn(9), torch.randn(4, 5)
    found = []
    for bag in (summed_rows, torch_bag):
        rows.grad = None
        with torch.autocast("cpu", torch.bfloat16, enabled=cast):
            bag(rows, offsets, items, values).backward(upstream)
        found.append(rows.grad.clone())
    torch.testing.assert_close(*found)
    assert not found[0][[2, 3, 6]].any()


def test_an_item_counts_once_by_the_sign_of_what_its_events_add_up_to():
    histories = Histories(
        np.array([0, 6]), np.array([2, 0, 2, 1, 1, 3], np.int32), np.arange(6), np.zeros(6, np.uint8),
        np.full(6, np.nan, np.float32), np.array([1, 5, 1, 1, -1, -2], np.float32),
    )  # fmt: skip
    offsets, items, values = bags_of(histories, 5)
    assert offsets.tolist() == [0, 3]
    assert items.tolist() == [0, 2, 3]
    assert values.tolist() == [1, 1, -1]


def test_an_empty_history_gets_what_most_people_take(dataset: zhiyin.Dataset, model: MultVAE):
    scores = model.score(Requests.of(Histories.empty(1)))
    assert np.isfinite(scores).all()
    assert scores.std() > 0


def test_a_disliked_item_lowers_what_resembles_it(model: MultVAE):
    liked = Histories.of([[model.catalogue.ids.row("i1"), model.catalogue.ids.row("i0")]])
    disliked = replace(liked, weights=np.array([1, -1], np.float32))
    even = model.catalogue.ids.rows(["i2", "i4", "i6", "i8", "i10"])
    odd = model.catalogue.ids.rows(["i3", "i5", "i7", "i9", "i11"])
    alone = model.score(Requests.of(liked.keep(np.array([True, False]))))[0]
    both = model.score(Requests.of(disliked))[0]
    assert (both[even].mean() - both[odd].mean()) < (alone[even].mean() - alone[odd].mean())


def test_early_stopping_by_validation(dataset: zhiyin.Dataset):
    rows = dataset.catalogue.ids.rows
    cases = Cases(
        Requests.of(Histories.of([rows(["i0", "i2"]), rows(["i1", "i3"])])),
        Ragged.of([rows(["i4"]), rows(["i5"])]), np.array([0, 1]),
    )  # fmt: skip
    model = MultVAE(**{**SMALL, "patience": 4, "validation_k": 3}, seed=1).fit(dataset, validation=cases)
    best = max(model.facts["curve"], key=lambda entry: entry["validation"])
    assert model.facts["best_epoch"] == best["epoch"]
    assert len(model.facts["curve"]) <= best["epoch"] + 4
    assert ndcg_on(model, cases, 3) == best["validation"]


def test_training_without_a_usable_event_says_so(dataset: zhiyin.Dataset):
    nothing = dataset.with_histories(Histories.empty(len(dataset)))
    with pytest.raises(ModelError, match="MultVAE has nothing to learn from: the dataset has no event"):
        MultVAE().fit(nothing)
    disliked = replace(dataset.histories, weights=-dataset.histories.weights)
    for estimator in (MultVAE, zhiyin.models.SASRec):
        with pytest.raises(ModelError, match="nothing to learn from: no event has a positive weight; check the recipe"):
            estimator().fit(dataset.with_histories(disliked))


def test_dislikes_teach_without_being_targets(dataset: zhiyin.Dataset):
    """Half of the people also dislike item 0, which nobody likes: it ends where an item that nobody touched does."""
    items = pl.DataFrame({"item": [f"i{n}" for n in range(10)]})
    likes = [{"user": f"u{u}", "item": f"i{2 + (u + n) % 8}", "kind": "like"} for u in range(40) for n in range(3)]
    dislikes = [{"user": f"u{u}", "item": "i0", "kind": "dislike"} for u in range(0, 40, 2)]
    mixed = zhiyin.Dataset.from_frame(pl.DataFrame(likes + dislikes), items=items)
    model = MultVAE(**SMALL).fit(mixed)
    assert "i0" in model.recommend([["i3"]], k=10).ids[0][-2:]


def described(n_numbers: int = 4) -> zhiyin.Dataset:
    """The even world whose items' content vectors say their parity, and nothing else but noise."""
    world = worlds.even()
    rng = np.random.default_rng(5)
    vectors = 0.3 * rng.standard_normal((world.n_items, n_numbers))
    vectors[:, 0] += [1 - 2 * worlds.parity(id_) for id_ in world.catalogue.ids]
    catalogue = replace(world.catalogue, content={"seen": vectors.astype(np.float32)})
    return replace(world, catalogue=catalogue)


def new_items(vectors: list[list[float]]) -> Catalogue:
    plain = Catalogue.of([f"new{n}" for n in range(len(vectors))])
    return replace(plain, content={"seen": np.array(vectors, np.float32)})


@pytest.mark.parametrize("name", ["MultVAE", "RecVAE"])
class TestContent:
    """Content vectors beside ids, going in and coming out."""

    _models: dict[str, zhiyin.models.MultVAE] = {}

    def model(self, name: str) -> MultVAE:
        if name not in self._models:
            settings = {**SMALL, "epochs": 40 if name == "MultVAE" else 15}
            self._models[name] = getattr(zhiyin.models, name)(content=True, **settings).fit(described())
        return self._models[name]

    def test_a_new_items_content_says_who_likes_it(self, name: str):
        slates = self.model(name).recommend(
            [["i0", "i2", "i4"], ["i1", "i3", "i5"]], k=100, new_items=new_items([[2, 0, 0, 0], [-2, 0.1, 0, 0]])
        )
        even, odd = (ids.index("new0") - ids.index("new1") for ids in slates.ids)
        assert even < 0 < odd
        assert not any(slates.notes)
        places = [slates.ids[0].index("new0"), slates.ids[1].index("new1")]
        assert max(places) < 8  # among its own kind, before the other one

    def test_a_new_item_stands_on_the_scale_of_the_others(self, name: str):
        """With the content of one that is known, it scores much like that one."""
        model, asked = self.model(name), Requests.of(Histories.of([[0, 2, 4], [1, 3], []]))
        known, twin = model.score(asked), model.catalogue.content["seen"][6]
        new = model.score_new(asked, new_items([twin.tolist()]))
        assert (np.abs(new[:, 0] - known[:, 6]) < known.std()).all()

    def test_what_is_alike_in_content_reads_alike(self, name: str):
        """An item's row and its content both count in what is read."""
        model = self.model(name)
        row = model.network.inputs()
        assert torch.allclose(row, model.network.item_in + model.network.content.vectors @ model.network.content_in)
        bags = torch.tensor([0, 2]), torch.tensor([0, 3]), torch.ones(2)
        torch.testing.assert_close(model.network.summed(*bags)[0], (row[0] + row[3]) / 2**0.5)
        hidden = model.network.summed(*bags, nameless=1 - 1e-9)[0]
        torch.testing.assert_close(hidden, (row - model.network.item_in)[[0, 3]].sum(0) / 2**0.5)

    def test_a_saved_model_answers_new_items_the_same(self, name: str, tmp_path: Path):
        model, new = self.model(name), new_items([[2, 0, 0, 0], [np.nan] * 4])
        requests = Requests.of(Histories.of([[0, 2], []]))
        scores = model.score_new(requests, new)
        assert scores.shape == (2, 2)
        assert np.isfinite(scores).all()
        model.save(tmp_path / "model")
        loaded = zhiyin.load(tmp_path / "model")
        np.testing.assert_array_equal(loaded.score_new(requests, new), scores)
        np.testing.assert_array_equal(loaded.score(requests), model.score(requests))

    def test_the_exported_network_reads_it_too(self, name: str):
        model, histories = self.model(name), Histories.of([[0, 2, 2], [], [5]])
        with torch.no_grad():
            found = BagScores(model)(*(torch.from_numpy(array) for array in padded(histories).values()))
        np.testing.assert_allclose(found.numpy(), model.score(Requests.of(histories)), atol=1e-5)

    def test_absent_or_unread_content_is_off(self, name: str):
        estimator, requests = getattr(zhiyin.models, name), Requests.of(Histories.of([[0, 2]]))
        settings = {**SMALL, "epochs": 2}
        plain = estimator(**settings).fit(worlds.even())
        for model in (estimator(content=True, **settings).fit(worlds.even()), estimator(**settings).fit(described())):
            np.testing.assert_array_equal(model.score(requests), plain.score(requests))
            assert model.score_new(requests, new_items([[1, 0, 0, 0]])) is None
        assert self.model(name).score_new(requests, Catalogue.of(["bare"])) is None
        with pytest.raises(
            ModelError, match="content 'seen' of the new items has 2 numbers, the model was trained with 4"
        ):
            self.model(name).score_new(requests, new_items([[1, 0]]))


class TestInvented:
    """`sample` and `path`, which all VAEs have."""

    def test_invented_people_have_one_taste_each(self, model: MultVAE):
        slates = model.sample(200, k=3, seed=4)
        assert len(slates.ids) == 200
        odd = np.array([[int(item[1:]) % 2 for item in ids] for ids in slates.ids]).mean(axis=1)
        assert np.isin(odd, (0, 1)).mean() > 0.8  # by chance one in four
        assert 0.2 < odd.mean() < 0.8

    def test_a_seed_gives_its_people(self, model: MultVAE):
        assert model.sample(5, seed=1).to_dicts() == model.sample(5, seed=1).to_dicts()
        assert model.sample(5, seed=1).ids != model.sample(5, seed=2).ids
        assert model.sample(0).ids == []
        with pytest.raises(ModelError, match="n is -1; invent at least 0 people"):
            model.sample(-1)

    def test_a_path_leads_from_one_person_to_the_other(self, model: MultVAE):
        a, b = ["i0", "i2", "i4"], ["i1", "i3", "i5"]
        slates = model.path(a, b, steps=9, k=4)
        ends = model.recommend([a, b], k=4, exclude_seen=False)
        assert [slates.ids[0], slates.ids[-1]] == ends.ids
        odd = [sum(int(item[1:]) % 2 for item in ids) for ids in slates.ids]
        assert odd == sorted(odd)
        assert (odd[0], odd[-1]) == (0, 4)
        with pytest.raises(ModelError, match="steps is 1; a path has at least its two ends"):
            model.path(a, b, steps=1)

    def test_before_training_nobody_can_be_invented(self):
        with pytest.raises(ModelError, match="is not trained"):
            MultVAE().sample(1)


@pytest.fixture(scope="module")
def cosine(model: MultVAE) -> VAECosineModel:
    return VAECosineModel.of(model)


class TestCosine:
    def test_scores_are_cosines_of_latent_vectors(self, model: MultVAE, cosine: VAECosineModel):
        person, items = model.encode([["i0", "i2"]]), model.encode_items()
        expected = (items @ person[0]) / np.linalg.norm(items, axis=1) / np.linalg.norm(person)
        found = cosine.score(Requests.of(Histories.of([model.catalogue.ids.rows(["i0", "i2"]).tolist()])))
        np.testing.assert_allclose(found[0], expected, atol=1e-5)

    def test_even_people_get_even_items(self, cosine: VAECosineModel):
        even, odd = cosine.recommend([["i0", "i2", "i4"], ["i1", "i3"]], k=3).ids
        assert {int(item[1:]) % 2 for item in even} == {0}
        assert {int(item[1:]) % 2 for item in odd} == {1}

    def test_an_item_is_its_own_nearest(self, cosine: VAECosineModel):
        assert cosine.recommend([["i3"]], k=1, exclude_seen=False).ids == [["i3"]]

    def test_fitted_alone_it_is_the_same_as_made_from_the_vae(self, dataset: zhiyin.Dataset, cosine: VAECosineModel):
        alone = VAECosine(seed=3, **SMALL).fit(dataset)
        requests = Requests.of(Histories.of([[0, 1], []]))
        np.testing.assert_allclose(alone.score(requests), cosine.score(requests), atol=1e-6)
        longer = alone.fit(dataset.with_histories(dataset.histories.take(np.arange(30))))
        assert not np.allclose(longer.score(requests), cosine.score(requests), atol=1e-3)

    def test_validation_of_a_second_fit_reads_its_own_items(self, dataset: zhiyin.Dataset):
        requests = Requests.of(Histories.of([[0, 1], [2, 3], [4]]))
        cases = Cases(requests, Ragged.of([[4, 5], [6], [1, 9]]), np.arange(3))
        settings = {**SMALL, "epochs": 4, "validation_k": 12}
        once = VAECosine(**settings).fit(dataset, validation=cases)
        twice = VAECosine(**settings).fit(dataset).fit(dataset, validation=cases)
        assert twice.facts["curve"] == once.facts["curve"]
        assert len({entry["validation"] for entry in once.facts["curve"]}) > 1


def test_checkpoints_of_a_fit_are_of_its_data_and_settings(dataset: zhiyin.Dataset, tmp_path: Path):
    settings = {**SMALL, "epochs": 2}
    first = MultVAE(**settings).fit(dataset, checkpoints=tmp_path / "c")
    again = MultVAE(**settings).fit(dataset, checkpoints=tmp_path / "c")
    assert again.facts == first.facts
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
    with pytest.raises(ModelError, match="holds the checkpoint of another training"):
        MultVAE(**settings, seed=2).fit(dataset, checkpoints=tmp_path / "c")


class TestMultVAEContract(RecommenderContract):
    def trained_on(self, dataset: zhiyin.Dataset) -> MultVAE:
        return MultVAE(**{**SMALL, "batch": 64}).fit(dataset)


@pytest.mark.skipif(
    "VAECosine" not in registered("zhiyin.models"), reason="the installed entry points lack VAECosine: install again"
)
class TestVAECosineContract(RecommenderContract):
    def trained_on(self, dataset: zhiyin.Dataset) -> VAECosine:
        return VAECosine(**{**SMALL, "batch": 64}).fit(dataset)
