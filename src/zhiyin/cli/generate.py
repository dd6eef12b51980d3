"""``zhiyin generate``: items that need not exist yet: for a person, a history or a segment, or what to stock next."""

from typing import Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.cli.recommend import ids
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

FOR = Sentence("made up for {who}", "为 {who} 设想")
SOMEBODY = Sentence("this history", "这段历史")
NEAREST = Sentence("      nearest: {items}; {share} of the items have a nearer neighbour",
                   "      最近的商品：{items}；{share} 的商品有更近的邻居")  # fmt: skip
GAPS = Sentence(
    "what to stock next: wanted, and farther from every item than 19 of 20 items are from their own nearest",
    "接下来进什么货：有人想要，而且离任何商品都比 20 件中 19 件离各自最近的商品更远",
)
ASKED_BY = Sentence("      asked for by {people} people [{low}, {high}]", "      {people} 人想要 [{low}, {high}]")
NONE = Sentence("  no gap: every specification that people ask for has an item as near as 19 of 20 items have",
                "  没有空缺：人们想要的每种规格都有足够近的商品（与 20 件中 19 件一样近）")  # fmt: skip


def run(
    asked: Asked,
    user: Annotated[str | None, typer.Option(help="The id of a person of the log.")] = None,
    history: Annotated[str | None, typer.Option(help="Item ids, oldest first: A,B (empty: somebody new).")] = None,
    segment: Annotated[
        str | None, typer.Option(help="People by a column of theirs, country=France, or alike: cluster=1.")
    ] = None,
    gaps: Annotated[bool, typer.Option("--gaps", help="What many people want and no item is near to.")] = False,
    n: Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many.")] = 10,
) -> None:
    """Specifications of items that a person would like, each with its nearest real ones; or the catalogue's gaps.

    Example: zhiyin generate --user 17850 -n 5 -w shop      zhiyin generate --gaps -w shop
    """
    if sum((user is not None, history is not None, segment is not None, gaps)) != 1:
        raise SettingsError("give one of --user U, --history A,B, --segment COLUMN=VALUE or --gaps")
    workspace = asked.workspace
    from zhiyin.pipeline import specify

    if gaps:
        answer = specify.gaps(workspace, n)
        show_gaps(asked, answer["gaps"], answer["titles"])
    else:
        items = None if history is None else ids(history)
        answer = specify.specifications(
            workspace, user=user, history=items, segment=segment, n=n, language=asked.language
        )
        asked.show(FOR, who=user or segment or asked.words(SOMEBODY))
        for note in answer["notes"]:
            asked.note(f"zhiyin: {note}")
        for number, specification in enumerate(answer["specifications"], start=1):
            show_specification(asked, number, specification, answer["titles"])
    asked.answer(answer)


def show_specification(asked: Asked, number: int, specification: dict[str, Any], titles: dict[str, str]) -> None:
    """In words, then the nearest items by title and id."""
    asked.show(f"  {number:>2}  {specification['text_zh' if asked.language == 'zh' else 'text']}")
    near = " · ".join(named(neighbour["item"], titles) for neighbour in specification["neighbours"][:3])
    asked.show(NEAREST, items=near, share=f"{specification['novelty']:.0%}")


def named(item: str, titles: dict[str, str]) -> str:
    """``RED JUG (22423)``; the id alone where there is no title."""
    return f"{titles[item]} ({item})" if item in titles else item


def show_gaps(asked: Asked, found: list[dict[str, Any]], titles: dict[str, str]) -> None:
    """Most asked for first."""
    asked.show(GAPS)
    if not found:
        asked.show(NONE)
    for number, gap in enumerate(found, start=1):
        show_specification(asked, number, gap["specification"], titles)
        asked.show(ASKED_BY, **{part: gap[part] for part in ("people", "low", "high")})
