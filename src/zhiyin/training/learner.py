"""What a model hands to the loop: a network, its optimisers, and one step that gives one loss per person."""

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from zhiyin.core.languages import Sentence
from zhiyin.training.group import Group

T = TypeVar("T")
"""A batch: whatever the learner's loader gives."""

LOSS = Sentence("the loss was {value}", "损失为 {value}")
GRADIENT = Sentence("the gradient of {name} was {value}", "{name} 的梯度为 {value}")
NORM = Sentence("the gradients' norm was {value}", "梯度范数为 {value}")


class DivergedError(Exception):
    """A training that leads nowhere, ``said`` in both languages; raised before a bad number reaches the weights."""

    def __init__(self, said: Sentence | str) -> None:
        self.said = said if isinstance(said, Sentence) else Sentence(said, said)
        super().__init__(self.said.en)


class Learner(Generic[T]):
    """Base of all learners. The batch unit is a person, and the loss is one number per person."""

    dp_safe: ClassVar[bool] = False
    """Nothing mixes persons within a batch (no batch normalisation, no negatives from other people)."""
    falls: ClassVar[bool] = True
    """Whether the loss falls as it learns, so that one that rises without bound ends the training; the loss of two
    adversaries goes up and down."""
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
        rate: Callable[[float], float] | None = None, accumulate: int = 1, network: nn.Module | None = None,
        group: Group | None = None,
    ) -> None:  # fmt: skip
        """``rate`` gives the factor of the learning rate at each share of the training done (see `schedules`).

        ``accumulate`` batches make one update; ``network`` names weights; ``group``: the processes that learn together.
        """
        self.by_name = by_name
        self.weights = {
            name: [weight for part in o.param_groups for weight in part["params"] if weight.requires_grad]
            for name, o in by_name.items()
        }
        self.n_updates = max(1, n_updates)
        self.updates = 0
        self.clip_norm = clip_norm
        self.rate = rate
        self.accumulate = accumulate
        self.names = {weight: name for name, weight in network.named_parameters()} if network else {}
        self.group = group or Group()
        self.base_rates = {name: [part["lr"] for part in o.param_groups] for name, o in by_name.items()}
        self.held: dict[str, list[Tensor | None]] = {}
        """Gradients that wait for the update, by optimiser: sums, each weighed by what its loss was a mean over."""
        self.held_over: dict[str, int] = {}

    @property
    def share_done(self) -> float:
        """Share of all updates that were made, 0 to 1."""
        return self.updates / self.n_updates

    def descend(self, loss: Tensor, over: int, name: str = "main") -> None:
        """Backward to this optimiser's own weights, clip, one step; accumulated, the step waits for `settle`.

        ``loss`` is a mean ``over`` so many things (people, questions, items): their number weighs the gradients of
        several batches, or processes, that make one step. Raises `DivergedError` before a bad number reaches a weight.
        """
        if not torch.isfinite(self.group.sum(loss.detach())):
            raise DivergedError(LOSS.filled(value=loss.item()))
        for weight in self.weights[name]:
            weight.grad = None  # another optimiser may share the weight
        loss.backward(inputs=self.weights[name])  # type: ignore[no-untyped-call]
        gradients = [weight.grad for weight in self.weights[name]]
        if self.accumulate > 1:
            self._hold(name, gradients, over)
        else:
            self._step(name, self.group.mean(gradients, over, self.weights[name]))

    def settle(self) -> None:
        """The batches of one update are through: what is held becomes one step of each optimiser."""
        for name, sums in self.held.items():
            over = self.held_over[name]
            means = [None if total is None else total / over for total in sums]
            self._step(name, self.group.mean(means, over, self.weights[name]))
        self.held, self.held_over = {}, {}
        self.updates += 1

    def _hold(self, name: str, gradients: list[Tensor | None], over: int) -> None:
        sums = self.held.setdefault(name, [None] * len(gradients))
        for number, gradient in enumerate(gradients):
            if gradient is not None:
                total = sums[number]
                sums[number] = gradient * over if total is None else total.add_(gradient, alpha=over)
        self.held_over[name] = self.held_over.get(name, 0) + over

    def _step(self, name: str, gradients: list[Tensor | None]) -> None:
        optimiser = self.by_name[name]
        for weight, gradient in zip(self.weights[name], gradients, strict=True):
            weight.grad = gradient
        self._clip(name)
        if self.rate is not None:
            for part, base in zip(optimiser.param_groups, self.base_rates[name], strict=True):
                part["lr"] = base * self.rate(self.share_done)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    def _clip(self, name: str) -> None:
        weights = [weight for weight in self.weights[name] if weight.grad is not None]
        norm = torch.nn.utils.get_total_norm([weight.grad for weight in weights])
        if not torch.isfinite(norm):
            for number, weight in enumerate(self.weights[name]):
                if weight.grad is not None and not torch.isfinite(weight.grad).all():
                    value = weight.grad[~torch.isfinite(weight.grad)][0].item()
                    said = self.names.get(weight, f"weight {number + 1} of {name}")
                    raise DivergedError(GRADIENT.filled(name=said, value=value))
            raise DivergedError(NORM.filled(value=norm.item()))
        if self.clip_norm is not None:
            torch.nn.utils.clip_grads_with_norm_(weights, self.clip_norm, norm)

    def __getitem__(self, name: str) -> Optimizer:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)
