"""``zhiyin compare``: is one model better than another, and what difference could this test set have shown."""

from typing import Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.languages import Sentence

TITLE = Sentence(
    "{first} beside each other in {metric}, paired over people; interval and p of one pair alone, p (Holm) "
    "corrected for all {n} pairs (in --json)",
    "{first} 与其他列表的 {metric} 之差，按人配对；区间和 p 针对单个配对，p（Holm）按全部 {n} 个配对校正（见 --json）",
)
PRIMARY = Sentence("The one to ask first is what answers, {first}, beside popularity: there p alone counts.",
                   "首先看的是负责推荐的 {first} 与热门榜的比较：只看 p。")  # fmt: skip
COLUMNS = (
    Sentence("pair", "对比"), Sentence("difference", "差值"), Sentence("95 % interval", "95% 区间"), Sentence("p", "p"),
    Sentence("p (Holm)", "p（Holm）"), Sentence("detectable", "可检出差值"),
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

    result = run_line(workspace, progress=asked.progress, answers=False, metric=metric)
    show_comparison(asked, result["comparison"], metric, result["answers"])
    asked.answer({**result["comparison"], "answers": result["answers"]})


def show_comparison(asked: Asked, comparison: dict[str, Any], metric: str, answers: str | None) -> None:
    """The list that answers beside each other one (where none alone does, the best); every pair stands in the JSON."""
    first = answers or _best(comparison["pairs"])
    rows = [
        [
            f"{pair['a']} − {pair['b']}", f"{pair['difference']:+.4f}", f"[{pair['low']:+.4f}, {pair['high']:+.4f}]",
            f"{pair['p']:.3f}", f"{pair['p_holm']:.3f}", f"{pair['detectable']:.4f}",
        ]
        for pair in comparison["pairs"]
        if first in (pair["a"], pair["b"])
    ]  # fmt: skip
    title = asked.words(TITLE, first=first, metric=metric, n=len(comparison["pairs"]))
    asked.table(title, [asked.words(column) for column in COLUMNS], rows)
    if answers:
        asked.show(PRIMARY, first=first)


def _best(pairs: list[dict[str, Any]]) -> str | None:
    """The list that is ahead of the others by the largest sum."""
    ahead: dict[str, float] = {}
    for pair in pairs:
        ahead[pair["a"]] = ahead.get(pair["a"], 0) + pair["difference"]
        ahead[pair["b"]] = ahead.get(pair["b"], 0) - pair["difference"]
    return max(ahead, key=lambda name: ahead[name], default=None)
