"""CFGAN: what is its own; what every model must do is in the contract suite."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import Tensor

import zhiyin
from zhiyin.data.contracts import Histories, Requests
from zhiyin.models.gan.adversary import telling
from zhiyin.models.gan.network_cfgan import CFGANConfig, Generator
from zhiyin.models.gan.training_cfgan import CFGAN, CFGANLearner, Draw
from zhiyin.testing import RecommenderContract, worlds
from zhiyin.training import Bags, Optimisers

SMALL = {"hidden": 24, "epochs": 40, "batch": 16, "learning_rate": 1e-2, "critic": 16}
BAGS = Bags(np.array([0, 2, 5]), np.array([1, 3, 0, 2, 4]), np.array([1, 1, 1, -1, 1], np.float32))
TAKEN = torch.tensor([[0, 1, 0, 1, 0, 0], [1, 0, 0, 0, 1.0, 0]])  # a dislike is not taken


def learner(seed: int = 0, **settings: float) -> CFGANLearner:
    torch.manual_seed(seed)
    config = CFGANConfig(**{"hidden": 6, "critic": 4, **settings})
    return CFGANLearner(Generator(6, config.hidden, config.noise), config)


def stepped(made: CFGANLearner, n_steps: int = 1) -> Tensor:
    """Losses of the last of some steps, the same luck for all."""
    optimisers = Optimisers(made.optimisers(), n_steps)
    torch.manual_seed(1)
    for _ in range(n_steps):
        losses = made.step(BAGS, optimisers)
    return losses


def draw_of(made: CFGANLearner, seed: int = 1) -> Draw:
    torch.manual_seed(seed)
    return made.drawn((torch.from_numpy(BAGS.offsets), torch.from_numpy(BAGS.items), torch.from_numpy(BAGS.values)))


def test_the_losses_are_the_papers():
    """Against the formula written out, the critic's and the generator's."""
    made = learner(adversarial=0.3, reconstruction=0.7, zero_weight=0.2, zeros=0.5)
    before, draw = copy.deepcopy(made), draw_of(made)
    found = stepped(made)
    scores = before.generator(draw.history, draw.noise)
    assert torch.equal(draw.taken, TAKEN)
    assert 0 < draw.zeros.sum() < (1 - TAKEN).sum()
    assert not (draw.zeros * TAKEN).any()
    ones, zeros = (TAKEN * (scores - 1) ** 2).sum(1), (draw.zeros * scores**2).sum(1)
    chance = torch.sigmoid(made.critic(draw.history, scores * draw.shown))  # of the critic after its own update
    torch.testing.assert_close(found, (0.7 * ones + 0.2 * zeros - 0.3 * chance.log()).detach())
    real, fake = (torch.sigmoid(before.critic(draw.history, x)) for x in (TAKEN, scores * draw.shown))
    expected = -0.5 * (real.log() + (1 - fake).log()).mean()
    torch.testing.assert_close(telling(real.logit(), fake.logit()), expected)
    for name in ("zeros", "zero_weight"):
        assert not torch.equal(stepped(learner(adversarial=0.3, **{name: 0.0})), stepped(learner(adversarial=0.3)))


def test_the_critic_teaches_nothing_about_what_it_may_not_see():
    """The generator's gradient through the mask: zero for closed entries, and only for them."""
    made = learner(masked=0.5, reconstruction=0, zero_weight=0)
    draw = draw_of(made)
    scores = made.generator(draw.history, draw.noise).detach().requires_grad_()
    made.critic(draw.history, scores * draw.shown).sum().backward()
    assert torch.equal(scores.grad != 0, draw.shown > 0)
    assert (draw.shown >= TAKEN).all()
    opened = [draw_of(learner(masked=share)).shown.sum().item() for share in (0.0, 0.5, 1.0)]
    assert opened[0] == TAKEN.sum()
    assert opened[0] < opened[1] < opened[2] == TAKEN.numel()


def test_the_generator_reads_a_part_and_is_asked_for_all():
    """The paper's whole profile is the special case, where copying is enough."""
    for share in (0.3, 0.75, 1.0):
        values = torch.stack([draw_of(learner(condition=share), seed).history[2] for seed in range(400)])
        assert abs(values.count_nonzero() / values.numel() - share) < 0.04
        assert torch.equal(draw_of(learner(condition=share)).taken, TAKEN)


def test_noise_enters_where_it_is_asked_for():
    draw, made = draw_of(learner(noise=3)), learner(noise=3)
    assert draw.noise.shape == (2, 3)
    scores = made.generator(draw.history, draw.noise)
    assert not torch.allclose(made.generator(draw.history, draw.noise + 1), scores)
    table, bias = made.generator.outputs()
    asked = made.generator.people(made.generator.summed(*draw.history)) @ table.T + bias  # when asked: its mean
    torch.testing.assert_close(made.generator(draw.history, torch.zeros(2, 3)), asked)
    assert draw_of(learner()).noise.shape == (2, 0)


def test_without_the_critic_it_is_the_reconstruction_alone():
    """The same generator from the same luck: a plain loop over the reconstruction gives its weights."""
    alone, plain, against = learner(adversarial=0), learner(adversarial=0), learner(adversarial=1)
    critic = copy.deepcopy(alone.critic.state_dict())
    stepped(alone, 5)
    stepped(against, 5)
    optimiser = plain.optimisers()["main"]
    torch.manual_seed(1)
    bags = torch.from_numpy(BAGS.offsets), torch.from_numpy(BAGS.items), torch.from_numpy(BAGS.values)
    for _ in range(5):
        draw = plain.drawn(bags)
        optimiser.zero_grad()
        plain.rebuilding(plain.generator(draw.history, draw.noise), draw).mean().backward()
        optimiser.step()
    for name, weight in plain.generator.state_dict().items():
        assert torch.equal(alone.generator.state_dict()[name], weight)
        assert weight.numel() == 0 or not torch.equal(against.generator.state_dict()[name], weight)
    assert all(torch.equal(alone.critic.state_dict()[name], weight) for name, weight in critic.items())


def test_a_critic_of_identical_batches_says_half():
    made, draw = learner(), draw_of(learner())
    optimiser = torch.optim.Adam(made.critic.parameters(), 0.05)
    for _ in range(300):
        odds = made.critic(draw.history, draw.taken)
        loss = telling(odds, odds)
        assert loss >= math.log(2) - 1e-6
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.testing.assert_close(torch.sigmoid(odds), torch.full((2,), 0.5), atol=0.01, rtol=0)


@pytest.mark.parametrize("settings", [{}, {"adversarial": 0}, {"noise": 4}])
def test_two_tastes_do_not_become_one(settings: dict[str, float]):
    model = CFGAN(seed=1, **SMALL, **settings).fit(worlds.even())
    even, odd = model.recommend([["i0", "i2", "i4"], ["i1", "i3"]], k=3).ids
    assert {worlds.parity(item) for item in even} == {0}
    assert {worlds.parity(item) for item in odd} == {1}


def test_the_papers_form_learns_from_its_critic():
    """Without reconstruction of what was taken, only the critic says that it should score above nothing."""
    papers = {**SMALL, "reconstruction": 0, "zero_weight": 0.1, "epochs": 60}
    history = Requests.of(Histories.of([[0, 2, 4]]))
    by_critic, alone = (
        CFGAN(adversarial=weight, **papers).fit(worlds.even()).score(history)[0] for weight in (1.0, 0.0)
    )
    assert by_critic[::2].mean() > by_critic[1::2].mean() + 0.1
    assert abs(alone[::2].mean() - alone[1::2].mean()) < 0.05


class TestCFGANContract(RecommenderContract):
    def trained_on(self, dataset: zhiyin.Dataset) -> CFGAN:
        return CFGAN(**{**SMALL, "batch": 64, "epochs": 60}).fit(dataset)
