"""A killed training goes on where it was: weights, optimisers, random state and curve in one folder, never pickle."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from zhiyin.core.errors import ModelError
from zhiyin.registry import Artefact, Manifest, read, write
from zhiyin.training.learner import Optimisers

if TYPE_CHECKING:
    from zhiyin.training.loop import Training


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

    @classmethod
    def at(cls, folder: Path | str | None, made_from: Mapping[str, Any], every_s: float) -> "Checkpoints | None":
        """Checkpoints in ``folder``; none where it is None."""
        return None if folder is None else cls(folder, made_from, every_s=every_s)

    def is_due(self) -> bool:
        return self.clock() - self.last >= self.every_s

    def save(self, network: nn.Module, optimisers: Optimisers, state: "Training") -> None:
        arrays = {f"network/{name}": weight for name, weight in network.state_dict().items()}
        arrays |= {f"best/{name}": weight for name, weight in state.best_weights.items()}
        arrays |= {"random": torch.get_rng_state(), **_optimiser_arrays(optimisers)}
        facts = {
            "made_from": self.made_from, "epoch": state.epoch, "batch": state.batch, "updates": optimisers.updates,
            "losses": state.losses.hex(), "people": state.people, "curve": state.curve, "best_epoch": state.best_epoch,
            "best": state.best.hex() if math.isfinite(state.best) else None,
        }  # fmt: skip
        manifest = Manifest(kind="checkpoint", name="training", facts=facts)
        write(self.folder, Artefact(manifest, {name: a.detach().cpu().numpy() for name, a in arrays.items()}))
        self.last = self.clock()

    def resume(self, network: nn.Module, optimisers: Optimisers, state: "Training") -> bool:
        """Take up the training in the folder; False where there is none; `ModelError` where it is another's."""
        if not (self.folder / "manifest.json").exists():
            return False
        artefact = read(self.folder)
        facts = artefact.manifest.facts
        if facts.get("made_from") != self.made_from:
            raise ModelError(
                f"{self.folder} holds the checkpoint of another training (other data or settings); "
                "remove the folder, or choose another one"
            )
        arrays = {name: torch.from_numpy(array.copy()) for name, array in artefact.arrays.items()}
        network.load_state_dict(_under("network/", arrays))
        _restore_optimisers(optimisers, arrays)
        optimisers.updates = facts["updates"]
        torch.set_rng_state(arrays["random"])
        state.epoch, state.batch, state.people = facts["epoch"], facts["batch"], facts["people"]
        state.losses, state.curve = float.fromhex(facts["losses"]), facts["curve"]
        state.best_epoch = facts["best_epoch"]
        state.best = -math.inf if facts["best"] is None else float.fromhex(facts["best"])
        state.best_weights = _under("best/", arrays)
        return True


def _under(prefix: str, arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _optimiser_arrays(optimisers: Optimisers) -> dict[str, Tensor]:
    """``optimiser/NAME/PARAMETER/KEY``: all that Adam and its like keep are tensors."""
    return {
        f"optimiser/{name}/{parameter}/{key}": value
        for name, optimiser in optimisers.items()
        for parameter, kept in optimiser.state_dict()["state"].items()
        for key, value in kept.items()
    }


def _restore_optimisers(optimisers: Optimisers, arrays: Mapping[str, Tensor]) -> None:
    for name, optimiser in optimisers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for path, value in _under(f"optimiser/{name}/", arrays).items():
            parameter, _, key = path.partition("/")
            state.setdefault(int(parameter), {})[key] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
