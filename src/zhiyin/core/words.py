"""The words of a text, in any language, for models that count them."""

import re
from collections.abc import Iterator

WORDS = re.compile(r"[^\W_㐀-鿿]+|[㐀-鿿]+")
CHINESE = re.compile(r"[㐀-鿿]")


def words(text: str) -> Iterator[str]:
    """Words in lower case; a run of Chinese signs as the signs and the pairs of neighbours."""
    for word in WORDS.findall(text.casefold()):
        if CHINESE.match(word):
            yield from word
            yield from (word[i : i + 2] for i in range(len(word) - 1))
        else:
            yield word
