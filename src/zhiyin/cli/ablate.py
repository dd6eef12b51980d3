"""``zhiyin ablate``: what the large models' columns add to a ranker's other columns."""

from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

TITLE = Sentence(
    "What each group of columns adds to {metric} beside none, same predictor; {people} test people, p after Holm",
    "各组列相对于没有大模型列、同一预测模型的 {metric} 提高；{people} 个测试用户，p 经 Holm 校正",
)
CONTROL = Sentence("Control: the same, shuffled between people", "对照：同样的列在用户之间打乱")
CONTENT = Sentence(
    "{model} with all content: {metric} {value}; {people} test people, differences to that, p after Holm",
    "{model} 使用全部内容：{metric} {value}；{people} 个测试用户，与之相比的差值，p 经 Holm 校正",
)
CONTENT_BLOCK, VALUE = Sentence("content", "内容"), Sentence("value", "数值")
COLUMNS = (
    Sentence("columns", "列"), Sentence("predictor", "预测模型"), Sentence("difference", "差值"),
    Sentence("95 % interval", "95% 区间"), Sentence("p", "p"),
)  # fmt: skip


def run(
    asked: Asked,
    people: Annotated[int, typer.Option(min=1, help="Test people at most, drawn by the seed.")] = 3_000,
    content: Annotated[bool, typer.Option("--content", help="What content adds to a model, instead.")] = False,
    model: Annotated[str | None, typer.Option(help="With --content: the model; else the first that reads it.")] = None,
) -> None:
    """Which large models are worth their cost: {none, VAE, GAN, Transformer, all} by four predictors, with a control.

    Or (--content) what each block of content is: without it, and with it shuffled between items. Kept in runs/; the
    report shows it. Example: zhiyin ablate -w shop
    """
    workspace = asked.prepared
    if content:
        _content(asked, model)
        return
    if model is not None:
        raise SettingsError("--model says whose content is weighed; give --content too")
    from zhiyin.experiments import ablate

    found = ablate(workspace, people=people, progress=asked.progress)
    titles = (asked.words(TITLE, metric=found["metric"], people=found["people"]), asked.words(CONTROL))
    for title, cells in zip(titles, (found["cells"], found["control"]["cells"]), strict=True):
        rows = [
            [
                cell["features"], cell["predictor"], f"{cell['difference']:+.4f}",
                f"[{cell['low']:+.4f}, {cell['high']:+.4f}]", f"{cell['p_holm']:.3f}",
            ]
            for cell in cells
        ]  # fmt: skip
        asked.table(title, [asked.words(column) for column in COLUMNS], rows)
    asked.show(found["verdict" if asked.language == "en" else "verdict_zh"])
    asked.answer({key: found[key] for key in ("cells", "control", "metric", "people", "base", "verdict")})


def _content(asked: Asked, model: str | None) -> None:
    from zhiyin.experiments import weigh_content

    found = weigh_content(asked.prepared, model, progress=asked.progress)
    rows = [
        [cell["content"], f"{cell['value']:.4f}", f"{cell['difference']:+.4f}",
         f"[{cell['low']:+.4f}, {cell['high']:+.4f}]", f"{cell['p_holm']:.3f}"]
        for cell in found["cells"]
    ]  # fmt: skip
    title = asked.words(CONTENT, model=found["model"], metric=found["metric"], value=f"{found['value']:.4f}",
                        people=found["people"])  # fmt: skip
    heads = (CONTENT_BLOCK, VALUE, *COLUMNS[2:])
    asked.table(title, [asked.words(column) for column in heads], rows)
    asked.answer({key: found[key] for key in ("model", "metric", "people", "value", "cells")})
