"""What is shown on a terminal must not command it: titles and ids come from anybody."""

import re

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line feed, and those that turn the direction of writing."""


def harmless(text: str) -> str:
    """The text with control characters (escape sequences, a change of direction) written out: ``\\u001b``."""
    return CONTROLS.sub(lambda sign: f"\\u{ord(sign.group()):04x}", text)
