"""Forgetting a person: out of the log that was taken in, and not taken in again from old files unless asked.

``WORKSPACE/data/forgotten`` holds a sha256 of each id that was forgotten; the ids themselves are nowhere.
"""

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import polars as pl

from zhiyin.core.errors import DataError
from zhiyin.core.files import disk_errors, whole_file
from zhiyin.data.report import counted
from zhiyin.data.side import items_of_events
from zhiyin.data.snapshots import FACTS, TIES, Snapshot, linked, new_snapshot

FILE = "forgotten"


def digest_of(user: str) -> str:
    """What stands for a person who was forgotten: sha256 of the id, as hex."""
    return hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()


def forgotten(workspace: Path) -> frozenset[str]:
    """The digests of all who were forgotten here."""
    path = workspace / "data" / FILE
    return frozenset(path.read_text("utf-8").split()) if path.is_file() else frozenset()


def remember(workspace: Path) -> None:
    """Everybody may be taken in again."""
    (workspace / "data" / FILE).unlink(missing_ok=True)


def is_of(users: pl.Series, digests: Collection[str]) -> pl.Series:
    """Which of these ids are of people who were forgotten, bool."""
    each = users.unique().drop_nulls().cast(pl.String)
    known = [user for user in each if digest_of(user) in digests]
    return users.cast(pl.String).is_in(known).fill_null(False)


def forget(workspace: Path, user: str) -> dict[str, int]:
    """Take a person out of the log: how many rows of each table went. Earlier snapshots, which still have them, go too.

    Raises `DataError` for no id, and where there is no log or nothing of it would be left; nothing is changed then.
    """
    if not user:
        raise DataError("the id of the person is empty; give it as the log has it", found="''")
    Snapshot.load(workspace)  # else a folder would be made for nothing
    gone: Counter[str] = Counter()
    with new_snapshot(workspace) as new:
        old = Snapshot.load(workspace)
        for name in ("events", "quarantine"):
            (new / name).mkdir()
            for file in sorted((old.folder / name).glob("*.parquet")):
                frame = pl.read_parquet(file, glob=False)
                theirs = frame["user"] == user if name == "events" else _names(frame["text"], user)
                frame.filter(~theirs).write_parquet(new / name / file.name)
                gone[name] += int(theirs.sum())
        if (old.folder / "nameless").is_dir():
            linked(old.folder / "nameless", new / "nameless")
        events = pl.scan_parquet(new / "events" / "*.parquet")
        n_events = int(events.select(pl.len()).collect().item())
        if not n_events:
            raise DataError("the log holds nobody but this person; delete the workspace instead", found="1 person")
        users = old.users()
        users.filter(pl.col("user") != user).write_parquet(new / "users.parquet")
        gone["users"] = int((users["user"] == user).sum())
        items = items_of_events(events) if "items" in old.facts["derived"] else old.items()
        items.write_parquet(new / "items.parquet")
        if (ties := old.ties()) is not None:
            left = ties.filter(pl.col("user") != user, pl.col("friend") != user)
            left.write_parquet(new / TIES)
            gone["ties"] = len(ties) - len(left)
        bad = pl.concat([pl.read_parquet(file, glob=False) for file in sorted((new / "quarantine").glob("*.parquet"))])
        facts = {**old.facts, "events": n_events, "users": len(users) - gone["users"], "items": len(items),
                 "quarantined": dict(counted(bad))}  # fmt: skip
        (new / FACTS).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", "utf-8")
        digests = forgotten(workspace) | {digest_of(user)}
        with whole_file(workspace / "data" / FILE) as part, disk_errors(part):
            part.write_text("".join(f"{digest}\n" for digest in sorted(digests)), "utf-8")
    current = Snapshot.load(workspace).folder
    for other in [path for path in current.parent.iterdir() if path.is_dir() and path != current]:
        shutil.rmtree(other)
    return dict(gone)


def _names(texts: pl.Series, user: str) -> pl.Series:
    """Which rows set aside, as JSON, have a cell that is this id, as text or as a number."""
    cells = [re.escape(json.dumps(user, ensure_ascii=form)) for form in (False, True)]
    number = rf"{re.escape(user)}(?:\.0)?"
    return texts.str.contains(rf":\s*(?:{'|'.join([*cells, number])})\s*[,}}]").fill_null(False)
