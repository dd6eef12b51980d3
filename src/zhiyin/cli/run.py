"""``zhiyin run``: the recipe, step by step."""

from typing import Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.languages import Sentence

STEPS = Sentence("The six steps", "六个步骤")
COLUMNS = (Sentence("step", "步骤"), Sentence("seconds", "秒"), Sentence("what", "内容"))
NAMES = {
    "data": Sentence("1 data", "1 数据"), "models": Sentence("2 models", "2 模型"),
    "features": Sentence("3 features", "3 特征"), "ranking": Sentence("4 ranking", "4 排序"),
    "generation": Sentence("5 generation", "5 生成"), "answering": Sentence("6 answering", "6 推荐"),
}  # fmt: skip
QUALITY = Sentence("data quality {score:.2f} of 1", "数据质量 {score:.2f}（满分 1）")
LEFT_OUT = Sentence(
    "data quality {score:.2f} of 1; rows set aside, left out or changed:",
    "数据质量 {score:.2f}（满分 1）；被隔离、剔除或修改的行：",
)
REMEMBERED = Sentence(" (not run again)", "（未重新运行）")


def run(
    asked: Asked,
    until: Annotated[str | None, typer.Option(help="Stop after this step: data, models, features …")] = None,
) -> None:
    """Do what the recipe says, step by step; what is done already is not done again.

    Example: zhiyin run -w shop
    """
    workspace = asked.prepared
    from zhiyin.pipeline.run import run as run_line

    result = run_line(workspace, progress=asked.progress, until=until, language=asked.language)
    show_data(asked, result["data"])
    show_steps(asked, result)
    asked.answer(result)


def show_data(asked: Asked, data: dict[str, Any]) -> None:
    """The score of the log, and what was left out of it or changed, and why."""
    told = [fix[asked.language] for fix in data["fixes"] if fix["rows"]]
    asked.show(LEFT_OUT if told else QUALITY, score=data["quality"]["score"])
    for line in told:
        asked.show(f"  {line}")


def show_steps(asked: Asked, result: dict[str, Any]) -> None:
    """Each step on a line."""
    for step in result["steps"]:
        name = asked.words(NAMES[step["name"]])
        summary = step["summary_zh"] if asked.language == "zh" else step["summary"]
        again = asked.words(REMEMBERED) if step["again"] else ""
        asked.show(f"{name:<14} {step['seconds']:>7.1f} s  {summary}{again}")
