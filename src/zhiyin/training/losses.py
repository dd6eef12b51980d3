"""Exact losses over the whole catalogue, without ever holding a (T, N) array for all rows.

Letters: T rows (positions, or people), D vector width, N items, E targets. The logits of row t are
``hidden[t] @ table.T + bias``; its loss is -Σ_i x_ti log softmax(logits)_i: cross-entropy where a row has one target
of weight 1, Mult-VAE's multinomial likelihood where it has many. The gradient is made in the forward pass, while the
logits of a block of rows are at hand, so that they are computed once instead of twice.
"""

from typing import Any

import torch
from torch import Tensor

BLOCK_BYTES = 8 << 20
"""Bytes of logits held at once: a block that stays in the processor's cache."""


def softmax_likelihood(
    hidden: Tensor, table: Tensor, bias: Tensor | None, owners: Tensor, items: Tensor, weights: Tensor | None = None,
    row_weights: Tensor | None = None, block_bytes: int = BLOCK_BYTES,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The sum over rows of ``row_weights`` times their loss (differentiable), and each row's loss (T,), detached.

    ``hidden`` (T, D), ``table`` (N, D), ``bias`` (N,) or None; target e belongs to row ``owners[e]`` (int64,
    ascending), is item ``items[e]`` (int64) and counts ``weights[e]`` (1 without). ``row_weights`` (T,), 1 without.
    """
    weights = hidden.new_ones(len(items)) if weights is None else weights
    row_weights = hidden.new_ones(len(hidden)) if row_weights is None else row_weights
    total, losses = _SoftmaxLikelihood.apply(hidden, table, bias, owners, items, weights, row_weights, block_bytes)  # type: ignore[no-untyped-call]
    return total, losses


class _SoftmaxLikelihood(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, table: Tensor, bias: Tensor | None, owners: Tensor, items: Tensor, weights: Tensor,
        row_weights: Tensor, block_bytes: int,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        n_rows, n_items = len(hidden), len(table)
        mass = hidden.new_zeros(n_rows).index_add_(0, owners, weights)  # (T,) sum of a row's target weights
        losses = torch.empty_like(mass)
        wants_gradient = any(ctx.needs_input_grad[:3])
        d_hidden, d_table, d_bias = torch.empty_like(hidden), torch.zeros_like(table), table.new_zeros(n_items)
        step = max(1, block_bytes // (n_items * hidden.element_size()))
        borders = torch.searchsorted(owners, torch.arange(0, n_rows + step, step)).tolist()
        for block, start in enumerate(range(0, n_rows, step)):
            rows, targets = slice(start, start + step), slice(borders[block], borders[block + 1])
            h, x, owner, item = hidden[rows], weights[targets], owners[targets] - start, items[targets]
            logits = h @ table.T if bias is None else torch.addmm(bias, h, table.T)  # (R, N)
            log_total = torch.logsumexp(logits, dim=1)  # (R,)
            of_targets = torch.zeros_like(log_total).index_add_(0, owner, x * logits[owner, item])
            losses[rows] = mass[rows] * log_total - of_targets
            if not wants_gradient:
                continue
            share = logits.sub_(log_total[:, None]).exp_()  # softmax, in place
            share.mul_(mass[rows, None])
            share.view(-1).index_add_(0, owner * n_items + item, -x)  # d loss / d logits
            weighted = row_weights[rows]
            d_hidden[rows] = (share @ table) * weighted[:, None]
            d_table.addmm_(share.T, h * weighted[:, None])
            if bias is not None:
                d_bias.addmv_(share.T, weighted)
        ctx.mark_non_differentiable(losses)
        ctx.save_for_backward(d_hidden, d_table, d_bias if bias is not None else None)
        return torch.dot(row_weights, losses), losses

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        d_hidden, d_table, d_bias = ctx.saved_tensors
        bias = None if d_bias is None else upstream * d_bias
        return upstream * d_hidden, upstream * d_table, bias, None, None, None, None, None
