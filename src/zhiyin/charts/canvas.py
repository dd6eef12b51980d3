"""One picture by matplotlib, as an SVG fragment that takes its ink and its letters from the page around it.

Lengths are pixels of a picture `WIDTH` wide, counted from its top left corner. Text stays text, in whatever letters the
reader's machine has: nothing of a picture depends on the fonts of the machine that drew it.
"""

import io
import re
import unicodedata
import warnings
from html import escape
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

WIDTH = 860
INK, FAINT, GRID = "#1a1b1c", "#6a6b6c", "#d0d1d2"
"""Stand-ins that become colours of the page, dark or light."""
ACCENT = "#3b76b5"
"""Readable on white and on black."""
PAGE = {INK: "var(--ink, currentColor)", FAINT: "var(--faint, currentColor)", GRID: "var(--line, #8886)"}
INCH = 72
LETTER = 7.0
"""Width of a Latin letter at the usual size; a Chinese one is twice as wide."""
STYLE: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "zhiyin", "text.parse_math": False, "font.size": 12,
    "text.color": INK, "axes.edgecolor": GRID, "axes.labelcolor": FAINT, "xtick.color": GRID, "ytick.color": GRID,
    "xtick.labelcolor": FAINT, "ytick.labelcolor": FAINT, "axes.spines.top": False, "axes.spines.right": False,
    "axes.formatter.useoffset": False, "axes.unicode_minus": False,
}  # fmt: skip
"""``$`` in a title of a product begins no formula."""


NOT_TAKEN = (
    r" clip-path=\"[^\"]*\"",
    r"<!--.*?-->", r"(?<=<g) id=\"[^\"]*\"", r" font-family: [^;\"]*;", r" transform=\"rotate\(-0 [^\"]*\"",
)  # fmt: skip
"""Of what matplotlib writes: remarks, names of groups (each picture has the same), its letters, turns by nothing,
and frames that cut off what never reaches beyond them."""


class Canvas:
    """A picture of this height that is drawn on in pixels."""

    def __init__(self, height: float, width: float = WIDTH) -> None:
        self.width, self.height = width, height
        self.figure = Figure((width / INCH, height / INCH), dpi=INCH)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """A place for data."""
        with rc_context(STYLE):
            box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
            axes = self.figure.add_axes(box)
        axes.set_axisbelow(True)
        axes.tick_params(length=3, labelsize=11)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        return axes

    def text(
        self, x: float, y: float, words: str, *, anchor: str = "left", faint: bool = False, size: float = 12
    ) -> None:
        """Words at a place, whose height they stand in the middle of."""
        self.figure.text(x / self.width, 1 - y / self.height, words, ha=anchor, va="center", fontsize=size,
                         color=FAINT if faint else INK, parse_math=False)  # fmt: skip

    def svg(self, title: str, told: str) -> str:
        """The fragment; ``told``, its text alternative, has every number."""
        drawn, nothing = io.StringIO(), dict.fromkeys(("Creator", "Date", "Format", "Type"))
        with rc_context(STYLE), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the reader's machine has it
            self.figure.savefig(drawn, format="svg", transparent=True, metadata=nothing)
        return (
            f'<svg viewBox="0 0 {self.width:g} {self.height:g}" role="img" xmlns="http://www.w3.org/2000/svg" '
            f'xmlns:xlink="http://www.w3.org/1999/xlink"><title>{escape(title)}</title><desc>{escape(told)}</desc>'
            f"{_plain(drawn.getvalue())}</svg>"
        )


def shortened(label: str, width: float) -> str:
    """As much of a label as fits, on one line."""
    label = " ".join(label.split())
    room = width / LETTER
    for place, letter in enumerate(label):
        room -= 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if room < 0:
            return label[: max(place - 1, 0)] + "…"
    return label


def told_of(rows: Any) -> str:
    """(label, value, low, high) in words."""
    return "; ".join(f"{label} {value:z.4f} [{low:z.4f}, {high:z.4f}]" for label, value, low, high in rows)


def _plain(svg: str) -> str:
    """What is inside, without names that would clash with those of the next picture, and in the page's colours."""
    inside = svg[svg.index("<g ") : svg.rindex("</g>") + len("</g>")]
    for left_out in NOT_TAKEN:
        inside = re.sub(left_out, "", inside, flags=re.DOTALL)
    for colour, meant in PAGE.items():
        inside = inside.replace(colour, meant)
    return re.sub(r">\s*\n\s*<", "><", inside)
