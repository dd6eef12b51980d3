"""Step 5: the generator of item specifications, conditioned on a large model's vector of a person."""

from typing import Any

import numpy as np

from zhiyin import generation
from zhiyin.core.errors import ModelError
from zhiyin.core.languages import Sentence
from zhiyin.core.randomness import generator
from zhiyin.data.contracts import VectorModel
from zhiyin.data.dataset import Dataset
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.train import saved, still_there

GENERATOR = "generator"
"""Its name in the registry of the workspace."""
PAIRS = 200_000
"""Pairs of a person and an item they took that are learned from, drawn by the seed."""
SHOWN = 5
"""Specifications that a run shows."""

NOT_WANTED = Sentence("no generator: the recipe names none", "没有生成模型：方案没有指定")
NOT_POSSIBLE = Sentence("no generator: it needs item columns and a model with vectors",
                        "没有生成模型：需要物品的列和一个有向量的模型")  # fmt: skip
FAILED = Sentence("no generator: {why}", "没有生成模型：{why}")
DONE = Sentence("{model} on vectors of {name}; verdict: {verdict}",
                "{model}，以 {name} 的向量为条件；结论：{verdict}")  # fmt: skip


def generate(line: Line) -> Facts:
    """The generator, and a few specifications for people of the training part."""
    settings = line.recipe.generation
    name = settings.condition or next((name for name, m in line.models.items() if isinstance(m, VectorModel)), None)
    if settings.model is None or name is None or not line.dataset.catalogue.columns:
        why = NOT_WANTED if settings.model is None else NOT_POSSIBLE
        return {"summary": why.both(), "specifications": [], "seconds": 0.0, "again": False}
    inputs = {
        "split": line.split_key, "condition": line.done["models"]["models"][name]["digest"],
        "generation": settings.model_dump(mode="json"), "seed": line.recipe.seed,
    }  # fmt: skip
    return once(
        line.workspace,
        GENERATOR,
        inputs,
        lambda key: _made(line, name),
        there=lambda facts: "version" not in facts or still_there(line.workspace, GENERATOR, facts),
    )


def fitted(line: Line, train: Dataset, model: VectorModel) -> Any:
    """The recipe's generator, learned from who took what in ``train``. Raises `ModelError` where it cannot."""
    settings = line.recipe.generation
    vectors = model.user_vectors(train.requests())  # (U, D)
    liked = np.flatnonzero(train.histories.weights > 0)
    if len(liked) > PAIRS:
        liked = np.sort(generator(line.recipe.seed, "pairs").choice(liked, PAIRS, replace=False))
    made = getattr(generation, str(settings.model))(**{"seed": line.recipe.seed, **settings.settings})
    return made.fit(
        train.catalogue, vectors[train.histories.owners[liked]], train.histories.items[liked], progress=line.progress
    )


def _made(line: Line, name: str) -> Facts:
    train, model = line.split.train, line.models[name]
    try:
        made = fitted(line, train, model)
    except ModelError as error:
        return {"summary": FAILED.both(why=error.message), "specifications": []}
    rng = generator(line.recipe.seed, "generation")
    vectors = model.user_vectors(train.requests().take(slice(0, SHOWN)))
    shown = [specification.to_dict() for specification in made.specifications(vectors, SHOWN, rng)]
    return {
        **saved(line.workspace, GENERATOR, made),
        "condition": name,
        "specifications": shown,
        "summary": {
            "en": DONE.said("en", model=made.name, name=name, verdict=made.facts["verdict"]),
            "zh": DONE.said("zh", model=made.name, name=name, verdict=made.facts["verdict_zh"]),
        },
    }
