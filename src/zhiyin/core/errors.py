"""Errors that tell a person what was found, what was allowed, and what to do next.

Every error a user can cause is a `ZhiyinError`; the command line turns it into one sentence and an exit code
(0 done, 1 the answer is "no", 2 wrong use or unreadable input, 3 a needed service is down, 4 no resources),
HTTP turns it into the `error` JSON of `zhiyin.core.wire`.
"""

import difflib
from collections.abc import Iterable
from typing import ClassVar, Self

MOST_NAMED = 40
"""Names that one sentence holds."""


class ZhiyinError(Exception):
    """One sentence a person can act on, and its parts for programs.

    ``message`` is the whole sentence. ``found``, ``allowed`` and ``do`` repeat its parts where they apply.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, found: str = "", allowed: str = "", do: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.found = found
        self.allowed = allowed
        self.do = do

    @classmethod
    def unknown(
        cls, said: str, found: object, allowed: Iterable[str], named: str = "the choices are", then: str = ""
    ) -> Self:
        """For a name that is not there: what was ``said``, the nearest that is, all that are, what to do ``then``."""
        words = list(allowed)
        choices = ", ".join(words[:MOST_NAMED]) + (" …" if len(words) > MOST_NAMED else "") or "none"
        return cls(
            f"{said}{did_you_mean(found, words) or ';'} {named}: {choices}{then}", found=str(found), allowed=choices
        )

    @classmethod
    def not_installed(cls, what: str, extra: str, otherwise: str = "") -> Self:
        """For ``what`` that needs packages of the optional part ``extra`` of this one; what would do ``otherwise``."""
        install = f"pip install 'zhiyin[{extra}]'"
        return cls(f"{what} needs a package that is not installed: {install}{otherwise}", do=install)


class DataError(ZhiyinError):
    """Events, items or people that cannot be read or used as they are."""

    code = "data"


class SettingsError(ZhiyinError):
    """A recipe, a constructor or a command was given a setting that does not exist or does not fit."""

    code = "settings"


class ModelError(ZhiyinError):
    """A model that is unknown, not trained, damaged, or asked for what it cannot do."""

    code = "model"


class RefusedError(ZhiyinError):
    """The answer is "no": a leak was found, a check failed, a figure regressed."""

    code = "refused"
    exit_code = 1


class ServiceError(ZhiyinError):
    """A service that is needed (a database, a server) does not answer."""

    code = "service"
    exit_code = 3


class ResourceError(ZhiyinError):
    """No disk, no memory, or the workspace is in use by another run."""

    code = "resources"
    exit_code = 4


def did_you_mean(found: object, allowed: Iterable[str]) -> str:
    """``"; did you mean 'x'?"`` for the nearest allowed word, else ``""``."""
    words = list(allowed)
    folded = {word.casefold(): word for word in reversed(words)}
    near = difflib.get_close_matches(str(found).casefold(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""
