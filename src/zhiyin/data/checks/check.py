"""What a check is: it finds rows of one kind of trouble, and may know how to mend them.

A new check is one file with one subclass of `Check`, named in the table of `zhiyin.data.checks` (a plug-in: in the
entry-point group ``zhiyin.checks``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import polars as pl

from zhiyin.core.wire import CheckJSON
from zhiyin.data.checks.evidence import Evidence

Verdict = Literal["pass", "warn", "fail"]
Part = Literal["events", "items"]

NO_ROWS = np.zeros(0, np.int64)
N_OFFENDERS = 5
"""Examples that a finding shows."""
N_LETTERS = 80
"""Letters of a cell that an example shows."""


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in the languages that a report speaks; ``{rows}`` stands for a count."""

    en: str
    zh: str

    def filled(self, **values: object) -> "Words":
        """The sentence with its places filled in; whole numbers get thousands separators."""
        shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
        return Words(self.en.format(**shown), self.zh.format(**shown))


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What one check found."""

    name: str
    verdict: Verdict
    rows: np.ndarray
    """int64 (n,), ascending: rows of the frame that ``part`` names."""
    share: float
    """Of the rows of that frame, 0..1."""
    offenders: tuple[str, ...]
    """The first few, readable."""
    remedy: Words
    """What the fix of this name does; what to do by hand where there is no fix."""
    part: Part = "events"
    note: Words | None = None
    """Why the check could not look, where that was so."""

    def to_dict(self) -> CheckJSON:
        """The JSON shape of a check in ``ingest`` and ``check``."""
        return {"name": self.name, "verdict": self.verdict, "rows": len(self.rows), "share": self.share}


class Check:
    """Base of all checks. A subclass says its names and limits, and implements `look`."""

    name: ClassVar[str]
    about: ClassVar[Words]
    """One sentence: what is looked for."""
    remedy: ClassVar[Words]
    done: ClassVar[Words | None] = None
    """Sentence of a mended log, ``"{rows} returns: left out"``; None where there is no fix."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Columns of the events without which the check has nothing to look at."""
    warn_above: ClassVar[float] = 0.0
    """Largest share of rows that still passes."""
    fail_above: ClassVar[float] = 0.05
    """Largest share of rows that is only a warning."""
    weight: ClassVar[float] = 1.0
    """How much of the score the found share costs: 1 for a defect, less for what one only has to know."""

    def find(self, evidence: Evidence) -> Finding:
        """Look, unless there is nothing to look at; never changes the log."""
        missing = [name for name in self.needs if not evidence.has(name)]
        if missing:
            names = ", ".join(missing)
            return self.finding(evidence, note=Words(f"not looked at: no {names}", f"未检查：没有 {names} 列"))
        return self.look(evidence)

    def look(self, evidence: Evidence) -> Finding:
        """The rows, with examples."""
        raise NotImplementedError

    def fix(self, evidence: Evidence, finding: Finding) -> pl.DataFrame:
        """The events mended; unless a subclass knows better, without the rows that were found."""
        if finding.part != "events":
            return evidence.events
        return evidence.events.filter(~_mask(finding.rows, evidence.n))

    def said(self, evidence: Evidence, finding: Finding) -> Words:
        """What `fix` did, with its counts; only for a check that has a fix."""
        assert self.done is not None  # noqa: S101  only fixes are asked
        return self.done.filled(rows=len(finding.rows))

    def finding(
        self, evidence: Evidence, rows: np.ndarray = NO_ROWS, offenders: Sequence[str] = (), *,
        part: Part = "events", verdict: Verdict | None = None, note: Words | None = None,
    ) -> Finding:  # fmt: skip
        """A finding about these rows (ascending), judged by the class's limits unless a verdict is given."""
        n = evidence.n if part == "events" or evidence.items is None else len(evidence.items)
        share = len(rows) / n if n else 0.0
        judged: Verdict = "fail" if share > self.fail_above else "warn" if share > self.warn_above else "pass"
        return Finding(
            self.name, verdict or judged, rows.astype(np.int64, copy=False), share, tuple(offenders[:N_OFFENDERS]),
            self.remedy, part, note,
        )  # fmt: skip

    def about_rows(
        self, evidence: Evidence, rows: np.ndarray, *columns: str, part: Part = "events", note: Words | None = None
    ) -> Finding:
        """A finding whose examples are the first rows, showing these columns."""
        frame = evidence.items if part == "items" and evidence.items is not None else evidence.events
        shown = [show(frame, int(row), columns) for row in rows[:N_OFFENDERS]]
        return self.finding(evidence, rows, shown, part=part, note=note)


def show(frame: pl.DataFrame, row: int, columns: Sequence[str]) -> str:
    """One row for a person to read: ``row 12: user '17850', item '85123A'``."""
    cells = [f"{name} {clipped(frame[name][row])}" for name in columns if name in frame.columns]
    return f"row {row}: " + ", ".join(cells)


def clipped(cell: object) -> str:
    """A cell as Python writes it, the end of a long one left out."""
    text = repr(cell)
    return text if len(text) <= N_LETTERS else text[:N_LETTERS] + "…"


def where(mask: pl.Series) -> np.ndarray:
    """Rows where a Boolean column is true (null counts as false), int64 ascending."""
    return mask.fill_null(False).arg_true().to_numpy().astype(np.int64)


def either(n: int, *found: np.ndarray) -> np.ndarray:
    """Rows that are in one of these lists, int64 ascending; a mask is faster than sorting long lists."""
    mask = np.zeros(n, bool)
    for rows in found:
        mask[rows] = True
    return np.flatnonzero(mask)


def _mask(rows: np.ndarray, n: int) -> pl.Series:
    mask = np.zeros(n, bool)
    mask[rows] = True
    return pl.Series(mask)
