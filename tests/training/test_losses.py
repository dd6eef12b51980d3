"""The chunked loss against the plain one, its gradient against finite differences."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from zhiyin.training.losses import softmax_likelihood


def world(n_rows: int = 7, n_items: int = 11, width: int = 5, dtype: torch.dtype = torch.float64):
    rng = torch.Generator().manual_seed(3)
    hidden = torch.randn(n_rows, width, generator=rng, dtype=dtype, requires_grad=True)
    table = torch.randn(n_items, width, generator=rng, dtype=dtype, requires_grad=True)
    bias = torch.randn(n_items, generator=rng, dtype=dtype, requires_grad=True)
    return hidden, table, bias


@pytest.mark.parametrize("rows_at_once", [1, 2, 3, 7, 100])
def test_it_equals_cross_entropy_for_any_block(rows_at_once: int):
    hidden, table, _ = world()
    targets = torch.tensor([3, 0, 10, 3, 3, 7, 1])
    total, losses = softmax_likelihood(hidden, table, None, torch.arange(7), targets, block=rows_at_once)
    gradients = torch.autograd.grad(total, (hidden, table))
    plain = functional.cross_entropy(hidden @ table.T, targets, reduction="none")
    expected = torch.autograd.grad(plain.sum(), (hidden, table))
    torch.testing.assert_close(losses, plain.detach(), atol=1e-10, rtol=0)
    for found, right in zip(gradients, expected, strict=True):
        torch.testing.assert_close(found, right, atol=1e-10, rtol=0)


@pytest.mark.parametrize("rest", [0.02, 0.6])
def test_softened_the_others_count_less_in_values_and_gradients(rest: float):
    hidden, table, _ = world()
    targets = torch.tensor([3, 0, 10, 3, 3, 7, 1])
    row_weights = torch.tensor([1.0, 2.0, 0.0, 1.0, 0.5, 1.0, 1.0], dtype=torch.float64)
    total, losses = softmax_likelihood(
        hidden, table, None, torch.arange(7), targets, row_weights=row_weights, rest=rest, block=3
    )
    gradients = torch.autograd.grad(total, (hidden, table))
    logits = hidden @ table.T
    taken = logits[torch.arange(7), targets]
    others = logits.exp().sum(dim=1) - taken.exp()
    plain = -(taken.exp() / (taken.exp() + rest * others)).log()
    expected = torch.autograd.grad((row_weights * plain).sum(), (hidden, table))
    torch.testing.assert_close(losses, plain.detach(), atol=1e-10, rtol=0)
    for found, right in zip(gradients, expected, strict=True):
        torch.testing.assert_close(found, right, atol=1e-10, rtol=0)


def test_under_autocast_products_are_bf16_and_sums_are_not():
    hidden, table, _ = world(300, 40, 16, torch.float32)
    targets = torch.arange(300) % 40
    exact, losses = softmax_likelihood(hidden, table, None, torch.arange(300), targets)
    right = torch.autograd.grad(exact, (hidden, table))
    with torch.autocast("cpu", torch.bfloat16):
        total, rough = softmax_likelihood(hidden, table, None, torch.arange(300), targets)
    found = torch.autograd.grad(total, (hidden, table))
    assert rough.dtype == torch.float32
    assert 1e-4 < float((rough - losses).abs().max()) < 0.1  # not the same products
    for one, other in zip(found, right, strict=True):
        assert one.dtype == torch.float32
        assert float(functional.cosine_similarity(one.flatten(), other.flatten(), dim=0)) > 0.999


def test_gradcheck_with_many_targets_weights_and_bias():
    hidden, table, bias = world()
    owners = torch.tensor([0, 0, 2, 3, 3, 3, 6])  # row 1 has no target
    items = torch.tensor([1, 1, 4, 0, 5, 10, 2])  # row 0 has one item twice
    weights = torch.tensor([1.0, 2.0, 0.5, 1.0, 1.0, 3.0, 1.0], dtype=torch.float64)
    row_weights = torch.tensor([1.0, 1.0, 0.0, 2.0, 1.0, 1.0, 0.1], dtype=torch.float64)

    def total(*leaves: torch.Tensor) -> torch.Tensor:
        return softmax_likelihood(*leaves, owners, items, weights, row_weights, block=2)[0]

    assert torch.autograd.gradcheck(total, (hidden, table, bias))


def test_huge_logits_stay_finite():
    hidden = torch.tensor([[1e4], [-1e4]], requires_grad=True)
    table = torch.tensor([[1.0], [-1.0]], requires_grad=True)
    total, losses = softmax_likelihood(hidden, table, None, torch.arange(2), torch.tensor([0, 0]))
    total.backward()
    assert losses.tolist() == [0.0, 2e4]
    assert torch.isfinite(hidden.grad).all()
    assert torch.isfinite(table.grad).all()


def test_a_tied_table_receives_both_gradients():
    _, table, _ = world()
    targets = torch.tensor([2, 2, 5])

    def gradient(loss_of) -> torch.Tensor:
        hidden = table[:3] * 1.5
        return torch.autograd.grad(loss_of(hidden), table)[0]

    chunked = gradient(lambda h: softmax_likelihood(h, table, None, torch.arange(3), targets)[0])
    plain = gradient(lambda h: functional.cross_entropy(h @ table.T, targets, reduction="sum"))
    torch.testing.assert_close(chunked, plain, atol=1e-10, rtol=0)


def test_without_gradients_and_without_targets():
    hidden, table, bias = (leaf.detach() for leaf in world())
    nothing = torch.zeros(0, dtype=torch.int64)
    total, losses = softmax_likelihood(hidden, table, bias, nothing, nothing)
    assert float(total) == 0
    assert np.array_equal(losses.numpy(), np.zeros(7))


@pytest.mark.parametrize("frozen", [("hidden",), ("table", "bias"), ("bias",)])
def test_a_frozen_half_leaves_the_other_its_gradient(frozen: tuple[str, ...]):
    torch.manual_seed(0)
    parts = {"hidden": torch.randn(3, 4), "table": torch.randn(5, 4), "bias": torch.randn(5)}
    owners, items = torch.tensor([0, 0, 2]), torch.tensor([1, 4, 0])

    def gradients(learned: set[str]) -> dict[str, torch.Tensor | None]:
        own = {name: part.clone().requires_grad_(name in learned) for name, part in parts.items()}
        softmax_likelihood(own["hidden"], own["table"], own["bias"], owners, items, block=2)[0].backward()
        return {name: part.grad for name, part in own.items()}

    whole, found = gradients(set(parts)), gradients(set(parts) - set(frozen))
    for name in parts:
        if name in frozen:
            assert found[name] is None
        else:
            torch.testing.assert_close(found[name], whole[name], rtol=0, atol=0)
