"""One training loop for every network: progress, validation, early stopping, checkpoints, a verdict in words."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from torch import Tensor

from zhiyin.core.languages import Sentence
from zhiyin.core.progress import Progress, Silent
from zhiyin.training.checkpoints import Checkpoints
from zhiyin.training.learner import DivergedError, Learner, Optimisers
from zhiyin.training.verdict import NOTHING, verdict_of

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


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
    curve: list[dict[str, float]] = field(default_factory=list)
    """One entry an epoch: epoch, loss (mean over people), validation (where there is one)."""
    best: float = -math.inf
    best_epoch: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    verdict: Sentence = NOTHING

    def facts(self) -> dict[str, Any]:
        """What is worth keeping: ``verdict`` (two languages), ``epochs`` trained, ``best_epoch``, and the ``curve``."""
        best = {"best_epoch": self.best_epoch, "best_validation": self.best} if self.best_epoch else {}
        return {
            "verdict": self.verdict.en,
            "verdict_zh": self.verdict.zh,
            "epochs": self.epoch,
            **best,
            "curve": self.curve,
        }


def train(
    learner: Learner[T], loader: Loader[T], *, epochs: int, patience: int = 10, clip_norm: float | None = None,
    rate: Callable[[float], float] | None = None, validate: Callable[[], float] | None = None,
    checkpoints: Checkpoints | None = None, progress: Progress | None = None, label: str = "training",
) -> Training:  # fmt: skip
    """Train ``learner.network`` in place.

    Without ``validate`` exactly ``epochs`` epochs. With it (higher is better; called after each epoch, the network in
    evaluation mode) training stops when ``patience`` epochs brought nothing better, and the best weights are put back.
    A loss or gradient that is no number ends it, the last good weights kept; the verdict says so. With
    ``checkpoints`` a killed training goes on where the last checkpoint was, to the very same weights.
    """
    progress = progress or Silent()
    optimisers = Optimisers(learner.optimisers(), epochs * len(loader), clip_norm=clip_norm, rate=rate)
    state = Training()
    if checkpoints is not None:
        checkpoints.resume(learner.network, optimisers, state)
    trouble = ""
    try:
        for _ in progress.track(range(state.epoch, epochs), label, total=epochs - state.epoch):
            if validate is not None and state.best_epoch and state.epoch - state.best_epoch >= patience:
                break
            _epoch(learner, loader, optimisers, state, checkpoints)
            _close_epoch(learner, state, validate)
    except DivergedError as error:
        trouble = f"{error} in epoch {state.epoch + 1}, batch {state.batch + 1}"
    if checkpoints is not None:
        checkpoints.save(learner.network, optimisers, state)
    if state.best_weights:
        learner.network.load_state_dict(state.best_weights)
    learner.network.eval()
    state.verdict = verdict_of(state.curve, patience, trouble)
    progress.say(f"{label}: {state.verdict.en}")
    return state


def _epoch(
    learner: Learner[T], loader: Loader[T], optimisers: Optimisers, state: Training, checkpoints: Checkpoints | None
) -> None:
    learner.network.train()
    for batch in loader.epoch(state.epoch + 1, skip=state.batch):
        losses = learner.step(batch, optimisers)  # (B,)
        optimisers.updates += 1
        state.batch += 1
        state.losses += float(losses.sum())
        state.people += len(losses)
        if checkpoints is not None and checkpoints.is_due():
            checkpoints.save(learner.network, optimisers, state)


def _close_epoch(learner: Learner[T], state: Training, validate: Callable[[], float] | None) -> None:
    state.epoch += 1
    entry: dict[str, float] = {"epoch": state.epoch, "loss": state.losses / max(1, state.people)}
    state.batch, state.losses, state.people = 0, 0.0, 0
    if validate is not None:
        learner.network.eval()
        entry["validation"] = validate()
        if entry["validation"] > state.best:
            state.best, state.best_epoch = entry["validation"], state.epoch
            state.best_weights = {name: w.detach().clone() for name, w in learner.network.state_dict().items()}
    state.curve.append(entry)
