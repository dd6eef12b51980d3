"""What content says of items, for somebody to look at: which are alike, and who would get one that nobody took yet."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np

from zhiyin.answering.questions import requests_of
from zhiyin.core.lengths import at_length_one
from zhiyin.data.contracts import Catalogue, Requests
from zhiyin.encoders import estimator
from zhiyin.pipeline.content import things_of
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.once import Facts
from zhiyin.retrieval import best_rows

EXAMPLES, NEAR = 4, 5
"""Items of each block that are shown, and how many like each."""
COLD, PEOPLE, ASKED = 3, 5, 1000
"""Items nobody took that are shown, people who would get each, and people who are asked about at most."""
PIXELS = 96
"""Longest side of a picture."""


def shown(line: Line) -> Facts:
    """Of every block: what it covers, and neighbours of the items taken most; cold items and their people; pictures."""
    catalogue = line.dataset.catalogue
    taken = np.bincount(line.dataset.histories.items, minlength=len(catalogue))
    near = {name: _near(catalogue, block, taken) for name, block in catalogue.content.items()}
    cold = _cold(line, taken)
    named = {one["item"] for rows in near.values() for row in rows for one in (row, *row["near"])}
    named |= {one["item"] for one in cold.get("items", [])}
    return {"blocks": dict(line.content.facts), "near": near, "cold": cold, "pictures": _pictures(line, named)}


def _near(catalogue: Catalogue, block: np.ndarray, taken: np.ndarray) -> list[Facts]:
    """For the items taken most those most alike, by the cosine of their vectors."""
    there = np.flatnonzero(np.isfinite(block).all(axis=1))
    if len(there) < 2:
        return []
    vectors = at_length_one(block[there])
    chosen = np.argsort(-taken[there], kind="stable")[:EXAMPLES]
    likeness = vectors[chosen] @ vectors.T
    likeness[np.arange(len(chosen)), chosen] = -np.inf  # each is most like itself
    rows, scores = best_rows(likeness, min(NEAR, len(there) - 1))
    return [
        {"item": catalogue.ids[int(there[item])],
         "near": [{"item": catalogue.ids[int(there[row])], "likeness": round(float(score), 4)}
                  for row, score in zip(found, alike, strict=True)]}
        for item, found, alike in zip(chosen, rows, scores, strict=True)
    ]  # fmt: skip


def _cold(line: Line, taken: np.ndarray) -> Facts:
    """Items that nobody took, and at which place of their list those would find them who would find them first."""
    model = next((name for name, one in line.models.items() if getattr(one.config, "content", False)), None)
    described = np.logical_or.reduce([np.isfinite(b).all(axis=1) for b in line.dataset.catalogue.content.values()])
    cold = np.flatnonzero((taken == 0) & described)[:COLD]
    people = np.flatnonzero(line.dataset.histories.lengths > 0)[:ASKED]
    if model is None or not len(cold) or not len(people):
        return {}
    requests: Requests = requests_of(line.dataset, people)
    scores = line.models[model].score(requests)
    users = line.dataset.users.take(people)
    items = []
    for row in cold:
        places = (scores > scores[:, [row]]).sum(axis=1) + 1
        first = np.argsort(places, kind="stable")[:PEOPLE]
        items.append({
            "item": line.dataset.catalogue.ids[int(row)],
            "people": [{"user": users[at], "place": int(places[at])} for at in first.tolist()],
        })  # fmt: skip
    return {"model": model, "of": len(people), "items": items}


def _pictures(line: Line, items: set[str]) -> dict[str, str]:
    """Small pictures of these items, as addresses that carry them; where a block is made of images."""
    found: dict[str, str] = {}
    for name, recipe in line.recipe.content.items():
        if estimator(recipe.encoder).reads == "image":
            files = things_of(line.log.catalogue, name, recipe, line.workspace.folder)
            for item in sorted(items):
                file = files[line.log.catalogue.ids.row(item)]
                if file is not None and (small := _small(file)):
                    found.setdefault(item, small)
    return found


def _small(file: Path) -> str | None:
    """``data:image/jpeg;base64,…``, or None for what is no picture."""
    from PIL import Image

    try:
        with Image.open(file) as image:
            image.draft("RGB", (PIXELS, PIXELS))
            small: Any = image.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    small.thumbnail((PIXELS, PIXELS))
    written = io.BytesIO()
    small.save(written, "JPEG", quality=70)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode()
