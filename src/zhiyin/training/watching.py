"""Somebody who looks on while networks learn, and may end it: what tries settings and gives up on hopeless ones."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Watch = Callable[[dict[str, float]], None]
"""Told each entry of a curve; what it raises ends the training and comes out of ``fit``."""
NOW: "ContextVar[Watch | None]" = ContextVar("watching", default=None)


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Trainings inside are looked on by ``watch``."""
    token = NOW.set(watch)
    try:
        yield
    finally:
        NOW.reset(token)


def told(*listeners: Watch | None) -> Watch:
    """One that tells all that are there, and who is watching now."""
    heard = [listener for listener in (*listeners, NOW.get()) if listener is not None]

    def tell(entry: dict[str, float]) -> None:
        for listener in heard:
            listener(entry)

    return tell
