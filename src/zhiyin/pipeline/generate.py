"""Step 5: the generator of item specifications, conditioned on a large model's vector of a person, and its judgement.

It learns from items that somebody took in the training part, a tenth of them kept from it: what copies is then nearer
to the others. What came into the catalogue later it has not seen.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from zhiyin import generation
from zhiyin.core.errors import ModelError
from zhiyin.core.ids import IdIndex
from zhiyin.core.languages import Sentence
from zhiyin.core.randomness import generator as random_stream
from zhiyin.core.wire import FigureJSON
from zhiyin.data.contracts import Catalogue, VectorModel
from zhiyin.data.dataset import Dataset
from zhiyin.data.splits import Split
from zhiyin.generation import Generated
from zhiyin.generation.conditional import ConditionalModel
from zhiyin.generation.judgement import foresight, judge
from zhiyin.pipeline.line import Line, without
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.recipe import GENERATOR, Recipe
from zhiyin.pipeline.specify import gaps_of
from zhiyin.pipeline.train import saved, still_there

PAIRS = 200_000
"""Pairs of a person and an item they took that are learned from, drawn by the seed."""
KEPT = 0.1
"""Share of the items that is kept from the generator."""
SHOWN = 5
"""Specifications and gaps that a run shows."""
FORESEEN = 64
"""Draws of a person that later items are compared with."""
ASKED = 2000
"""People of the test part who are asked for, at most."""

NONE = Sentence("no generator: {why}", "没有生成模型：{why}")
NOT_WANTED = Sentence("the recipe names none", "方案没有指定")
NOT_POSSIBLE = Sentence("it needs item columns and a model with vectors", "需要商品的列和一个有向量的模型")
DONE = Sentence("{model} on vectors of {name}; told from real items: AUC {auc}; verdict: {verdict}",
                "{model}，以 {name} 的向量为条件；与真实物品的可区分度 AUC {auc}；结论：{verdict}")  # fmt: skip


def generate(line: Line) -> Facts:
    """The generator, how good it is, a few specifications for people of the training part, and gaps."""
    settings = line.recipe.generation
    name = condition_of(line.recipe, line.models)
    if settings.model is None or name is None or not line.dataset.catalogue.columns:
        why = NOT_WANTED if settings.model is None else NOT_POSSIBLE
        return {**_nothing(why), "seconds": 0.0, "again": False}
    inputs = {
        "split": line.split_key, "condition": line.done["models"]["models"][name]["digest"],
        "generation": settings.model_dump(mode="json"), "seed": line.recipe.seed,
        "stock": line.recipe.answer.rules.stock,
    }  # fmt: skip
    return once(
        line.workspace,
        GENERATOR,
        inputs,
        lambda key: _made(line, name),
        there=lambda facts: "version" not in facts or still_there(line.workspace, GENERATOR, facts),
    )


def condition_of(recipe: Recipe, models: Mapping[str, Any]) -> str | None:
    """NAME of the model whose vectors are the condition; None where there is none."""
    first = next((name for name, model in models.items() if isinstance(model, VectorModel)), None)
    return recipe.generation.condition or first


def fitted(line: Line, train: Dataset, model: VectorModel) -> ConditionalModel:
    """The recipe's generator, learned from who took what in ``train``. Raises `ModelError` where it cannot."""
    learnt = Learnt(train, model.user_vectors(train.requests()), line.recipe.seed, line.recipe.answer.rules.stock)
    return _learned(line, learnt).facing(train.catalogue)


class Learnt:
    """What a generator learns from: items, pairs of a person's vector and an item, and the items kept from it."""

    def __init__(self, train: Dataset, vectors: np.ndarray, seed: int, stock: str | None = None) -> None:
        """``vectors`` (U, D), one for each person of ``train``; ``stock``: the column that says how many are left."""
        rng = random_stream(seed, "generation")
        hot = np.flatnonzero(train.hot_items)
        kept = rng.permutation(hot)[: int(KEPT * len(hot))]
        used = np.setdiff1d(hot, kept)  # ascending
        self.catalogue, self.held = (_these(without(train.catalogue, stock), rows) for rows in (used, np.sort(kept)))
        people, items = train.histories.matrix(train.n_items).tocoo().coords  # each pair once
        known = np.flatnonzero(np.isin(items, used))
        if len(known) > PAIRS:
            known = np.sort(rng.choice(known, PAIRS, replace=False))
        self.conditions = vectors[people[known]]  # (n, D)
        self.items = np.searchsorted(used, items[known])  # (n,)


def _made(line: Line, name: str) -> Facts:
    train, model = line.split.train, line.models[name]
    vectors = model.user_vectors(train.requests())  # (U, D)
    learnt = Learnt(train, vectors, line.recipe.seed, line.recipe.answer.rules.stock)
    try:
        made = _learned(line, learnt)
    except ModelError as error:
        return _nothing(Sentence(error.message, error.message))
    judgement = judge(made, learnt.conditions, learnt.items, learnt.held, line.recipe.seed)
    made.facts |= {"condition": name, "condition_version": line.done["models"]["models"][name]["version"]}
    made = made.facing(train.catalogue)
    judgement["foresight"] = foreseen(Generated(made, model, FORESEEN), line.split, line.recipe.seed)
    rng = random_stream(line.recipe.seed, "shown")
    shown = [specification.to_dict() for specification in made.specifications(vectors[:SHOWN], SHOWN, rng)]
    log = line.dataset.for_purpose("personalise")
    verdict = {"en": made.facts["verdict"], "zh": made.facts["verdict_zh"]}
    auc = f"{judgement['told_apart']['value']:.2f}"
    return {
        **saved(line.workspace, GENERATOR, made),
        "model": made.name,
        "condition": name,
        "specifications": shown,
        "judgement": judgement,
        "gaps": gaps_of(made.facing(log.catalogue), model, log, SHOWN, line.recipe.seed),
        "curve": made.facts["curve"],
        "verdict": made.facts["verdict"],
        "verdict_zh": made.facts["verdict_zh"],
        "summary": {
            "en": DONE.said("en", model=made.name, name=name, auc=auc, verdict=verdict["en"]),
            "zh": DONE.said("zh", model=made.name, name=name, auc=auc, verdict=verdict["zh"]),
        },
    }


def _learned(line: Line, learnt: Learnt) -> ConditionalModel:
    """It faces the items that it was trained on."""
    settings = line.recipe.generation
    made = getattr(generation, str(settings.model))(**{"seed": line.recipe.seed, **settings.settings})
    made.fit(learnt.catalogue, learnt.conditions, learnt.items, progress=line.progress)
    return cast(ConditionalModel, made)


def foreseen(source: Generated, split: Split, seed: int) -> FigureJSON | None:
    """Foresight over what the test part took and nobody had taken in the part that the generator learned from."""
    test = split.test
    cases = test.take(np.sort(random_stream(seed, "foresight").permutation(len(test))[:ASKED]))
    took = np.zeros((len(cases), len(source.catalogue)), bool)
    took[cases.targets.owners, cases.targets.rows] = True
    later = np.flatnonzero(~split.train.hot_items & took.any(axis=0))
    if not len(later):
        return None
    asked = np.tile(later.astype(np.int32), (len(cases), 1))
    return foresight(source.score(cases.requests, asked), took[:, later])


def _these(catalogue: Catalogue, rows: np.ndarray) -> Catalogue:
    return Catalogue(IdIndex(catalogue.ids.take(rows)), {name: c[rows] for name, c in catalogue.columns.items()})


def _nothing(why: Sentence) -> Facts:
    return {"summary": NONE.both(why=why), "why": why._asdict(), "specifications": [], "judgement": {}, "gaps": []}
