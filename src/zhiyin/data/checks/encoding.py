"""Text that was read in the wrong encoding: ``CafÃ©``, ``鐭ラ煶``, ``ÖÐÎÄ``, replacement and control characters.

A regular expression over the distinct texts narrows the search; a text counts as damaged only if reading it back and
forth gives sound, shorter text, or if it holds a character that no sound text holds.
"""

import re
from functools import cache

import numpy as np
import polars as pl

from zhiyin.data.checks.check import N_OFFENDERS, NO_ROWS, Check, Finding, Words, clipped, either, where
from zhiyin.data.checks.evidence import Coded, Evidence

TEXTS = ("user", "item", "title")
"""Columns of the events that are read."""
CANNOT_BE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{fffd}\x{feff}]|锟斤拷|ï¿½"
"""Control characters, the replacement character (as GBK and Latin-1 read it too), a byte order mark."""
CP1252 = bytes(range(0x80, 0xA0)).decode("cp1252", errors="ignore")
LATIN = f"[\u00c2-\u00f4][\u0080-\u00bf{CP1252}]"
"""A UTF-8 lead byte and a following byte, both read as Latin-1 or Windows-1252."""
FOUR_HIGH = "[\u00a1-\u00fe]{4}"
"""Two Chinese characters of GBK read as Latin-1."""
BYTES = re.compile(f"[\u0080-\u00ff{CP1252}]+")
"""A run of characters that each were one byte beyond ASCII."""


class Encoding(Check):
    """Ids and titles of the events, all text columns of the catalogue."""

    name = "encoding"
    about = Words("Text read in the wrong encoding.", "文本编码错误（乱码）。")
    remedy = Words("repairs text whose original can be told, and leaves the rest", "还原可以恢复的文本，其余保持不变")
    done = Words("{rows} rows of damaged text: repaired where the original can be told", "{rows} 行乱码：已尽可能还原")
    weight = 0.5

    def look(self, evidence: Evidence) -> Finding:
        rows: np.ndarray = NO_ROWS
        shown: list[str] = []
        for name in TEXTS:
            if evidence.has(name):
                found, texts = _in_events(evidence, name)
                rows, shown = either(evidence.n, rows, found), shown + _examples(name, texts)
        if len(rows) or evidence.items is None:
            return self.finding(evidence, rows, shown)
        for name in evidence.items.select(pl.col(pl.String)).columns:
            texts = damaged(evidence.items[name].drop_nulls().unique(maintain_order=True))
            rows = either(len(evidence.items), rows, where(evidence.items[name].is_in(texts.implode())))
            shown += _examples(name, texts)
        return self.finding(evidence, rows, shown, part="items")

    def fix(self, evidence: Evidence, finding: Finding) -> pl.DataFrame:
        events = evidence.events
        for name in TEXTS:
            texts = _in_events(evidence, name)[1] if evidence.has(name) else ()
            better = {text: sound for text in texts if (sound := repaired(text)) is not None}
            events = events.with_columns(pl.col(name).replace(better)) if better else events
        return events


def _in_events(evidence: Evidence, name: str) -> tuple[np.ndarray, pl.Series]:
    """Rows whose text in this column is damaged, and the distinct damaged texts."""
    if name in ("user", "item"):
        coded: Coded = getattr(evidence, name)
        texts = damaged(coded.ids)
        return coded.rows_of(coded.ids.is_in(texts.implode()).to_numpy()), texts
    column = evidence.events[name].cast(pl.String)
    texts = damaged(column.drop_nulls().unique(maintain_order=True))
    return where(column.is_in(texts.implode())), texts


def _examples(name: str, texts: pl.Series) -> list[str]:
    sound = [repaired(text) for text in texts[:N_OFFENDERS]]
    return [
        f"{name} {clipped(text)}" + (f", perhaps {clipped(better)}" if better is not None else "")
        for text, better in zip(texts, sound, strict=False)
    ]


def damaged(texts: pl.Series) -> pl.Series:
    """Those of these distinct texts that are damaged."""
    if not texts.str.contains(r"[^\t\n\r -~]").any():  # nearly every log: nothing but plain ASCII
        return texts.clear()
    suspect = texts.filter(texts.str.contains(f"{CANNOT_BE}|{LATIN}|{FOUR_HIGH}|{_gbk_pattern()}").fill_null(False))
    cannot_be = suspect.str.contains(CANNOT_BE)
    sure = [bool(sign) or repaired(text) is not None for text, sign in zip(suspect, cannot_be, strict=True)]
    return suspect.filter(pl.Series(sure, dtype=pl.Boolean))


def repaired(text: str) -> str | None:
    """What the text was before it was read wrongly; None where that cannot be told."""
    bare = text.removeprefix("\ufeff").removeprefix("ï»¿")
    sound = BYTES.sub(lambda run: _reread(run.group()), bare)
    sound = _from_gbk(sound)
    return sound if sound != text and not re.search(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]", sound) else None


def _reread(run: str) -> str:
    """A run of single bytes read as UTF-8, or as GBK if that makes nothing but Chinese; else the run as it is."""
    try:
        raw = b"".join(c.encode("latin-1") if ord(c) < 256 else c.encode("cp1252") for c in run)
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    chinese = raw.decode("gbk", errors="replace") if len(raw) >= 4 else ""
    return chinese if chinese and all("\u4e00" <= c <= "\u9fff" for c in chinese) else run


def _from_gbk(text: str) -> str:
    """UTF-8 that was read as GBK, read as UTF-8 again; else the text as it is."""
    try:
        sound = text.encode("gb18030").decode("utf-8")
    except UnicodeDecodeError:
        return text
    return sound if len(sound) < len(text) and any("\u4e00" <= c <= "\u9fff" for c in sound) else text


@cache
def _gbk_pattern() -> str:
    """The Chinese characters that GBK makes of the first two bytes of a Chinese character in UTF-8; rare ones all."""
    pairs = (bytes([lead, second]) for lead in range(0xE4, 0xEA) for second in range(0x80, 0xC0))
    return "[" + "".join(pair.decode("gbk", errors="ignore") for pair in pairs) + "]"
