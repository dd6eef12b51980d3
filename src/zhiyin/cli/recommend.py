"""``zhiyin recommend``: a slate with reasons, or lists for everybody."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.digits import told_apart
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence
from zhiyin.core.terminal import harmless

if TYPE_CHECKING:
    from zhiyin.core.wire import SlateJSON

FOR = Sentence("for {user}", "给 {user}")
SOMEBODY = Sentence("somebody new", "新访客")
NOTHING = Sentence("  nothing to recommend", "  没有可推荐的商品")

WRITTEN = Sentence("{people} people, {items} items: {path}", "{people} 人，{items} 条推荐：{path}")
WITHOUT = Sentence("  nothing to recommend to {n} of them", "  其中 {n} 人没有可推荐的商品")
UNKNOWN = Sentence("  the log does not know {n} of them: answered as for somebody new",
                   "  其中 {n} 人不在日志中：按新访客推荐")  # fmt: skip


def run(
    asked: Asked,
    user: Annotated[str | None, typer.Option(help="The id of a person of the log.")] = None,
    history: Annotated[str | None, typer.Option(help="Item ids, oldest first: A,B (empty: somebody new).")] = None,
    without: Annotated[str | None, typer.Option(help="Take all events of these items out first: A,B")] = None,
    k: Annotated[int | None, typer.Option("-k", help="How many; the recipe's where not given.")] = None,
    model: Annotated[str | None, typer.Option(help="One model of the recipe alone; else the whole assembly.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Lists for everybody of the log, into a file.")] = False,
    users: Annotated[Path | None, typer.Option(help="With --all: only the people of this file.")] = None,
    out: Annotated[Path | None, typer.Option(help="With --all: a .parquet, .csv or .jsonl file.")] = None,
    reasons: Annotated[bool, typer.Option("--reasons", help="With --all: each item with its reason (slow).")] = False,
) -> None:
    """A slate for a person of the log, or for a bare history, each item with its reason; or lists for everybody.

    Example: zhiyin recommend --user 17850 --without 85123A -w shop

    Example: zhiyin recommend --all -k 100 --out lists.parquet -w shop
    """
    if [user is None, history is None, not everybody].count(False) != 1:
        raise SettingsError("give either --user U or --history A,B or --all, one of the three")
    if not everybody and (users is not None or out is not None or reasons):
        raise SettingsError("--users, --out and --reasons belong to --all; give --all too, or leave them out")
    if without is not None and user is None:
        raise SettingsError(
            "--without takes items out of a person's history; give --user too, or leave them out of --history"
        )
    if everybody:
        return write_everybody(asked, out, users=users, k=k, model=model, reasons=reasons)
    from zhiyin.pipeline.recommend import recommend

    answer = recommend(
        asked.workspace, user=user, history=None if history is None else ids(history), without=ids(without or ""), k=k,
        model=model, language=asked.language,
    )  # fmt: skip
    for slate in answer["recommendations"]:
        show_slate(asked, slate)
    asked.answer(answer)
    return None


def write_everybody(asked: Asked, out: Path | None, *, reasons: bool, **further: Any) -> None:
    """Into a file; as JSON lines on stdout where JSON was asked for and no file was named."""
    from zhiyin.pipeline import everybody
    from zhiyin.pipeline.lists import JSONLists, checked_form
    from zhiyin.pipeline.recommend import remarks

    path = out or asked.folder / "recommendations.parquet"
    checked_form(path)
    people = everybody.everybody_of(asked.workspace, language=asked.language, reasons=reasons, **further)
    for remark in remarks(asked.workspace, people.answerer, asked.language):
        asked.note(f"zhiyin: {remark}")
    if asked.as_json and out is None:
        people.write(JSONLists(lambda line: typer.echo(harmless(line), nl=False), people.model), asked.progress)
        return
    written = everybody.written(people, path, asked.progress)
    asked.show(WRITTEN, people=written.people, items=written.items, path=path)
    for sentence, n in ((WITHOUT, written.without), (UNKNOWN, written.unknown)):
        if n:
            asked.show(sentence, n=n)
    asked.answer({"recommendations": str(path), **asdict(written)})


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
    scores = told_apart([item["score"] for item in slate["items"]])
    for number, (item, score) in enumerate(zip(slate["items"], scores, strict=True), start=1):
        columns: dict[str, Any] = item.get("columns", {})
        title = columns.get("title")
        words = f"  {title}" if title else ""
        reason = f"\n      {item['reason']}" if item.get("reason") else ""
        asked.show(f"  {number:>2}  {item['item']}{words}  ({score}){reason}")
