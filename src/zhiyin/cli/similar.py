"""``zhiyin similar``: the items nearest to one."""

from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.cli.recommend import show_items
from zhiyin.core.languages import Sentence

BY = Sentence("like {item}, by {model}", "与 {item} 相似，由 {model} 给出")


def run(
    asked: Asked,
    item: Annotated[str, typer.Option(help="The id of an item.")],
    k: Annotated[int, typer.Option("-k", help="How many.")] = 10,
    model: Annotated[
        str | None, typer.Option(help="The model that is asked; else the best of the last run that reads a history.")
    ] = None,
) -> None:
    """The items that fit best to a history of just this one.

    Example: zhiyin similar --item 85123A -w shop
    """
    from zhiyin.pipeline.recommend import similar

    answer = similar(asked.workspace, item, k=k, model=model)
    (slate,) = answer["recommendations"]
    asked.show(BY, item=item, model=slate["model"]["name"] if slate["model"] else "")
    show_items(asked, slate)
    asked.answer(answer)
