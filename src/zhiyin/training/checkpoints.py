"""A killed training goes on where it was: weights, optimisers, random state and curve in one folder, never pickle.

The newest two checkpoints are kept, each whole or not there; where the newest is damaged, the one before it is taken.
"""

import math
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

import zhiyin
from zhiyin.core.errors import ModelError, ResourceError
from zhiyin.core.files import disk_errors
from zhiyin.core.languages import Sentence
from zhiyin.registry import Artefact, Manifest, read, write
from zhiyin.training.learner import Optimisers

if TYPE_CHECKING:
    from zhiyin.training.loop import Training

KEPT = 2
NOT_WRITTEN = Sentence("a checkpoint could not be written ({why}); training goes on, the checkpoint before it is kept",
                       "检查点未能写入（{why}）；训练继续，保留上一个检查点")  # fmt: skip
LEFT_OUT = Sentence("a checkpoint is left out ({why}); the one before it is taken up",
                    "跳过一个检查点（{why}）；从上一个检查点继续")  # fmt: skip


class Checkpoints:
    """Writes a training's whole state into ``folder`` every ``every_s`` seconds, each time whole or not at all."""

    def __init__(
        self, folder: Path | str, made_from: Mapping[str, Any], *, every_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """``made_from`` (settings, dataset digest …) must be the same when a training is taken up again."""
        self.folder = Path(folder)
        self.made_from = dict(made_from)
        self.every_s = every_s
        self.clock = clock
        self.last = clock()
        self.warned = False

    @classmethod
    def at(cls, folder: Path | str | None, made_from: Mapping[str, Any], every_s: float) -> "Checkpoints | None":
        """Checkpoints in ``folder``; none where it is None."""
        return None if folder is None else cls(folder, made_from, every_s=every_s)

    def is_due(self) -> bool:
        return self.clock() - self.last >= self.every_s

    def save(self, network: nn.Module, optimisers: Optimisers, state: "Training") -> None:
        """The next checkpoint. Where there is no room for it the training is told so once and goes on."""
        if optimisers.group.rank:  # the first process writes for all
            return
        there = self._there()
        facts = {"made_from": self.made_from, **_facts(optimisers, state)}
        arrays = {name: array.detach().cpu().numpy() for name, array in _arrays(network, optimisers, state).items()}
        artefact = Artefact(Manifest(kind="checkpoint", name="training", facts=facts), arrays)
        try:
            write(self.folder / f"{int(there[-1].name) + 1 if there else 1:06d}", artefact)
            for old in there[: -KEPT + 1]:
                shutil.rmtree(old, ignore_errors=True)
        except ResourceError as error:
            if not self.warned:
                state.remark(NOT_WRITTEN.filled(why=_reason(error)))
            self.warned = True
        self.last = self.clock()

    def resume(self, network: nn.Module, optimisers: Optimisers, state: "Training") -> bool:
        """Take up the newest checkpoint that is whole; False where there is none.

        Raises `ModelError` where the folder is another training's, is no folder of checkpoints, or holds none that is
        whole.
        """
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        first: ModelError | None = None
        for folder in reversed(self._there()):
            try:
                artefact = read(folder)
            except ModelError as error:
                state.remark(LEFT_OUT.filled(why=_reason(error)))
                first = first or error
                continue
            self._refuse_others(artefact.manifest)
            _restore(artefact, network, optimisers, state)
            return True
        if first is not None:
            raise ModelError(
                f"{_reason(first)}, and no checkpoint of {self.folder} is whole; remove the folder to begin again"
            )
        return False

    def _there(self) -> list[Path]:
        """Checkpoints, oldest first. Raises `ModelError` where something else is in the folder."""
        for path in self.folder.iterdir():
            if path.name.startswith(".") and path.name.endswith((".part", ".old")):
                shutil.rmtree(path, ignore_errors=True)  # of a save that was killed
            elif not (path.name.isdecimal() and path.is_dir()):
                raise ModelError(
                    f"{self.folder} holds {path.name}, which is no checkpoint; give a folder of its own for checkpoints"
                )
        numbered = [path for path in self.folder.iterdir() if path.name.isdecimal()]
        return sorted(numbered, key=lambda path: int(path.name))

    def _refuse_others(self, manifest: Manifest) -> None:
        theirs, ours = manifest.facts.get("made_from", {}), self.made_from
        differ = [name for name in {**ours, **theirs} if theirs.get(name) != ours.get(name)]
        if manifest.zhiyin != zhiyin.__version__:
            differ = [f"zhiyin {manifest.zhiyin}, this is {zhiyin.__version__}"]
        if differ:
            raise ModelError(
                f"{self.folder} holds the checkpoint of another training (other {', '.join(differ)}); "
                "remove the folder, or choose another one"
            )


def _reason(error: ModelError | ResourceError) -> str:
    """What is wrong, without what to do."""
    return error.message.split(";")[0]


def _facts(optimisers: Optimisers, state: "Training") -> dict[str, Any]:
    return {
        "updates": optimisers.updates, "held_over": optimisers.held_over, "epoch": state.epoch, "batch": state.batch,
        "losses": state.losses.hex(), "people": state.people, "first_losses": state.first_losses.hex(),
        "first_people": state.first_people, "curve": state.curve, "kept": state.kept, "best_epoch": state.best_epoch,
        "best": state.best.hex() if math.isfinite(state.best) else None, "remarks": state.remarks,
    }  # fmt: skip


def _arrays(network: nn.Module, optimisers: Optimisers, state: "Training") -> dict[str, Tensor]:
    """All that Adam and its like keep are tensors: ``optimiser/NAME/PARAMETER/KEY``."""
    return {
        "random": torch.get_rng_state(),
        **{f"network/{name}": weight for name, weight in network.state_dict().items()},
        **{f"kept/{name}": weight for name, weight in state.kept_weights.items()},
        **{
            f"optimiser/{name}/{parameter}/{key}": value
            for name, optimiser in optimisers.items()
            for parameter, kept in optimiser.state_dict()["state"].items()
            for key, value in kept.items()
        },
        **{
            f"held/{name}/{number}": total
            for name, sums in optimisers.held.items()
            for number, total in enumerate(sums)
            if total is not None
        },
    }


def _restore(artefact: Artefact, network: nn.Module, optimisers: Optimisers, state: "Training") -> None:
    facts = artefact.manifest.facts
    arrays = {name: torch.from_numpy(array.copy()) for name, array in artefact.arrays.items()}
    network.load_state_dict(_under("network/", arrays))
    _restore_optimisers(optimisers, arrays)
    optimisers.updates, optimisers.held_over = facts["updates"], facts["held_over"]
    if optimisers.group.rank == 0:
        torch.set_rng_state(arrays["random"])
    state.epoch, state.batch, state.people = facts["epoch"], facts["batch"], facts["people"]
    state.losses, state.first_losses = float.fromhex(facts["losses"]), float.fromhex(facts["first_losses"])
    state.first_people, state.curve = facts["first_people"], facts["curve"]
    state.kept, state.best_epoch = facts["kept"], facts["best_epoch"]
    state.best = -math.inf if facts["best"] is None else float.fromhex(facts["best"])
    state.kept_weights = _under("kept/", arrays)
    state.remarks = [*(Sentence(*said) for said in facts["remarks"]), *state.remarks]


def _restore_optimisers(optimisers: Optimisers, arrays: Mapping[str, Tensor]) -> None:
    for name, optimiser in optimisers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for path, value in _under(f"optimiser/{name}/", arrays).items():
            parameter, _, key = path.partition("/")
            state.setdefault(int(parameter), {})[key] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
        sums = _under(f"held/{name}/", arrays)
        if sums:
            weights = optimisers.weights[name]
            optimisers.held[name] = [
                sums[str(n)].to(weight.device) if str(n) in sums else None for n, weight in enumerate(weights)
            ]


def _under(prefix: str, arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
