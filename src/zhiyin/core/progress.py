"""Progress of long work: bars on a terminal, plain lines elsewhere, nothing when nobody asked.

Rooms take a `Progress` and call it; only the command line decides which one. Messages go to stderr.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Protocol, TextIO, TypeVar

from zhiyin.core.terminal import harmless

T = TypeVar("T")


class Progress(Protocol):
    """What long work calls while it goes on."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """The same items, one by one, while the progress is shown under ``label``."""
        ...

    def say(self, message: str) -> None:
        """One line a person may want to read now."""
        ...


class Silent:
    """Shows nothing: the default of every library call."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        yield from items

    def say(self, message: str) -> None:
        return None


class Plain:
    """Lines without control characters, for logs: at most one a ``every_s`` seconds for each label."""

    def __init__(self, stream: TextIO | None = None, every_s: float = 10.0) -> None:
        self.stream = stream or sys.stderr
        self.every_s = every_s

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        last = time.monotonic()
        for done, item in enumerate(items, start=1):
            yield item
            if time.monotonic() - last >= self.every_s:
                self.say(f"{label}: {done}" + (f" of {total}" if total else ""))
                last = time.monotonic()

    def say(self, message: str) -> None:
        print(harmless(message), file=self.stream, flush=True)


class Bars:
    """A live bar (rich) on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console(stderr=True)

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        from rich.progress import track

        yield from track(items, description=label, total=total, console=self.console, transient=True)

    def say(self, message: str) -> None:
        self.console.print(harmless(message), highlight=False, markup=False)


def for_terminal() -> Progress:
    """Bars where stderr is a terminal, plain lines elsewhere."""
    return Bars() if sys.stderr.isatty() else Plain()
