"""What is asked twice while one answer is made is worked out once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
A = TypeVar("A")

LARGEST = 16 << 20
"""Bytes of an answer that is kept: those of many models for a block of many people would fill the memory."""
KEPT: ContextVar[dict[Any, tuple[Any, Any]] | None] = ContextVar("KEPT", default=None)


@contextmanager
def once_each() -> Iterator[None]:
    """Within it, and in this thread alone, `once` remembers; at its end all is forgotten."""
    if KEPT.get() is not None:
        yield
        return
    token = KEPT.set({})
    try:
        yield
    finally:
        KEPT.reset(token)


def once(ask: Callable[[T], A], about: T) -> A:
    """``ask(about)``, an array that the caller does not change; the same one for the same bound method and object."""
    kept = KEPT.get()
    if kept is None:
        return ask(about)
    key = (ask, id(about))
    if key in kept:
        found: A = kept[key][1]
        return found
    answer = ask(about)
    if getattr(answer, "nbytes", 0) <= LARGEST:
        kept[key] = (about, answer)  # with what it is about, whose id stays its own as long as it lives
    return answer
