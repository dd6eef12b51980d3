"""From pictures or sounds to recommendations of things that nobody took yet.

`python examples/content.py clothes|digits FOLDER [WORKSPACE]`: FOLDER is a table ``items.parquet`` with the files that
it names. What people like is made up, so that it is known: each likes two kinds of ten and takes twelve things of
these; a fifth of all things is new, and nobody took it. The pictures (sounds) are encoded, a Mult-VAE learns on ids and
content, and everybody is offered ten new things. Says which share of them is of a kind that the person likes; chance is
a fifth. A report with what is alike by content is written into the workspace.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from zhiyin.data.ingest import ingest
from zhiyin.pipeline import Workspace
from zhiyin.pipeline.run import run
from zhiyin.reports import write

WORLDS = {"clothes": ("image", "category", "EfficientNet"), "digits": ("audio", "digit", "SoundNetwork")}
"""Column of the file, column of the kind, encoder."""
PEOPLE, LIKED, TAKEN, OFFERED = 600, 2, 12, 10
RECIPE = """
[split]
by = "last"

[content.{column}]
encoder = "{encoder}"
columns = ["{column}"]
folder = "{folder}"

[models.popular]
model = "Popular"

[models.vae]
model = "MultVAE"
epochs = 40
hidden = 128
latent = 64
content = true
content_dropout = 0.5
"""


def made_up(items: pl.DataFrame, kind: str, seed: int = 0) -> tuple[pl.DataFrame, dict[str, set[str]], list[str]]:
    """Events, the kinds that each person likes, and the things that nobody took."""
    rng = np.random.default_rng(seed)
    names, kinds = items["item"].to_list(), items[kind].cast(pl.String).to_numpy()
    new = rng.random(len(names)) < 0.2
    known = sorted(set(kinds))
    liked = {f"p{n}": set(rng.choice(known, LIKED, replace=False)) for n in range(PEOPLE)}
    events = [
        (person, names[row], place)
        for person, likes in liked.items()
        for place, row in enumerate(
            rng.choice(np.flatnonzero(np.isin(kinds, list(likes)) & ~new), TAKEN, replace=False)
        )
    ]
    log = pl.DataFrame(events, schema=["user", "item", "position"], orient="row")
    return log, liked, [name for name, is_new in zip(names, new, strict=True) if is_new]


def share_liked(
    workspace: Workspace, items: pl.DataFrame, kind: str, liked: dict[str, set[str]], new: list[str]
) -> float:
    """Of the ten new things that fit each person best the share that is of a kind that the person likes."""
    vae = workspace.versions.load("vae")
    log = workspace.snapshot().dataset()
    people = list(liked)
    lists = vae.recommend(log.history_of(people), k=OFFERED, allowed=new).ids
    kinds = dict(zip(items["item"], items[kind].cast(pl.String), strict=True))
    return float(np.mean([kinds[item] in liked[person] for person, offered in zip(people, lists, strict=True)
                          for item in offered]))  # fmt: skip


def main(world: str, folder: Path, workspace: Path) -> float:
    """The share; the workspace holds the recipe, the model and the report."""
    column, kind, encoder = WORLDS[world]
    items = pl.read_parquet(folder / "items.parquet")
    log, liked, new = made_up(items, kind)
    shop = Workspace.create(workspace)
    log.write_parquet(workspace / "log.parquet")
    items.select("item", column).write_parquet(workspace / "items.parquet")
    ingest([workspace / "log.parquet"], workspace, items=workspace / "items.parquet")
    shop.write(shop.recipe_path, RECIPE.format(column=column, encoder=encoder, folder=folder.resolve()))
    found = run(shop, until="models")
    write(found, shop.reports / "content.html")
    return share_liked(shop, items, kind, liked, new)


if __name__ == "__main__":
    place = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp(prefix="zhiyin-"))
    place.mkdir(parents=True, exist_ok=True)
    share = main(sys.argv[1], Path(sys.argv[2]), place)
    print(f"{share:.0%} of what is offered and nobody took yet is of a kind that the person likes (chance: 20%)")
    print(f"report: {place / 'reports' / 'content.html'}")
