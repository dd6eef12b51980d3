"""``zhiyin report``: the last run as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

WRITTEN = Sentence("report: {path}", "报告：{path}")


def run(
    asked: Asked,
    to: Annotated[Path | None, typer.Option(help="The file; else reports/run.html of the workspace.")] = None,
) -> None:
    """Write the last run as one HTML file that needs no network.

    Example: zhiyin report --lang zh -w shop
    """
    path = write_report(asked, to)
    asked.show(WRITTEN, path=path)
    asked.answer({"report": str(path)})


def write_report(asked: Asked, to: Path | None = None) -> Path:
    """The last run's report; its path. Reasons that the run gave in another language are given again."""
    workspace = asked.workspace
    result, path = workspace.last_run(), workspace.reports / "run.html" if to is None else to
    if not path.name:
        raise SettingsError(f"--to {str(to)!r} is no file; give a path such as report.html", found=str(to))
    from zhiyin import reports

    people = [slate["user"] for slate in result.get("recommendations", [])]
    if people and result.get("language") != asked.language:
        from zhiyin.answering import Answerer

        answerer = Answerer.of(workspace.folder, asked.language)
        if answerer is not None:
            result["recommendations"] = answerer.people(people)["recommendations"]
    reports.write(result, path, language=asked.language)
    return path
