"""Going on from an earlier version: weights of items that both catalogues have are copied by id, new items begin near
the mean of their table, everything else is copied. What is per item is named by the network (``per_item``)."""

from typing import Any

import numpy as np
import torch

from zhiyin.core.errors import ModelError


@torch.no_grad()
def take_over(model: Any, start: Any) -> None:
    """Copy what ``start`` learned into ``model.network``, which is fresh: its own noise stays on new items.

    Raises `ModelError` where the two are not the same kind of model, or settings give their weights other shapes.
    """
    if type(start) is not type(model) or not start.is_trained:
        found = f"a trained {start.name}" if getattr(start, "is_trained", False) else f"{start!r}"
        raise ModelError(
            f"{model.name} goes on from a trained {model.name}, found {found}; load one, or leave start out"
        )
    rows = start.catalogue.ids.rows(model.catalogue.ids)  # (N,), -1: a new item
    n, n_old, known = len(rows), len(start.catalogue), torch.from_numpy(rows >= 0)
    ours, theirs = model.network.state_dict(), start.network.state_dict()
    per_item = model.network.per_item
    for name in {**ours, **theirs}:
        shapes = [_shape(weights.get(name), name in per_item) for weights in (ours, theirs)]
        if shapes[0] != shapes[1]:
            raise ModelError(
                f"{model.name} cannot go on from one whose {name} has another shape ({_differing(model, start)}); "
                "give the same settings, or leave start out"
            )
    for name, weight in ours.items():
        old = theirs[name]
        if name not in per_item:
            weight.copy_(old)
            continue
        weight[:n] += old[:n_old].mean(dim=0)
        weight[:n][known] = old[torch.from_numpy(rows[rows >= 0].astype(np.int64))]
        weight[n:] = old[n_old:]  # rows that are no item's
    model.facts["started_from"] = {
        "dataset": start.facts["dataset"], "version": start.version, "new_items": int((rows < 0).sum()),
    }  # fmt: skip


def _shape(weight: torch.Tensor | None, is_per_item: bool) -> tuple[int, ...] | None:
    return None if weight is None else tuple(weight.shape[1 if is_per_item else 0 :])


def _differing(model: Any, start: Any) -> str:
    ours, theirs = model.config.model_dump(), start.config.model_dump()
    said = [f"{name} {theirs[name]}, here {ours[name]}" for name in ours if ours[name] != theirs.get(name)]
    return ", ".join(said) or "its data have other kinds of events, or other content"
