"""The adversarial VAE: what is its own; what it shares with Mult-VAE is tested there."""

import numpy as np
import polars as pl
import pytest
import torch

import zhiyin
from zhiyin.data.contracts import Histories
from zhiyin.models.bags import bags_of
from zhiyin.models.gan.adversary import fooling, steepness, telling
from zhiyin.models.gan.cloud import cloud_of, told_apart
from zhiyin.models.gan.training import AdversarialLearner, AdversarialVAE
from zhiyin.models.vae.training import MultVAE
from zhiyin.testing import RecommenderContract
from zhiyin.training import Bags, Optimisers

SMALL = {"hidden": 24, "latent": 8, "epochs": 60, "batch": 16, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def dataset() -> zhiyin.Dataset:
    """Two taste groups: even people take four of the six even items, odd people odd ones."""
    rng = np.random.default_rng(1)
    rows = [
        {"user": f"u{user}", "item": f"i{2 * item + user % 2}"}
        for user in range(60)
        for item in rng.choice(6, 4, replace=False)
    ]
    return zhiyin.Dataset.from_frame(pl.DataFrame(rows))


@pytest.fixture(scope="module")
def model(dataset: zhiyin.Dataset) -> AdversarialVAE:
    return AdversarialVAE(seed=3, **SMALL).fit(dataset)


def test_two_tastes_do_not_become_one(model: AdversarialVAE):
    even, odd = model.recommend([["i0", "i2", "i4"], ["i1", "i3"]], k=3).ids
    assert {int(item[1:]) % 2 for item in even} == {0}
    assert {int(item[1:]) % 2 for item in odd} == {1}
    assert 1 <= model.facts["active"] <= 8


def test_without_the_critic_it_is_the_autoencoder(dataset: zhiyin.Dataset):
    alone = AdversarialVAE(seed=3, adversarial=0, **SMALL).fit(dataset)
    plain = MultVAE(seed=3, kl_weight=0, **SMALL).fit(dataset)
    history = Histories.of([[0, 2], [1]])
    np.testing.assert_allclose(alone.latent(history), plain.latent(history), rtol=1e-4, atol=1e-5)


def test_the_critic_pulls_the_cloud_towards_the_normal_one(dataset: zhiyin.Dataset):
    """Mean square of all encoded numbers, 1 for N(0, I): nearer to it with the critic than without."""

    def distance(adversarial: float) -> float:
        model = AdversarialVAE(seed=3, **{**SMALL, "latent": 2}, adversarial=adversarial).fit(dataset)
        with torch.no_grad():
            mean, log_variance = model.network.encode(*bags_of(dataset.histories, dataset.n_items))
        return abs(np.log(float((mean**2 + log_variance.exp()).mean())))

    assert distance(1.0) < 0.5 * distance(0.0)


def learner(dataset: zhiyin.Dataset, **settings: float) -> tuple[AdversarialLearner, Optimisers, Bags]:
    torch.manual_seed(0)
    model = AdversarialVAE(**SMALL, **settings)
    model.learned_from(dataset)
    model.network = model.new_network()
    made = model.learner()
    bags = Bags(np.array([0, 2, 5]), np.array([1, 3, 0, 2, 4]), np.ones(5, np.float32))
    return made, Optimisers(made.optimisers(), 10), bags


def test_every_part_learns_at_every_step_and_only_by_its_own_losses(dataset: zhiyin.Dataset):
    made, optimisers, bags = learner(dataset)
    before = {name: weight.detach().clone() for name, weight in made.network.state_dict().items()}
    losses = made.step(bags, optimisers)
    assert losses.shape == (2,)
    moved = {name for name, weight in made.network.state_dict().items() if not torch.equal(weight, before[name])}
    assert moved == set(before)
    fooled = {id(weight) for group in optimisers["fool"].param_groups for weight in group["params"]}
    assert fooled.isdisjoint(id(weight) for weight in made.critic.parameters())
    assert fooled.isdisjoint(id(weight) for weight in made.vae.decoder.parameters())


def test_the_losses_are_the_papers():
    real, made = torch.randn(7), torch.randn(7)
    p, q = torch.sigmoid(real), torch.sigmoid(made)
    torch.testing.assert_close(telling(real, made), -0.5 * (p.log().mean() + (1 - q).log().mean()))
    torch.testing.assert_close(fooling(made), -q.log())


def test_steepness_is_the_mean_squared_slope():
    bend = torch.tensor([3.0, -1.0])
    points = torch.tensor([[1.0, 2.0], [0.0, -1.0]])
    found = steepness(lambda x: (bend * x**2).sum(dim=1), points)
    torch.testing.assert_close(found, ((2 * bend * points) ** 2).sum(1).mean())


def test_the_penalty_keeps_the_critic_flat(dataset: zhiyin.Dataset):
    slopes = []
    for penalty in (0.0, 10.0):
        made, _, bags = learner(dataset, penalty=penalty)
        optimisers = Optimisers(made.optimisers(), 100)
        for _ in range(100):
            made.step(bags, optimisers)
        slopes.append(float(steepness(made.critic, torch.randn(500, 8)).detach()))
    assert slopes[1] < 0.5 * slopes[0]


class TestCloud:
    """Whether people's latent vectors are draws of N(0, I), on clouds that are known."""

    def test_the_normal_cloud_is_not_told_apart_and_others_are(self):
        rng = np.random.default_rng(0)
        normal = rng.standard_normal((1000, 6))
        found = [told_apart(cloud, rng.standard_normal((1000, 6)), np.random.default_rng(1))
                 for cloud in (normal, normal + 0.3, 2 * normal, normal[:, :1] * np.ones(6))]  # fmt: skip
        assert abs(found[0][0] - 0.5) < 3 * found[0][1]
        assert all(auc > 0.5 + 5 * error for auc, error in found[1:3])
        assert found[1][0] < found[2][0] < 1

    def test_it_is_said_in_words(self):
        rng = np.random.default_rng(0)
        means = rng.standard_normal((300, 4)) * [1, 1, 0.05, 0]
        normal = cloud_of(means, rng.standard_normal((300, 4)), 0)
        assert normal["active"] == 2
        assert normal["cloud"].startswith("2 of 4 latent numbers tell people apart; their cloud cannot be told from")
        other = cloud_of(means, 3 + rng.standard_normal((300, 4)), 0)
        assert "can be told from N(0, I) (AUC 1.000 ± 0.02" in other["cloud"]
        assert "请设置 penalty" in other["cloud_zh"]
        few = cloud_of(means[:20], means[:20], 0)
        assert "too few people" in few["cloud"]
        assert "told_from_normal" not in few

    def test_the_card_says_it(self, model: AdversarialVAE):
        assert f"- cloud: {model.facts['cloud']}" in model.card()
        assert "of 8 latent numbers tell people apart" in model.facts["cloud"]

    def test_people_are_invented_from_it(self, model: AdversarialVAE):
        odd = np.array([[int(item[1:]) % 2 for item in ids] for ids in model.sample(200, k=3).ids]).mean(axis=1)
        assert np.isin(odd, (0, 1)).mean() > 0.6  # by chance one in four
        assert 0.1 < odd.mean() < 0.9


def test_a_killed_training_takes_the_critic_along(dataset: zhiyin.Dataset, tmp_path):
    whole = AdversarialVAE(seed=3, **{**SMALL, "epochs": 4}).fit(dataset)

    class KilledError(Exception):
        pass

    class Stops:
        def say(self, words: str) -> None: ...

        def track(self, items, label, total=None):
            for n, item in enumerate(items):
                if n == 2:
                    raise KilledError
                yield item

    settings = {**SMALL, "epochs": 4, "checkpoint_minutes": 0}
    with pytest.raises(KilledError):
        AdversarialVAE(seed=3, **settings).fit(dataset, progress=Stops(), checkpoints=tmp_path)
    resumed = AdversarialVAE(seed=3, **settings).fit(dataset, checkpoints=tmp_path)
    for name, weight in whole.arrays().items():
        np.testing.assert_array_equal(resumed.arrays()[name], weight)


class TestAdversarialVAEContract(RecommenderContract):
    def trained_on(self, dataset: zhiyin.Dataset) -> AdversarialVAE:
        return AdversarialVAE(**{**SMALL, "batch": 64}).fit(dataset)
