"""``zhiyin plan``: what training a network will take, before it is begun."""

from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.languages import Sentence

TITLE = Sentence("What training takes here ({free} MB are free); early stopping may end it before",
                 "在这台机器上训练的开销（可用内存 {free} MB）；早停可能更早结束")  # fmt: skip
COLUMNS = (
    Sentence("name", "名称"), Sentence("numbers", "参数"), Sentence("updates an epoch", "每轮更新"),
    Sentence("epochs", "轮数"), Sentence("s an epoch", "每轮秒数"), Sentence("s at most", "最多秒数"),
    Sentence("peak MB", "内存峰值 MB"),
)  # fmt: skip


def run(
    asked: Asked,
    names: Annotated[list[str] | None, typer.Argument(help="Names of [models.NAME]; all networks without.")] = None,
) -> None:
    """Parameters, time and memory of training the networks of the recipe, measured on a few batches; what does not fit
    is refused (exit code 4), with what would.

    Example: zhiyin plan vae -w shop
    """
    workspace = asked.prepared
    from zhiyin.experiments import plan

    found = plan(workspace, tuple(names or ()), progress=asked.progress)
    rows = [
        [name, f"{told['parameters']:,}", f"{told['updates']:,}", str(told["epochs"]), f"{told['epoch_seconds']:.2f}",
         f"{told['seconds']:,.0f}", f"{told['peak_mb']:,}"]
        for name, told in found["models"].items()
    ]  # fmt: skip
    asked.table(asked.words(TITLE, free=f"{found['free_mb']:,}"), [asked.words(column) for column in COLUMNS], rows)
    asked.answer(found)
