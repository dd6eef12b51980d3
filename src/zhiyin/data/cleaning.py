"""The fixes that a recipe names, made in a fixed order, each with its count and a sentence. Nothing else is changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from zhiyin.core.errors import SettingsError
from zhiyin.data.checks.check import Words
from zhiyin.data.checks.evidence import Evidence
from zhiyin.data.checks.table import all_checks, named_check

PRESETS: Mapping[str, tuple[str, ...]] = {
    "shop": ("upper_case_items", "returns", "price", "not_products", "duplicates"),
}
"""Fixes that belong together, under a name that stands for all of them."""


@dataclass(frozen=True, slots=True)
class FixReport:
    """What one fix did."""

    name: str
    rows: int
    """Rows left out or changed."""
    left: int
    """Rows of the log afterwards."""
    sentence: Words
    """``"8,905 returns: left out"``"""


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """The events after the fixes, and what each fix did."""

    events: pl.DataFrame
    reports: tuple[FixReport, ...]


def fix_names() -> tuple[str, ...]:
    """Names of all fixes in the order in which they are made; a plug-in's come before the last, ``duplicates``."""
    mending = [check.name for check in all_checks() if check.done is not None and check.name != "duplicates"]
    before = mending.index("spelling")
    return (*mending[:before], "upper_case_items", *mending[before:], "duplicates")


def clean(
    events: pl.DataFrame, fixes: Iterable[str] | str, items: pl.DataFrame | None = None, *, now: int | None = None
) -> Cleaned:
    """The named fixes (or presets), in our order whatever the order given.

    ``events`` has our column names; ``now`` (s UTC) is the present, by default the clock. Raises `SettingsError` for a
    fix that does not exist.
    """
    reports = []
    for name in chosen(fixes):
        events, report = _made(name, events, items, now)
        reports.append(report)
    return Cleaned(events, tuple(reports))


def chosen(names: Iterable[str] | str) -> tuple[str, ...]:
    """These fixes, presets resolved, each once, in the order in which they are made."""
    known = fix_names()
    wanted: set[str] = set()
    if not isinstance(names, Iterable):
        raise SettingsError(
            f"fixes are {names!r}; give names of fixes, for example fixes='shop' or fixes=('returns', 'duplicates')",
            found=repr(names), allowed=", ".join([*PRESETS, *known]),
        )  # fmt: skip
    for name in [names] if isinstance(names, str) else names:
        if name not in known and name not in PRESETS:
            raise SettingsError.unknown(f"there is no fix {name!r}", name, [*PRESETS, *known], "the fixes are")
        wanted.update(PRESETS.get(name, (name,)))
    return tuple(name for name in known if name in wanted)


def _made(
    name: str, events: pl.DataFrame, items: pl.DataFrame | None, now: int | None
) -> tuple[pl.DataFrame, FixReport]:
    if name == "upper_case_items":
        return _upper_case(events)
    check, evidence = named_check(name), Evidence(events, items, now=now)
    finding = check.find(evidence)
    mended = check.fix(evidence, finding)
    return mended, FixReport(name, len(finding.rows), len(mended), check.said(evidence, finding))


def _upper_case(events: pl.DataFrame) -> tuple[pl.DataFrame, FixReport]:
    """Shops that key codes by hand write 85123a and 85123A; where case means nothing, this makes them one."""
    upper = events["item"].str.to_uppercase()
    rows = int((upper != events["item"]).sum())
    said = Words("{rows} item ids: written in upper case", "{rows} 行商品编号：改为大写").filled(rows=rows)
    return events.with_columns(upper), FixReport("upper_case_items", rows, len(events), said)
