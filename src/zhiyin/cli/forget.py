"""``zhiyin forget``: a person out of the log, of live events and of answers."""

from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.cli.serve import StoreOption
from zhiyin.core.languages import Sentence

GONE = Sentence("forgotten; rows that went: {rows}", "已遗忘；删除的行：{rows}")
KEPT = Sentence(
    "what a model learned of them stays in it until zhiyin run is run again; reports, lists and exports that were "
    "written before, backups, and the files that were taken in, are yours to delete",
    "模型学到的内容会保留到再次执行 zhiyin run；此前写出的报告、列表、导出、备份，以及导入过的原始文件，请自行删除",
)
NOBODY = Sentence("nothing was known of {user!r}; was the id written as the log has it?",
                  "此前没有关于 {user!r} 的任何内容；标识是否与日志中的写法一致？")  # fmt: skip
RECEIPT = Sentence("receipt: {digest} (sha256 of the id)", "回执：{digest}（用户标识的 sha256）")


def run(
    asked: Asked,
    user: Annotated[str, typer.Argument(metavar="USER", help="The person's id, as the log has it.")],
    store: StoreOption = None,
) -> None:
    """Erase a person: from the log and its earlier snapshots, from live events, from answers. Old files that are taken
    in again do not bring them back, unless --with-forgotten is given then.

    Example: zhiyin forget 17850 -w shop
    """
    from zhiyin.data.forgetting import digest_of, forget
    from zhiyin.store import Store

    rows = forget(asked.folder, user)
    with Store.of(asked.folder, store) as opened:
        live = opened.people.forget(user, actor="command line")
    told = {**{f"log {name}": n for name, n in rows.items()}, **{f"live {name}": n for name, n in live.items()}}
    asked.show(GONE, rows=", ".join(f"{name} {n:,}" for name, n in told.items()))
    if not any(told.values()):
        asked.note(asked.words(NOBODY, user=user))
    asked.show(RECEIPT, digest=digest_of(user))
    asked.note(asked.words(KEPT))
    asked.answer({"forgotten": digest_of(user), "rows": told, "kept": asked.words(KEPT)})
