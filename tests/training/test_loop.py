"""The loop: how many epochs, which weights, what verdict."""

import re

import numpy as np
import pytest
import torch

from zhiyin.data.contracts import Requests
from zhiyin.testing import worlds
from zhiyin.training import Optimisers, Shuffled, loop, train
from zhiyin.training.learner import DivergedError


class Heard:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.tracked: list[tuple[str, int | None]] = []

    def track(self, items, label, total=None):
        self.tracked.append((label, total))
        yield from items

    def say(self, message: str) -> None:
        self.lines.append(message)


def test_without_validation_exactly_the_epochs_and_everybody_once_in_each(line, loader):
    learner, heard = line(), Heard()
    training = train(learner, loader, epochs=3, progress=heard, label="line")
    assert [entry["epoch"] for entry in training.curve] == [1, 2, 3]
    for epoch in range(3):
        batches = learner.seen[5 * epoch : 5 * epoch + 5]
        assert sorted([person for batch in batches for person in batch]) == list(range(23))
    assert learner.seen[:5] != learner.seen[5:10]
    assert heard.tracked == [("line", 3)]
    assert heard.lines == [f"line: {training.verdict.en}"]


def test_the_curve_holds_the_mean_loss_over_people(line, loader):
    learner = line(rate=1e-12)  # weights stay where they are
    weight, bias = (value.item() for value in learner.network.parameters())
    training = train(learner, loader, epochs=1)
    expected = sum((weight * p / 23 + bias - 3 * p / 23) ** 2 for p in range(23)) / 23
    assert training.curve[0]["loss"] == pytest.approx(expected, rel=0.05)


def test_early_stopping_puts_the_best_weights_back(line, loader):
    learner = line()
    values, weights = iter([0.1, 0.3, 0.2, 0.3, 0.25, 0.9]), []

    def validate() -> float:
        assert not learner.network.training
        weights.append(learner.network.weight.item())
        return next(values)

    training = train(learner, loader, epochs=50, patience=3, validate=validate)
    assert [entry["validation"] for entry in training.curve] == [0.1, 0.3, 0.2, 0.3, 0.25]
    assert learner.network.weight.item() == weights[1] != weights[-1]
    assert training.verdict.en == "converged at epoch 2: 3 more brought nothing better; its weights are kept"
    assert training.facts()["best_epoch"] == 2
    assert training.facts()["best_validation"] == 0.3


def test_validation_does_not_change_what_is_learned(line, loader):
    plain, watched = line(), line()
    torch.manual_seed(4)
    train(plain, loader, epochs=4)
    torch.manual_seed(4)
    values = iter([1.0, 2.0, 3.0, 4.0])
    train(watched, loader, epochs=4, validate=lambda: next(values))
    assert torch.equal(plain.network.weight, watched.network.weight)


def test_a_nan_is_named_and_the_last_good_weights_are_kept(line, loader):
    good, bad = line(), line()
    torch.manual_seed(4)
    bad.poison_at = 7  # batch 3 of epoch 2
    training = train(bad, loader, epochs=9)
    assert training.verdict == (
        "diverged: the loss was nan in epoch 2, batch 3; the weights of epoch 1 are kept: "
        "lower learning_rate and train again",
        "发散：第 2 轮第 3 批损失为 nan；保留第 1 轮的权重：请调低 learning_rate 重新训练",
    )
    torch.manual_seed(4)
    optimisers = Optimisers(good.optimisers(), 45)
    for batch in loader.epoch(1):
        good.step(batch, optimisers)
    assert torch.equal(bad.network.weight, good.network.weight)


def test_a_nan_at_the_very_beginning_leaves_the_untrained_weights(line, loader):
    bad = line()
    before = bad.network.weight.detach().clone()
    bad.poison_at = 0
    training = train(bad, loader, epochs=9, accumulate=2)
    assert training.verdict.en == (
        "diverged: the loss was nan in epoch 1, batch 1-2; nothing was learned, the weights are as before: "
        "lower learning_rate"
    )
    assert torch.equal(bad.network.weight, before)


def test_trouble_that_validation_finds_is_told_after_its_epoch(line, loader):
    def validate() -> float:
        raise DivergedError("all items are one")

    verdict = train(line(), loader, epochs=9, validate=validate).verdict
    assert verdict.en.startswith("diverged: all items are one after epoch 1; nothing was learned")


def test_a_loss_that_rises_without_bound_ends_the_training_and_the_last_good_weights_are_kept(line, loader):
    learner = line(rate=1e-12)
    step, kept = learner.step, []  # of the learner that trains

    def rising(batch, optimisers):
        if optimisers.updates % 5 == 0:
            kept.append(learner.network.weight.item())
            learner.network.weight.data += 0.1  # so that the weights of each epoch are known
        return step(batch, optimisers) * (1 if optimisers.updates < 15 else 9)

    learner.step = rising
    training = train(learner, loader, epochs=9)
    assert re.match(
        r"diverged: the loss rose to [0-9.]+ from [0-9.]+ in epoch 4, batch 5; the weights of epoch 3 are kept",
        training.verdict.en,
    )
    assert "损失从" in training.verdict.zh
    assert learner.network.weight.item() == pytest.approx(kept[3])
    assert training.epoch == 3
    learner = line(rate=1e-12)
    step, learner.step, learner.falls = learner.step, rising, False
    assert train(learner, loader, epochs=5).epoch == 5


def test_an_epoch_is_compared_only_when_enough_people_were_heard(line, people, monkeypatch):
    monkeypatch.setattr(loop, "ENOUGH", 10)
    learner = line(rate=1e-12)
    step = learner.step
    learner.step = lambda batch, optimisers: step(batch, optimisers) * 0 + (1.0 if optimisers.updates <= 6 else 9.0)
    training = train(learner, Shuffled(people, 5, seed=1), epochs=3)
    assert "rose to 5 from 1 in epoch 2, batch 4;" in training.verdict.en  # 1, 1, 9, 9 are 5 on the mean


def test_a_gradient_that_is_no_number_is_named_and_does_not_reach_the_weights(line):
    learner = line()
    before = learner.network.weight.detach().clone()
    weight = learner.network.weight
    loss = weight.sum().sub(weight.sum().detach()).abs().sqrt()  # 0, with a slope of 0 / 0
    for network, said in ((learner.network, "the gradient of weight was nan"), (None, "weight 1 of main was nan")):
        optimisers = Optimisers(learner.optimisers(), 1, network=network)
        with pytest.raises(DivergedError, match=said):
            optimisers.descend(loss.clone(), 1)
        assert torch.equal(learner.network.weight, before)
        loss = weight.sum().sub(weight.sum().detach()).abs().sqrt()
    with pytest.raises(DivergedError, match="the gradients' norm was inf"):
        Optimisers(learner.optimisers(), 1).descend((weight.sum() + learner.network.bias.sum()) * 3e38 / 1e9, 1)


def test_an_optimiser_moves_its_own_weights_alone(line):
    learner = line()
    weight, bias = learner.network.weight, learner.network.bias
    optimisers = Optimisers(
        {"a": torch.optim.SGD([weight], lr=1.0), "b": torch.optim.SGD([bias], lr=1.0)}, 1, network=learner.network
    )
    before = [weight.item(), bias.item()]
    optimisers.descend((weight + bias).sum(), 1, "a")
    assert [weight.item(), bias.item()] == [pytest.approx(before[0] - 1), before[1]]
    optimisers.descend((2 * bias).sum(), 1, "b")  # nothing of a's descent is left in it
    assert bias.item() == pytest.approx(before[1] - 2)


def test_accumulated_gradients_are_weighed_by_what_they_are_means_over(line):
    learner = line()
    weight, bias = learner.network.weight, learner.network.bias
    optimisers = Optimisers({"main": torch.optim.SGD(learner.network.parameters(), lr=1.0)}, 1, accumulate=2)
    before = weight.item()
    optimisers.descend(4 * weight.sum(), 1)
    optimisers.descend(weight.sum() + 0 * bias.sum(), 3)
    assert weight.item() == before
    optimisers.settle()
    assert weight.item() == pytest.approx(before - 7 / 4)
    assert optimisers.updates == 1
    assert not optimisers.held


@pytest.mark.parametrize("name", ["MultVAE", "SASRec"])
def test_four_batches_of_eight_that_make_one_step_equal_one_of_thirty_two(name, monkeypatch):
    import zhiyin
    from zhiyin.models.vae import training as vae

    monkeypatch.setattr(vae, "drawn", lambda mean, log_variance: mean)  # no luck: the same numbers in any batch
    small = {"MultVAE": {"hidden": 16, "latent": 4}, "SASRec": {"width": 16, "max_history": 6}}[name]
    world = worlds.even(n_people=90)  # the last update of an epoch has fewer

    def fit(**settings):
        model = getattr(zhiyin.models, name)(epochs=3, dropout=0.0, seed=3, **small, **settings)
        orders = [np.arange(90).reshape(-1, 30)[n] for n in range(3)]
        cut = lambda self, number: [  # noqa: E731
            part for big in orders for part in np.split(big, range(self.batch_size, 30, self.batch_size))
        ]
        monkeypatch.setattr(Shuffled, "_order", cut)
        return model.fit(world)

    one, many, other = fit(batch=30), fit(batch=8, accumulate=4), fit(batch=8)
    np.testing.assert_allclose(
        [entry["loss"] for entry in many.facts["curve"]], [entry["loss"] for entry in one.facts["curve"]], rtol=1e-5
    )
    asked = Requests.of(world.histories)  # weights without influence, as a shift of all keys, drift by rounding
    np.testing.assert_allclose(many.score(asked), one.score(asked), atol=1e-4)
    assert not np.allclose(other.score(asked), one.score(asked), atol=1e-2)


def test_long_gradients_are_cut(line):
    learner = line()
    optimisers = Optimisers({"main": torch.optim.SGD(learner.network.parameters(), lr=1.0)}, 1, clip_norm=0.5)
    before = torch.cat([weight.detach().flatten().clone() for weight in learner.network.parameters()])
    optimisers.descend(100 * learner.network(torch.ones(1, 1)).sum(), 1)
    after = torch.cat([weight.detach().flatten() for weight in learner.network.parameters()])
    assert float((after - before).norm()) == pytest.approx(0.5, rel=1e-4)


def test_the_rate_follows_its_schedule(line, loader):
    learner, asked = line(rate=0.5), []

    def half_way_down(done: float) -> float:
        asked.append(done)
        return 1 - done / 2

    optimisers = Optimisers(learner.optimisers(), 10, rate=half_way_down)
    optimisers.updates = 5
    learner.step(next(iter(loader.epoch(1))), optimisers)
    assert asked == [0.5]
    assert optimisers["main"].param_groups[0]["lr"] == 0.375


def test_zero_people_train_without_an_error(line, people):
    nobody = people.take(np.zeros(0, np.int64))
    training = train(line(), Shuffled(nobody, 5, 0), epochs=2)
    assert [entry["loss"] for entry in training.curve] == [0.0, 0.0]
