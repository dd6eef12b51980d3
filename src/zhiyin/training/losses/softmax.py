"""Exact losses over the whole catalogue, without ever holding a (T, N) array for all rows.

Letters: T rows (positions, or people), R rows of a block, D vector width, N items, E targets. The logits of row t are
``hidden[t] @ table.T + bias``; its loss is -Σ_i x_ti log softmax(logits)_i: cross-entropy where a row has one target
of weight 1, Mult-VAE's multinomial likelihood where it has many. The gradient is made in the forward pass, while the
logits of a block of rows are at hand, so that they are computed once instead of twice. Under autocast products are made
in bf16; softmax, sums and the table's gradient are of the table's type.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

SMALL = 1e-30
"""A share below it is near the smallest that float32 has, so that its logarithm loses digits."""
CACHE_BYTES = 4 << 20
"""What a processor core keeps at hand: small blocks of logits are made about so large."""


def softmax_likelihood(
    hidden: Tensor, table: Tensor, bias: Tensor | None, owners: Tensor, items: Tensor, weights: Tensor | None = None,
    row_weights: Tensor | None = None, rest: float = 1.0, block: int | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The sum over rows of ``row_weights`` times their loss (differentiable), and each row's loss (T,), detached.

    ``rest``: what every item but a row's target counts in the sum of its softmax. With less than 1 the loss is
    log(1 - rest + rest · exp(cross-entropy)): a target that is far above the others already is left alone.

    ``hidden`` (T, D), ``table`` (N, D), ``bias`` (N,) or None; target e belongs to row ``owners[e]`` (int64,
    ascending), is item ``items[e]`` (int64) and counts ``weights[e]`` (1 without). ``row_weights`` (T,), 1 without.
    ``block``: rows whose logits are held at once; by default about D, so that they take no more room than the table.
    """
    where = hidden.device.type
    hidden = hidden.to(torch.get_autocast_dtype(where) if torch.is_autocast_enabled(where) else table.dtype)
    block = block or max(hidden.shape[1], CACHE_BYTES // (len(table) * table.element_size()), 1)
    targets = _Targets(owners, items, table.new_ones(len(items)) if weights is None else weights.to(table.dtype))
    row_weights = table.new_ones(len(hidden)) if row_weights is None else row_weights.to(table.dtype)
    with torch.autocast(where, enabled=False):
        found: tuple[Tensor, Tensor] = _SoftmaxLikelihood.apply(  # type: ignore[no-untyped-call]
            hidden, table, bias, targets, row_weights, rest, block
        )
    return found


class _Targets(NamedTuple):
    owners: Tensor
    items: Tensor
    weights: Tensor

    def of_block(self, start: int, first: int, last: int) -> "_Targets":
        return _Targets(self.owners[first:last] - start, self.items[first:last], self.weights[first:last])


class _SoftmaxLikelihood(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, table: Tensor, bias: Tensor | None, targets: _Targets, row_weights: Tensor,
        rest: float, block: int,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        n_rows, n_items = len(hidden), len(table)
        mass = table.new_zeros(n_rows).index_add_(0, targets.owners, targets.weights)  # (T,) target weight of a row
        losses = torch.empty_like(mass)
        for_hidden, for_table, for_bias = ctx.needs_input_grad[:3]  # a frozen half costs nothing
        d_hidden = torch.empty_like(hidden) if for_hidden else None
        d_table = table.new_empty(table.shape) if for_table else None
        d_bias = table.new_zeros(n_items) if for_bias else None
        products = _Products(hidden.dtype, table, min(block, n_rows))
        borders = torch.searchsorted(targets.owners, torch.arange(0, n_rows + block, block)).tolist()
        even = bool((mass == 1).all())
        for number, start in enumerate(range(0, n_rows, block)):
            rows = slice(start, start + block)
            h, here = hidden[rows], targets.of_block(start, borders[number], borders[number + 1])
            share = torch.softmax(logits := products.logits(h, bias), dim=1, out=logits)  # (R, N), over the logits
            losses[rows] = _block_losses(share, here, partial(_again, products, h, bias))
            slope = None if rest == 1 else _softened(losses[rows], rest)
            if for_hidden or for_table or for_bias:
                _into_gradient(share, here, None if even else mass[rows])  # (R, N) d loss / d logits
                weighted = row_weights[rows] if slope is None else row_weights[rows] * slope
                if d_hidden is not None or d_table is not None:
                    products.into(d_hidden, d_table, rows, share, h, weighted)
                if d_bias is not None:
                    d_bias.add_(torch.mm(weighted[None], share)[0])  # a product with a vector depends on the threads
        if d_table is not None and not n_rows:
            d_table.zero_()
        ctx.mark_non_differentiable(losses)
        ctx.save_for_backward(d_hidden, d_table, d_bias)
        return torch.dot(row_weights, losses), losses

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        gradients: tuple[Tensor | None, ...] = ctx.saved_tensors
        if upstream != 1:
            gradients = tuple(None if gradient is None else upstream * gradient for gradient in gradients)
        return (*gradients, None, None, None, None)


class _Products:
    """Those with the table, in the type of ``hidden``; what is added up is of the table's own."""

    def __init__(self, kind: torch.dtype, table: Tensor, n_rows: int) -> None:
        self.table = table.to(kind)
        self.shares = table.new_empty(n_rows, len(table))
        self.small = None if kind == table.dtype else self.table.new_empty(n_rows, len(table))

    def logits(self, h: Tensor, bias: Tensor | None, *, fresh: bool = False) -> Tensor:
        """(R, N), in a place that the next block takes, or in a ``fresh`` one."""
        out = self.shares.new_empty(len(h), len(self.table)) if fresh else self.shares[: len(h)]
        if self.small is not None:
            out.copy_(torch.mm(h, self.table.T, out=None if fresh else self.small[: len(h)]))
            return out if bias is None else out.add_(bias)
        return torch.mm(h, self.table.T, out=out) if bias is None else torch.addmm(bias, h, self.table.T, out=out)

    def into(
        self, d_hidden: Tensor | None, d_table: Tensor | None, rows: slice, slopes: Tensor, h: Tensor, weights: Tensor
    ) -> None:  # fmt: skip
        """The gradients from ``slopes`` (R, N), each row of them counting ``weights`` (R,)."""
        factor = slopes if self.small is None else self.small[: len(h)].copy_(slopes)
        weighted = weights.to(h.dtype)[:, None]
        if d_hidden is not None:
            d_hidden[rows] = torch.mm(factor, self.table) * weighted
        if d_table is not None and self.small is None:
            d_table.addmm_(factor.T, h * weighted, beta=int(rows.start > 0))  # 0: what is there is not read
        elif d_table is not None:
            product = torch.mm(factor.T, h * weighted)
            d_table.add_(product) if rows.start else d_table.copy_(product)


def _block_losses(share: Tensor, targets: _Targets, logits_of: Callable[[Tensor], Tensor]) -> Tensor:
    """Each row's loss (R,) from its softmax (R, N). Where a target's share is too small for its logarithm to hold,
    the logits of its row are made again."""
    shares = share[targets.owners, targets.items]
    logs = shares.log()
    small = torch.nonzero(shares < SMALL)[:, 0]
    if len(small):
        rows, which = torch.unique(targets.owners[small], return_inverse=True)
        logs[small] = torch.log_softmax(logits_of(rows), dim=1)[which, targets.items[small]]
    return share.new_zeros(len(share)).index_add_(0, targets.owners, targets.weights * -logs)


def _again(products: _Products, h: Tensor, bias: Tensor | None, rows: Tensor) -> Tensor:
    return products.logits(h[rows], bias, fresh=True)


def _softened(losses: Tensor, rest: float) -> Tensor:
    """Cross-entropies ℓ (R,) become log(1 - rest + rest · exp ℓ), in place; what one more of ℓ adds to that, (R,)."""
    shifted = losses + (math.log(rest) - math.log1p(-rest))
    losses.copy_(functional.softplus(shifted) + math.log1p(-rest))
    return torch.sigmoid(shifted)


def _into_gradient(share: Tensor, targets: _Targets, mass: Tensor | None) -> None:
    """softmax → mass · softmax - targets, in place; ``mass`` None is 1."""
    if mass is not None:
        share.mul_(mass[:, None])
    share.view(-1).index_add_(0, targets.owners * share.shape[1] + targets.items, -targets.weights)
