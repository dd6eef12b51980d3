"""Rows later than the present."""

from zhiyin.data.checks.check import Check, Finding, Words, where
from zhiyin.data.checks.evidence import DAY, Evidence
from zhiyin.data.checks.time_unit import FACTORS
from zhiyin.data.times import EARLIEST


class Future(Check):
    """Later than now by more than a day: local times written as UTC are at most 14 hours ahead."""

    name = "future"
    about = Words("Rows from the future.", "时间在未来的行。")
    remedy = Words("leaves these rows out", "去除这些行")
    done = Words("{rows} rows from the future: left out", "{rows} 行时间在未来：已去除")
    needs = ("time",)

    def look(self, evidence: Evidence) -> Finding:
        newest = evidence.times.max()
        if not isinstance(newest, int) or newest <= evidence.now + DAY:
            return self.finding(evidence)
        # what is a date in milliseconds or finer is told by the check of units
        late = (evidence.times > evidence.now + DAY) & (evidence.times < EARLIEST * FACTORS[0])
        return self.about_rows(evidence, where(late), "user", "item", "time")
