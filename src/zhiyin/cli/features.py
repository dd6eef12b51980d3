"""``zhiyin features list|show|check``: the columns that the rankers read, what they hold, and if one looks ahead."""

from typing import Annotated, Literal

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

TITLE = Sentence(
    "{n} columns of {rows} rows; counts: share in what {ranker} says",
    "{rows} 行的 {n} 列；占比：在 {ranker} 中的重要性",
)
COLUMNS = (
    Sentence("column", "列"), Sentence("known", "有值"), Sentence("counts", "占比"), Sentence("what it is", "含义"),
)  # fmt: skip
SHOWN = (
    Sentence("what it is", "含义"), Sentence("reads", "读取"), Sentence("known", "有值"),
    Sentence("5 %, 50 %, 95 %", "5%、50%、95%"), Sentence("mean where taken / not taken", "选取 / 未选取时的均值"),
    Sentence("counts", "占比"),
)  # fmt: skip
TRUE = Sentence(
    "{n} features: none changes when later events are put into the log", "{n} 个特征：加入之后的事件，均无变化"
)
AHEAD = Sentence(
    "looks at the future: {names}; its numbers change when later events are put into the log. Count what was before "
    "requests.now alone",
    "看到了未来：{names}；加入之后的事件，其数值会改变。请只统计 requests.now 之前的事件",
)


def run(
    asked: Asked,
    what: Annotated[
        Literal["list", "show", "check"],
        typer.Argument(help="list all columns, show one, or check that none looks at the future."),
    ] = "list",
    name: Annotated[str | None, typer.Argument(help="The column that `show` shows.")] = None,
) -> None:
    """The columns of the feature table of the last run, what each means, and what the ranker makes of it.

    `check` puts later events into the log and ends with 1 where a number of the past moves.

    Example: zhiyin features show popularity_7d -w shop
    """
    if (what == "show") != (name is not None):
        raise SettingsError("show needs the name of a column, list and check need none; try: zhiyin features list")
    workspace = asked.prepared
    from zhiyin.pipeline.columns import ahead_of, columns_of

    if what == "check":
        checked = ahead_of(workspace, progress=asked.progress)
        asked.answer(checked)
        if checked["ahead"]:
            asked.note(asked.words(AHEAD, names=", ".join(checked["ahead"])))
            raise typer.Exit(1)
        asked.show(TRUE, n=checked["features"])
        return
    table = columns_of(workspace, progress=asked.progress)
    if name is None:
        rows = [[c["name"], f"{c['known']:.0%}", f"{c['counts']:.1%}", c["meaning"]] for c in table["columns"]]
        title = asked.words(TITLE, n=len(rows), rows=f"{table['rows']:,}", ranker=table["ranker"] or "–")
        asked.table(title, [asked.words(column) for column in COLUMNS], rows)
        asked.answer(table)
        return
    found = next((column for column in table["columns"] if column["name"] == name), None)
    if found is None:
        raise SettingsError.unknown(f"there is no column {name!r}", name, [c["name"] for c in table["columns"]])
    low, middle, high = (_number(found["quantiles"][part]) for part in ("5", "50", "95"))
    values = [
        found["meaning"], ", ".join(found["inputs"]), f"{found['known']:.1%}", f"{low}, {middle}, {high}",
        f"{_number(found['mean_taken'])} / {_number(found['mean_not_taken'])}", f"{found['counts']:.1%}",
    ]  # fmt: skip
    asked.table(name, ["", ""], [[asked.words(word), value] for word, value in zip(SHOWN, values, strict=True)])
    asked.answer(found)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
