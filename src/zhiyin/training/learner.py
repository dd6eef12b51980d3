"""What a model hands to the loop: a network, its optimisers, and one step that gives one loss per person."""

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

T = TypeVar("T")
"""A batch: whatever the learner's loader gives."""


class DivergedError(Exception):
    """A loss or a gradient that is no number; raised before the weights are touched."""


class Learner(Generic[T]):
    """Base of all learners. The batch unit is a person, and the loss is one number per person."""

    dp_safe: ClassVar[bool] = False
    """Nothing mixes persons within a batch (no batch normalisation, no negatives from other people)."""
    network: nn.Module
    """Everything that is learned; saved in checkpoints, put back at the best epoch."""

    def optimisers(self) -> dict[str, Optimizer]:
        """Fresh optimisers by name; one called ``main`` is enough for most."""
        raise NotImplementedError

    def step(self, batch: T, optimisers: "Optimisers") -> Tensor:
        """Learn from one batch through ``optimisers.descend``; the loss of each person, (B,), detached."""
        raise NotImplementedError


class Optimisers(Mapping[str, Optimizer]):
    """The optimisers of one training, its clock (`share_done`), and the one way to take a step."""

    def __init__(
        self, by_name: dict[str, Optimizer], n_updates: int, *, clip_norm: float | None = None,
        rate: Callable[[float], float] | None = None,
    ) -> None:  # fmt: skip
        """``rate`` gives the factor of the learning rate at each share of the training done (see `schedules`)."""
        self.by_name = by_name
        self.n_updates = max(1, n_updates)
        self.updates = 0
        self.clip_norm = clip_norm
        self.rate = rate
        self.base_rates = {name: [group["lr"] for group in o.param_groups] for name, o in by_name.items()}

    @property
    def share_done(self) -> float:
        """Share of all updates that were made, 0 to 1."""
        return self.updates / self.n_updates

    def descend(self, loss: Tensor, over: int, name: str = "main") -> None:
        """Backward, clip, one step. ``loss`` is a mean ``over`` so many things (people, questions, items): their
        number weighs the gradients of several batches that make one step.

        Raises `DivergedError` before a bad number reaches the weights.
        """
        if not torch.isfinite(loss):
            raise DivergedError(f"the loss was {loss.item()}")
        optimiser = self.by_name[name]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._clip(optimiser)
        if self.rate is not None:
            for group, base in zip(optimiser.param_groups, self.base_rates[name], strict=True):
                group["lr"] = base * self.rate(self.share_done)
        optimiser.step()

    def _clip(self, optimiser: Optimizer) -> None:
        weights = [weight for group in optimiser.param_groups for weight in group["params"] if weight.grad is not None]
        norm = torch.nn.utils.get_total_norm([weight.grad for weight in weights])
        if not torch.isfinite(norm):
            raise DivergedError(f"the gradient's norm was {norm.item()}")
        if self.clip_norm is not None:
            torch.nn.utils.clip_grads_with_norm_(weights, self.clip_norm, norm)

    def __getitem__(self, name: str) -> Optimizer:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)
