"""Content vectors of the items, as ``[content.NAME]`` of the recipe has them made of the items' columns.

What was encoded stands in ``content/`` of the workspace and is looked up; an encoder that learned on the catalogue is
kept in the registry as ``content-NAME``, so that an item that comes later can be encoded as the others were.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zhiyin.core.errors import DataError, ModelError, SettingsError
from zhiyin.core.languages import Sentence
from zhiyin.core.progress import Progress
from zhiyin.data.contracts import Catalogue
from zhiyin.encoders import digest_of, encode_cached, estimator
from zhiyin.pipeline.once import Facts, once
from zhiyin.pipeline.recipe import ContentRecipe
from zhiyin.pipeline.workspace import Workspace

PREFIX = "content-"
"""Of an encoder's name in the registry."""
SPOILED = Sentence("content {name}: {n} of {of} items are treated as without: {reasons}",
                   "内容 {name}：{of} 件物品中有 {n} 件按缺失处理：{reasons}")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Content:
    """Blocks of vectors, and what is to be said of them."""

    blocks: Mapping[str, np.ndarray]
    """float32 (N, D) each; a NaN row is an item without."""
    encoders: Mapping[str, Any]
    """That made them, ready to encode more."""
    facts: Mapping[str, Facts]
    """Of each block: encoder, what it reads, columns, width, items (with content), absent, unusable (why → items)."""

    def on(self, catalogue: Catalogue) -> Catalogue:
        """The items with these blocks; a column that held vectors is a block now, and no column any more."""
        became = {column for facts in self.facts.values() if facts["reads"] == "vectors" for column in facts["columns"]}
        columns = {name: column for name, column in catalogue.columns.items() if name not in became}
        return replace(catalogue, columns=columns, content=self.blocks)

    @property
    def digest(self) -> str:
        """sha256 of all blocks."""
        digest = hashlib.sha256()
        for name, block in sorted(self.blocks.items()):
            digest.update(f"{name}{block.shape}".encode())
            digest.update(np.ascontiguousarray(block).tobytes())
        return digest.hexdigest()


def content_of(
    catalogue: Catalogue, recipes: Mapping[str, ContentRecipe], workspace: Workspace, progress: Progress
) -> Content:
    """Every block of the recipe.

    Raises `SettingsError` for a column that the items do not have, `DataError` where no item has usable content.
    """
    blocks, encoders, facts = {}, {}, {}
    for name, recipe in recipes.items():
        things = things_of(catalogue, name, recipe, workspace.folder)
        encoder = _encoder(name, recipe, things, workspace, progress)
        if encoder.reads == "vectors":
            found = encoder.encode(things)
        else:
            found = encode_cached(encoder, things, workspace.folder / "content", progress=progress)
        blocks[name], encoders[name] = found.vectors, encoder
        n_items = int(np.isfinite(found.vectors).all(axis=1).sum())
        facts[name] = {
            "encoder": recipe.encoder, "reads": encoder.reads, "columns": list(recipe.columns), "width": encoder.width,
            "items": n_items, "absent": len(things) - n_items - len(found.unusable), "unusable": found.reasons,
        }  # fmt: skip
        reasons = "; ".join(f"{why} ({n})" for why, n in list(found.reasons.items())[:3])
        if not n_items:
            raise DataError(
                f"[content.{name}]: no item has anything in {', '.join(recipe.columns)} that {recipe.encoder} can use"
                f"{': ' if reasons else ''}{reasons}; correct columns or folder, or take the section out",
                found=reasons,
            )  # fmt: skip
        if found.unusable:
            progress.say(SPOILED.said("en", name=name, n=len(found.unusable), of=len(things), reasons=reasons))
    return Content(blocks, encoders, facts)


def things_of(catalogue: Catalogue, name: str, recipe: ContentRecipe, workspace: Path) -> list[Any]:
    """What the encoder is given for each item: a text, or the path of a file; None where the columns hold nothing."""
    for column in recipe.columns:
        if column not in catalogue.columns:
            raise SettingsError.unknown(
                f"[content.{name}] names column {column!r}, which the items do not have", column, catalogue.columns,
                "their columns are",
            )  # fmt: skip
    reads = estimator(recipe.encoder).reads
    if reads == "text":
        columns = [catalogue.columns[column] for column in recipe.columns]
        return [_joined(cells) for cells in zip(*columns, strict=True)]
    if len(recipe.columns) > 1:
        raise SettingsError(
            f"[content.{name}] gives {len(recipe.columns)} columns to {recipe.encoder}, which reads one; "
            "write a section for each", found=", ".join(recipe.columns), allowed="one column",
        )  # fmt: skip
    cells = [None if _missing(cell) else cell for cell in catalogue.columns[recipe.columns[0]]]
    if reads == "vectors":
        return cells
    start = workspace / (recipe.folder or "")
    return [None if cell is None else start / str(cell) for cell in cells]


def _joined(cells: Iterable[Any]) -> str | None:
    words = [", ".join(map(str, cell)) if isinstance(cell, Sequence | np.ndarray) and not isinstance(cell, str)
             else str(cell) for cell in cells if not _missing(cell)]  # fmt: skip
    return ". ".join(words) or None


def _missing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and np.isnan(cell))


def _encoder(name: str, recipe: ContentRecipe, things: list[Any], workspace: Workspace, progress: Progress) -> Any:
    """Ready to encode: as it comes, or, where it learns, as it learned on these things."""
    encoder = estimator(recipe.encoder)(**recipe.settings)
    if not encoder.learns:
        return encoder
    told = hashlib.sha256(b"".join(bytes(16) if thing is None else digest_of(thing) for thing in things))
    inputs = {"encoder": recipe.encoder, "settings": recipe.settings, "things": told.hexdigest()}

    def make(key: str) -> Facts:
        try:
            encoder.fit(things, progress=progress)
        except ModelError as error:
            raise ModelError(f"[content.{name}]: {error.message}", found=error.found) from None
        version = workspace.versions.save(f"{PREFIX}{name}", encoder)
        return {"version": version, "digest": encoder.digest}

    facts = once(
        workspace, f"{PREFIX}{name}", inputs, make,
        there=lambda facts: workspace.versions.load(f"{PREFIX}{name}", facts["version"]).digest == facts["digest"],
    )  # fmt: skip
    return workspace.versions.load(f"{PREFIX}{name}", facts["version"])
