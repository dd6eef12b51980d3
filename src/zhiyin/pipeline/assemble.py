"""Step 6: what answers, how good it is beside each model alone and popularity, and example slates."""

from typing import Any

import numpy as np

from zhiyin.core.randomness import generator
from zhiyin.core.wire import Recommendations
from zhiyin.data.contracts import Scorer
from zhiyin.data.popularity import counts
from zhiyin.evaluation import compare, evaluate
from zhiyin.features import EventCounters
from zhiyin.pipeline.assembly import load_assembly, written
from zhiyin.pipeline.candidates import Ranked
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.rank import name_of
from zhiyin.pipeline.recommend import Answerer
from zhiyin.pipeline.tables import features_of, sources_of

COMPARED = ("ndcg@10", "recall@10")
"""Metrics whose differences are tested."""
FEW, MANY = 3, 30
"""Events of the people shown as examples: enough to see a taste, few enough to read."""


def judged(line: Line) -> Facts:
    """Figures of every model and of the whole line on the test part, with intervals and differences."""
    inputs = {
        "split": line.split_key, "features": line.done["features"]["key"],
        "models": {name: facts["digest"] for name, facts in line.done["models"]["models"].items()},
        "rankers": {name: facts["digest"] for name, facts in line.done["ranking"]["rankers"].items()},
    }  # fmt: skip
    facts = once(line.workspace, "evaluation", inputs, lambda key: _judged(line))
    _assemble(line)
    return facts


def examples(line: Line) -> Recommendations:
    """Slates for a few people of the log, drawn by the seed, with history and reasons."""
    histories = line.dataset.for_purpose("personalise").histories
    suited = np.flatnonzero((histories.lengths >= FEW) & (histories.lengths <= MANY))
    people = suited if len(suited) else np.arange(len(histories))
    n = min(line.recipe.answer.examples, len(people))
    chosen = np.sort(generator(line.recipe.seed, "examples").choice(people, n, replace=False))
    assembly = load_assembly(line.workspace)
    assert assembly is not None  # noqa: S101  written by `judged`
    answerer = Answerer(line.workspace, line.recipe, assembly, dataset=line.dataset)
    return answerer.people(line.dataset.users.take(chosen))


def _assemble(line: Line) -> None:
    """What answers from now on, where it differs from what does."""
    models, rankers = line.done["models"]["models"], line.done["ranking"]["rankers"]
    made = {**models, **{name_of(name): facts for name, facts in rankers.items()}}
    ranker = name_of(str(line.recipe.ranker.model)) if rankers else None
    names = [feature.name for feature in features_of(line)] if rankers else []
    further = [name for name in models if name not in line.recipe.proposing]
    exclude = line.recipe.answer.exclude
    written(line.workspace, line.recipe.proposing, further, names, ranker, exclude, made)


def _judged(line: Line) -> Facts:
    scorers: dict[str, Scorer] = dict(line.models)
    counters = EventCounters(line.split.refit)
    rest = counts(line.split.refit)
    for name in line.done["ranking"]["rankers"]:
        ranker = line.workspace.versions.load(name_of(name), line.done["ranking"]["rankers"][name]["version"])
        scorers[f"all six steps ({name})"] = Ranked(sources_of(line), features_of(line), counters, ranker, rest)
    evaluation = evaluate(scorers, line.split)
    figures: dict[str, Any] = dict(evaluation.to_dict())
    figures["split"] = {**figures.get("split", {}), **line.done["data"]["split"], "cases": len(line.split.test)}
    figures["leakage"] = line.done["data"]["leakage"]
    best = max(scorers, key=lambda name: figures["models"][name]["ndcg@10"]["value"])
    best_figure = figures["models"][best]["ndcg@10"]
    return {
        "evaluation": figures, "best": best,
        "comparisons": {metric: compare(evaluation, metric=metric).to_dict() for metric in COMPARED},
        "summary": f"{len(figures['models'])} lists on {len(line.split.test):,} test cases; best NDCG@10 {best} "
        f"{best_figure['value']:.4f} [{best_figure['low']:.4f}, {best_figure['high']:.4f}]",
    }  # fmt: skip
