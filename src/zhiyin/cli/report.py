"""``zhiyin report``: the last run as one HTML file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

if TYPE_CHECKING:
    from zhiyin.pipeline.workspace import Workspace

WRITTEN = Sentence("report: {path}", "报告：{path}")


def run(
    asked: Asked,
    watts: Annotated[float | None, typer.Option(help="Watts of a busy core, for the estimate of energy.")] = None,
    to: Annotated[Path | None, typer.Option(help="The file; else reports/run.html of the workspace.")] = None,
) -> None:
    """Write the last run as one HTML file that needs no network.

    Example: zhiyin report --lang zh -w shop
    """
    path = write_report(asked, to, watts)
    asked.show(WRITTEN, path=path)
    asked.answer({"report": str(path)})


def write_report(asked: Asked, to: Path | None = None, watts: float | None = None) -> Path:
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
    for name, made_for in (("ablation", "features"), ("effects", "data"), ("content_effects", "data")):
        result |= _beside(workspace, name, (result.get(made_for) or {}).get("key"))
    reports.write(result, path, language=asked.language, watts=reports.WATTS if watts is None else watts)
    return path


def _beside(workspace: "Workspace", name: str, key: str | None) -> dict[str, Any]:
    """What another command kept beside the run, where it was made from the same things (``key``)."""
    try:
        found = json.loads((workspace.runs / f"{name}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: found} if isinstance(found, dict) and key and found.get("of") == key else {}
