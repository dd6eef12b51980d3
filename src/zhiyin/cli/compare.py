"""``zhiyin compare``: is one model better than another, and what difference could this test set have shown."""

from typing import Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.languages import Sentence

TITLE = Sentence("Differences in {metric}, paired over people; p after Holm", "{metric} 之差，按人配对；p 经 Holm 校正")
COLUMNS = (
    Sentence("pair", "对比"), Sentence("difference", "差值"), Sentence("95 % interval", "95% 区间"), Sentence("p", "p"),
    Sentence("detectable", "可检出差值"),
)  # fmt: skip


def run(
    asked: Asked,
    metric: Annotated[str, typer.Option(help="The metric compared.")] = "ndcg@10",
) -> None:
    """Every pair of models on the same people: difference, interval, p, and what could have been detected.

    Example: zhiyin compare --metric recall@10 -w shop
    """
    workspace = asked.prepared
    from zhiyin.pipeline.run import run as run_line

    comparison = run_line(workspace, progress=asked.progress, answers=False, metric=metric)["comparison"]
    show_comparison(asked, comparison, metric)
    asked.answer(comparison)


def show_comparison(asked: Asked, comparison: dict[str, Any], metric: str) -> None:
    """Each pair on a line."""
    rows = [
        [
            f"{pair['a']} − {pair['b']}", f"{pair['difference']:+.4f}", f"[{pair['low']:+.4f}, {pair['high']:+.4f}]",
            f"{pair['p_holm']:.3f}", f"{pair['detectable']:.4f}",
        ]
        for pair in comparison["pairs"]
    ]  # fmt: skip
    asked.table(asked.words(TITLE, metric=metric), [asked.words(column) for column in COLUMNS], rows)
