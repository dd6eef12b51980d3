"""Consent: what people let their events be used for. An event without consent for a purpose is not read for it."""

from typing import Literal, TypeAlias

import numpy as np
import polars as pl

from zhiyin.core.errors import DataError

Purpose: TypeAlias = Literal["train", "personalise", "measure"]
PURPOSES: tuple[Purpose, ...] = ("train", "personalise", "measure")
CONSENT = "consent"
"""Context column of histories: uint8 bit set, bit p is set where the event may be used for ``PURPOSES[p]``."""
CONSENT_FORM = rf"^\s*(none|({'|'.join(PURPOSES)})(\s*\|\s*({'|'.join(PURPOSES)}))*)?\s*$"
"""What a consent cell may say, as a regular expression."""
ALL = (1 << len(PURPOSES)) - 1


def consent_bits(column: pl.Series) -> np.ndarray:
    """uint8 (E,) from ``"train|measure"``; missing means all, empty means none. Raises `DataError` for another word."""
    distinct = column.unique().drop_nulls()
    bits = [_bits(text) for text in distinct]
    codes = column.replace_strict(distinct, bits, default=None, return_dtype=pl.UInt8)
    return codes.fill_null(ALL).to_numpy()


def _bits(text: str) -> int:
    words = [word.strip() for word in text.split("|") if word.strip()]
    for word in words:
        if word not in PURPOSES and word != "none":
            allowed = ", ".join(PURPOSES)
            raise DataError(
                f"consent {text!r} names {word!r}; the purposes are {allowed}, joined by |, or none",
                found=word,
                allowed=allowed,
            )
    return sum(1 << PURPOSES.index(purpose) for purpose in PURPOSES if purpose in words)


def allows(bits: np.ndarray, purpose: Purpose) -> np.ndarray:
    """bool (E,): whether the event may be used for this."""
    if purpose not in PURPOSES:
        raise DataError(f"purpose {purpose!r} does not exist; the purposes are {', '.join(PURPOSES)}", found=purpose)
    return np.asarray((bits >> PURPOSES.index(purpose)) & 1 == 1)
