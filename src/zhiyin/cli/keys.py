"""``zhiyin keys list|new|revoke``: who may ask a server."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from zhiyin.cli.command import Asked
from zhiyin.cli.serve import StoreOption
from zhiyin.core.errors import DataError, SettingsError
from zhiyin.core.languages import Sentence

COLUMNS = (
    Sentence("key", "密钥"), Sentence("role", "角色"), Sentence("made", "创建于"), Sentence("revoked", "撤销于"),
    Sentence("note", "备注"),
)  # fmt: skip
TITLE = Sentence("{n} keys", "{n} 把密钥")
NEW = Sentence("key {id} of role {role}, shown this once: {text}", "密钥 {id}，角色 {role}，只显示这一次：{text}")
REVOKED = Sentence("key {id} opens nothing from now on", "密钥 {id} 从现在起失效")


def run(
    asked: Asked,
    what: Annotated[Literal["list", "new", "revoke"], typer.Argument(help="List all, make one, revoke one.")] = "list",
    id_: Annotated[str | None, typer.Argument(metavar="ID", help="The key that `revoke` revokes.")] = None,
    role: Annotated[str, typer.Option(help="Of a new key: read (answers), write (events too), admin.")] = "read",
    note: Annotated[str, typer.Option(help="Of a new key: whose it is.")] = "",
    store: StoreOption = None,
) -> None:
    """The keys that open the HTTP API: a server answers nobody without one. A key is shown only when it is made.

    Example: zhiyin keys new --role write --note checkout -w shop
    """
    if (what == "revoke") != (id_ is not None):
        raise SettingsError("revoke needs the id of a key, list and new need none; try: zhiyin keys list")
    if not asked.workspace.recipe_path.is_file():
        raise DataError(
            f"{asked.folder} is no workspace (it has no zhiyin.toml); make one: zhiyin init -w {asked.folder}",
            found=str(asked.folder), do=f"zhiyin init -w {asked.folder}",
        )  # fmt: skip
    from zhiyin.store import Store

    with Store.of(asked.folder, store) as opened:
        if what == "new":
            key, text = opened.keys.new(role, note, actor="command line")
            asked.show(NEW, id=key.id, role=key.role, text=text)
            asked.answer({"key": {**asdict(key), "text": text}})
        elif what == "revoke":
            key = opened.keys.revoke(str(id_), actor="command line")
            asked.show(REVOKED, id=key.id)
            asked.answer({"key": asdict(key)})
        else:
            known = opened.keys.all()
            rows = [[key.id, key.role, _day(key.made), _day(key.revoked), key.note] for key in known]
            asked.table(asked.words(TITLE, n=len(rows)), [asked.words(column) for column in COLUMNS], rows)
            asked.answer({"keys": [asdict(key) for key in known]})


def _day(seconds: int | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
