"""``zhiyin check``: how good the log is."""

from typing import TYPE_CHECKING, Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.languages import Language, Sentence

if TYPE_CHECKING:
    from zhiyin.data.checks import Finding
    from zhiyin.data.checks.quality import Quality

TITLE = Sentence("Data quality", "数据质量")
COLUMNS = (
    Sentence("check", "检查"), Sentence("verdict", "结论"), Sentence("rows", "行数"), Sentence("share", "占比"),
    Sentence("first", "示例"),
)  # fmt: skip
SCORE = Sentence("score {score:.3f} of 1; the verdict is {verdict}", "得分 {score:.3f}（满分 1）；结论：{verdict}")


def run(
    asked: Asked,
    floor: Annotated[
        float, typer.Option(min=0, max=1, help="The score below which the answer is no (exit code 1).")
    ] = 0.0,
) -> None:
    """Look at the events taken in: each check's verdict, rows and first offenders. Exit code 1 where one fails.

    Example: zhiyin check -w shop
    """
    from zhiyin.data.checks import run_checks

    snapshot = asked.workspace.snapshot()
    quality = run_checks(snapshot.events(), snapshot.items(), snapshot.users())
    quality_table(asked, quality)
    asked.show(SCORE, score=quality.score, verdict=quality.verdict)
    asked.answer(quality.to_dict())
    if quality.verdict == "fail" or quality.score < floor:
        raise typer.Exit(1)


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
