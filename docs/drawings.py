"""The drawing of a network: what is said of its parts, from the input at the bottom to the scores on top, as SVG.

Lengths are pixels of a picture as wide as a chart; y falls from the bottom up. Text stays text. A picture in a page of
its own has no page's colour: it has one that is readable on white and on dark.
"""

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from typing import NamedTuple

from zhiyin.charts.canvas import ACCENT, WIDTH

LINE, EDGE, GAP, MARGIN = 17, 17, 24, 12
"""Height of a line of text, what a box has beside, and what lies between boxes and around all."""
COLUMN, BESIDE, RAIL, ARC = (84, 404), (476, 806), 832, 60
"""Left and right of the column and of what stands beside it; where wires pass these on the right, and skips on the
left."""
FRAME, HEAD = (36, 418), 14
"""Left and right of the frame around what is repeated, and the room for its mark."""
OPERATORS, RADIUS = "+×", 11
PAD, LETTER = 12, 7.0
"""Between a box and its text; width of a letter, in the widest of the usual fonts."""
LEGEND = "dashed: while learning alone"


class Box(NamedTuple):
    """A step of the column. ``+`` and ``×`` are circles; ``learning``: not there when the network is asked."""

    label: str
    shape: str = ""
    learning: bool = False


class Beside(NamedTuple):
    """A box beside the column, at the height of a row (a fraction: between two).

    ``reads`` what comes out of these rows, ``gives`` to these rows; ``up``: gives to the next one of the list.
    """

    row: float
    label: str
    shape: str = ""
    reads: tuple[int, ...] = ()
    gives: tuple[int, ...] = ()
    up: bool = False
    learning: bool = True


class Drawing(NamedTuple):
    """A network: its column from the bottom up, what stands beside, and what is passed on around some rows.

    ``skips``: (the row that it comes out of, the circle that it goes into). ``repeated``: first row, last row, mark.
    """

    column: tuple[Box, ...]
    beside: tuple[Beside, ...] = ()
    skips: tuple[tuple[int, int], ...] = ()
    repeated: tuple[int, int, str] | None = None


class Place(NamedTuple):
    """Where a box is; its top is a smaller y than its bottom."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def x(self) -> float:
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        return (self.top + self.bottom) / 2


def svg(drawing: Drawing, title: str) -> str:
    """The picture; its text alternative names the steps and their shapes."""
    rows = column(drawing)
    sides = [placed_beside(box, rows) for box in drawing.beside]
    boxes: tuple[Box | Beside, ...] = (*drawing.column, *drawing.beside)
    told = "; ".join(" ".join(f"{box.label} {box.shape}".split()) for box in boxes)
    top = min(place.top for place in (*rows, *sides)) - MARGIN
    bottom = rows[0].bottom + MARGIN
    inside = [
        *framed(drawing, rows), *wires(drawing, rows), *skipped(drawing, rows), *wires_beside(drawing, rows, sides),
        *(line for box, place in zip(boxes, (*rows, *sides), strict=True) for line in drawn(box, place)),
    ]  # fmt: skip
    if any(box.learning for box in boxes):
        inside.append(text(BESIDE[0], rows[0].y, LEGEND))
    return (
        f'<svg color="{ACCENT}" viewBox="0 {top:g} {WIDTH} {bottom - top:g}" role="img" font-family="sans-serif" '
        f'font-size="12" xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title><desc>{escape(told)}</desc>'
        '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>'
        f"{''.join(inside)}</svg>"
    )


def column(drawing: Drawing) -> list[Place]:
    """Where each row is, upwards from y = 0."""
    places: list[Place] = []
    bottom = 0.0
    first, last, _ = drawing.repeated or (-1, -1, "")
    for number, box in enumerate(drawing.column):
        bottom -= HEAD * (number in (first, last + 1))
        middle = sum(COLUMN) / 2
        left, right = (middle - RADIUS, middle + RADIUS) if box.label in OPERATORS else COLUMN
        top = bottom - (2 * RADIUS if box.label in OPERATORS else tall(box.label))
        places.append(Place(left, top, right, bottom))
        bottom = top - GAP
    return places


def placed_beside(box: Beside, rows: list[Place]) -> Place:
    """At the height of its row; above the last one, rows go on at the usual distance."""
    below = min(int(box.row), len(rows) - 1)
    step = rows[below + 1].y - rows[below].y if below + 1 < len(rows) else -(LINE + EDGE + GAP)
    y, half = rows[below].y + step * (box.row - below), tall(box.label) / 2
    return Place(BESIDE[0], y - half, BESIDE[1], y + half)


def tall(label: str) -> int:
    return LINE * (label.count("\n") + 1) + EDGE


def after(rows: list[Place], row: int) -> float:
    """The height at which what comes out of a row is passed on: right below the next one."""
    return rows[row + 1].bottom + GAP / 2 if row + 1 < len(rows) else rows[row].top - GAP / 2


def drawn(box: Box | Beside, place: Place) -> Iterator[str]:
    """A box, its words on the left and its shape on the right; a circle with its words beside."""
    dashes = ' stroke-dasharray="5 4"' if box.learning else ""
    look = f'fill="currentColor" fill-opacity="{0 if box.learning else 0.1}" stroke="currentColor"{dashes}'
    if box.label in OPERATORS:
        yield f'<circle cx="{place.x:g}" cy="{place.y:g}" r="{RADIUS}" {look}/>'
        yield text(place.x, place.y, box.label, "middle")
        yield text(place.right + PAD, place.y, box.shape)
        return
    width, height = place.right - place.left, place.bottom - place.top
    yield f'<rect x="{place.left:g}" y="{place.top:g}" width="{width:g}" height="{height:g}" rx="6" {look}/>'
    lines = box.label.split("\n")
    for number, words in enumerate(lines):
        yield text(place.left + PAD, place.y + LINE * (number - (len(lines) - 1) / 2), words)
    yield text(place.right - PAD, place.y, box.shape, "end")


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    """Words whose middle is at this height; nothing for none."""
    if not words:
        return ""
    return f'<text x="{x:g}" y="{y + 4:g}" text-anchor="{anchor}" fill="currentColor">{escape(words)}</text>'


def wire(*points: tuple[float, float], learning: bool = False) -> str:
    """An arrow through these points."""
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    dashes = ' stroke-dasharray="5 4"' if learning else ""
    return f'<path d="{path}" fill="none" stroke="currentColor"{dashes} marker-end="url(#to)"/>'


def tapped(x: float, y: float) -> str:
    """Where a wire branches off."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="2.5" fill="currentColor"/>'


def wires(drawing: Drawing, rows: list[Place]) -> Iterator[str]:
    """From each row to the next."""
    for below, above in pairwise(rows):
        yield wire((below.x, below.top), (above.x, above.bottom))
    if any(len(rows) - 1 in box.reads and box.row != len(rows) - 1 for box in drawing.beside):
        yield wire((rows[-1].x, rows[-1].top), (rows[-1].x, after(rows, len(rows) - 1)))


def skipped(drawing: Drawing, rows: list[Place]) -> Iterator[str]:
    """On the left around the rows between."""
    for start, end in drawing.skips:
        x, y = rows[end].x, after(rows, start)
        yield tapped(x, y)
        yield wire((x, y), (ARC, y), (ARC, rows[end].y), (rows[end].left, rows[end].y))


def wires_beside(drawing: Drawing, rows: list[Place], sides: list[Place]) -> Iterator[str]:
    """Between the column and what stands beside it."""
    for number, (box, place) in enumerate(zip(drawing.beside, sides, strict=True)):
        others = sides[:number] + sides[number + 1 :]
        for row in box.reads:
            yield from read(row, box, place, rows, others)
        for row in box.gives:
            end = (rows[row].right, rows[row].y)
            turn = (place.x, end[1])
            if row == box.row:
                yield wire((place.left, place.y), end, learning=box.learning)
            elif is_free(end[1], place.top, others):
                yield wire((place.x, place.top), turn, end, learning=box.learning)
            else:
                yield wire((place.right, place.y), (RAIL, place.y), (RAIL, end[1]), end, learning=box.learning)
        if box.up:
            yield wire((place.x, place.top), (place.x, sides[number + 1].bottom), learning=box.learning)


def read(row: int, box: Beside, place: Place, rows: list[Place], others: list[Place]) -> Iterator[str]:
    """From what comes out of a row: straight, from below, or around other boxes from the right."""
    if row == box.row:
        yield wire((rows[row].right, rows[row].y), (place.left, place.y), learning=box.learning)
        return
    x, y = rows[row].x, after(rows, row)
    yield tapped(x, y)
    if place.top < y < place.bottom:
        yield wire((x, y), (place.left, y), learning=box.learning)
    elif is_free(place.bottom, y, others):
        yield wire((x, y), (place.x, y), (place.x, place.bottom), learning=box.learning)
    else:
        yield wire((x, y), (RAIL, y), (RAIL, place.y), (place.right, place.y), learning=box.learning)


def is_free(high: float, low: float, others: list[Place]) -> bool:
    """Whether no box stands between two heights."""
    return not any(high < place.bottom and place.top < low for place in others)


def framed(drawing: Drawing, rows: list[Place]) -> Iterator[str]:
    """Around what is repeated, its mark in the corner."""
    if drawing.repeated is None:
        return
    first, last, mark = drawing.repeated
    top, bottom = rows[last].top - GAP / 2 - HEAD / 2, rows[first].bottom + GAP / 2 + HEAD / 2
    yield (
        f'<rect x="{FRAME[0]}" y="{top:g}" width="{FRAME[1] - FRAME[0]}" height="{bottom - top:g}" rx="10" fill="none" '
        'stroke="currentColor" stroke-opacity="0.6"/>'
    )
    yield text(FRAME[0] + 8, top + LINE / 2 + 2, mark)
