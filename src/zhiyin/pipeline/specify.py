"""Specifications and gaps from a workspace: for a person, a history, a segment, or for everybody."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from zhiyin.answering.questions import of_history, of_people, on_catalogue, requests_of
from zhiyin.core.errors import DataError, ModelError
from zhiyin.core.languages import Language, Sentence
from zhiyin.core.randomness import generator as random_stream
from zhiyin.data.contracts import Catalogue, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.generation.blocks import labels_of
from zhiyin.generation.conditional import ConditionalModel
from zhiyin.generation.gaps import find_gaps
from zhiyin.pipeline.recipe import GENERATOR, Recipe
from zhiyin.pipeline.workspace import Workspace

CLUSTER = "cluster"
"""The segment of people alike by their vectors, where the table of people has no such column: cluster=1 …"""
CLUSTERS = 8
NEW = Sentence("nothing is known of this person yet: these are for anybody new",
               "尚无此人的历史：以下规格适用于任何新访客")  # fmt: skip


class Maker:
    """The generator of a workspace, the model of its vectors, and the log as it is now."""

    def __init__(self, workspace: Workspace) -> None:
        """Raises `ModelError` where there is no generator, saying what it needs."""
        recipe = Recipe.load(workspace.recipe_path)
        log = workspace.snapshot().dataset(recipe.data.weights, recipe.data.fixes)
        self.dataset: Dataset = log.for_purpose("personalise")
        if GENERATOR not in workspace.versions.names():
            raise _absent(workspace, self.dataset)
        trained: ConditionalModel = workspace.versions.load(GENERATOR)
        self.condition = workspace.versions.load(trained.facts["condition"], trained.facts["condition_version"])
        self.generator = trained.facing(self.dataset.catalogue)
        self.seed = recipe.seed

    def vectors(self, requests: Requests) -> np.ndarray:
        return np.asarray(self.condition.user_vectors(requests))

    def everybody(self) -> np.ndarray:
        return everybody(self.condition, self.dataset)

    def on_model(self) -> Dataset:
        """The log on the rows of the model's catalogue."""
        return on_catalogue(self.dataset, self.condition.catalogue)


def specifications(
    workspace: Workspace, *, user: str | None = None, history: Sequence[str] | None = None, segment: str | None = None,
    n: int = 10, language: Language = "en",
) -> dict[str, Any]:  # fmt: skip
    """``n`` made-up items for a person of the log, a bare history, or a segment ``COLUMN=VALUE``, and notes.

    Raises `DataError` for a person or a segment that the log does not know.
    """
    maker = Maker(workspace)
    notes: list[str] = []
    if segment is not None:
        vectors, who = _segment(maker, segment), segment
    elif user is not None:
        if user not in maker.dataset.users:
            raise DataError(f"user {maker.dataset.users.hint(user)}; give the id of a person of the log", found=user)
        found = of_people(maker.dataset, maker.condition.catalogue, [user]).requests
        notes += [NEW.said(language)] if not found.histories.n_events else []
        vectors, who = maker.vectors(found), user
    else:
        now = int(maker.dataset.histories.times.max(initial=0))
        asked = of_history(maker.condition.catalogue, maker.condition.weighting, list(history or []), now)
        notes += asked.notes[0]
        notes += [NEW.said(language)] if not asked.requests.histories.n_events else []
        vectors, who = maker.vectors(asked.requests), "\0".join(history or [])
    made = maker.generator.specifications(vectors, n, random_stream(maker.seed, "specifications", who))
    near = [item for one in made for item, _ in one.neighbours]
    titles = titles_of(maker.dataset.catalogue, near)
    return {"specifications": [one.to_dict() for one in made], "notes": notes, "titles": titles}


def gaps(workspace: Workspace, n: int = 10) -> dict[str, Any]:
    """The gaps that most people ask for, over everybody of the log."""
    maker = Maker(workspace)
    found = gaps_of(maker.generator, maker.condition, maker.dataset, n, maker.seed)
    near = [neighbour["item"] for gap in found for neighbour in gap["specification"]["neighbours"]]
    return {"gaps": found, "titles": titles_of(maker.dataset.catalogue, near)}


def gaps_of(
    generator: ConditionalModel, condition: Any, dataset: Dataset, n: int, seed: int
) -> list[dict[str, Any]]:  # fmt: skip
    """The same for a run and for the command: of all people with a history in ``dataset``."""
    found = find_gaps(generator, everybody(condition, dataset), n, random_stream(seed, "gaps"))
    return [gap.to_dict() for gap in found]


def titles_of(catalogue: Catalogue, items: Iterable[str]) -> dict[str, str]:
    """Titles of these items, where they have one."""
    titles = catalogue.columns.get("title")
    known = [] if titles is None else [(item, titles[catalogue.ids.row(item)]) for item in sorted(set(items))]
    return {item: str(title) for item, title in known if title}


def everybody(condition: Any, dataset: Dataset) -> np.ndarray:
    """Vectors (P, D) of all people with a history, by the model ``condition``."""
    active = np.flatnonzero(dataset.histories.lengths > 0)
    return np.asarray(condition.user_vectors(requests_of(on_catalogue(dataset, condition.catalogue), active)))


def _segment(maker: Maker, segment: str) -> np.ndarray:
    """Vectors of the people whose column has this value, or of one cluster of people alike."""
    column, equals, value = segment.partition("=")
    people = maker.dataset.people
    if not equals:
        raise DataError(f"a segment is COLUMN=VALUE, found {segment!r}; for example {next(iter(people), CLUSTER)}=1")
    if column in people:
        cells = [_values(cell) for cell in people[column]]
        chosen = np.array([value in cell for cell in cells], bool)
        if not chosen.any():
            raise DataError.unknown(
                f"nobody has {column} {value!r}", value, sorted({one for cell in cells for one in cell}), "values are",
            )  # fmt: skip
        return maker.vectors(requests_of(maker.on_model(), np.flatnonzero(chosen)))
    if column != CLUSTER:
        raise DataError.unknown(f"people have no column {column!r}", column, [*people, CLUSTER], "segments are by")
    return _cluster(maker.everybody(), value, maker.seed)


def _values(cell: object) -> list[str]:
    """A cell's values as a person writes them: 25, not 25.0."""
    number = isinstance(cell, int | float | np.number) and np.isfinite(cell)
    return [f"{cell:.15g}"] if number else labels_of(cell, words=False)


def _cluster(vectors: np.ndarray, value: str, seed: int) -> np.ndarray:
    """The people of one cluster, which are numbered by size from 1."""
    from sklearn.cluster import KMeans

    n = min(CLUSTERS, len(np.unique(vectors, axis=0)))
    numbers = [str(number) for number in range(1, n + 1)]
    if value not in numbers:
        raise DataError.unknown(f"there is no cluster {value!r}", value, numbers, "clusters by size are")
    of = KMeans(n, n_init=3, random_state=seed).fit_predict(vectors)
    by_size = np.argsort(-np.bincount(of, minlength=n), kind="stable")
    return np.asarray(vectors[of == by_size[int(value) - 1]])


def _absent(workspace: Workspace, dataset: Dataset) -> ModelError:
    """Why there is no generator, and what to do."""
    if not dataset.catalogue.columns:
        return ModelError(
            "a generator of items needs item columns (title, category, price …), and this catalogue has only ids; take "
            f"in a table of items: zhiyin ingest FILE --items ITEMS -w {workspace.folder}", found="only ids",
        )  # fmt: skip
    run = workspace.last_run() if workspace.last_path.is_file() else {}
    told = run.get("generation", {})
    if told and "version" not in told:
        why = told["summary"]["en"]
        return ModelError(
            f"workspace {workspace.folder}: {why}; change its recipe or the table of items, and run again"
        )
    return ModelError(
        f"workspace {workspace.folder} has no generator yet; make one: zhiyin run -w {workspace.folder}",
        do=f"zhiyin run -w {workspace.folder}",
    )
