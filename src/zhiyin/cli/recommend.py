"""``zhiyin recommend``: a slate with reasons."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

if TYPE_CHECKING:
    from zhiyin.core.wire import SlateJSON

FOR = Sentence("for {user}", "给 {user}")
SOMEBODY = Sentence("somebody new", "新访客")
NOTHING = Sentence("  nothing to recommend", "  没有可推荐的商品")


def run(
    asked: Asked,
    user: Annotated[str | None, typer.Option(help="The id of a person of the log.")] = None,
    history: Annotated[str | None, typer.Option(help="Item ids, oldest first: A,B (empty: somebody new).")] = None,
    without: Annotated[str | None, typer.Option(help="Take all events of these items out first: A,B")] = None,
    k: Annotated[int | None, typer.Option("-k", help="How many; the recipe's where not given.")] = None,
    model: Annotated[str | None, typer.Option(help="One model of the recipe alone; else the whole assembly.")] = None,
) -> None:
    """A slate for a person of the log, or for a bare history, each item with its reason.

    Example: zhiyin recommend --user 17850 --without 85123A -w shop
    """
    if (user is None) == (history is None):
        raise SettingsError("give either --user U or --history A,B, one of the two")
    if without is not None and user is None:
        raise SettingsError(
            "--without takes items out of a person's history; give --user too, or leave them out of --history"
        )
    from zhiyin.pipeline.recommend import recommend

    answer = recommend(
        asked.workspace, user=user, history=None if history is None else ids(history), without=ids(without or ""), k=k,
        model=model, language=asked.language,
    )  # fmt: skip
    for slate in answer["recommendations"]:
        show_slate(asked, slate)
    asked.answer(answer)


def ids(text: str) -> list[str]:
    """``A,B`` as ids; an id that has a comma stands in double quotes, as in CSV."""
    import csv
    import io

    rows = list(csv.reader(io.StringIO(text, newline="")))
    return [id_ for row in rows for id_ in row if id_]


def show_slate(asked: Asked, slate: "SlateJSON") -> None:
    """Each item on a line with its title and its reason."""
    asked.show(FOR, user=slate["user"] or asked.words(SOMEBODY))
    show_items(asked, slate)


def show_items(asked: Asked, slate: "SlateJSON") -> None:
    """The notes, then the items."""
    for note in slate["notes"]:
        asked.note(f"zhiyin: {note}")
    if not slate["items"]:
        asked.show(NOTHING)
    for number, item in enumerate(slate["items"], start=1):
        columns: dict[str, Any] = item.get("columns", {})
        title = columns.get("title")
        words = f"  {title}" if title else ""
        reason = f"\n      {item['reason']}" if item.get("reason") else ""
        asked.show(f"  {number:>2}  {item['item']}{words}  ({item['score']:.3f}){reason}")
