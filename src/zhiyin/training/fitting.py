"""What every network's ``fit`` shares: from a model's settings to a trained network and the facts of its training."""

from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.core.languages import Sentence
from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Cases, Requests
from zhiyin.training.checkpoints import Checkpoints
from zhiyin.training.continuing import take_over
from zhiyin.training.curves import curves
from zhiyin.training.engine import Engine
from zhiyin.training.learner import Learner
from zhiyin.training.loop import Loader, train
from zhiyin.training.newness import settle_new
from zhiyin.training.processes import together
from zhiyin.training.schedules import RATES
from zhiyin.training.validation import ndcg_on
from zhiyin.training.watching import told

T = TypeVar("T")


LONGER = Sentence("{n} of {people} people have longer histories: the newest {limit} events of theirs are read",
                  "{people} 人中有 {n} 人的历史更长：只读其最近的 {limit} 个事件")  # fmt: skip


def longer(lengths: np.ndarray, limit: int) -> Sentence | None:
    """A remark where histories of these ``lengths`` are cut; None where all fit."""
    n = int((lengths > limit).sum())
    return LONGER.filled(n=n, people=len(lengths), limit=limit) if n else None


class Learns(Protocol):
    """A model whose ``config`` has the fields of `zhiyin.models.learning.LearningConfig`."""

    @property
    def name(self) -> str: ...

    @property
    def config(self) -> Any: ...

    @property
    def facts(self) -> dict[str, Any]: ...

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray: ...


def learn(
    model: Learns, learner: Learner[T], loader: Loader[T], *, validation: Cases | None = None,
    progress: Progress | None = None, checkpoints: Path | str | None = None, start: Any = None,
    remark: Sentence | None = None,
) -> None:  # fmt: skip
    """Train the learner's network as the model's settings say; verdict, epochs and curve go into ``model.facts``.

    ``validation``: cases whose NDCG chooses the epoch. ``checkpoints``: a folder from which a killed training goes on.
    ``start``: an earlier version whose weights the network takes over, see `continuing`.
    ``remark``: what a person should know of the data as they are read; said once, and among the facts.
    Raises `ModelError` where the loader has nobody.
    """
    if not len(loader):
        raise ModelError(
            f"{model.name} has nothing to learn from: no event has a positive weight; check the recipe's weights"
        )
    settings = model.config
    epochs, a_pass = settings.epochs, -(-len(loader) // settings.accumulate)  # updates of one pass over everybody
    if settings.updates is not None:
        epochs = min(epochs, -(-settings.updates // a_pass))
    if validation is not None and not isinstance(validation, Cases):
        raise ModelError(f"validation is a {type(validation).__name__}; give cases, for example split.validation")
    if start is not None:
        take_over(model, start)
    if remark is not None and progress is not None:
        progress.say(f"{model.name}: {remark.en}")
    made_from = {**model.facts, "settings": settings.model_dump(mode="json")}
    engine = Engine.now()
    device, record = engine.device_of(), told(curves(engine.tensorboard, model.name))
    engine.is_bf16(device)  # a precision that the machine has not is refused before anything is done

    def validate() -> float:
        learner.network.to("cpu")  # models answer there
        value = ndcg_on(model, validation, settings.validation_k) if validation is not None else 0.0
        learner.network.to(device)
        return value

    shared: dict[str, Any] = {
        "epochs": epochs, "patience": settings.patience, "clip_norm": settings.clip_norm,
        "accumulate": settings.accumulate, "rate": RATES[settings.schedule],
        "checkpoints": Checkpoints.at(checkpoints, made_from, 60 * settings.checkpoint_minutes),
    }  # fmt: skip
    helping = {**shared, "validate": None if validation is None else float}
    with together(engine, learner, loader, helping) as (group, share):
        learner.network.to(device)
        training = train(
            learner, share, **shared, validate=None if validation is None else validate, progress=progress,
            label=model.name, group=group, casting=lambda: engine.casting(device), record=record,
        )  # fmt: skip
        learner.network.to("cpu")
    training.remarks = [*([remark] if remark else []), *training.remarks]
    model.facts.update(training.facts())
    settle_new(model, validation)
