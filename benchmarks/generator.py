"""The generators of items judged on real sets: `python -m benchmarks.generator [NAME …]`.

Each set is split as `zhiyin run` would, a Mult-VAE gives the vectors of people, and ConditionalGAN and ConditionalVAE
learn, with their default settings, the columns that describe an item before anybody has taken it. Kept as
``results/generator-NAME.json``; a file that is there is not made again.
"""

import json
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

import zhiyin
from benchmarks.protocols import RESULTS, data_folder
from zhiyin.data.splits import Split, split
from zhiyin.generation import ConditionalGAN, ConditionalVAE, Generated
from zhiyin.generation.conditional import ConditionalModel
from zhiyin.generation.gaps import find_gaps
from zhiyin.generation.judgement import judge
from zhiyin.pipeline.generate import FORESEEN, Learnt, foreseen

SEED = 0
MANY = 10_000
"""Specifications whose time is taken."""
COLUMNS = {
    "online-retail": ("title", "price"),
    "amazon-beauty": ("title", "brand", "categories", "price"),
    "deskdrop": ("title", "language", "content_type"),
    "goodbooks-10k": ("title", "authors", "year", "language", "genres"),
}
ATTEMPTS: dict[str, tuple[dict[str, Any], ...]] = {
    "amazon-beauty": ({"epochs": 24}, {"hidden": 256}), "goodbooks-10k": ({"epochs": 16}, {"hidden": 256}),
}  # fmt: skip
"""Settings of the GAN that were tried where the default missed its goal."""
GENERATORS: dict[str, Any] = {"ConditionalGAN": ConditionalGAN, "ConditionalVAE": ConditionalVAE}


@dataclass
class Clock:
    """Wall and CPU seconds since it was made."""

    wall: float
    cpu: float

    @classmethod
    def start(cls) -> "Clock":
        return cls(time.perf_counter(), time.process_time())

    def read(self) -> dict[str, float]:
        return {"wall_s": round(time.perf_counter() - self.wall, 2), "cpu_s": round(time.process_time() - self.cpu, 2)}


def parts_of(name: str) -> Split:
    """By time where there is time, else the last event."""
    folder = data_folder() / name
    items = pl.read_parquet(folder / "items.parquet").select("item", *COLUMNS[name])
    return split(zhiyin.Dataset.from_frame(pl.read_parquet(folder / "interactions.parquet"), items=items))


def one(name: str) -> dict[str, Any]:
    """Everything about one set."""
    parts = parts_of(name)
    condition = zhiyin.models.MultVAE(hidden=200, latent=64, batch=256, epochs=15, seed=SEED)
    condition.fit(parts.train, validation=parts.validation)
    vectors = condition.user_vectors(parts.train.requests())
    learnt = Learnt(parts.train, vectors, SEED)
    found = {
        "data": name, "split": parts.rule, "items": len(learnt.catalogue), "kept": len(learnt.held),
        "pairs": len(learnt.items), "people": len(vectors), "columns": COLUMNS[name], "generators": {},
    }  # fmt: skip
    for who, kind in GENERATORS.items():
        judged = of(kind(seed=SEED), learnt, vectors, condition, parts)
        found["marginals"] = judged.pop("marginals")
        found["generators"][who] = judged
        print(f"{name} {who}: {judged}", file=sys.stderr, flush=True)
    found["attempts"] = [attempt(settings, learnt) for settings in ATTEMPTS.get(name, ())]
    return found


def attempt(settings: dict[str, Any], learnt: Learnt) -> dict[str, Any]:
    """The GAN with other settings."""
    clock = Clock.start()
    made = ConditionalGAN(seed=SEED, **settings).fit(learnt.catalogue, learnt.conditions, learnt.items)
    fit = clock.read()
    return {"settings": settings, "fit": fit, **judge(made, learnt.conditions, learnt.items, seed=SEED)}


def of(made: ConditionalModel, learnt: Learnt, vectors: np.ndarray, condition: Any, parts: Split) -> dict[str, Any]:
    """One generator: its training, its judgement, its gaps, its speed."""
    clock = Clock.start()
    made.fit(learnt.catalogue, learnt.conditions, learnt.items)  # type: ignore[attr-defined]
    told = {"fit": clock.read(), "verdict": made.facts["verdict"], "epochs": made.facts["epochs"]}
    told |= judge(made, learnt.conditions, learnt.items, learnt.held, SEED)
    made = made.facing(parts.train.catalogue)
    told["foresight"] = foreseen(Generated(made, condition, FORESEEN), parts, SEED)
    rng = np.random.default_rng(SEED)
    clock = Clock.start()
    made.specifications(vectors, MANY, rng)
    told["specifications"] = {"n": MANY, **clock.read()}
    clock = Clock.start()
    gaps = find_gaps(made, vectors, 10, rng)
    told["gaps"] = {
        **clock.read(), "found": [{"text": gap.specification.text.en, **_counts(gap.to_dict())} for gap in gaps],
    }  # fmt: skip
    source, asked = Generated(made, condition), parts.test.requests.take(slice(0, 3000))
    clock = Clock.start()
    source.candidates(asked, 100)
    told["source"] = {"people": len(asked), **clock.read()}
    return told


def _counts(gap: dict[str, Any]) -> dict[str, int]:
    return {part: gap[part] for part in ("people", "low", "high")}


def main() -> None:
    for name in sys.argv[1:] or COLUMNS:
        path = RESULTS / f"generator-{name}.json"
        if not path.exists():
            path.write_text(json.dumps(one(name), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
