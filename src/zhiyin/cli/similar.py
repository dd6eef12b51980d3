"""``zhiyin similar``: the items nearest to one."""

from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.cli.recommend import show_slate


def run(
    asked: Asked,
    item: Annotated[str, typer.Option(help="The id of an item.")],
    k: Annotated[int, typer.Option("-k", help="How many.")] = 10,
    model: Annotated[
        str | None, typer.Option(help="The model that is asked; else the first that reads a history.")
    ] = None,
) -> None:
    """The items that fit best to a history of just this one.

    Example: zhiyin similar --item 85123A -w shop
    """
    from zhiyin.pipeline.recommend import similar

    answer = similar(asked.workspace, item, k=k, model=model)
    show_slate(asked, answer["recommendations"][0])
    asked.answer(answer)
