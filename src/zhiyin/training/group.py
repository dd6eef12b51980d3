"""The processes that learn one network together: each takes its people of a batch, and all take the same step.

A gradient is the mean over all people of the batch, whichever process has them: each process's is weighed by what its
own loss was a mean over. One flat buffer an update travels between them (torch.distributed).
"""

from collections.abc import Callable

import torch
from torch import Tensor


class Group:
    """One process, alone; `Processes` is several."""

    rank = 0
    n = 1

    def sum(self, value: Tensor) -> Tensor:
        """The sum over the processes."""
        return value

    def mean(self, gradients: list[Tensor | None], over: int, weights: list[Tensor]) -> list[Tensor | None]:
        """Mean gradients of all processes; None for a weight that no process used. ``weights``: their shapes."""
        return gradients

    def first(self, value: Callable[[], float]) -> float:
        """What the first process finds, told to all; the others do not ask."""
        return value()


class Processes(Group):
    """Several processes of the default group of torch.distributed."""

    def __init__(self, device: torch.device) -> None:
        self.rank, self.n = torch.distributed.get_rank(), torch.distributed.get_world_size()
        self.device = device

    def sum(self, value: Tensor) -> Tensor:
        total = value.clone()
        torch.distributed.all_reduce(total)
        return total

    def mean(self, gradients: list[Tensor | None], over: int, weights: list[Tensor]) -> list[Tensor | None]:
        flat = [torch.zeros_like(w) if g is None else g * over for g, w in zip(gradients, weights, strict=True)]
        facts = torch.tensor([float(over), *(g is not None for g in gradients)], device=self.device)
        total = self.sum(torch.cat([facts, *(part.flatten() for part in flat)]))
        found, used = total[len(facts) :] / total[0], total[1 : len(facts)].tolist()
        parts = torch.split(found, [part.numel() for part in flat])
        return [part.view_as(w) if n else None for part, w, n in zip(parts, weights, used, strict=True)]

    def first(self, value: Callable[[], float]) -> float:
        told = torch.tensor(value() if self.rank == 0 else 0.0, dtype=torch.float64, device=self.device)
        torch.distributed.broadcast(told, 0)
        return float(told)
