"""``zhiyin similar``: the items nearest to one."""

from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.cli.recommend import show_items
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

CONTENT = Sentence("like {item}, by its {by}", "按 {by} 与 {item} 相似")
BY = Sentence("like {item}, by {model}", "与 {item} 相似，由 {model} 给出")


def run(
    asked: Asked,
    item: Annotated[str, typer.Option(help="The id of an item.")],
    k: Annotated[int, typer.Option("-k", help="How many.")] = 10,
    model: Annotated[
        str | None, typer.Option(help="The model that is asked; else the best of the last run that reads a history.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="By content instead: NAME of a [content.NAME].")] = None,
) -> None:
    """The items that fit best to a history of just this one, or whose text, picture or sound is most alike.

    Example: zhiyin similar --item 85123A -w shop
    """
    if by is not None and model is not None:
        raise SettingsError("give --model or --by, not both: a model answers by behaviour, --by by content")
    if by is not None:
        from zhiyin.pipeline.find import like

        answer = like(asked.prepared, item, by=by, k=k, progress=asked.progress)
        asked.show(CONTENT, item=item, by=by)
        show_items(asked, answer["recommendations"][0])
        asked.answer(answer)
        return
    from zhiyin.pipeline.recommend import similar

    answer = similar(asked.workspace, item, k=k, model=model)
    (slate,) = answer["recommendations"]
    asked.show(BY, item=item, model=slate["model"]["name"] if slate["model"] else "")
    show_items(asked, slate)
    asked.answer(answer)
