"""Losses over drawn items: each against its formula written out in float64, values and gradients."""

import math

import numpy as np
import pytest
import torch

from zhiyin.training.losses import Proposal, bpr, calibrated, gbce, sampled_logits, sampled_softmax

N_ITEMS, WIDTH = 9, 4
TAKEN = torch.tensor([3, 0, 8, 3, 5])
SHARED = torch.tensor([3, 3, 1, 7])
OWN = torch.tensor([[3, 1, 2, 4], [5, 6, 7, 8], [8, 8, 8, 8], [1, 1, 1, 1], [0, 5, 2, 5]])
BETA = 0.3


def leaves() -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(1)
    return tuple(
        torch.randn(n, WIDTH, generator=rng, dtype=torch.float64, requires_grad=True) for n in (len(TAKEN), N_ITEMS)
    )


def ours(loss, people: torch.Tensor, table: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    return loss(*sampled_logits(people, table[TAKEN], table[drawn], drawn == TAKEN[:, None]))


def said(loss, people: torch.Tensor, table: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """The formula for one target after the other; a draw that is the target is passed over."""
    each = []
    for row, (person, taken) in enumerate(zip(people, TAKEN, strict=True)):
        negatives = [int(j) for j in (drawn if drawn.dim() == 1 else drawn[row]) if j != taken]
        each.append(loss(person @ table[taken], [person @ table[j] for j in negatives], drawn.shape[-1]))
    return torch.stack(each)


def softmax_formula(positive, negatives, _):
    return -torch.log(positive.exp() / (positive.exp() + sum(s.exp() for s in negatives)))


def gbce_formula(positive, negatives, draws):
    taken, others = torch.sigmoid(positive) ** BETA, [1 - torch.sigmoid(s) for s in negatives]
    return -(taken.log() + sum(p.log() for p in others)) / (draws + 1)


def bce_formula(positive, negatives, draws):
    return -(torch.sigmoid(positive).log() + sum((1 - torch.sigmoid(s)).log() for s in negatives)) / (draws + 1)


def bpr_formula(positive, negatives, _):
    return sum((-torch.sigmoid(positive - s).log() for s in negatives), 0 * positive) / max(1, len(negatives))


FORMULAS = {
    "softmax": (sampled_softmax, softmax_formula),
    "gbce": (lambda *logits: gbce(*logits, BETA), gbce_formula),
    "bce": (gbce, bce_formula),
    "bpr": (bpr, bpr_formula),
}


@pytest.mark.parametrize("drawn", [SHARED, OWN], ids=["shared", "own"])
@pytest.mark.parametrize("name", FORMULAS)
def test_it_is_its_formula_in_values_and_gradients(name: str, drawn: torch.Tensor):
    loss, formula = FORMULAS[name]
    people, table = leaves()
    found, wanted = ours(loss, people, table, drawn), said(formula, people, table, drawn)
    torch.testing.assert_close(found, wanted, atol=1e-12, rtol=1e-12)
    weights = torch.arange(1.0, 6.0, dtype=torch.float64)
    gradients = [torch.autograd.grad((weights * each).sum(), (people, table)) for each in (found, wanted)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-12, rtol=1e-12)
    assert torch.autograd.gradcheck(lambda *both: ours(loss, *both, drawn), (people, table))


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("positive", [1e4, -1e4])
def test_huge_logits_stay_finite(name: str, positive: float):
    logits = torch.tensor([positive], requires_grad=True), torch.tensor([[1e4, -1e4, -torch.inf]], requires_grad=True)
    loss = FORMULAS[name][0](*logits).sum()
    loss.backward()
    assert 0 <= float(loss.detach()) <= 2e4
    assert all(torch.isfinite(one.grad).all() for one in logits)
    assert logits[1].grad[0, 2] == 0


def test_gbce_in_the_papers_words():
    """β = α (t (1 - 1/α) + 1/α), and σ(s⁺) to the power of β."""
    for draws, n_items, t in ((1, 2, 0.5), (256, 3417, 0.75), (256, 12_102, 1.0), (5, 6, 0.75)):
        alpha = draws / (n_items - 1)
        assert calibrated(t, draws, n_items) == pytest.approx(alpha * (t * (1 - 1 / alpha) + 1 / alpha), rel=1e-12)
    assert calibrated(0.75, 256, 3417) == pytest.approx(0.306, abs=5e-4)  # the figure of the authors
    assert calibrated(0.0, 1, 100) == 1  # plain
    assert calibrated(0.75, 300, 200) == 1  # all are drawn
    assert calibrated(0.75, 3, 1) == 1


COUNTS = np.array([0, 50, 3, 7, 1, 9, 20, 4, 6])


@pytest.mark.parametrize("counts", [None, COUNTS], ids=["uniform", "frequency"])
def test_the_correction_makes_the_sum_that_of_the_catalogue_on_average(counts):
    """One draw, weighed by how often each item is drawn: the expectation, without chance."""
    people, table = leaves()
    proposal = Proposal(N_ITEMS, counts)
    shares = torch.full((N_ITEMS,), 1 / N_ITEMS) if counts is None else torch.from_numpy((counts + 1) / 109)
    whole = (people @ table.T).exp().sum(dim=1)
    expected = torch.zeros(len(TAKEN), dtype=torch.float64)
    for item in range(N_ITEMS):
        drawn = torch.tensor([item])
        positive, negative = sampled_logits(people, table[TAKEN], table[drawn], drawn == TAKEN[:, None])
        loss = sampled_softmax(positive, negative - proposal.log_expected(drawn, 1))
        expected += shares[item] * (loss + positive).exp()  # the loss's own sum of exponentials
    torch.testing.assert_close(expected, whole, rtol=1e-6, atol=0)


def test_the_correction_is_for_so_many_draws():
    uniform, frequency = Proposal(N_ITEMS), Proposal(N_ITEMS, COUNTS)
    assert uniform.log_expected(SHARED, 18).tolist() == pytest.approx([math.log(2)] * 4)
    assert frequency.log_expected(torch.tensor([1, 0]), 109).tolist() == pytest.approx([math.log(51), 0])


@pytest.mark.parametrize("counts", [None, COUNTS], ids=["uniform", "frequency"])
def test_items_are_drawn_as_often_as_the_proposal_says(counts):
    torch.manual_seed(0)
    drawn = Proposal(N_ITEMS, counts).draw(200, 1000)
    assert drawn.shape == (200, 1000)
    shares = np.full(N_ITEMS, 1 / N_ITEMS) if counts is None else (counts + 1) / (counts + 1).sum()
    found = np.bincount(drawn.flatten().numpy(), minlength=N_ITEMS) / drawn.numel()
    assert len(found) == N_ITEMS  # the first and the last too, nothing beyond
    np.testing.assert_allclose(found, shares, atol=5 * np.sqrt(0.25 / drawn.numel()))


def test_one_item_has_no_other_to_be_told_from():
    drawn = Proposal(1, np.array([4])).draw(3)
    assert drawn.tolist() == [0, 0, 0]
    positive, negative = sampled_logits(torch.ones(1, 2), torch.ones(1, 2), torch.ones(3, 2), drawn[None] == 0)
    assert float(sampled_softmax(positive, negative)) == 0
    assert float(bpr(positive, negative)) == 0
    assert float(gbce(positive, negative)) == pytest.approx(math.log1p(math.exp(-2)) / 4)
