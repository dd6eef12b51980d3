"""``zhiyin compare``: is one model better than another, and what difference could this test set have shown."""

from typing import Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.languages import Sentence

TITLE = Sentence(
    "The best beside each other in {metric}, paired over people; p after Holm over all pairs (in --json)",
    "最好的列表与其他列表的 {metric} 之差，按人配对；p 经全部配对的 Holm 校正（见 --json）",
)
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
    workspace = asked.evaluated
    from zhiyin.pipeline.run import run as run_line

    comparison = run_line(workspace, progress=asked.progress, answers=False, metric=metric)["comparison"]
    show_comparison(asked, comparison, metric)
    asked.answer(comparison)


def show_comparison(asked: Asked, comparison: dict[str, Any], metric: str) -> None:
    """The best list beside each other one; every pair stands in the JSON."""
    best = _best(comparison["pairs"])
    rows = [
        [
            f"{pair['a']} − {pair['b']}", f"{pair['difference']:+.4f}", f"[{pair['low']:+.4f}, {pair['high']:+.4f}]",
            f"{pair['p_holm']:.3f}", f"{pair['detectable']:.4f}",
        ]
        for pair in comparison["pairs"]
        if best in (pair["a"], pair["b"])
    ]  # fmt: skip
    asked.table(asked.words(TITLE, metric=metric), [asked.words(column) for column in COLUMNS], rows)


def _best(pairs: list[dict[str, Any]]) -> str | None:
    """The list that is ahead of the others by the largest sum."""
    ahead: dict[str, float] = {}
    for pair in pairs:
        ahead[pair["a"]] = ahead.get(pair["a"], 0) + pair["difference"]
        ahead[pair["b"]] = ahead.get(pair["b"], 0) - pair["difference"]
    return max(ahead, key=lambda name: ahead[name], default=None)
