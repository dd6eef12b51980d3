"""``zhiyin ingest``: a log into the workspace."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.cli.check import quality_table
from zhiyin.cli.command import Asked
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

if TYPE_CHECKING:
    from zhiyin.data.ingest import Ingested

TAKEN = Sentence("{events} events of {users} people and {items} items; {quarantined} rows set aside",
                 "{events} 条事件，{users} 位用户，{items} 件商品；{quarantined} 行已隔离")  # fmt: skip
NOTHING_WRITTEN = Sentence("a dry run: nothing was written", "试运行：未写入任何内容")
SCORE = Sentence("data quality {score:.2f} of 1", "数据质量 {score:.2f}（满分 1）")


def run(
    asked: Asked,
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or one folder; else the recipe's sources.")] = None,
    map_: Annotated[str | None, typer.Option("--map", help="ours=yours: user=CustomerID,item=StockCode")] = None,
    items: Annotated[Path | None, typer.Option(help="A table of the items.")] = None,
    users: Annotated[Path | None, typer.Option(help="A table of the people.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count and show the guess; write nothing.")] = False,
    on_error: Annotated[
        str, typer.Option("--on-error", help="quarantine (set bad rows aside) or strict.")
    ] = "quarantine",
    append: Annotated[bool, typer.Option("--append", help="Add to the events that are there.")] = False,
) -> None:
    """Take events in; rows that cannot be used are set aside with file, line and reason.

    Example: zhiyin ingest orders.csv --map user=CustomerID,item=StockCode -w shop
    """
    from zhiyin.data.ingest import ingest
    from zhiyin.pipeline.recipe import Recipe
    from zhiyin.pipeline.workspace import RECIPE, Workspace, shipped_recipe

    workspace = Workspace(asked.folder)
    recipe_path = asked.folder / RECIPE
    data = (Recipe.load(recipe_path) if recipe_path.exists() else Recipe.from_toml(shipped_recipe("default"))).data
    sources: Any = paths or [asked.folder / path for path in data.sources]
    if not sources:
        raise SettingsError("no file was named, and [data] sources of the recipe is empty; name a file or a folder")
    taken = ingest(
        sources[0] if len(sources) == 1 else sources, asked.folder, map={**data.map, **mapping(map_)},
        items=items or (asked.folder / data.items if data.items else None),
        users=users or (asked.folder / data.users if data.users else None),
        on_error=on_error, dry_run=dry_run, append=append, progress=asked.progress,  # type: ignore[arg-type]
    )  # fmt: skip
    if not dry_run:
        Workspace.create(workspace.folder)
    for name, column in taken.guess.names.items():
        asked.note(f"{name} = {column}")
    for note in taken.guess.notes:
        asked.note(str(note))
    _show(asked, taken)
    if dry_run:
        asked.show(NOTHING_WRITTEN)
        asked.answer({**_counts(taken), "snapshot": None, "quality": None})
        return
    _answer(asked, taken)


def mapping(text: str | None) -> dict[str, str]:
    """``user=CustomerID,item=StockCode`` as a mapping; raises `SettingsError` for anything else."""
    pairs: dict[str, str] = {}
    for part in (text or "").split(",") if text else []:
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


def _show(asked: Asked, taken: "Ingested") -> None:
    asked.show(TAKEN, **_counts(taken))
    for reason, rows in taken.reasons.items():
        asked.show(f"  {rows:>9,}  {reason}")


def _answer(asked: Asked, taken: "Ingested") -> None:
    from zhiyin.data.checks import run_checks

    snapshot = asked.workspace.snapshot()
    quality = run_checks(snapshot.events(), snapshot.items())
    asked.show(SCORE, score=quality.score)
    quality_table(asked, quality)
    asked.answer({"snapshot": taken.snapshot, **_counts(taken), "quality": quality.to_dict()})
