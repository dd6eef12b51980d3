"""``zhiyin find``: the items that words describe."""

from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.cli.recommend import show_items
from zhiyin.core.languages import Sentence

FOUND = Sentence("found by {words}", "按“{words}”找到")


def run(
    asked: Asked,
    words: Annotated[str, typer.Argument(help="What to look for, in any language that the encoder knows.")],
    by: Annotated[
        str | None, typer.Option(help="NAME of the [content.NAME] that is looked through; the first where not named.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many.")] = 10,
) -> None:
    """The items whose text, picture or sound fits these words.

    Example: zhiyin find "red shoes" --by look -w shop
    """
    from zhiyin.pipeline.find import described_by

    answer = described_by(asked.prepared, words, by=by, k=k, progress=asked.progress)
    asked.show(FOUND, words=words)
    show_items(asked, answer["recommendations"][0])
    asked.answer(answer)
