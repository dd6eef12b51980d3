"""Quality of large models, of what they must pass, and of peers, on the same splits.

`python -m benchmarks.quality [DATA/PROTOCOL/MODEL/SEED …]` (`make bench-quality CELL=…`) makes the cells named, or all
that are missing; each is one JSON file, so that a run that was stopped goes on. `last`: the newest event of everybody
is the test, the one before it chooses the epoch; the fit sees neither, the history that is asked about ends with the
validation event; all unseen items are ranked, an item that training never saw counts as a miss. `last-shuffled`: the
same, events of one day in a random order, so that the order of the file tells nothing. `people`: 604 people of whom
training sees nothing are asked about with 80 % of their pairs. A model's name with `+`: the sum of both models' scores,
standardised for each person, the share chosen on the validation part; with `refit`: fitted on it too, as long as it
was best. `EASE-tuned`: the strength of its regularisation chosen on the validation part, too.
"""

import functools
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import zhiyin
from benchmarks import protocols
from benchmarks.cells import cell
from benchmarks.speed import measured
from benchmarks.zhiyin_jobs import dataset_of, held_out_cases
from zhiyin.data.contracts import Cases, Ragged, Requests
from zhiyin.evaluation import metrics_of_lists
from zhiyin.models.learning import LearningConfig
from zhiyin.retrieval import best_rows
from zhiyin.training import Engine

LAST, PEOPLE = ("recall@10", "ndcg@10"), ("ndcg@100", "recall@20")
SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "amazon-beauty/last": {
        "SequenceKNN": {},
        "SASRec": {"blocks": 1, "dropout": 0.4, "epochs": 16, "batch": 128, "learning_rate": 6e-3, "validation_k": 10},
        "ESASRec": {
            "width": 256, "blocks": 1, "dropout": 0.5, "loss": "softmax", "epochs": 10, "batch": 128,
            "learning_rate": 1e-3, "validation_k": 10,
        },
    },
    "ml-1m/last": {
        "SASRec": {
            "max_history": 200, "epochs": 36, "batch": 64, "learning_rate": 2e-3, "patience": 6, "validation_k": 10,
        },
        "SASRec-128": {
            "max_history": 200, "epochs": 30, "batch": 64, "learning_rate": 1e-3, "patience": 6, "validation_k": 10,
            "width": 128, "dropout": 0.3,
        },
        "GSASRec": {
            "max_history": 200, "epochs": 40, "batch": 64, "learning_rate": 2e-3, "patience": 8, "validation_k": 10,
            "width": 64, "dropout": 0.2, "negatives": 512, "shared": True,
        },
        "GSASRec-128": {
            "max_history": 200, "epochs": 60, "batch": 64, "learning_rate": 3e-3, "patience": 8, "validation_k": 10,
            "dropout": 0.3, "negatives": 512, "shared": True,
        },
    },
    "ml-1m/people": {
        "MultVAE": {}, "EASE": {"regularisation": 200}, "EASE-tuned": {"regularisation": 800},
        "RecVAE": {"epochs": 40, "learning_rate": 1e-3},
        "RecVAE-wide": {"epochs": 60, "learning_rate": 7e-4, "hidden": 1000, "latent": 400},
        "AdversarialVAE": {}, "CFGAN": {},
    },
}  # fmt: skip
"""Chosen on the validation part of seed 0; what is not named is the model's default."""
PEERS: dict[str, Callable[[str, int], dict[str, Any]]] = {
    "RecTools-SASRec": lambda data, seed: measured("rectools", "sasrec_last", protocols.last(data)),
    "RecBole-MultiVAE": lambda data, seed: {
        **measured("recbole", "multivae", protocols.people(data, seed)), "saw_validation": False,
    },
}  # fmt: skip
ALL = (
    *(f"amazon-beauty/{protocol}/{model}/0" for protocol in ("last", "last-shuffled")
      for model in ("SequenceKNN", "SASRec", "ESASRec", "ESASRec+SequenceKNN")),
    *(f"amazon-beauty/{protocol}/{model}/{seed}" for protocol in ("last", "last-shuffled")
      for model in ("SASRec", "ESASRec") for seed in (1, 2)),
    *(f"ml-1m/last/{model}/0" for model in ("SASRec", "SASRec-128", "GSASRec", "GSASRec-128", "RecTools-SASRec")),
    *(f"ml-1m/people/{model}/{seed}" for seed in range(5)
      for model in ("MultVAE", "EASE", "EASE-tuned", "RecVAE", "RecVAE+EASE", "RecBole-MultiVAE")),
    *(f"ml-1m/people/{model}/0" for model in ("RecVAE-wide", "AdversarialVAE", "CFGAN")),
)  # fmt: skip
ENGINE = Engine(precision="auto")
SHARES = np.linspace(0, 1, 11)
"""Of the second of two models in their sum."""
BLOCK = 512
"""People who are scored at once."""


@dataclass(frozen=True)
class Parts:
    """One protocol on one dataset."""

    train: zhiyin.Dataset
    refit: zhiyin.Dataset
    """Train and validation; train alone where validation people are not those of the test."""
    validation: Cases
    test: Cases
    metrics: tuple[str, str]


def last(data: str, seed: int, shuffled: bool = False) -> Parts:
    folder = protocols.last(data, seed if shuffled else None)
    train, longer, whole = (dataset_of(folder, *("train", "validation", "test")[:n]) for n in (1, 2, 3))
    return Parts(train, longer, asked_and_taken(train, longer), asked_and_taken(longer, whole), LAST)


def people(data: str, seed: int) -> Parts:
    folder = protocols.people(data, seed)
    train = dataset_of(folder, "train")
    validation = held_out_cases(folder, train, "validation_fold_in", "validation")
    return Parts(train, train, validation, held_out_cases(folder, train), PEOPLE)


PROTOCOLS: dict[str, Callable[[str, int], Parts]] = {
    "last": last, "last-shuffled": lambda data, seed: last(data, seed, shuffled=True), "people": people,
}  # fmt: skip


def asked_and_taken(train: zhiyin.Dataset, whole: zhiyin.Dataset) -> Cases:
    """The history as ``train`` has it, and the next event of ``whole``."""
    histories = train.history_of(list(train.users))
    order = whole.users.rows(list(train.users))
    longer = whole.histories.take(order)
    here = longer.lengths > histories.lengths
    following = longer.items[(longer.offsets[:-1] + histories.lengths)[here]]
    requests = Requests.of(histories.take(np.flatnonzero(here)))
    return Cases(requests, Ragged.of(following[:, None]), np.flatnonzero(here))


class Sum:
    """Two models' scores, each at mean 0 and spread 1 over the unseen items of a person, in a share."""

    def __init__(self, models: Sequence[Any], share: float) -> None:
        self.models, self.share = models, share

    def score(self, requests: Requests) -> np.ndarray:
        return self.of([standardised(model.score(requests), requests) for model in self.models], self.share)

    @staticmethod
    def of(scores: Sequence[np.ndarray], share: float) -> np.ndarray:
        return np.asarray((1 - share) * scores[0] + share * scores[1], np.float32)


def standardised(scores: np.ndarray, requests: Requests) -> np.ndarray:
    """(B, N), without what is excluded."""
    scores = scores.astype(np.float64)
    scores[requests.exclude.owners, requests.exclude.rows] = np.nan
    mean, spread = np.nanmean(scores, axis=1, keepdims=True), np.nanstd(scores, axis=1, keepdims=True)
    return np.asarray(np.nan_to_num((scores - mean) / np.maximum(spread, 1e-12), nan=-1e9))


def best_share(models: Sequence[Any], cases: Cases, metric: str) -> float:
    """The share of the second of two models with which their sum is best."""
    found: dict[float, list[np.ndarray]] = {float(share): [] for share in SHARES}
    for part in blocks(cases):
        scores = [standardised(model.score(part.requests), part.requests) for model in models]
        for share, values in found.items():
            rows = best_rows(Sum.of(scores, share), 100, exclude=part.requests.exclude)[0]
            values.append(metrics_of_lists(rows, part.targets, (metric,))[metric])
    return max(found, key=lambda share: float(np.concatenate(found[share]).mean()))


def blocks(cases: Cases) -> Iterator[Cases]:
    """The cases, some at a time."""
    for start in range(0, len(cases), BLOCK):
        yield cases.take(np.arange(start, min(start + BLOCK, len(cases))))


def gains(model: Any, cases: Cases, metrics: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Each metric for each case, float64 (B,)."""
    parts = [part.requests for part in blocks(cases)]
    rows = [best_rows(model.score(part), 100, exclude=part.exclude)[0] for part in parts]
    return metrics_of_lists(np.concatenate(rows), cases.targets, metrics)


def figures_of(model: Any, cases: Cases, metrics: tuple[str, ...]) -> dict[str, Any]:
    """Means over all cases with their 95 % intervals (1.96 standard errors over people)."""
    found: dict[str, Any] = {"people": len(cases)}
    for name, column in gains(model, cases, metrics).items():
        half = 1.96 * column.std() / len(column) ** 0.5
        found[name] = float(column.mean())
        found[f"{name} interval"] = [float(column.mean() - half), float(column.mean() + half)]
    return found


@functools.lru_cache(maxsize=2)
def parts_of(data: str, protocol: str, seed: int) -> Parts:
    """Read once for cells that follow each other."""
    return PROTOCOLS[protocol](data, seed)


@functools.lru_cache(maxsize=4)
def fitted(data: str, protocol: str, name: str, seed: int) -> tuple[Any, float]:
    """A model of ours and its CPU seconds; the validation part chooses a network's epoch. Sums share it."""
    parts, kind = parts_of(data, protocol, seed), getattr(zhiyin.models, name.partition("-")[0])
    seeded = {"seed": seed} if "seed" in kind.Config.model_fields else {}
    model = kind(**{**seeded, **SETTINGS[f"{data}/{protocol.removesuffix('-shuffled')}"].get(name, {})})
    learns = {"validation": parts.validation} if issubclass(kind.Config, LearningConfig) else {}
    started = time.process_time()
    with ENGINE:
        model.fit(parts.train, **learns)
    return model, time.process_time() - started


def refitted(model: Any, parts: Parts) -> Any:
    """The same settings on train and validation, as many epochs as were best."""
    best = model.facts.get("best_epoch")
    settings = model.config.model_copy(update={"epochs": best}) if best else model.config
    with ENGINE:
        return type(model)(config=settings).fit(parts.refit)


def ours(protocol: str, name: str) -> Callable[[str, int], dict[str, Any]]:
    """What a cell of these models measures."""
    names, again = name.removesuffix("-refit").split("+"), name.endswith("-refit")

    def measure(data: str, seed: int) -> dict[str, Any]:
        parts = parts_of(data, protocol, seed)
        models, seconds = zip(*(fitted(data, protocol, one, seed) for one in names), strict=True)
        told: dict[str, Any] = {
            "settings": {one.name: one.config.model_dump(mode="json") for one in models},
            "fit_cpu_s": round(sum(seconds), 1), "saw_validation": again,
            "precision": "bf16" if ENGINE.is_bf16(ENGINE.device_of()) else "float32",
        }  # fmt: skip
        for one in models:
            told |= {fact: one.facts[fact] for fact in ("best_epoch", "curve", "verdict") if fact in one.facts}
        share = 0.0
        if len(models) == 2:
            chosen_by = next(metric for metric in parts.metrics if metric.startswith("ndcg"))
            told["share"] = share = best_share(models, parts.validation, chosen_by)
        models = [refitted(one, parts) for one in models] if again else models
        asked = Sum(models, share) if len(models) == 2 else models[0]
        return {**told, **figures_of(asked, parts.test, parts.metrics)}

    return measure


def made(name: str) -> dict[str, Any]:
    """The cell of this name, kept or made now."""
    data, protocol, model, seed = name.split("/")
    measure = PEERS.get(model) or ours(protocol, model)
    return cell(model, data, protocol, int(seed), measure)


def main() -> None:
    torch.set_num_threads(1)
    for name in sys.argv[1:] or ALL:
        found = made(name)
        print(json.dumps({"cell": name, **{key: found[key] for key in (*LAST, *PEOPLE) if key in found}}), flush=True)


if __name__ == "__main__":
    main()
