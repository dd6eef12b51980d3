"""Items by their content: those that words describe, and those that are like one.

Words find texts where both were encoded alike. They find images and sounds by an alignment that is learned, each time,
on the items that have both: a block made of texts and the block that is looked through.
"""

from typing import Any

import numpy as np

from zhiyin.core.errors import DataError, SettingsError
from zhiyin.core.lengths import at_length_one
from zhiyin.core.progress import Progress
from zhiyin.core.wire import Recommendations
from zhiyin.encoders import Unusable, estimator
from zhiyin.encoders.alignment import Alignment
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.specify import titles_of
from zhiyin.pipeline.workspace import Workspace
from zhiyin.retrieval import best_rows

NO_CONTENT = (
    'the recipe has no [content.NAME]; add one, for example  [content.words]  encoder = "Sentences"  '
    'columns = ["title"]'
)


def described_by(
    workspace: Workspace, words: str, *, by: str | None = None, k: int = 10, progress: Progress | None = None
) -> Recommendations:
    """The items whose content ``by`` (a block of the recipe; the first where not named) fits the words best.

    Raises `DataError` for words that say nothing, `SettingsError` where an image or a sound is looked for and no block
    is made of texts.
    """
    line, block = _looked_through(workspace, by, progress)
    content = line.dataset.catalogue.content
    spoken = block if _reads(line, block) == "text" else _spoken(line, block)
    encoder = line.content.encoders[spoken]
    try:
        asked = encoder.vectors([encoder.prepared(words)])
    except Unusable as why:
        raise DataError(f"nothing can be looked for by {words[:80]!r}: {why}; give words", found=words[:80]) from None
    if spoken == block:
        likeness = asked @ at_length_one(content[block]).T
    else:
        likeness = Alignment.learn(content[block], content[spoken]).likeness(asked, content[block])
    return _slate(line, likeness, k, block)


def like(workspace: Workspace, item: str, *, by: str, k: int = 10, progress: Progress | None = None) -> Recommendations:
    """The items whose content ``by`` is nearest to that of one. Raises `DataError` for an item without."""
    line, block = _looked_through(workspace, by, progress)
    catalogue = line.dataset.catalogue
    if item not in catalogue.ids:
        raise DataError(f"item {catalogue.ids.hint(item)}; give an item id of the catalogue", found=item)
    row, vectors = catalogue.ids.row(item), at_length_one(catalogue.content[block])
    if np.isnan(vectors[row]).any():
        raise DataError(
            f"item {item!r} has no content {block!r}; ask for another item, or by another block", found=item
        )
    likeness = vectors[[row]] @ vectors.T
    likeness[0, row] = np.nan
    return _slate(line, likeness, k, block)


def _looked_through(workspace: Workspace, by: str | None, progress: Progress | None) -> tuple[Line, str]:
    line = Line(workspace, Recipe.load(workspace.recipe_path), progress)
    blocks = line.recipe.content
    if not blocks:
        raise SettingsError(NO_CONTENT)
    if by is not None and by not in blocks:
        raise SettingsError.unknown(f"the recipe has no [content.{by}]", by, blocks, "its content is")
    return line, by or next(iter(blocks))


def _reads(line: Line, block: str) -> str:
    return estimator(line.recipe.content[block].encoder).reads


def _spoken(line: Line, block: str) -> str:
    """The first block that is made of texts."""
    found = next((name for name in line.recipe.content if _reads(line, name) == "text"), None)
    if found is None:
        raise SettingsError(
            f"words find [content.{block}] by items that have a text, too, and no [content.NAME] is made of texts; add "
            '[content.words]  encoder = "Sentences"  columns = ["title"]',
        )  # fmt: skip
    return found


def _slate(line: Line, likeness: np.ndarray, k: int, block: str) -> Recommendations:
    """The best ``k`` of likeness (1, N), NaN rows left out."""
    there = np.isfinite(likeness[0])
    rows, scores = best_rows(np.nan_to_num(likeness.astype(np.float32)), min(k, int(there.sum())), allowed=there)
    ids = line.dataset.catalogue.ids.take(rows[0])
    titles = titles_of(line.dataset.catalogue, ids)
    items: list[Any] = [
        {"item": item, "score": float(score), "source": block,
         **({"columns": {"title": titles[item]}} if item in titles else {})}
        for item, score in zip(ids, scores[0], strict=True)
    ]  # fmt: skip
    return {"recommendations": [{"user": None, "request_id": None, "model": None, "rung": None, "items": items,
                                 "unknown_items": [], "notes": []}]}  # fmt: skip
