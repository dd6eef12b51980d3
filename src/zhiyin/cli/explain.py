"""``zhiyin explain``: why one item is in a slate, by the explainer that is named."""

from typing import TYPE_CHECKING, Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.cli.recommend import FOR, SOMEBODY, ids
from zhiyin.core.digits import told_apart
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

if TYPE_CHECKING:
    from zhiyin.answering.why import By

ITEM = Sentence("{item}  {title}", "{item}  {title}")
PLACED = Sentence("place {place} of the slate", "推荐列表第 {place} 位")
UNPLACED = Sentence("not in the slate", "不在推荐列表中")
TOTAL = Sentence("the history adds {total} to its lead; each figure may be off by {error}",
                 "历史为其领先带来 {total}；每个数值的误差至多 {error}")  # fmt: skip
EXACT = Sentence("the history adds {total} to its lead", "历史为其领先带来 {total}")
EVENTS = Sentence("events of", "历史物品")
VALUE = Sentence("counts", "贡献")
COLUMN, MEANING, ADDS = Sentence("column", "列"), Sentence("meaning", "含义"), Sentence("adds", "增加")
OLDER = Sentence("(all that is older)", "（更早的全部）")
MOST_SHOWN = 10


def run(
    asked: Asked,
    item: Annotated[str, typer.Option(help="The id of the item to explain; in the slate or not.")],
    user: Annotated[str | None, typer.Option(help="The id of a person of the log.")] = None,
    history: Annotated[str | None, typer.Option(help="Item ids, oldest first: A,B")] = None,
    by: Annotated[
        str, typer.Option(help="loo, shapley, gradients, attention (a view, no reason), counterfactual or features.")
    ] = "loo",
    k: Annotated[int | None, typer.Option("-k", help="Length of the slate; the recipe's where not given.")] = None,
    model: Annotated[str | None, typer.Option(help="One model of the recipe alone; else the whole assembly.")] = None,
    budget_ms: Annotated[
        float | None, typer.Option(help="Milliseconds; where they are too few, a cheaper way answers and says so.")
    ] = None,
) -> None:
    """Why an item is in somebody's slate, or what would bring it in.

    Example: zhiyin explain --user 17850 --item 22720 --by counterfactual -w shop
    """
    if (user is None) == (history is None):
        raise SettingsError("give either --user U or --history A,B, one of the two")
    from zhiyin.pipeline.recommend import explain

    way: By = by  # type: ignore[assignment]  # `explained` refuses what is none
    answer = explain(
        asked.workspace, item, user=user, history=None if history is None else ids(history), by=way, k=k, model=model,
        budget_ms=budget_ms, language=asked.language,
    )  # fmt: skip
    for note in answer["notes"]:
        asked.note(f"zhiyin: {note}")
    asked.show(FOR, user=answer["user"] or asked.words(SOMEBODY))
    title = answer["title"] if answer["title"] != answer["item"] else ""
    asked.show(ITEM, item=answer["item"], title=title)
    place = answer["place"]
    asked.show(UNPLACED if place is None else asked.words(PLACED, place=place))
    asked.show(answer["text"])
    if answer["events"]:
        shown = answer["events"][:MOST_SHOWN]
        figures = told_apart([part["value"] for part in shown])
        rows = [[part["item"] or asked.words(OLDER), figure] for part, figure in zip(shown, figures, strict=True)]
        asked.table("", [asked.words(EVENTS), asked.words(VALUE)], rows)
    if answer["total"] is not None and answer["error"] is not None:
        words = TOTAL if answer["error"] else EXACT
        asked.show(words, total=f"{answer['total']:.3g}", error=f"{answer['error']:.2g}")
    if answer["columns"]:
        columns = [asked.words(sentence) for sentence in (COLUMN, ADDS, MEANING)]
        parts = answer["columns"][:MOST_SHOWN]
        asked.table("", columns, [[part["name"], f"{part['adds']:+.3f}", part["meaning"]] for part in parts])
    asked.answer(answer)
