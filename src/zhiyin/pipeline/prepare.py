"""Step 1: the log cleaned as the recipe says, cut into parts, and checked for leaks before any figure is made."""

from typing import Any

from zhiyin.answering.columns import Columns
from zhiyin.answering.questions import excluded
from zhiyin.core.errors import RefusedError
from zhiyin.core.languages import Sentence
from zhiyin.data.checks import run_checks
from zhiyin.data.contracts import Histories
from zhiyin.evaluation import audit
from zhiyin.pipeline.distributions import distributions
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts, once

UNREAD = Sentence("no model reads [content]: write  content = true  under a model that can, for example MultVAE",
                  "没有模型读取 [content]：请在可读取内容的模型（例如 MultVAE）下写  content = true")  # fmt: skip
DONE = Sentence("{events} events of {people} people and {items} items; {cases} test cases",
                "{people} 人对 {items} 件物品的 {events} 个事件；{cases} 个测试样本")  # fmt: skip


def prepare(line: Line) -> Facts:
    """Counts, what each fix did, data quality, the rule of the split and the verdict on leaks."""
    for note in line.recipe.answer.rules.check(Columns(line.dataset.catalogue)):
        line.progress.say(note)
    excluded(Histories.empty(0), line.recipe.answer.exclude, line.dataset.kinds)  # an unknown kind is refused now
    if line.recipe.content and not any(
        getattr(line.recipe.settings_of(name), "content", False) for name in line.recipe.models
    ):
        line.progress.say(UNREAD.said("en"))
    inputs = {"split": line.split_key}
    facts = once(line.workspace, "data", inputs, lambda key: _prepared(line),
                 there=lambda facts: bool(facts["leakage"]["verdict"] and facts["distributions"]["half"]))  # fmt: skip
    if facts["leakage"]["verdict"] == "fail":
        raise RefusedError(_leak(facts["leakage"]["findings"]), found="a leak", do="mend the split, then run again")
    return facts


def _prepared(line: Line) -> Facts:
    dataset, parts = line.dataset, line.split
    quality = run_checks(line.snapshot.events(), line.snapshot.items())
    found = audit(parts.train, parts.test)
    fixes = [
        {"name": fix.name, "rows": fix.rows, "left": fix.left, "en": fix.sentence.en, "zh": fix.sentence.zh}
        for fix in dataset.report
    ]
    return {
        "summary": DONE.both(
            events=dataset.histories.n_events, people=len(dataset), items=dataset.n_items, cases=len(parts.test)
        ),
        "events": dataset.histories.n_events, "users": len(dataset), "items": dataset.n_items,
        "taken_in": dict(line.snapshot.facts["quarantined"]), "fixes": fixes, "quality": quality.to_dict(),
        "split": {"rule": parts.rule, **parts.facts}, "train": parts.train.digest,
        "distributions": distributions(dataset),
        "content": dict(line.content.facts) if line.recipe.content else {},
        "leakage": {"verdict": found.verdict, "findings": [_plain(finding) for finding in found.findings]},
    }  # fmt: skip


def _plain(finding: Any) -> dict[str, Any]:
    return finding if isinstance(finding, dict) else finding.to_dict()


def _leak(findings: list[dict[str, Any]]) -> str:
    failed = [finding for finding in findings if finding.get("verdict") == "fail"] or findings
    first = failed[0]
    words = "; ".join(f"{key}: {value}" for key, value in first.items() if key != "verdict")
    return f"the test part leaks into the training part, so no figure is made: {words}; mend the split and run again"
