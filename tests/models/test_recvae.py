"""RecVAE: what is its own; what every model must do is in the contract suite, what all VAEs do in test_vae."""

import copy
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor
from torch.nn import functional

import zhiyin
from zhiyin.data.contracts import Cases, Histories, Ragged, Requests
from zhiyin.models.vae import training_recvae
from zhiyin.models.vae.network_recvae import EPSILON, RecVAEConfig, RecVAENetwork
from zhiyin.models.vae.training_recvae import RecVAE, RecVAELearner, Rounds, Turn, log_prior, taken
from zhiyin.testing import RecommenderContract, worlds
from zhiyin.training import Bags, Optimisers, Shuffled, ndcg_on

SMALL = {"hidden": 24, "latent": 8, "epochs": 12, "batch": 16, "learning_rate": 1e-2}
BAGS = Bags(np.array([0, 2, 5]), np.array([1, 3, 0, 2, 4]), np.array([1, 1, 1, -1, 1], np.float32))
TURNS = {"encoder": Turn(BAGS, False, False), "decoder": Turn(BAGS, True, False)}


def tensors() -> tuple[Tensor, Tensor, Tensor]:
    return torch.from_numpy(BAGS.offsets), torch.from_numpy(BAGS.items), torch.from_numpy(BAGS.values)


def made(**settings: object) -> tuple[RecVAELearner, Optimisers]:
    """A learner of five items, its weights away from where they begin."""
    torch.manual_seed(0)
    config = RecVAEConfig(**{"hidden": 6, "latent": 3, "kl_weight": 0.1, **settings})
    network = RecVAENetwork(5, config.hidden, config.latent, config.layers)
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.3 * torch.randn_like(weight)
    learner = RecVAELearner(network, config)
    return learner, Optimisers(learner.optimisers(), 10)


def losses_of(turn: str, learner: RecVAELearner, optimisers: Optimisers, seed: int = 1) -> Tensor:
    torch.manual_seed(seed)
    return copy.deepcopy(learner).step(TURNS[turn], optimisers)


# -- the network ---------------------------------------------------------------------------------------------------


def test_each_layer_adds_all_layers_before_it():
    """Against the encoder written out: the sum stands inside the Swish, the norm outside."""
    vae = made()[0].vae
    summed = torch.randn(4, 6)

    def normed(x: Tensor, number: int) -> Tensor:
        spread = ((x - x.mean(1, keepdim=True)) ** 2).mean(1, keepdim=True)
        return (x - x.mean(1, keepdim=True)) / (spread + EPSILON).sqrt() * vae.norms[number].gain + vae.norms[
            number
        ].shift

    def swish(x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)

    h = [normed(swish(vae.bias_in + summed), 0)]
    for number, linear in enumerate(vae.deeper, 1):
        h.append(normed(swish(linear(h[-1]) + sum(h)), number))
    assert len(h) == 5
    torch.testing.assert_close(torch.cat(vae.posterior(summed), 1), vae.encoder(h[-1]))


def test_each_layer_is_normalised():
    """A bag ten times as long in every number hardly moves the posterior: without norms it would grow tenfold."""
    vae = made()[0].vae
    summed = 20 * torch.randn(4, 6)
    mean, _ = vae.posterior(summed)
    larger, _ = vae.posterior(10 * summed)
    assert (larger - mean).abs().max() < 0.5 * mean.abs().max()
    for norm in vae.norms:
        kept = norm.shift.data.clone()
        norm.shift.data += 1
        assert not torch.allclose(vae.posterior(summed)[0], mean, atol=1e-3)
        norm.shift.data = kept


def test_permuting_the_items_permutes_the_scores():
    vae = made()[0].vae.eval()
    offsets, items, values = tensors()
    order = torch.randperm(5)
    other = copy.deepcopy(vae)
    for name in other.per_item:
        getattr(other, name).data = getattr(vae, name).data[order]

    def scores(network: RecVAENetwork, rows: Tensor) -> Tensor:
        table, bias = network.outputs()
        return network.people(network.summed(offsets, rows, values)) @ table.T + bias

    torch.testing.assert_close(scores(other, order.argsort()[items]), scores(vae, items)[:, order])


def test_the_order_of_a_history_says_nothing():
    model = RecVAE(**{**SMALL, "epochs": 1}).fit(worlds.even())
    one, other = (model.score(Requests.of(Histories.of([rows]))) for rows in ([1, 4, 9], [9, 1, 4]))
    np.testing.assert_array_equal(one, other)


# -- the loss ------------------------------------------------------------------------------------------------------


def test_the_loss_of_an_encoder_pass_is_the_papers():
    """Against the formula written out: undropped target, one draw, weighed by as many items as were liked."""
    learner, optimisers = made(dropout=0.5, kl_weight=0.1)
    found = losses_of("encoder", learner, optimisers)
    torch.manual_seed(1)
    bags, vae = tensors(), learner.vae
    mean, log_variance = vae.encode(*bags, dropout=0.5)
    z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
    target = torch.tensor([[0, 1, 0, 1, 0], [1, 0, 0, 0, 1.0]])  # a dislike is no target
    likelihood = -(target * (z @ vae.item_out.T + vae.bias_out).log_softmax(1)).sum(1)
    old_mean, old_log_variance = learner.earlier.encode(*bags)
    normal = torch.distributions.Normal
    parts = [normal(0.0, 1.0), normal(old_mean, (0.5 * old_log_variance).exp()), normal(0.0, math.exp(5))]
    prior = sum(w * p.log_prob(z).exp() for w, p in zip((0.15, 0.75, 0.1), parts, strict=True)).log()
    posterior = normal(mean, (0.5 * log_variance).exp()).log_prob(z)
    divergence = (posterior - prior).sum(1)
    torch.testing.assert_close(found, (likelihood + 0.1 * torch.tensor([2.0, 2.0]) * divergence).detach())


def test_the_divergence_is_the_analytic_one_on_average(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training_recvae, "SHARES", (1.0, 1e-30, 1e-30))  # the standard normal alone
    learner, _ = made()
    mean, log_variance = torch.tensor([[0.5, -1.0, 0.0]]), torch.tensor([[0.2, -1.0, 0.0]])
    many = [part.expand(20_000, -1) for part in (mean, log_variance)]
    latent = many[0] + torch.randn(20_000, 3) * (0.5 * many[1]).exp()
    nobody = torch.zeros(20_001, dtype=torch.int64), torch.zeros(0, dtype=torch.int64), torch.zeros(0)
    found = learner.divergence(latent, *many, nobody)
    analytic = 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum()
    assert abs(found.mean() - analytic) < 4 * found.std() / math.sqrt(20_000)
    assert (found < 0).any()


def test_each_part_of_the_prior_counts():
    """Near 0, near the earlier posterior, and far from both another part decides."""
    old_mean, old_log_variance = torch.full((1, 1), 8.0), torch.full((1, 1), -2.0)
    z = torch.tensor([[0.0], [8.0], [60.0]])
    found = log_prior(z, old_mean.expand(3, 1), old_log_variance.expand(3, 1)).exp().flatten()
    normal, earlier = 0.15 / math.sqrt(2 * math.pi), 0.75 / math.sqrt(2 * math.pi) * math.e
    wide = 0.1 * torch.distributions.Normal(0.0, math.exp(5)).log_prob(z).exp().flatten()
    torch.testing.assert_close(found, torch.tensor([normal, earlier, 0.0]) + wide, rtol=1e-4, atol=0)


def test_the_divergence_weighs_as_many_items_as_a_person_took():
    learner, optimisers = made()
    without, once, twice = (
        losses_of("encoder", _with(learner, kl_weight=weight), optimisers) for weight in (0.0, 0.1, 0.2)
    )
    torch.testing.assert_close(twice - without, 2 * (once - without))
    assert (once != without).all()
    bags = torch.tensor([0, 1, 5]), torch.arange(5), torch.tensor([1.0, 1, 1, -1, 1])
    assert taken(bags).tolist() == [1, 3]


def _with(learner: RecVAELearner, **settings: object) -> RecVAELearner:
    other = copy.deepcopy(learner)
    other.config = learner.config.model_copy(update=settings)
    return other


def test_dropout_is_the_encoders_alone():
    learner, optimisers = made(dropout=0.5)
    without = _with(learner, dropout=0.0)
    assert not torch.equal(losses_of("encoder", learner, optimisers), losses_of("encoder", without, optimisers))
    # the same draw of z, once what dropout draws is out of the way
    torch.testing.assert_close(
        losses_of("decoder", learner, optimisers), losses_of("decoder", without, optimisers), rtol=0, atol=0
    )
    earlier = learner.earlier.train().encode(*tensors())[0]
    torch.testing.assert_close(earlier, learner.earlier.train().encode(*tensors())[0], rtol=0, atol=0)


# -- turns ---------------------------------------------------------------------------------------------------------


def test_each_pass_moves_its_own_half_alone():
    learner, optimisers = made()
    for turn, half in (("encoder", 0), ("decoder", 1)):
        before = {name: weight.clone() for name, weight in learner.network.state_dict().items()}
        learner.step(TURNS[turn], optimisers)
        moved = {name for name, weight in learner.network.state_dict().items() if not torch.equal(weight, before[name])}
        own = {id(weight) for weight in learner.vae.halves()[half]}
        assert moved == {f"vae.{name}" for name, weight in learner.vae.named_parameters() if id(weight) in own}


def test_the_prior_is_the_encoder_where_a_decoder_pass_begins():
    learner, optimisers = made()
    names = learner.earlier.state_dict().keys()
    assert not any(name.startswith(("item_out", "bias_out")) for name in names)

    def same() -> list[bool]:
        now = learner.vae.state_dict()
        return [torch.equal(weight, now[name]) for name, weight in learner.earlier.state_dict().items()]

    assert all(same())  # copied at the start
    learner.step(TURNS["encoder"], optimisers)
    assert not any(same())
    learner.step(Turn(BAGS, True, freezes=False), optimisers)
    assert not any(same())
    learner.step(Turn(BAGS, True, freezes=True), optimisers)
    assert all(same())


def test_an_epoch_is_three_passes_for_the_encoder_and_one_for_the_decoder():
    people = Shuffled(Bags(np.arange(8), np.arange(7), np.ones(7, np.float32)), 3, seed=0)
    rounds = Rounds(people, 3, 1)
    turns = list(rounds.epoch(2))
    assert len(rounds) == len(turns) == 12
    assert [turn.decoding for turn in turns] == 9 * [False] + 3 * [True]
    assert [place for place, turn in enumerate(turns) if turn.freezes] == [9]
    for number in range(4):
        seen = np.concatenate([turn.bags.items for turn in turns[3 * number : 3 * number + 3]])
        assert sorted(seen) == list(range(7))
    orders = {tuple(np.concatenate([t.bags.items for t in turns[s : s + 3]])) for s in (0, 3, 6, 9)}
    assert len(orders) == 4
    for skip in range(13):
        rest = list(rounds.epoch(2, skip))
        assert [(t.decoding, t.freezes, *t.bags.items) for t in rest] == [
            (t.decoding, t.freezes, *t.bags.items) for t in turns[skip:]
        ]


# -- learned -------------------------------------------------------------------------------------------------------


def test_one_person_is_learned_by_heart():
    only = worlds.one_user(6)
    some = only.with_histories(only.histories.keep(np.arange(6) < 3))
    model = RecVAE(**{**SMALL, "epochs": 40}, kl_weight=0, dropout=0).fit(some)
    chances = functional.softmax(torch.from_numpy(model.score(Requests.of(some.histories))), dim=1)[0]
    assert chances[:3].min() > 0.3  # a third each


def tastes(n_people: int = 300, n_items: int = 60, seed: int = 0) -> tuple[zhiyin.Dataset, Cases]:
    """People of six tastes that overlap, ten items each; of the last hundred people three items are held out."""
    rng = np.random.default_rng(seed)
    centres = rng.dirichlet(np.full(n_items, 0.15), 6)
    chances = [0.8 * centres[p % 6] + 0.2 * centres[(p // 6) % 6] + 1e-4 for p in range(n_people)]
    taken = [rng.choice(n_items, 10, replace=False, p=c / c.sum()) for c in chances]
    rows = [{"user": f"u{p}", "item": f"i{i}"} for p in range(n_people - 100) for i in taken[p]]
    items = pl.DataFrame({"item": [f"i{i}" for i in range(n_items)]})
    asked, wanted = [t[:7] for t in taken[-100:]], [t[7:] for t in taken[-100:]]
    cases = Cases(Requests.of(Histories.of(asked)), Ragged.of(wanted), np.arange(100))
    return zhiyin.Dataset.from_frame(pl.DataFrame(rows), items=items), cases


def test_it_is_far_above_popularity_and_level_with_ease():
    dataset, cases = tastes()
    model = RecVAE(hidden=64, latent=16, batch=32, epochs=15, learning_rate=5e-3).fit(dataset)
    ease = max(ndcg_on(zhiyin.models.EASE(regularisation=r).fit(dataset), cases, 10) for r in (20, 50, 100))
    error = 0.4 / math.sqrt(len(cases))  # of a mean of numbers between 0 and 1 that spread by about 0.4
    assert ndcg_on(model, cases, 10) > ease - error
    assert ndcg_on(model, cases, 10) > ndcg_on(zhiyin.models.Popular().fit(dataset), cases, 10) + 4 * error


def test_a_training_that_goes_on_from_an_earlier_version_holds_on_to_its_encoder():
    """The first batch of all makes the earlier encoder, after the weights were taken over."""
    people = Shuffled(Bags(np.arange(8), np.arange(7), np.ones(7, np.float32)), 3, seed=0)
    assert [place for place, turn in enumerate(Rounds(people, 3, 1).epoch(1)) if turn.freezes] == [0, 9]
    learner, optimisers = made()
    with torch.no_grad():
        learner.vae.item_in += 1
    learner.step(Turn(BAGS, False, freezes=True), optimisers)
    assert abs(learner.earlier.item_in - learner.vae.item_in).max() < 0.1
    first = RecVAE(**{**SMALL, "epochs": 4}).fit(worlds.even())
    again = RecVAE(**{**SMALL, "epochs": 0}).fit(worlds.even(), start=first)
    questions = Requests.of(Histories.of([[0, 2], []]))
    np.testing.assert_array_equal(again.score(questions), first.score(questions))


class KilledError(Exception):
    pass


class Killed(RecVAE):
    """Its training ends after so many batches, as if the machine had gone."""

    def killed(self, after: int) -> "Killed":
        self.after = after
        return self

    def learner(self) -> RecVAELearner:
        made = super().learner()
        steps, step = iter(range(self.after)), made.step

        def counted(batch: Turn, optimisers: Optimisers) -> Tensor:
            if next(steps, None) is None:
                raise KilledError
            return step(batch, optimisers)

        made.step = counted
        return made


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path):
    """Killed inside an encoder pass and inside a decoder pass: with the earlier encoder, to the last bit."""
    dataset = worlds.even()
    settings = {**SMALL, "epochs": 3, "batch": 20, "checkpoint_minutes": 0}  # 3 batches a pass, 12 an epoch
    whole = RecVAE(**settings).fit(dataset)
    for killed_after in (14, 23):
        with pytest.raises(KilledError):
            Killed(**settings).killed(killed_after).fit(dataset, checkpoints=tmp_path / str(killed_after))
        resumed = RecVAE(**settings).fit(dataset, checkpoints=tmp_path / str(killed_after))
        for name, weight in whole.arrays().items():
            np.testing.assert_array_equal(resumed.arrays()[name], weight)


class TestRecVAEContract(RecommenderContract):
    def trained_on(self, dataset: zhiyin.Dataset) -> RecVAE:
        return RecVAE(**{**SMALL, "batch": 64, "epochs": 20}).fit(dataset)
