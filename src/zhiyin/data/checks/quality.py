"""All checks of one log, and one number between 0 and 1 for the whole.

Score: the product, over the checks, of 1 - weight · share, where share is the part of the rows that the check found
and did not pass, and weight is 1 for a defect (a return, a copy, a price of 0) and less for what one only has to know
(ties, concentration). A clean log scores 1; a log a tenth of which are returns and a tenth copies scores 0.81.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from zhiyin.core.wire import QualityJSON
from zhiyin.data.checks.check import Check, Finding, Verdict
from zhiyin.data.checks.evidence import Evidence
from zhiyin.data.checks.table import all_checks
from zhiyin.data.numbers import Numbered


@dataclass(frozen=True, eq=False)
class Quality:
    """The score of a log and what every check found."""

    score: float
    findings: tuple[Finding, ...]

    def __getitem__(self, name: str) -> Finding:
        return next(finding for finding in self.findings if finding.name == name)

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings'."""
        verdicts = {finding.verdict for finding in self.findings}
        return "fail" if "fail" in verdicts else "warn" if "warn" in verdicts else "pass"

    def to_dict(self) -> QualityJSON:
        """The JSON shape of ``quality``."""
        return {"score": self.score, "checks": [finding.to_dict() for finding in self.findings]}


def run_checks(
    events: pl.DataFrame, items: pl.DataFrame | None = None, users: pl.DataFrame | None = None, *,
    checks: Iterable[Check] | None = None, now: int | None = None, ids: tuple[Numbered, Numbered] | None = None,
) -> Quality:  # fmt: skip
    """Look at a log and its catalogue; nothing is changed.

    ``events`` has our column names (user, item, time …), ``now`` (s UTC) is what counts as the present: by default the
    clock. ``checks``: all of them unless given. ``ids``: the events' users and items, where they are numbered already.
    """
    evidence = Evidence(events, items, users, now=now, ids=ids)
    looking = all_checks() if checks is None else list(checks)
    findings = tuple(check.find(evidence) for check in looking)
    score = 1.0
    for check, finding in zip(looking, findings, strict=True):
        if finding.verdict != "pass":
            score *= 1 - check.weight * finding.share
    return Quality(score, findings)
