"""``zhiyin check``: how good the log is."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.languages import Language, Sentence

if TYPE_CHECKING:
    from zhiyin.data.checks import Finding
    from zhiyin.data.checks.quality import Quality
    from zhiyin.pipeline.workspace import Workspace

TITLE = Sentence("Data quality", "数据质量")
COLUMNS = (
    Sentence("check", "检查"), Sentence("verdict", "结论"), Sentence("rows", "行数"), Sentence("share", "占比"),
    Sentence("first", "示例"),
)  # fmt: skip
EFFECTS = Sentence(
    "What mending each defect does to the {metric} of a quick model ({model}); +: not in the recipe yet",
    "修补每种缺陷对快速模型（{model}）{metric} 的影响；+：方案中还没有",
)
EFFECT_COLUMNS = (
    Sentence("fix", "清洗步骤"), Sentence("with", "修补后"), Sentence("without", "修补前"),
    Sentence("difference", "差异"), Sentence("95 % interval", "95% 区间"), Sentence("p (Holm)", "p（Holm）"),
)  # fmt: skip
SCORE = Sentence("score {score:.3f} of 1; the verdict is {verdict}", "得分 {score:.3f}（满分 1）；结论：{verdict}")


def run(
    asked: Asked,
    floor: Annotated[
        float, typer.Option(min=0, max=1, help="The score below which the answer is no (exit code 1).")
    ] = 0.0,
    effects: Annotated[
        bool, typer.Option("--effects", help="Measure what mending each defect does: a quick model with and without.")
    ] = False,
) -> None:
    """Look at the events taken in: each check's verdict, rows and first offenders. Exit code 1 where one fails.

    Example: zhiyin check -w shop      zhiyin check --effects -w shop
    """
    workspace = asked.prepared if effects else asked.workspace
    from zhiyin.data.checks import run_checks

    snapshot = workspace.snapshot()
    quality = run_checks(snapshot.events(), snapshot.items(), snapshot.users())
    quality_table(asked, quality)
    asked.show(SCORE, score=quality.score, verdict=quality.verdict)
    measured = show_effects(asked, workspace) if effects else {}
    asked.answer({**quality.to_dict(), **measured})
    if quality.verdict == "fail" or quality.score < floor:
        raise typer.Exit(1)


def show_effects(asked: Asked, workspace: "Workspace") -> dict[str, Any]:
    """What mending each defect does, as a table; kept as runs/effects.json, which the report shows."""
    from zhiyin.pipeline.effects import measure

    found = measure(workspace, progress=asked.progress)
    rows = [
        [row["name"] if row["in_recipe"] else f"{row['name']} +", f"{row['with']:.4f}", f"{row['without']:.4f}",
         f"{row['difference']:+.4f}", f"[{row['low']:+.4f}, {row['high']:+.4f}]", f"{row['p_holm']:.3f}"]
        for row in found["effects"]
    ]  # fmt: skip
    title = asked.words(EFFECTS, model=found["model"], metric=found["metric"])
    asked.table(title, [asked.words(column) for column in EFFECT_COLUMNS], rows)
    return {part: found[part] for part in ("effects", "metric", "model")}


def quality_table(asked: Asked, quality: "Quality") -> None:
    """Every check on a line."""
    rows = [_row(found, asked.language) for found in quality.findings]
    asked.table(asked.words(TITLE), [asked.words(column) for column in COLUMNS], rows)


def _row(found: "Finding", language: Language) -> list[str]:
    """One check; a dash for one that had nothing to look at."""
    if found.note:
        return [found.name, "–", "", "", getattr(found.note, language)]
    first = (found.offenders or ("",))[0][:60]
    return [found.name, found.verdict, f"{len(found.rows):,}", f"{found.share:.1%}", first]
