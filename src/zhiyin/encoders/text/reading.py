"""A text as an encoder reads it: without markup, not longer than a page."""

import re
from html.parser import HTMLParser
from typing import Any

from zhiyin.encoders.encoder import Unusable

LONGEST = 4_000
"""Characters that are read; what stands behind them is cut off."""
MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,500}>|&[#\w]{2,10};")
SPACE = re.compile(r"[\s\x00]+")
UNSEEN = ("script", "style", "head", "title")
"""Elements whose text nobody reads on a page."""


def readable(text: Any) -> str:
    """One line, at most `LONGEST` characters; raises `Unusable` where nothing is left, or it is no text."""
    if not isinstance(text, str):
        raise Unusable(f"it is no text but {type(text).__name__}")
    text = text[: LONGEST * 8]  # markup takes room, too
    if MARKUP.search(text):
        text = _plain(text)
    line = SPACE.sub(" ", text.encode("utf-8", "ignore").decode()).strip()[:LONGEST]
    if not line:
        raise Unusable("it is empty")
    return line


class _Reader(HTMLParser):
    """Collects what a page says."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.hidden += tag in UNSEEN
        self.said.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = max(0, self.hidden - (tag in UNSEEN))
        self.said.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.said.append(data)


def _plain(text: str) -> str:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return "".join(reader.said)
