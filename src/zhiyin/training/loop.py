"""One training loop for every network: progress, validation, early stopping, checkpoints, a verdict in words."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from zhiyin.core.languages import Sentence
from zhiyin.core.progress import Progress, Silent
from zhiyin.training.checkpoints import Checkpoints
from zhiyin.training.group import Group
from zhiyin.training.learner import DivergedError, Learner, Optimisers
from zhiyin.training.verdict import AFTER, NOTHING, RISEN, WHERE, verdict_of

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

BEGINNING = 32
"""People whose first losses are what a training begins from."""
ENOUGH = 512
"""People of an epoch whose losses are compared with the beginning before the epoch is over."""
RUNAWAY = 4.0
"""Times the loss of the beginning from which on a training leads nowhere."""


class Loader(Protocol[T_co]):
    """What gives the batches, see `Shuffled`."""

    def __len__(self) -> int: ...

    def epoch(self, number: int, skip: int = 0) -> Iterator[T_co]: ...


@dataclass
class Training:
    """How a training went; `facts` goes into the model's card and reports."""

    epoch: int = 0
    """Epochs finished."""
    batch: int = 0
    """Batches finished of the epoch that is going on."""
    losses: float = 0.0
    """Sum of this epoch's losses over its people so far."""
    people: int = 0
    first_losses: float = 0.0
    """Sum of the first losses of all, over the first `BEGINNING` people."""
    first_people: int = 0
    curve: list[dict[str, float]] = field(default_factory=list)
    """One entry an epoch: epoch, loss (mean over people), validation (where there is one)."""
    best: float = -math.inf
    best_epoch: int = 0
    kept: int = 0
    """Epoch whose weights are in ``kept_weights``: the best by validation, without one the last that went well."""
    kept_weights: dict[str, Tensor] = field(default_factory=dict)
    remarks: list[Sentence] = field(default_factory=list)
    """What a person should know besides the verdict."""
    verdict: Sentence = NOTHING
    say: Callable[[str], None] = Silent().say

    def remark(self, said: Sentence) -> None:
        """Keep it for the facts, and say it now."""
        self.remarks.append(said)
        self.say(said.en)

    def keep(self, network: nn.Module) -> None:
        self.kept = self.epoch
        for name, weight in network.state_dict().items():
            if name in self.kept_weights:
                self.kept_weights[name].copy_(weight)  # in its place: no second copy of a large table
            else:
                self.kept_weights[name] = weight.detach().clone()

    def hear(self, losses: float, people: int) -> None:
        """Losses of some people more."""
        self.losses, self.people = self.losses + losses, self.people + people
        if self.first_people < BEGINNING:
            self.first_losses, self.first_people = self.first_losses + losses, self.first_people + people

    def check(self) -> None:
        """Raises `DivergedError` where the loss rose far above what the training began from."""
        loss, first = self.losses / max(1, self.people), self.first_losses / max(1, self.first_people)
        if loss > RUNAWAY * first > 0:
            raise DivergedError(RISEN.filled(first=f"{first:,.4g}", loss=f"{loss:,.4g}"))

    def facts(self) -> dict[str, Any]:
        """What is worth keeping: ``verdict`` (two languages), ``epochs`` trained, ``best_epoch``, and the ``curve``."""
        best = {"best_epoch": self.best_epoch, "best_validation": self.best} if self.best_epoch else {}
        said = {"remarks": [r.en for r in self.remarks], "remarks_zh": [r.zh for r in self.remarks]}
        return {
            "verdict": self.verdict.en, "verdict_zh": self.verdict.zh, **(said if self.remarks else {}),
            "epochs": self.epoch, **best, "curve": self.curve,
        }  # fmt: skip


def train(
    learner: Learner[T], loader: Loader[T], *, epochs: int, patience: int = 10, clip_norm: float | None = None,
    accumulate: int = 1, rate: Callable[[float], float] | None = None, validate: Callable[[], float] | None = None,
    checkpoints: Checkpoints | None = None, progress: Progress | None = None, label: str = "training",
    group: Group | None = None, casting: Callable[[], AbstractContextManager[Any]] = nullcontext,
    record: Callable[[dict[str, float]], None] | None = None,
) -> Training:  # fmt: skip
    """Train ``learner.network`` in place.

    Without ``validate`` exactly ``epochs`` epochs. With it (higher is better; called after each epoch, the network in
    evaluation mode) training stops when ``patience`` epochs brought nothing better, and the best weights are put back.
    A loss or gradient that is no number, and a loss that rises without bound, end it; the last good weights are put
    back and the verdict says so. With ``checkpoints`` a killed training goes on where the last checkpoint was, to the
    very same weights. ``accumulate`` batches make one update. ``group``, ``casting``: see `Engine`; ``record`` is told
    each entry of the curve.
    """
    progress = progress or Silent()
    optimisers = Optimisers(
        learner.optimisers(), epochs * -(-len(loader) // accumulate), clip_norm=clip_norm, rate=rate,
        accumulate=accumulate, network=learner.network, group=group,
    )  # fmt: skip
    state = Training(say=lambda said: progress.say(f"{label}: {said}"))
    state.keep(learner.network)
    if checkpoints is not None:
        checkpoints.resume(learner.network, optimisers, state)
    trouble: Sentence | None = None
    try:
        for _ in progress.track(range(state.epoch, epochs), label, total=epochs - state.epoch):
            if validate is not None and state.best_epoch and state.epoch - state.best_epoch >= patience:
                break
            _epoch(learner, loader, optimisers, state, checkpoints, casting)
            _close_epoch(learner, optimisers.group, state, validate, record)
    except DivergedError as error:
        trouble = _where(error.said, state, accumulate, len(loader))
    if checkpoints is not None and trouble is None:
        checkpoints.save(learner.network, optimisers, state)
    if validate is not None or trouble is not None:
        learner.network.load_state_dict(state.kept_weights)
    learner.network.eval()
    state.verdict = verdict_of(state.curve, patience, trouble, state.kept)
    state.say(state.verdict.en)
    return state


def _epoch(
    learner: Learner[T], loader: Loader[T], optimisers: Optimisers, state: Training, checkpoints: Checkpoints | None,
    casting: Callable[[], AbstractContextManager[Any]],
) -> None:  # fmt: skip
    learner.network.train()
    for batch in loader.epoch(state.epoch + 1, skip=state.batch):
        with casting():
            losses = learner.step(batch, optimisers)  # (B,)
        if (state.batch + 1) % optimisers.accumulate == 0 or state.batch + 1 == len(loader):
            optimisers.settle()
        heard = torch.stack([losses.sum().double(), losses.new_tensor(len(losses), dtype=torch.float64)])
        total, people = optimisers.group.sum(heard).tolist()
        state.hear(total, int(people))
        if learner.falls and (state.people >= ENOUGH or state.batch + 1 == len(loader)):
            state.check()
        state.batch += 1
        if checkpoints is not None and checkpoints.is_due():
            checkpoints.save(learner.network, optimisers, state)


def _close_epoch(
    learner: Learner[T], group: Group, state: Training, validate: Callable[[], float] | None,
    record: Callable[[dict[str, float]], None] | None,
) -> None:  # fmt: skip
    entry: dict[str, float] = {"epoch": state.epoch + 1, "loss": state.losses / max(1, state.people)}
    if validate is not None:
        learner.network.eval()
        entry["validation"] = group.first(validate)
    state.epoch += 1
    state.batch, state.losses, state.people = 0, 0.0, 0
    state.curve.append(entry)
    if validate is None:
        state.keep(learner.network)
    elif entry["validation"] > state.best:
        state.best, state.best_epoch = entry["validation"], state.epoch
        state.keep(learner.network)
    if record is not None:
        record(entry)


def _where(trouble: Sentence, state: Training, accumulate: int, n_batches: int) -> Sentence:
    """With the batches of the update that was going on."""
    if state.batch == n_batches:
        return AFTER.filled(trouble=trouble, epoch=state.epoch + 1)
    first = state.batch - state.batch % accumulate + 1
    last = min(first + accumulate - 1, n_batches)
    batch = f"{first:,}" if first == last else f"{first:,}-{last:,}"
    return WHERE.filled(trouble=trouble, epoch=state.epoch + 1, batch=batch)
