"""How a text file is encoded: said, or told from its first bytes. Readers read UTF-8; any other gets a copy in it."""

import codecs
import io
import re
import shutil
import tempfile
from pathlib import Path

import pyarrow as pa

from zhiyin.core.errors import DataError
from zhiyin.core.files import disk_errors
from zhiyin.data.readers.reader import BEGINNING

UTF8 = "utf-8"
BINARY = (b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How Parquet, zip (Excel, NumPy) and old Excel begin."""
BLOCK = 1 << 22
LATIN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüŒœŠšŽž€£¥°’‘“”–—…®™©«»¿¡ªº´§½¼¾·×\xa0")
"""What stands in Western European text beyond ASCII: two bytes that are none of these are damage, no language."""
MOSTLY = 0.9


def encoding_of(head: bytes, said: str | None) -> str:
    """Python's name of the encoding of a file that begins so. Raises `DataError` for a name that is none."""
    if head.startswith(BINARY):
        return UTF8
    return _told(head) if said is None else _known(said)


def _known(said: str) -> str:
    examples = "utf-8, utf-16, gb18030, big5, windows-1252"
    try:
        found = codecs.lookup(said)
        "".encode(said)  # hex and rot13 are codecs, too
    except (LookupError, ValueError):
        raise DataError(
            f"{said!r} is no text encoding; give one such as {examples}", found=said, allowed=examples
        ) from None
    return UTF8 if found.name in ("utf-8", "ascii") else said


def _told(head: bytes) -> str:
    """UTF-8 unless the bytes speak for another: a broken character in one row is damage of that row."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    whole = head[: head.rfind(b"\n") + 1] if len(head) == BEGINNING else head
    text = whole.decode(errors="replace")
    broken = text.count("\ufffd")
    if b"\x00" in head or not broken or len(re.findall(r"[^\x00-\x7f\ufffd]", text)) >= broken:
        return UTF8
    return "gb18030" if _is_chinese(whole) else "windows-1252" if _is_western(whole) else UTF8


def _is_chinese(text: bytes) -> bool:
    """Whether the bytes beyond ASCII stand in pairs that are Chinese characters and marks."""
    runs = re.findall(rb"[\x80-\xff]+", text)
    marks = re.findall(r"[^\x00-\x7f]", text.decode("gb18030", errors="replace"))
    common = [mark for mark in marks if re.match("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef‘’“”—…·]", mark)]
    return len(common) >= MOSTLY * len(marks) and sum(len(run) % 2 == 0 for run in runs) >= MOSTLY * len(runs)


def _is_western(text: bytes) -> bool:
    marks = re.findall(r"[^\x00-\x7f]", text.decode("windows-1252", errors="replace"))
    return sum(mark in LATIN for mark in marks) >= MOSTLY * len(marks)


def copied(path: Path, encoding: str) -> Path:
    """A copy in UTF-8, uncompressed, of the same name in a temporary folder of its own, which the caller removes."""
    folder = Path(tempfile.mkdtemp(prefix="zhiyin-"))
    copy = folder / path.name.removesuffix(".gz").removesuffix(".zst")
    try:
        with disk_errors(copy), pa.input_stream(str(path), compression="detect") as raw:
            text = io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")
            with copy.open("w", encoding="utf-8", newline="") as file:
                for block in iter(lambda: text.read(BLOCK), ""):
                    file.write(block)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return copy
