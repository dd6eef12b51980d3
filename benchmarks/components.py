"""What each component of a large model is worth: it is switched off, the rest stays: `python -m benchmarks.components`.

NDCG@10 of the next event on ML-100K, three seeds (Transformer); NDCG@100 of held-out people of ML-1M, one seed (VAE and
GAN). The difference to the whole model is paired over people; a person's figure is the mean over the seeds. Kept in
``results/components.json``; a model that is there is not tried again.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import zhiyin
from benchmarks.protocols import RESULTS
from benchmarks.quality import ENGINE, PROTOCOLS, Parts, gains
from zhiyin.models.layers import Norm
from zhiyin.models.transformer.parts import Mix, PlainBlock

PATH = RESULTS / "components.json"


class NoResidual(PlainBlock):
    """What came in is not added."""

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        x = self.dropout(self.attended(mix(self.queries_keys_values(self.norm_attention(x)), self.heads)))
        narrow: Tensor = self.narrow(functional.gelu(self.widen(self.norm_forward(x))))
        return torch.as_tensor(self.dropout(narrow))


def without_norms(network: nn.Module) -> None:
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Norm):
                setattr(parent, name, nn.Identity())


def without_residuals(network: nn.Module) -> None:
    for block in network.blocks:  # type: ignore[union-attr]
        block.__class__ = NoResidual


@dataclass(frozen=True)
class Trial:
    """One model, and how each of its components is switched off: other settings, or a change of its new network."""

    data: str
    protocol: str
    seeds: tuple[int, ...]
    model: str
    off: dict[str, dict[str, Any] | Callable[[nn.Module], None]]
    settings: dict[str, Any] = field(default_factory=dict)


TRIALS = (
    Trial(
        "ml-100k", "last", (0, 1, 2), "SASRec",
        {
            "normalisation": without_norms, "residual connections": without_residuals, "dropout": {"dropout": 0},
            "schedule (constant rate)": {"schedule": "constant"}, "positions": {"positions": "none"},
        },
        {"max_history": 200, "validation_k": 10},
    ),
    Trial(
        "ml-1m", "people", (0,), "MultVAE",
        {
            "divergence": {"kl_weight": 0}, "annealing": {"annealing": 0}, "dropout": {"dropout": 0},
            "schedule (constant rate)": {"schedule": "constant"},
        },
    ),
    Trial(
        "ml-1m", "people", (0,), "RecVAE",
        {
            "normalisation": without_norms, "dense skips (one layer)": {"layers": 1}, "divergence": {"kl_weight": 0},
            "dropout": {"dropout": 0}, "schedule (constant rate)": {"schedule": "constant"},
        },
        {"epochs": 20, "learning_rate": 1e-3},
    ),
    Trial(
        "ml-1m", "people", (0,), "AdversarialVAE",
        {"critic": {"adversarial": 0}, "dropout": {"dropout": 0}, "schedule (constant rate)": {"schedule": "constant"}},
    ),
    Trial(
        "ml-1m", "people", (0,), "CFGAN",
        {
            "critic": {"adversarial": 0}, "condition (reads everything)": {"condition": 1},
            "reconstruction": {"reconstruction": 0}, "zero-reconstruction": {"zeros": 0},
            "partial masking": {"masked": 0}, "schedule (constant rate)": {"schedule": "constant"},
        },
    ),
)  # fmt: skip


def fitted(trial: Trial, off: dict[str, Any] | Callable[[nn.Module], None], parts: Parts, seed: int) -> Any:
    """The model, the component switched off; the validation part chooses the epoch."""
    kind = getattr(zhiyin.models, trial.model)
    if not callable(off):
        with ENGINE:
            return kind(**{**trial.settings, **off, "seed": seed}).fit(parts.train, validation=parts.validation)
    change = off

    class Changed(kind):  # type: ignore[misc, valid-type]
        def new_network(self) -> Any:
            network = super().new_network()
            change(network)
            return network

    with ENGINE:
        return Changed(**{**trial.settings, "seed": seed}).fit(parts.train, validation=parts.validation)


def one(trial: Trial) -> dict[str, Any]:
    """The whole model's figure, and what each component adds to it."""
    everything: dict[str, list[np.ndarray]] = {}
    metric = ""
    for seed in trial.seeds:
        parts = PROTOCOLS[trial.protocol](trial.data, 0)
        metric = parts.metrics[-1] if trial.protocol == "last" else parts.metrics[0]
        for name, off in {"": {}, **trial.off}.items():
            values = gains(fitted(trial, off, parts, seed), parts.test, (metric,))[metric]
            everything.setdefault(name, []).append(values)
            print(f"{trial.model} without {name or 'nothing'}, seed {seed}: {values.mean():.4f}", file=sys.stderr)
    means = {name: np.mean(values, axis=0) for name, values in everything.items()}
    whole = means.pop("")
    cells = {}
    for name, values in means.items():
        adds = whole - values
        half = 1.96 * adds.std() / len(adds) ** 0.5
        cells[name] = {"without": float(values.mean()), "adds": float(adds.mean()),
                       "low": float(adds.mean() - half), "high": float(adds.mean() + half)}  # fmt: skip
    return {"data": trial.data, "protocol": trial.protocol, "seeds": trial.seeds, "settings": trial.settings,
            "metric": metric, "people": len(whole), "whole": float(whole.mean()), "components": cells}  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    found: dict[str, Any] = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}
    for trial in TRIALS:
        if trial.model not in found:
            found[trial.model] = one(trial)
            PATH.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
