"""What mending each defect of the log does to the figures: an experiment, not a guess.

For each fix of the recipe: one quick model learned with all fixes, and one with all but this one. For each fix that a
check asks for and the recipe lacks: one with it, and one without. Both are asked for the same people and judged by what
these took according to the better mended log; the difference stands with its interval over people.
"""

from typing import Any

import numpy as np

from zhiyin.core.progress import Progress
from zhiyin.data.checks import named_check, run_checks
from zhiyin.data.cleaning import chosen, fix_names
from zhiyin.data.contracts import Cases, Ragged, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.data.splits import split
from zhiyin.evaluation import compare_pairs
from zhiyin.evaluation.comparison import holm
from zhiyin.evaluation.metrics import Ranks, named_metric
from zhiyin.evaluation.ranking import ranked
from zhiyin.models import EASE, ItemKNN
from zhiyin.pipeline.assemble import METRIC
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.prepare import prepare
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.workspace import Workspace

LARGE = 8_000
"""Items above which EASE, which inverts items by items, is no quick model."""
FILE = "effects.json"
WITH, WITHOUT = "with", "without"


def measure(workspace: Workspace, *, progress: Progress | None = None) -> Facts:
    """The `effects` of a workspace's recipe, which needs no model."""
    with workspace.locked():
        line = Line(workspace, Recipe.load(workspace.recipe_path), progress)
        line.done["data"] = prepare(line)
        return effects(line)


def effects(line: Line) -> Facts:
    """Each fix with the figure with and without it, their difference, its interval and p (Holm over all fixes); kept as
    ``runs/effects.json`` for the report."""
    inputs = {"split": line.split_key}
    facts = once(line.workspace, "effects", inputs, lambda key: _effects(line))
    line.workspace.write_json(line.workspace.runs / FILE, {**facts, "of": line.done["data"]["key"]})
    return facts


def _effects(line: Line) -> Facts:
    own = chosen(line.recipe.data.fixes)
    model = EASE if line.dataset.n_items <= LARGE else ItemKNN
    full = _figures(model, line.dataset, line.dataset, line.split.test, line)
    rows = []
    for name in (*own, *_asked_for(line, own)):
        line.progress.say(f"with and without the fix {name} ({model.__name__})")
        rows.append({"name": name, "in_recipe": name in own, **_tried(line, model, name, own, full), **_words(name)})
    for row, p in zip(rows, holm(np.array([row["p"] for row in rows])), strict=True):
        row["p_holm"] = float(p)
    return {"effects": rows, "metric": METRIC, "model": model.__name__}


def _tried(line: Line, model: Any, name: str, own: tuple[str, ...], full: np.ndarray) -> dict[str, Any]:
    """The figures with and without one fix; ``full``: those of the recipe's own log, of each case."""
    if name in own:
        mended, worse, cases = line.dataset, _dataset(line, tuple(fix for fix in own if fix != name)), line.split.test
    else:
        mended, worse = _dataset(line, (*own, name)), line.dataset
        cases = split(mended, line.recipe.split.by, **line.recipe.split.settings).test
    if _alike(mended, worse):
        table = {WITH: full, WITHOUT: full}
    else:
        better = full if name in own else _figures(model, mended, mended, cases, line)
        table = {WITH: better, WITHOUT: _figures(model, worse, mended, cases, line)}
    found: Any = compare_pairs(table, [(WITH, WITHOUT)], METRIC, line.recipe.seed).pairs[0]
    return {
        **{side: float(figures.mean()) for side, figures in table.items()}, "people": len(table[WITH]),
        **{part: found[part] for part in ("difference", "low", "high", "p")},
    }  # fmt: skip


def _alike(one: Dataset, other: Dataset) -> bool:
    """Whether a model that reads no columns of items or people could not tell them apart: there was nothing to mend."""
    ids = one.users.digest == other.users.digest and one.catalogue.ids.digest == other.catalogue.ids.digest
    parts = ("offsets", "items", "times", "weights")
    return ids and all(np.array_equal(getattr(one.histories, p), getattr(other.histories, p)) for p in parts)


def _asked_for(line: Line, own: tuple[str, ...]) -> list[str]:
    """Fixes that a check which did not pass on the mended log would make, and the recipe lacks."""
    raw = run_checks(line.snapshot.events(), line.snapshot.items())
    return [found.name for found in raw.findings
            if found.verdict != "pass" and found.name in fix_names() and found.name not in own]  # fmt: skip


def _dataset(line: Line, fixes: tuple[str, ...]) -> Dataset:
    return line.snapshot.dataset(line.recipe.data.weights, fixes)


def _figures(model: Any, dataset: Dataset, mended: Dataset, cases: Cases, line: Line) -> np.ndarray:
    """The metric of each case, float64 (B,), of a model that learned from ``dataset`` without what the cases, which are
    of ``mended``, then took."""
    items = dataset.catalogue.ids.rows(mended.catalogue.ids)  # (N,), UNKNOWN where only the mended log has it
    users = dataset.users.rows(mended.users)
    targets = items[cases.targets.rows]
    people = users[cases.users]
    past = _past(dataset, people, targets, cases, by_time=line.split.facts["by"] == "time")
    histories = past.histories.take(np.maximum(people, 0))
    known_people = histories.keep((people >= 0)[histories.owners])
    new_only = line.recipe.split.settings.get("repeats", "drop") == "drop"
    requests = Requests.of(known_people, exclude_seen=new_only, now=cases.requests.now)
    known = targets >= 0
    offsets = np.concatenate([[0], np.cumsum(known)])[cases.targets.offsets]
    there = Cases(requests, Ragged(offsets, targets[known]), people)
    function, k = named_metric(METRIC)
    ranks = np.full(len(targets), np.inf)  # an item that this log does not know is in no list
    ranks[known] = ranked(model().fit(past), there, k)[0]
    return function(Ranks(ranks, cases.targets.owners, cases.targets.lengths), k)


def _past(dataset: Dataset, people: np.ndarray, targets: np.ndarray, cases: Cases, *, by_time: bool) -> Dataset:
    """The log without what the cases then took, and by time without all that came after the cut."""
    h, n = dataset.histories, dataset.n_items
    taken = people[cases.targets.owners].astype(np.int64) * n + targets
    kept = ~np.isin(h.owners * n + h.items, taken[(targets >= 0) & (people[cases.targets.owners] >= 0)])
    if by_time:
        kept &= h.times < int(cases.requests.now.min())
    return dataset.with_histories(h.keep(kept), ("train", "validation"))


def _words(name: str) -> dict[str, str]:
    """What the fix mends, in words."""
    if name == "upper_case_items":
        return {"en": "One product under codes in small and capital letters", "zh": "同一商品的编号大小写不一"}
    about = named_check(name).about
    return {"en": about.en.rstrip("."), "zh": about.zh.rstrip("。")}
