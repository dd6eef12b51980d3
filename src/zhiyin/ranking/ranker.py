"""What every ranker shares: checked rows, columns set aside by name, saving and loading.

A ranker writes `learn`, `raw`, `importance` and `arrays`/`restore`. Letters: n rows, F columns, K columns kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from pydantic import Field

from zhiyin.core.errors import ModelError
from zhiyin.core.settings import Config
from zhiyin.ranking.calibration import PLAIN, Calibration, calibrated
from zhiyin.ranking.rows import Rows, without_sampling
from zhiyin.registry import Artefact, Manifest, write

PREDICT_BLOCK = 65_536
"""Rows answered at once."""


class RankerConfig(Config):
    """Settings that every ranker has."""

    seed: int = Field(default=0, ge=0)
    """Same seed, same rows: same ranker, whatever the number of threads."""
    calibration_share: float = Field(default=0.2, gt=0, lt=1)
    """Share of the newest requests that calibrate instead of teaching, where no later rows are given for it."""
    position: str | None = None
    """The column that holds the place at which a candidate was shown (1 for the first), where it was logged. It may
    teach, so that good places need not be explained by the candidates; asked, everybody stands in the first one."""


C = TypeVar("C", bound=RankerConfig)


class Ranker(Generic[C]):
    """Base of every ranker: feature columns to a probability."""

    name: ClassVar[str]
    """Its public name, the same as in the entry-point group ``zhiyin.rankers``."""
    Config: ClassVar[type[RankerConfig]]
    """Its settings class."""

    config: C
    names: tuple[str, ...]
    """Of the columns it must be given, (F,)."""
    kept: np.ndarray
    """Positions of the columns it reads, (K,)."""
    set_aside: dict[str, str]
    """Columns it does not read, and why."""
    calibration: Calibration
    negative_rate: float
    place: int
    """Position of the column ``position`` names; -1 where there is none."""
    first: float
    """The first place: the lowest that was seen."""
    facts: dict[str, Any]
    """Of the training: rows, positives, groups, columns set aside, how it was calibrated."""

    def __init__(self, config: C | None = None, **settings: Any) -> None:
        if config is not None and settings:
            raise ModelError(f"{self.name}: give config= or single settings, not both")
        self.config = config or self.Config.read(settings, self.name)  # type: ignore[assignment]
        self.facts = {}

    # -- what a ranker writes -----------------------------------------------------------------------------------

    def learn(self, rows: Rows) -> None:
        """Learn from rows of the kept columns; NaN may be among the values."""
        raise ModelError(f"{self.name} must define learn")

    def raw(self, values: np.ndarray) -> np.ndarray:
        """Scores of kept columns (n, K), float64 (n,): higher is likelier, log odds before calibration."""
        raise ModelError(f"{self.name} must define raw")

    def weights(self) -> np.ndarray:
        """How much each kept column counts, (K,), not negative."""
        raise ModelError(f"{self.name} must define weights")

    def shares(self, values: np.ndarray) -> tuple[np.ndarray, float]:
        """What each kept column adds to `raw` of rows (n, K), float64 (n, K), and what every row begins with."""
        raise ModelError(f"{self.name} does not say what a column adds; ask another ranker")

    def arrays(self) -> Mapping[str, np.ndarray]:
        """What was learned, as arrays by name."""
        return {}

    def texts(self) -> Mapping[str, str]:
        """What was learned, as text files by name."""
        return {}

    def restore(self, artefact: Artefact) -> None:
        """Take back what `arrays` and `texts` gave."""
        raise ModelError(f"{self.name} must define restore")

    @property
    def raw_is_log_odds(self) -> bool:
        """Whether `raw` can be read as a probability without having been calibrated."""
        return True

    # -- what comes with it -------------------------------------------------------------------------------------

    def fit(
        self, values: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None, names: Sequence[str] = (), *,
        negative_rate: float = 1.0, later: Rows | None = None, weights: np.ndarray | None = None,
        clicked: np.ndarray | None = None,
    ) -> Self:  # fmt: skip
        """Learn from ``values`` (n, F), ``labels`` (n,) and ``groups`` (n,) (the request of a row, oldest first).

        ``weights`` (n,), above 0: how much each row counts; without, all the same. ``clicked`` (n,): what comes before
        the label, for rankers of both. ``later``: newer rows (thinned at the same rate) to calibrate on; without, the
        newest requests are kept for it. Raises `ModelError` where all labels are alike; columns without information
        are set aside by name.
        """
        rows = _checked(self.name, values, labels, groups, names, negative_rate, weights, clicked)
        self._place(rows)
        self.names, self.negative_rate = rows.names, negative_rate
        self._choose_columns(rows)
        teaching, later = (rows, later) if later is not None else self._parted(rows)
        self.learn(replace(teaching, values=self._kept_of(teaching.values)))
        self.calibration = self._calibration(teaching, later)
        self.facts = {
            "rows": len(rows), "positives": int(rows.labels.sum()), "groups": len(np.unique(rows.groups)),
            "calibration": self.calibration.method, "calibration_rows": 0 if later is None else len(later),
            "set_aside": self.set_aside,
        }  # fmt: skip
        return self

    def fit_rows(self, rows: Rows, later: Rows | None = None) -> Self:
        """`fit` from `Rows`."""
        return self.fit(
            rows.values, rows.labels, rows.groups, rows.names, negative_rate=rows.negative_rate, later=later,
            weights=rows.weights, clicked=rows.clicked,
        )  # fmt: skip

    def probability(self, values: np.ndarray) -> np.ndarray:
        """Calibrated probability that the person takes the candidate: (..., F) → float32 (...), finite."""
        flat = self._read(values)
        parts = [self.raw(flat[start : start + PREDICT_BLOCK]) for start in range(0, len(flat), PREDICT_BLOCK)]
        scores = self.calibration(np.concatenate([np.zeros(0), *parts]))
        return without_sampling(scores, self.negative_rate).astype(np.float32).reshape(values.shape[:-1])

    def contributions(self, values: np.ndarray) -> tuple[np.ndarray, float]:
        """What each column adds to the log odds before calibration (of `raw`): (..., F) → float64 (..., F), and what
        every row begins with: both together are the row's `raw`. 0 for columns set aside."""
        shares, begin = self.shares(self._read(values))
        found = np.zeros((len(shares), len(self.names)))
        found[:, self.kept] = shares
        return found.reshape(values.shape), begin

    def _read(self, values: np.ndarray) -> np.ndarray:
        """The kept columns, float32 (n, K)."""
        if "kept" not in self.__dict__:
            raise ModelError(f"{self.name} is not trained; call fit(values, labels) first, or zhiyin.load(folder)")
        if values.shape[-1] != len(self.names):
            raise ModelError(
                f"{self.name} reads {len(self.names)} columns, found {values.shape[-1]}; "
                f"give the feature table of: {', '.join(self.names)}"
            )
        read = np.asarray(values, np.float32).reshape(-1, len(self.names))[:, self.kept]
        read[:, self.kept == self.place] = self.first
        return read

    def importance(self) -> dict[str, float]:
        """Share of each column in the ranker's say, adding up to 1; 0 for columns set aside. Largest first."""
        shares = dict.fromkeys(self.names, 0.0)
        weights = self.weights()
        for column, weight in zip(self.kept.tolist(), weights / max(weights.sum(), 1e-30), strict=True):
            shares[self.names[column]] = float(weight)
        return dict(sorted(shares.items(), key=lambda share: -share[1]))

    def save(self, folder: Path | str) -> None:
        """Write to a folder of its own: arrays in safetensors, the rest text and JSON."""
        if "kept" not in self.__dict__:
            raise ModelError(f"{self.name} is not trained; there is nothing to save")
        facts = {
            **self.facts, "names": list(self.names), "set_aside": self.set_aside,
            "negative_rate": self.negative_rate, "calibration": self.calibration.method,
        }  # fmt: skip
        settings = self.config.model_dump(mode="json", exclude_defaults=True)
        manifest = Manifest(kind="ranker", name=self.name, settings=settings, facts=facts)
        arrays = {
            "kept": self.kept,
            "first_place": np.array([self.first]),
            **self.calibration.arrays(),
            **self.arrays(),
        }
        write(folder, Artefact(manifest, arrays, texts={**self.texts(), "card.md": self.card()}))

    @classmethod
    def restored(cls, artefact: Artefact) -> Self:
        """A trained ranker from what `save` wrote; used by `zhiyin.load`."""
        ranker = cls(**artefact.manifest.settings)
        facts = dict(artefact.manifest.facts)
        ranker.names = tuple(facts.pop("names"))
        ranker.set_aside, ranker.negative_rate = facts["set_aside"], facts.pop("negative_rate")
        ranker.kept = artefact.arrays["kept"]
        position = ranker.config.position
        ranker.place = -1 if position is None else ranker.names.index(position)
        ranker.first = 1.0 if position is None else float(artefact.arrays["first_place"][0])
        ranker.calibration = Calibration.restored(facts["calibration"], artefact.arrays)
        ranker.facts = facts
        ranker.restore(artefact)
        return ranker

    def card(self) -> str:
        """The card, Markdown: what it is, what it reads, what counts most."""
        lines = [f"# {self.name}", "", (type(self).__doc__ or "").strip(), "", "## What counts", ""]
        lines += [f"- {name}: {share:.1%}" for name, share in self.importance().items() if share > 0]
        lines += ["", "## Set aside", "", *[f"- {name}: {why}" for name, why in self.set_aside.items()]]
        lines += ["", "## Training", "", *[f"- {key}: {value}" for key, value in self.facts.items()]]
        return "\n".join(lines) + "\n"

    def _kept_of(self, values: np.ndarray) -> np.ndarray:
        """(n, F) → (n, K), no copy where all are kept."""
        return values if len(self.kept) == len(self.names) else values[:, self.kept]

    def _place(self, rows: Rows) -> None:
        """Where the logged places stand. Raises `ModelError` where ``position`` names no column, or one without any."""
        name, self.place, self.first = self.config.position, -1, 1.0
        if name is None:
            return
        known = rows.values[:, rows.names.index(name)] if name in rows.names else np.zeros(0)
        known = known[~np.isnan(known)]
        if not len(known):
            why = "which no row has a value of" if name in rows.names else "which is no column"
            raise ModelError(f"{self.name}: position names {name!r}, {why}; the columns are: {', '.join(rows.names)}")
        self.place, self.first = rows.names.index(name), float(known.min())

    def _choose_columns(self, rows: Rows) -> None:
        self.set_aside = {}
        lowest, highest = (reduced(rows.values, axis=0) for reduced in (np.fmin.reduce, np.fmax.reduce))
        complete = ~np.isnan(rows.values).any(axis=0)
        for name, low, high, whole in zip(rows.names, lowest, highest, complete, strict=True):
            if np.isnan(low):
                self.set_aside[name] = "no row has a value"
            elif low == high and whole:
                self.set_aside[name] = f"always {low:g}"
        self.kept = np.array([f for f, name in enumerate(rows.names) if name not in self.set_aside], np.int64)
        if not len(self.kept):
            raise ModelError(
                f"{self.name} has no column to learn from: "
                + "; ".join(f"{name}: {why}" for name, why in self.set_aside.items())
                + "; give features that differ between candidates"
            )

    def _parted(self, rows: Rows) -> tuple[Rows, Rows | None]:
        """Rows to learn from, and the newest requests to calibrate on; all of them learn where either lacks a class."""
        requests = np.unique(rows.groups)
        first_later = requests[min(len(requests) - 1, round(len(requests) * (1 - self.config.calibration_share)))]
        older, newer = rows.take(rows.groups < first_later), rows.take(rows.groups >= first_later)
        return (older, newer) if _has_both(older.labels) and _has_both(newer.labels) else (rows, None)

    def _calibration(self, teaching: Rows, later: Rows | None) -> Calibration:
        if later is None or not _has_both(later.labels):
            if self.raw_is_log_odds:
                return PLAIN
            later = teaching  # the wrong place to learn it, but a score that is no log odds needs some map
        return calibrated(self.raw(self._kept_of(later.values)), later.labels.astype(np.float64), later.weights)


def _has_both(labels: np.ndarray) -> bool:
    return bool(labels.any() and not labels.all())


def _checked(
    ranker: str, values: np.ndarray, labels: np.ndarray, groups: np.ndarray | None, names: Sequence[str], rate: float,
    weights: np.ndarray | None, clicked: np.ndarray | None,
) -> Rows:  # fmt: skip
    """Rows of the right shapes, both classes among them, infinite values as NaN."""
    values = np.array(values, np.float32)
    if values.ndim != 2 or len(values) != len(labels):
        raise ModelError(f"{ranker}: values have shape {values.shape} for {len(labels)} labels; give (n, F) and (n,)")
    names = tuple(names) or tuple(f"column {f}" for f in range(values.shape[1]))
    if len(set(names)) != values.shape[1]:
        raise ModelError(f"{ranker}: {len(set(names))} different names for {values.shape[1]} columns; give one each")
    labels = np.asarray(labels)
    if not np.isin(labels, (0, 1)).all():
        raise ModelError(f"{ranker}: labels are 0 or 1 (taken or not), found {labels.min()} to {labels.max()}")
    labels = labels.astype(bool)
    if not _has_both(labels):
        found = (
            f"all {len(labels)} are {'positive' if labels.all() else 'negative'}" if len(labels) else "there are none"
        )
        raise ModelError(
            f"{ranker} needs rows of both kinds, {found}; take more candidates, a longer fold, or more requests"
        )
    groups = np.arange(len(labels)) if groups is None else np.asarray(groups, np.int64)
    if len(groups) != len(labels) or (np.diff(groups) < 0).any():
        raise ModelError(f"{ranker}: groups must number the request of each row, ascending; sort the rows by request")
    if weights is not None:
        weights = np.asarray(weights, np.float64)
        if weights.shape != labels.shape or not (np.isfinite(weights) & (weights > 0)).all():
            raise ModelError(f"{ranker}: weights are finite and above 0, one for each of {len(labels)} rows")
    if clicked is not None:
        clicked = np.asarray(clicked, bool)
        if clicked.shape != labels.shape or (labels & ~clicked).any():
            raise ModelError(
                f"{ranker}: clicked has shape {clicked.shape} for {len(labels)} labels, or rows are positive that were "
                "not clicked; give what came before each label, true wherever the label is"
            )
    values[~np.isfinite(values)] = np.nan
    return Rows(values, labels, groups, names, rate, weights, clicked)
