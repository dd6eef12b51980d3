"""The loop: how many epochs, which weights, what verdict."""

import pytest
import torch

from zhiyin.training import Optimisers, train
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
    assert training.verdict.en == (
        "diverged: the loss was nan in epoch 2, batch 3; the last good weights are kept: "
        "lower learning_rate and train again"
    )
    torch.manual_seed(4)
    optimisers = Optimisers(good.optimisers(), 45)
    batches = [*loader.epoch(1), *loader.epoch(2)][:7]
    for batch in batches:
        good.step(batch, optimisers)
    assert torch.equal(bad.network.weight, good.network.weight)


def test_a_gradient_that_is_no_number_does_not_reach_the_weights(line):
    learner = line()
    before = learner.network.weight.detach().clone()
    optimisers = Optimisers(learner.optimisers(), 1)
    with pytest.raises(DivergedError, match="the gradient's norm was nan"):
        optimisers.descend(learner.network.weight.sum().sub(learner.network.weight.sum().detach()).abs().sqrt(), 1)
    assert torch.equal(learner.network.weight, before)


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
    import numpy as np

    from zhiyin.training import Shuffled

    nobody = people.take(np.zeros(0, np.int64))
    training = train(line(), Shuffled(nobody, 5, 0), epochs=2)
    assert [entry["loss"] for entry in training.curve] == [0.0, 0.0]
