"""``zhiyin evaluate``: how good each model is, with intervals."""

from typing import Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

TITLE = Sentence(
    "{rule}; {n} test cases; 95 % intervals over people", "{rule}；{n} 个测试样本；按人计算的 95% 置信区间"
)
MODEL = Sentence("model", "模型")
WARNING = Sentence("warning: {text}", "警告：{text}")
LEAKS = Sentence("leakage audit: {verdict}", "泄漏检查：{verdict}")


def run(
    asked: Asked,
    metrics: Annotated[str | None, typer.Option(help="Of those made, for example ndcg@10,recall@10.")] = None,
) -> None:
    """Every model of the recipe, popularity and chance beside them, on the test part; nothing is trained twice.

    Example: zhiyin evaluate --metrics ndcg@10,recall@10 -w shop
    """
    workspace = asked.evaluated
    from zhiyin.pipeline.run import run as run_line

    evaluation = run_line(workspace, progress=asked.progress, answers=False)["evaluation"]
    show_evaluation(asked, evaluation, None if metrics is None else metrics.split(","))
    asked.answer(evaluation)


def show_evaluation(asked: Asked, evaluation: dict[str, Any], metrics: list[str] | None = None) -> None:
    """Models by metrics, each with its interval."""
    models = evaluation["models"]
    known = list(dict.fromkeys(metric for figures in models.values() for metric in figures))
    for metric in metrics or ():
        if metric not in known:
            raise SettingsError.unknown(f"there is no metric {metric!r}", metric, known, "made were")
    chosen = metrics or [metric for metric in ("ndcg@10", "recall@10", "coverage@10") if metric in known]
    rows = [[name, *[_figure(figures.get(metric)) for metric in chosen]] for name, figures in models.items()]
    split = evaluation["split"]
    rule = split.get("rule_zh") if asked.language == "zh" else None
    title = asked.words(TITLE, rule=rule or split.get("rule", ""), n=split.get("cases", "?"))
    asked.table(title, [asked.words(MODEL), *chosen], rows)
    for warning in split.get("warnings", ()):
        asked.show(WARNING, text=warning)
    from zhiyin.reports.words import WORDS

    verdict = evaluation["leakage"]["verdict"]
    asked.show(LEAKS, verdict=asked.words(WORDS[verdict]))


def _figure(figure: dict[str, float] | None) -> str:
    return "–" if figure is None else f"{figure['value']:.4f} [{figure['low']:.4f}, {figure['high']:.4f}]"
