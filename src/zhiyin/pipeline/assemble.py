"""Step 6: what answers, how good it is beside each model alone and popularity, and example slates."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from zhiyin.answering import Answerer, Assembly
from zhiyin.answering.assembly import Part, Plan, Source
from zhiyin.core.errors import ModelError
from zhiyin.core.files import whole_file
from zhiyin.core.languages import Language, Sentence
from zhiyin.core.randomness import generator
from zhiyin.core.wire import CompareJSON, Recommendations
from zhiyin.data.contracts import Scorer
from zhiyin.data.popularity import counts
from zhiyin.evaluation import compare, evaluate, paired
from zhiyin.features import EventCounters
from zhiyin.generation import Generated
from zhiyin.pipeline.calibration import calibration
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.rank import name_of
from zhiyin.pipeline.recipe import GENERATOR
from zhiyin.pipeline.tables import features_of, sources_of
from zhiyin.pipeline.union import contributions
from zhiyin.pipeline.whole import Tables, WholeLine

METRIC = "ndcg@10"
"""The one by which a best list is named, and that is compared where nobody says."""
BESIDE = " · "
"""Between model and metric in the kept table's column names."""
WHOLE = "all six steps ({})"
"""The whole line by its ranker, among the lists that are evaluated."""
FEW, MANY = 3, 30
"""Events of the people shown as examples: enough to see a taste, few enough to read."""

DONE = Sentence("{lists} lists on {cases} test cases; NDCG@10 of what answers, {first}: {value} [{low}, {high}]",
                "{cases} 个样本上的 {lists} 种列表；负责推荐的 {first}：NDCG@10 {value} [{low}, {high}]")  # fmt: skip
BEST = Sentence("{lists} lists on {cases} test cases; best NDCG@10 {first} {value} [{low}, {high}]",
                "{cases} 个测试样本上的 {lists} 种列表；NDCG@10 最好的是 {first} {value} [{low}, {high}]")  # fmt: skip
SILENT = Sentence("{summary}; the source {name} proposes nothing: {why}", "{summary}；来源 {name} 无可提出：{why}")


def judged(line: Line) -> Facts:
    """Figures of every model and of the whole line on the test part, with intervals and differences."""
    inputs = {
        "split": line.split_key, "features": line.done["features"]["key"],
        "models": {name: facts["digest"] for name, facts in line.done["models"]["models"].items()},
        "rankers": {name: facts["digest"] for name, facts in line.done["ranking"]["rankers"].items()},
        "generator": line.done["generation"].get("digest") if GENERATOR in line.recipe.sources else None,
    }  # fmt: skip
    place = line.workspace.runs / "evaluation"
    facts = once(
        line.workspace, "evaluation", inputs, lambda key: _judged(line, place / f"{key[:16]}.parquet"),
        there=lambda facts: "calibration" in facts and (line.workspace.folder / facts["people"]).is_file(),
    )  # fmt: skip
    assemble(line)
    return {**facts, "summary": _summary(line, facts)}


def compared(line: Line, metric: str) -> CompareJSON:
    """Every pair of lists on one metric, from the kept figures of each person."""
    facts = line.done["answering"]
    if metric == METRIC:
        kept: CompareJSON = facts["comparison"]
        return kept
    path = line.workspace.folder / facts["people"]
    try:
        frame = pl.read_parquet(path, glob=False)
    except pl.exceptions.PolarsError:
        raise ModelError(f"{path} is damaged; remove it and run again: zhiyin run -w {line.workspace.folder}") from None
    table = {name.split(BESIDE)[0]: frame[name].to_numpy() for name in frame.columns if name.endswith(BESIDE + metric)}
    return paired(table, facts["evaluation"]["split"]["references"], metric).to_dict()


def answering(line: Line) -> str | None:
    """The list that answers by the recipe, as the evaluation names it; None where several sources answer unranked."""
    rankers, proposing = line.done["ranking"]["rankers"], list(line.recipe.proposing)
    if rankers:
        return WHOLE.format(_ranker(line))
    return proposing[0] if len(proposing) == 1 else None


def examples(line: Line, language: Language = "en") -> Recommendations:
    """Slates for a few people of the log, drawn by the seed, with history and reasons."""
    histories = line.dataset.for_purpose("personalise").histories
    suited = np.flatnonzero((histories.lengths >= FEW) & (histories.lengths <= MANY))
    people = suited if len(suited) else np.arange(len(histories))
    n = min(line.recipe.answer.examples, len(people))
    chosen = np.sort(generator(line.recipe.seed, "examples").choice(people, n, replace=False))
    assembly = Assembly.load(line.workspace.folder)
    assert assembly is not None  # noqa: S101  written by `judged`
    answerer = Answerer(assembly, line.dataset, language, line.recipe.answer.k)
    return answerer.people(line.dataset.users.take(chosen))


def assemble(line: Line) -> None:
    """What answers from now on, where it differs from what does."""
    models, rankers = line.done["models"]["models"], line.done["ranking"]["rankers"]
    recipe, proposing = line.recipe, line.recipe.proposing
    ranker = _ranker(line)
    generator = _generator(line)
    sources = [Source(**_named(name, models[name]), candidates=n) for name, n in proposing.items() if name in models]
    if generator is not None:
        sources.append(Source(**_named(GENERATOR, generator), candidates=proposing[GENERATOR],
                              condition=generator["condition"]))  # fmt: skip
    Plan(
        sources=tuple(sources),
        further=tuple(Part(**_named(name, facts)) for name, facts in models.items() if name not in proposing),
        features=tuple(feature.name for feature in features_of(line, line.models)) if rankers else (),
        defined=recipe.features.defined if rankers else {},
        silent=_silent(line),
        ranker=Part(**_named(name_of(ranker), rankers[ranker])) if rankers else None,
        exclude=recipe.answer.exclude, rules=recipe.answer.rules, k=recipe.answer.k,
        weights=recipe.data.weights, fixes=recipe.data.fixes,
    ).write_to(line.workspace.folder)  # fmt: skip


def _ranker(line: Line) -> str:
    """The one that answers: the recipe's, else the first that could be trained; "" where none was."""
    rankers = line.done["ranking"]["rankers"]
    return next((name for name in (str(line.recipe.ranker.model), *rankers) if name in rankers), "")


def _generator(line: Line) -> Facts | None:
    """Facts of the generator, where it proposes."""
    facts = line.done["generation"]
    return facts if GENERATOR in line.recipe.sources and "version" in facts else None


def _silent(line: Line) -> dict[str, dict[Language, str]]:
    """The generator and why it can propose nothing, where the recipe has it as a source."""
    facts = line.done["generation"]
    return {GENERATOR: facts["why"]} if GENERATOR in line.recipe.sources and "why" in facts else {}


def sources_now(line: Line) -> dict[str, tuple[Any, int]]:
    """The sources as they are now."""
    models, facts = dict(line.models), _generator(line)
    if facts is not None:
        generator = line.workspace.versions.load(GENERATOR, facts["version"])
        condition = models[facts["condition"]]
        models[GENERATOR] = Generated(generator.facing(condition.catalogue), condition)
    return sources_of(line, models)


def _named(name: str, facts: Facts) -> dict[str, Any]:
    return {"name": name, "version": facts["version"], "digest": facts["digest"]}


def _summary(line: Line, facts: Facts) -> dict[Language, str]:
    first, lists = answering(line), facts["evaluation"]["models"]
    found = lists[first or facts["best"]][METRIC]
    summary = (DONE if first else BEST).both(
        lists=len(lists), cases=facts["evaluation"]["split"]["cases"], first=first or facts["best"],
        **{part: f"{found[part]:.4f}" for part in ("value", "low", "high")},
    )  # fmt: skip
    for name, why in _silent(line).items():
        summary = SILENT.both(summary=Sentence(**summary), name=name, why=Sentence(**why))
    return summary


def _judged(line: Line, path: Path) -> Facts:
    scorers: dict[str, Scorer] = dict(line.models)
    rest = counts(line.split.refit)
    tables = Tables(sources_now(line), features_of(line, line.models), EventCounters(line.split.refit))
    added: dict[str, Any] = {}
    reliable: dict[str, Any] = {}
    for name in line.done["ranking"]["rankers"]:
        ranker = line.workspace.versions.load(name_of(name), line.done["ranking"]["rankers"][name]["version"])
        whole = WholeLine(tables, ranker, rest)
        added = added or contributions(whole, line.split.test, line.recipe.answer.k)
        reliable[name] = calibration(whole, line.split.test)
        scorers[WHOLE.format(name)] = whole
    evaluation = evaluate(scorers, line.split)
    figures: dict[str, Any] = dict(evaluation.to_dict())
    figures["split"] = {**figures.get("split", {}), **line.done["data"]["split"], "cases": len(line.split.test)}
    figures["leakage"] = line.done["data"]["leakage"]
    best = max(scorers, key=lambda name: figures["models"][name][METRIC]["value"])
    with whole_file(path) as part:
        pl.DataFrame(
            {f"{name}{BESIDE}{metric}": column for name, columns in evaluation.table.items()
             for metric, column in columns.items()}
        ).write_parquet(part, compression="zstd")  # fmt: skip
    return {
        "evaluation": figures, "best": best, "sources": added, "calibration": reliable,
        "comparison": compare(evaluation, METRIC).to_dict(), "people": str(path.relative_to(line.workspace.folder)),
    }  # fmt: skip
