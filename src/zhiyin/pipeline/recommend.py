"""Answers from a workspace: the last assembled line, or one model of it, for people of the log and bare histories."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from zhiyin.core.errors import DataError, ModelError
from zhiyin.core.languages import Language
from zhiyin.core.wire import Recommendations, SlateItem, SlateJSON
from zhiyin.data.contracts import Candidates, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.features import EventCounters
from zhiyin.pipeline.asking import Question, of_history, of_people
from zhiyin.pipeline.assembly import Assembly, alone, load_assembly, on_catalogue
from zhiyin.pipeline.reasons import reasons_for
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.workspace import Workspace

SHOWN = ("title", "category", "price")
"""Catalogue columns that a slate shows."""


class Answerer:
    """A workspace that answers."""

    def __init__(
        self, workspace: Workspace, recipe: Recipe, assembly: Assembly, language: Language = "en",
        dataset: Dataset | None = None,
    ) -> None:  # fmt: skip
        self.workspace, self.recipe, self.assembly, self.language = workspace, recipe, assembly, language
        self._dataset = dataset

    @cached_property
    def dataset(self) -> Dataset:
        """The log, cleaned as the recipe says, as far as people let it be used for answering them."""
        data = self.recipe.data
        found = self._dataset or self.workspace.snapshot().dataset(data.weights, data.fixes)
        return found.for_purpose("personalise")

    @cached_property
    def counters(self) -> EventCounters:
        return EventCounters(on_catalogue(self.dataset, self.assembly.catalogue))

    def people(self, users: Sequence[str], k: int | None = None, without: Sequence[str] = ()) -> Recommendations:
        """Slates for people of the log, now."""
        return self._answer(of_people(self.dataset, self.assembly.catalogue, users, self.recipe, without), k)

    def history(self, items: Sequence[str], k: int | None = None) -> Recommendations:
        """A slate for somebody of whom only a history is known."""
        now = int(self.dataset.histories.times.max(initial=0))
        return self._answer(of_history(self.assembly.catalogue, self.dataset.weighting, items, now), k)

    def _answer(self, question: Question, k: int | None) -> Recommendations:
        k = self.recipe.answer.k if k is None else k
        if k < 1:
            raise ModelError(
                f"k is {k}; a slate has at least 1 item: give -k 1 or more", found=str(k), allowed="1 or more"
            )
        found = self.assembly.ranked(question.requests, k, self.counters)
        slates = []
        for b in range(len(question.requests)):
            there = found.rows[b] >= 0
            parts = (found.rows[b][there], found.scores[b][there], found.sources[b][there])
            slates.append(self._slate(question, b, parts, found.source_names, min(k, int(there.sum()))))
        return {"recommendations": slates}

    def _slate(
        self, question: Question, b: int, parts: tuple[np.ndarray, ...], sources: Sequence[str], k: int
    ) -> SlateJSON:  # fmt: skip
        """The first ``k`` of the candidates ``parts`` (rows, scores, sources), each with its reason."""
        pool, scores, bits = parts
        request, catalogue = question.requests.take(np.array([b])), self.assembly.catalogue
        reasons = reasons_for(request, pool, scores[:k], self._rescore, catalogue, self.language)
        items: list[SlateItem] = [
            {
                "item": catalogue.ids[row], "score": float(score), "source": _sources(int(bit), sources),
                "reason": reason["text"], "reasons": [reason], "columns": self._columns(row),
            }
            for row, score, bit, reason in zip(pool[:k].tolist(), scores[:k], bits[:k], reasons, strict=True)
        ]  # fmt: skip
        return {
            "user": question.users[b], "request_id": None,
            "model": {"name": self.assembly.name, "version": self.assembly.version}, "rung": None, "items": items,
            "history": catalogue.ids.take(request.histories.items), "unknown_items": question.unknown[b],
            "notes": question.notes[b],
        }  # fmt: skip

    def _rescore(self, requests: Requests, rows: np.ndarray) -> np.ndarray:
        candidates = Candidates(rows, np.zeros(rows.shape, np.float32), np.zeros(rows.shape, np.uint32), ())
        return self.assembly.scores(requests, candidates, self.counters)

    def _columns(self, row: int) -> dict[str, Any]:
        columns = self.assembly.catalogue.columns
        return {name: _plain(columns[name][row]) for name in SHOWN if name in columns}


def recommend(
    workspace: Workspace, *, user: str | None = None, history: Sequence[str] | None = None, without: Sequence[str] = (),
    k: int | None = None, model: str | None = None, language: Language = "en",
) -> Recommendations:  # fmt: skip
    """A slate with reasons for ``user``, or for a bare ``history``, from the assembly or one ``model``."""
    answerer = _answerer(workspace, model, language)
    if user is not None:
        return answerer.people([user], k, without)
    return answerer.history(history or [], k)


def similar(workspace: Workspace, item: str, *, k: int = 10, model: str | None = None) -> Recommendations:
    """The items that fit best to a history of just this one. Raises `DataError` for an unknown item."""
    recipe = Recipe.load(workspace.recipe_path)
    asked = alone(workspace, model or _first_reading(workspace, recipe))
    found = next(iter(asked.sources.values()))[0]
    if item not in found.catalogue.ids:
        raise DataError(f"item {found.catalogue.ids.hint(item)}; give an item id of the catalogue", found=item)
    answer: Recommendations = found.similar_items([item], k).to_dicts()
    titles = found.catalogue.columns.get("title")
    for slate in answer["recommendations"]:
        slate["model"] = {"name": asked.name, "version": asked.version}
        for entry in slate["items"] if titles is not None else ():
            entry["columns"] = {"title": _plain(titles[found.catalogue.ids.row(entry["item"])])}
    return answer


def _answerer(workspace: Workspace, model: str | None, language: Language) -> Answerer:
    recipe = Recipe.load(workspace.recipe_path)
    workspace.snapshot()
    assembly = alone(workspace, model) if model else load_assembly(workspace)
    if assembly is None:
        assembly = alone(workspace, _first_reading(workspace, recipe))
    return Answerer(workspace, recipe, assembly, language)


def _first_reading(workspace: Workspace, recipe: Recipe) -> str:
    """The last model of the recipe that is trained and asks for a history: recipes go from simple to large."""
    there = workspace.versions.names()
    for name in reversed(recipe.models):
        if name in there and workspace.versions.load(name).reads_history:
            return name
    if there:
        return there[0]
    raise ModelError(
        f"workspace {workspace.folder} has no trained model; train: zhiyin run -w {workspace.folder}",
        do=f"zhiyin run -w {workspace.folder}",
    )


def _sources(bits: int, names: Sequence[str]) -> str:
    return ", ".join(name for s, name in enumerate(names) if bits >> s & 1)


def _plain(cell: Any) -> Any:
    """A cell as JSON: missing is None."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    return None if isinstance(cell, float) and not np.isfinite(cell) else cell
