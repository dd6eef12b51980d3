"""``zhiyin ingest``: a log into the workspace."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.cli.check import quality_table
from zhiyin.cli.command import Asked
from zhiyin.cli.serve import StoreOption
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

if TYPE_CHECKING:
    from zhiyin.data.ingest import Ingested

TAKEN = Sentence("{events} events of {users} people and {items} items; {quarantined} rows set aside",
                 "{events} 条事件，{users} 位用户，{items} 件商品；{quarantined} 行已隔离")  # fmt: skip
NOTHING_WRITTEN = Sentence("a dry run: nothing was written", "试运行：未写入任何内容")
REPEATED = Sentence("{name} was taken in before, as {known}: left out", "{name} 此前已导入（名为 {known}）：未再导入")
FORGOTTEN = Sentence("{rows} rows of people who were forgotten were not taken in (--with-forgotten would)",
                     "{rows} 行属于已被遗忘的用户，未导入（--with-forgotten 可导入）")  # fmt: skip
SCORE = Sentence("data quality {score:.2f} of 1", "数据质量 {score:.2f}（满分 1）")


def run(
    asked: Asked,
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or one folder; else the recipe's sources.")] = None,
    map_: Annotated[str | None, typer.Option("--map", help="ours=yours: user=CustomerID,item=StockCode")] = None,
    items: Annotated[
        str | None, typer.Option(help="A file of the items, a table or SELECT of --database, a sheet of the workbook.")
    ] = None,
    users: Annotated[str | None, typer.Option(help="The same of the people.")] = None,
    edges: Annotated[str | None, typer.Option(help="The same of social ties: user, friend.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count and show the guess; write nothing.")] = False,
    on_error: Annotated[
        str, typer.Option("--on-error", help="quarantine (set bad rows aside) or strict.")
    ] = "quarantine",
    append: Annotated[
        bool, typer.Option("--append", help="Add to the events that are there; a file that was added before is not.")
    ] = False,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of text: utf-8, gb18030 …; told from it by default.")] = None,
    time_format: Annotated[str | None, typer.Option("--time-format", help="%d.%m.%Y %H:%M; told by default.")] = None,
    database: Annotated[
        str | None, typer.Option(envvar="ZHIYIN_DATABASE", help="sqlite:///shop.db, postgresql://user:…@host/shop …")
    ] = None,
    table: Annotated[str | None, typer.Option(help="The table of the database that has the events.")] = None,
    sql: Annotated[str | None, typer.Option(help="Or a SELECT of your own.")] = None,
    with_forgotten: Annotated[
        bool, typer.Option("--with-forgotten", help="Take people in again who were forgotten.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Take events in: CSV, Excel, JSON lines, Parquet, RecBole, MovieLens, a person a line, .npz, a database.

    Rows that cannot be used are set aside with file, line and reason.

    Example: zhiyin ingest orders.csv --map user=CustomerID,item=StockCode -w shop

    Example: zhiyin ingest --database sqlite:///shop.db --table orders --items products -w shop
    """
    from zhiyin.data.ingest import ingest
    from zhiyin.data.noted import note_said
    from zhiyin.data.readers.reader import Form
    from zhiyin.pipeline.recipe import Recipe
    from zhiyin.pipeline.workspace import RECIPE, Workspace, shipped_recipe

    workspace = Workspace(asked.folder)
    recipe_path = asked.folder / RECIPE
    data = (Recipe.load(recipe_path) if recipe_path.exists() else Recipe.from_toml(shipped_recipe("default"))).data
    sources: Any = paths or [asked.folder / path for path in data.sources]
    if table or sql:
        sources = [_query(paths, database, table, sql)]
    if not sources:
        raise SettingsError(
            "no file was named, and [data] sources of the recipe is empty; name a file or a folder, or give --database "
            "and --table"
        )
    taken = ingest(
        sources[0] if len(sources) == 1 else sources, asked.folder, map={**data.map, **mapping(map_)},
        items=_side(items, database) or (asked.folder / data.items if data.items else None),
        users=_side(users, database) or (asked.folder / data.users if data.users else None),
        edges=_side(edges, database) or (asked.folder / data.edges if data.edges else None),
        on_error=on_error, dry_run=dry_run, append=append, progress=asked.progress,  # type: ignore[arg-type]
        form=Form(sheet, encoding, time_format), with_forgotten=with_forgotten,
    )  # fmt: skip
    if not dry_run:
        Workspace.create(workspace.folder)
    if taken.forgotten:
        asked.note(asked.words(FORGOTTEN, rows=taken.forgotten))
    if with_forgotten and not dry_run:
        _remembered(asked, store)
    forms = taken.guess.time.forms if taken.guess.time else ()
    for name, column in taken.guess.names.items():
        written = f" ({', '.join(forms)})" if name == "time" and forms else ""
        asked.note(f"{name} = {column}{written}")
    for note in taken.guess.notes:
        asked.note(getattr(note_said(note), asked.language))
    _show(asked, taken)
    if dry_run:
        asked.show(NOTHING_WRITTEN)
        asked.answer(_told(taken, None, None))
        return
    _answer(asked, taken)


def _remembered(asked: Asked, store: str | None) -> None:
    """The store of live events, where there is one, lets the log speak of them too."""
    from zhiyin.store.store import FILE, Store

    if store or (asked.folder / FILE).is_file():
        with Store.of(asked.folder, store) as opened:
            opened.people.remember(actor="command line")


def _query(paths: list[Path] | None, database: str | None, table: str | None, sql: str | None) -> Any:
    from zhiyin.data.sql import Query

    if paths or not database:
        found = f"the file {paths[0]}" if paths else "no database"
        raise SettingsError(
            f"--table and --sql read from a database, found {found}; give --database sqlite:///shop.db, or its address "
            "in ZHIYIN_DATABASE, and no file", found=found,
        )  # fmt: skip
    return Query(database, table, sql)


def _side(named: str | None, database: str | None) -> Any:
    """A table of items or people: a file, else of the database."""
    from zhiyin.data import sql

    return sql.named(database, named) if named and database and not os.path.exists(named) else named


def mapping(text: str | None) -> dict[str, str]:
    """``user=CustomerID,item=StockCode`` as a mapping; raises `SettingsError` for anything else."""
    pairs: dict[str, str] = {}
    for part in re.split(r",(?=\s*\w+\s*=)", text) if text else []:  # a comma may stand in a column's name
        ours, sign, yours = part.partition("=")
        if not sign or not ours.strip() or not yours.strip():
            raise SettingsError(
                f"--map: found {part!r}; give ours=yours, for example --map user=CustomerID,item=StockCode"
            )
        if ours.strip() in pairs:
            raise SettingsError(f"--map: {ours.strip()!r} stands twice; give each of our columns once")
        pairs[ours.strip()] = yours.strip()
    return pairs


def _counts(taken: "Ingested") -> dict[str, int]:
    return {"events": taken.events, "users": taken.users, "items": taken.items, "quarantined": taken.quarantined}


def _told(taken: "Ingested", snapshot: str | None, quality: Any) -> dict[str, Any]:
    return {"snapshot": snapshot, **_counts(taken), "repeated": dict(taken.repeated), "quality": quality}


def _show(asked: Asked, taken: "Ingested") -> None:
    from zhiyin.data.report import reason_said

    asked.show(TAKEN, **_counts(taken))
    for reason, rows in taken.reasons.items():
        asked.show(f"  {rows:>9,}  {getattr(reason_said(reason), asked.language)}")
    for name, known in taken.repeated.items():
        asked.show(REPEATED, name=name, known=known)


def _answer(asked: Asked, taken: "Ingested") -> None:
    from zhiyin.data.checks import run_checks

    snapshot = asked.workspace.snapshot()
    quality = run_checks(snapshot.events(), snapshot.items())
    asked.show(SCORE, score=quality.score)
    quality_table(asked, quality)
    asked.answer(_told(taken, taken.snapshot, quality.to_dict()))
