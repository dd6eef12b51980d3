"""What every model shares: own ids at the edge, the best k under filters, saving and loading.

A model writes `score_all` (and `arrays`/`restore` for what it learned); everything else comes from here.
Letters: B requests, N items of the catalogue, C candidates, k length of a list.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import polars as pl
from pydantic import Field

from zhiyin.core.errors import ModelError
from zhiyin.core.once import once
from zhiyin.core.settings import Config
from zhiyin.data.contracts import (
    FILL,
    Candidates,
    Catalogue,
    Histories,
    HistoriesLike,
    Requests,
    Slates,
    VectorModel,
)
from zhiyin.data.contracts.slates import slate_length
from zhiyin.data.dataset import Dataset, encode_histories
from zhiyin.data.side import side_table
from zhiyin.data.sources import as_polars
from zhiyin.data.tables import catalogue_frame, catalogue_of
from zhiyin.data.weighting import Weighting
from zhiyin.models.product import product
from zhiyin.registry import Artefact, Manifest, write
from zhiyin.retrieval import Shelf, best_rows

SCORE_BUDGET = 64 << 20
"""Bytes of scores held at once while finding the best k: (B, N) is never held where B·N is large."""
MANY_SCORES = 10**8
"""From so many on, a model of vectors is asked for its vectors alone."""
VECTOR_BLOCK = 4096
"""People whose vectors are held at once."""
STREAM_ENTRIES = 1 << 21
"""Items of all the slates that a stream holds at once."""


class ModelConfig(Config):
    """Settings that every model has."""

    seed: int = Field(default=0, ge=0)
    """Same seed, same data: same model, whatever the number of threads."""


C = TypeVar("C", bound=ModelConfig)


class Model(Generic[C]):
    """Base of every model, baseline or large."""

    name: ClassVar[str]
    """Its public name, the same as in the entry-point group ``zhiyin.models``."""
    Config: ClassVar[type[ModelConfig]]
    """Its settings class."""
    estimator: ClassVar[str] = ""
    """``module:Class`` of the subclass that adds `fit`, where training lives in a file of its own."""
    lowers_disliked: ClassVar[bool] = False
    """Whether a disliked, hidden or returned item lowers the scores of what resembles it."""
    reads_order: ClassVar[bool] = False
    """Whether the order of a history's events matters."""
    reads_history: ClassVar[bool] = True
    """False for models that ask nothing of a history (popularity, random)."""
    components: ClassVar[Mapping[str, str]] = {}
    """What the paper's model is made of → the test that proves it active: switching it off changes what comes out."""
    needs_values: ClassVar[bool] = False
    """Whether the model learns from ratings and cannot be trained without them."""

    version: int = 0
    """Its version in the registry; 0 for a model that was not registered."""

    config: C
    catalogue: Catalogue
    weighting: Weighting
    facts: dict[str, Any]
    """Of the training: dataset digest, people, events, ``parts`` read (train, validation), seconds, verdict."""

    def __init__(self, config: C | Any = None, **settings: Any) -> None:
        """Settings once: ``EASE(regularisation=200)`` or ``EASE(config=EASEConfig(regularisation=200))``."""
        if config is not None and settings:
            raise ModelError(f"{self.name}: give config= or single settings, not both")
        if config is not None and not isinstance(config, self.Config):
            names = ", ".join(self.Config.model_fields)
            raise ModelError(f"{self.name} was given {config!r}; name each setting, its settings are: {names}")
        self.config = config or self.Config.read(settings, self.name)  # type: ignore[assignment]
        self.facts = {}

    def __repr__(self) -> str:
        changed = self.config.model_dump(exclude_defaults=True)
        state = f"trained on {len(self.catalogue)} items" if self.is_trained else "not trained"
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in changed.items())}) [{state}]"

    # -- what a model writes ------------------------------------------------------------------------------------

    def score_all(self, requests: Requests) -> np.ndarray:
        """float32 (B, N), finite, freshly made (the caller may overwrite it)."""
        raise ModelError(f"{self.name} must define score_all")

    def arrays(self) -> Mapping[str, np.ndarray]:
        """What was learned, as arrays by name; saved and handed back to `restore`."""
        raise ModelError(f"{self.name} must define arrays")

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take back what `arrays` gave. ``config``, ``catalogue``, ``weighting`` and ``facts`` are there already."""
        raise ModelError(f"{self.name} must define restore")

    def with_new(self, new_items: Catalogue) -> Self | None:
        """This model over its catalogue and ``new_items`` after it, without training; None where it cannot read them.

        Histories may hold new items then. Write this, or `score_new` alone.
        """
        return None

    def score_new(self, requests: Requests, new_items: Catalogue) -> np.ndarray | None:
        """float32 (B, M) for items that came after training, on the scale of `score_all`; None where unreadable.

        A history may hold new items: their rows come after the catalogue's.
        """
        grown = self.with_new(new_items)
        return None if grown is None else grown.score_all(requests)[:, len(self.catalogue) :]

    # -- what comes with it -------------------------------------------------------------------------------------

    @property
    def is_trained(self) -> bool:
        return "catalogue" in self.__dict__

    def learned_from(self, dataset: Dataset, **facts: Any) -> None:
        """Called first by every `fit`: takes over the catalogue and weighting, notes what the model was made from."""
        if not isinstance(dataset, Dataset):
            raise ModelError(
                f"{self.name} learns from a Dataset, found {type(dataset).__name__}; give split.train, or "
                "zhiyin.read(file or frame)"
            )
        if not dataset.histories.n_events:
            raise ModelError(
                f"{self.name} has nothing to learn from: the dataset has no event; check the split and the filters"
            )
        if not (dataset.histories.weights > 0).any():
            raise ModelError(
                f"{self.name} has nothing to learn from: no event has a positive weight; check the recipe's "
                "weights, in Python weighting="
            )
        self.catalogue = dataset.catalogue
        self.weighting = dataset.weighting
        self.facts = {
            "dataset": dataset.digest, "catalogue": dataset.catalogue.digest, "parts": list(dataset.parts),
            "people": len(dataset.users), "events": dataset.histories.n_events, "kinds": list(dataset.kinds), **facts,
        }  # fmt: skip

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        """float32 (B, N), or (B, C) for ``candidates`` int32 (B, C); -1 among them gives -inf."""
        self._need_training()
        scores = once(self.score_all, requests)
        if candidates is None:
            return scores.copy()
        chosen = np.take_along_axis(scores, np.maximum(candidates, 0), axis=1)
        return np.where(candidates < 0, np.float32(-np.inf), chosen)

    def candidates(self, requests: Requests, k: int, allowed: np.ndarray | None = None) -> Candidates:
        """The best ``k`` items of each request, none of ``requests.exclude``; ``allowed`` is bool (N,)."""
        self._need_training()
        many = len(requests) * len(self.catalogue) >= MANY_SCORES
        if many and (allowed is None or allowed.ndim == 1) and isinstance(self, VectorModel):
            return self._best_by_vectors(self, requests, k, allowed)
        return self._best(requests, k, allowed, self.score_all, len(self.catalogue))

    def _best_by_vectors(
        self, vectors: VectorModel, requests: Requests, k: int, allowed: np.ndarray | None
    ) -> Candidates:
        """The same lists for a fraction of the work; who has no vector is answered as `score_all` has it."""
        shelf = Shelf(vectors.item_vectors, vectors.item_bias, allowed=allowed, product=product())
        rows, scores = np.full((len(requests), k), FILL, np.int32), np.full((len(requests), k), -np.inf, np.float32)
        for start in range(0, len(requests), VECTOR_BLOCK):
            block = slice(start, start + VECTOR_BLOCK)
            part = requests.take(block)
            people = vectors.user_vectors(part)  # (b, D)
            rows[block], scores[block] = shelf.best(people, k, part.exclude)
            without = np.flatnonzero(~people.any(axis=1))
            if len(without):
                found = self._best(part.take(without), k, allowed, self.score_all, len(self.catalogue))
                rows[start + without], scores[start + without] = found.rows, found.scores
        return Candidates(rows, scores, (rows >= 0).astype(np.uint32), (self.name,))

    def _best(
        self, requests: Requests, k: int, allowed: np.ndarray | None,
        scoring: Callable[[Requests], np.ndarray], n_items: int,
    ) -> Candidates:  # fmt: skip
        """The best ``k`` of what ``scoring`` gives over ``n_items``, people in blocks of `SCORE_BUDGET` bytes."""
        step = max(1, SCORE_BUDGET // (4 * max(1, n_items)))
        rows, scores = [np.zeros((0, k), np.int32)], [np.zeros((0, k), np.float32)]
        for start in range(0, len(requests), step):
            part = requests if step >= len(requests) else requests.take(slice(start, start + step))
            scores_of = self._scores(once(scoring, part), len(part), n_items)
            best = best_rows(scores_of.copy(), k, exclude=part.exclude, allowed=allowed)
            rows.append(best[0])
            scores.append(best[1])
        found = np.concatenate(rows)
        return Candidates(found, np.concatenate(scores), (found >= 0).astype(np.uint32), (self.name,))

    def _scores(self, scores: object, n: int, n_items: int) -> np.ndarray:
        """float32 (n, n_items), as `score_all` promises. Raises `ModelError` for anything else."""
        if not isinstance(scores, np.ndarray) or scores.shape != (n, n_items) or scores.dtype.kind != "f":
            found = f"{scores.dtype} {scores.shape}" if isinstance(scores, np.ndarray) else type(scores).__name__
            raise ModelError(f"{self.name}.score_all gives {found}; it must give float32 {(n, n_items)}", found=found)
        return scores.astype(np.float32, copy=False)

    def recommend(
        self, histories: "HistoriesLike | Requests", k: int = 10, *, exclude_seen: bool = True,
        allowed: Iterable[str] | None = None, new_items: Any = None,
    ) -> Slates:  # fmt: skip
        """The best ``k`` items for each history, best first, in your own ids.

        ``histories``: lists of your item ids (oldest first), a frame with ``user`` and ``item``, `Histories` or
        `Requests`. An unknown item is skipped and named in ``unknown_items`` and ``notes``. ``allowed``: only these
        items may be returned. ``new_items``: items that came after training, a `Catalogue` or a frame.
        """
        self._need_training()
        new_items = None if new_items is None else _new_catalogue(new_items, self.catalogue)
        catalogue = self.catalogue if new_items is None else self.catalogue.add(new_items)
        k = slate_length(k, len(catalogue))
        asked = encode_histories(
            histories, catalogue, self.weighting, exclude_seen=exclude_seen, kinds=tuple(self.facts.get("kinds", ()))
        )
        mask, notes = _allowed(allowed, catalogue, [list(note) for note in asked.notes])
        if new_items is None:
            found = self.candidates(asked.requests, k, mask)
        else:
            found, remark = self._candidates_with_new(asked.requests, k, mask, new_items)
            notes = [[*note, *remark] for note in notes]
        return self._slates(found, asked.users, asked.unknown, notes, catalogue)

    def stream(
        self, histories: "HistoriesLike | Requests", k: int = 10, *, exclude_seen: bool = True,
        allowed: Iterable[str] | None = None,
    ) -> Iterator[Slates]:  # fmt: skip
        """`recommend`, some people at a time, for more people than whose slates fit in memory together."""
        self._need_training()
        k = slate_length(k, len(self.catalogue))
        asked = encode_histories(
            histories, self.catalogue, self.weighting, exclude_seen=exclude_seen,
            kinds=tuple(self.facts.get("kinds", ())),
        )  # fmt: skip
        mask, remarks = _allowed(allowed, self.catalogue, [[]])
        step = max(1, STREAM_ENTRIES // k)
        for start in range(0, len(asked.requests), step):
            block = slice(start, start + step)
            found = self.candidates(asked.requests.take(block), k, mask)
            notes = [[*note, *remarks[0]] for note in asked.notes[block]]
            yield self._slates(found, asked.users[block], asked.unknown[block], notes, self.catalogue)

    def _slates(
        self, found: Candidates, users: Sequence[str | None], unknown: Sequence[Sequence[str]],
        notes: list[list[str]], catalogue: Catalogue,
    ) -> Slates:  # fmt: skip
        """In your own ids."""
        there = found.rows >= 0
        ids, scores = catalogue.ids.take(found.rows[there]), found.scores[there].tolist()
        ends = np.cumsum(there.sum(axis=1)).tolist()
        parts = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
        return Slates(
            [ids[part] for part in parts], [scores[part] for part in parts], list(users),
            [list(items) for items in unknown], notes, (self.name, self.version),
        )  # fmt: skip

    def similar_items(self, items: Sequence[str], k: int = 10) -> Slates:
        """The ``k`` items that fit best to a history of just this item, itself left out; none for an unknown item."""
        if isinstance(items, str):
            raise ModelError(f"similar_items takes a list of item ids, found {items!r}; give [{items!r}]")
        slates = self.recommend([[item] for item in items], k)
        for b in (b for b, unknown in enumerate(slates.unknown_items) if unknown):
            slates.ids[b], slates.scores[b] = [], []
        return slates

    def _candidates_with_new(
        self, requests: Requests, k: int, allowed: np.ndarray | None, new_items: Catalogue
    ) -> tuple[Candidates, list[str]]:
        """Known and new items ranked together; new ones stand last where the model cannot read their content."""
        n_known = len(self.catalogue)
        grown = self.with_new(new_items)
        if grown is not None:
            return self._best(requests, k, allowed, grown.score_all, n_known + len(new_items)), []
        nobody = Requests.of(Histories.empty(1))
        reads_content = self.score_new(nobody, new_items) is not None

        def scoring(part: Requests) -> np.ndarray:
            known = part.with_histories(part.histories.keep(part.histories.items < n_known))
            scores = self.score_all(known)  # (B, N)
            new = self.score_new(part, new_items) if reads_content else None
            if new is None:
                new = np.repeat(scores.min(axis=1, keepdims=True) - 1, len(new_items), axis=1)  # (B, M)
            return np.concatenate([scores, new.astype(np.float32)], axis=1)

        remark = f"{self.name} knows items by their id alone: {len(new_items)} new items stand last"
        found = self._best(requests, k, allowed, scoring, n_known + len(new_items))
        return found, [] if reads_content else [remark]

    def save(self, folder: Path | str) -> None:
        """Write the model to ``folder``, whole or not at all: safetensors, Parquet and JSON with digests, a card."""
        self._need_training()
        manifest = Manifest(
            name=self.name, settings=self.config.model_dump(mode="json"),
            facts={**self.facts, "weighting": self.weighting.model_dump(mode="json")},
        )  # fmt: skip
        tables: dict[str, pl.DataFrame] = {"items": catalogue_frame(self.catalogue)}
        arrays = {**self.arrays(), **{f"content.{name}": block for name, block in self.catalogue.content.items()}}
        write(folder, Artefact(manifest, arrays, tables, {"card.md": self.card()}))

    @classmethod
    def restored(cls, artefact: Artefact) -> Self:
        """A trained model from what `save` wrote; used by `zhiyin.load`."""
        model = cls(**artefact.manifest.settings)
        facts = dict(artefact.manifest.facts)
        model.weighting = Weighting.read(facts.pop("weighting", {}), "weighting")
        model.facts = facts
        content = {name[8:]: array for name, array in artefact.arrays.items() if name.startswith("content.")}
        model.catalogue = catalogue_of(artefact.tables["items"], content)
        if model.catalogue.digest != facts.get("catalogue"):
            raise ModelError(
                f"{cls.name}: its item table does not match the catalogue it was trained on; train it again"
            )
        model.restore({name: array for name, array in artefact.arrays.items() if not name.startswith("content.")})
        return model

    def card(self) -> str:
        """The model card, Markdown: what it is, what it was made from, how."""
        summary = (type(self).__doc__ or "").strip()
        lines = [f"# {self.name}", "", summary, "", "## Settings", ""]
        lines += [f"- {key}: {value}" for key, value in self.config.model_dump(mode="json").items()]
        if self.components:
            lines += ["", "## Components, each with the test that shows it active", ""]
            lines += [f"- {component}: `{test}`" for component, test in self.components.items()]
        lines += ["", "## Training", ""]
        # the training curve is for pictures
        lines += [f"- {key}: {value}" for key, value in self.facts.items() if key != "curve"]
        return "\n".join(lines) + "\n"

    def _need_training(self) -> None:
        if not self.is_trained:
            raise ModelError(f"{self.name} is not trained; call fit(dataset) first, or zhiyin.load(folder)")


def _new_catalogue(items: Any, known: Catalogue) -> Catalogue:
    """New items as a catalogue, from a frame with a column of ids too; none of them may be there already."""
    if isinstance(items, (list, tuple, str)):
        raise ModelError(
            f"new_items are a {type(items).__name__}; give a frame with a column item, or zhiyin.Catalogue.of(['A'])"
        )
    new = items if isinstance(items, Catalogue) else catalogue_of(side_table(as_polars(items), "item", {}, ()).frame)
    old = next((id_ for id_ in new.ids if id_ in known.ids), None)
    if old is not None:
        raise ModelError(f"new item {old!r} is in the catalogue already; give only items that came after training")
    return new


def _allowed(
    allowed: Iterable[str] | None, catalogue: Catalogue, notes: list[list[str]]
) -> tuple[np.ndarray | None, list[list[str]]]:
    """The mask of allowed rows, bool (N,), and a note for allowed ids that are not in the catalogue."""
    if allowed is None:
        return None, notes
    if isinstance(allowed, str) or not isinstance(allowed, Iterable):
        raise ModelError(f"allowed is {allowed!r}; give a list of item ids: [{str(allowed)!r}]")
    wanted = list(allowed)
    strange = [id_ for id_ in wanted if type(id_) is not str]
    if strange:
        raise ModelError(
            f"allowed holds {strange[0]!r}; give a list of item ids as text: allowed=['85123A']", found=repr(strange[0])
        )
    if not wanted:
        notes = [[*note, "no item is allowed; leave allowed out to allow all"] for note in notes]
    rows = catalogue.ids.rows(wanted)
    mask = np.zeros(len(catalogue), bool)
    mask[rows[rows >= 0]] = True
    if missing := [id_ for id_, row in zip(wanted, rows, strict=True) if row < 0]:
        remark = f"{len(missing)} allowed items are not in the catalogue, the first: {catalogue.ids.hint(missing[0])}"
        notes = [[*note, remark] for note in notes]
    return mask, notes
