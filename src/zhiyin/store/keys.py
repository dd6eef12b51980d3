"""Keys of the HTTP API: ``zy_ID_SECRET``. The id is no secret and stands in lists and logs; the secret is shown once.

A secret is 256 random bits, which nobody can guess however fast a guess is tried: a slow hash, which protects words
that people choose, would only make every request slow. So what is kept is a sha256, compared in constant time.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import sqlalchemy as sa

from zhiyin.core.errors import DataError, SettingsError
from zhiyin.store.audit import Audit
from zhiyin.store.database import Database
from zhiyin.store.tables import keys as table

Role = Literal["read", "write", "admin"]
"""``read`` asks for answers, ``write`` gives events too, ``admin`` may do everything."""
ROLES: tuple[Role, ...] = get_args(Role)
BEGINS = "zy"
KEY_OF = sa.select(table).where(table.c.id == sa.bindparam("id"))
"""Built once: every question asks it."""
NOBODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Key:
    """What may be said of a key."""

    id: str
    role: Role
    note: str
    made: int
    revoked: int | None = None

    def may(self, role: Role) -> bool:
        """Whether this key is enough where ``role`` is asked for: each role can do what those before it can."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Keys:
    """The keys of a store."""

    def __init__(self, database: Database, audit: Audit, clock: Callable[[], float] = time.time) -> None:
        self.database, self.audit, self.clock = database, audit, clock

    def new(self, role: str = "read", note: str = "", *, actor: str) -> tuple[Key, str]:
        """A new key, and its text, which cannot be had again. Raises `SettingsError` for no such role."""
        if role not in ROLES:
            raise SettingsError.unknown(f"there is no role {role!r}", role, ROLES, "the roles are")
        key = Key(secrets.token_hex(6), role, note, int(self.clock()))
        text = f"{BEGINS}_{key.id}_{secrets.token_urlsafe(32)}"
        row = {"id": key.id, "role": role, "note": note, "digest": _digest(text), "made": key.made}
        with self.database.writing() as connection:
            connection.execute(sa.insert(table), row)
            self.audit.add(connection, actor, "key made", {"key": key.id, "role": role})
        return key, text

    def check(self, text: str) -> Key | None:
        """Whose key this is; None for one that was revoked, or never was."""
        begins, _, rest = text.partition("_")
        id_ = rest.partition("_")[0] if begins == BEGINS else ""
        id_ = id_ if id_.isascii() and id_.isalnum() else ""
        with self.database.reading() as connection:
            row = connection.execute(KEY_OF, {"id": id_}).one_or_none()
        same = hmac.compare_digest(NOBODY if row is None else row.digest, _digest(text))
        return _key(row) if row is not None and same and row.revoked is None else None

    def revoke(self, id_: str, *, actor: str) -> Key:
        """From now on the key opens nothing. Raises `DataError` for no such key."""
        known = {key.id: key for key in self.all()}
        if id_ not in known:
            raise DataError.unknown(f"there is no key {id_!r}", id_, known, "the keys are")
        if known[id_].revoked is not None:
            return known[id_]
        with self.database.writing() as connection:
            gone = sa.update(table).where(table.c.id == id_).values(revoked=int(self.clock()))
            connection.execute(gone)
            self.audit.add(connection, actor, "key revoked", {"key": id_})
        return next(key for key in self.all() if key.id == id_)

    def all(self) -> list[Key]:
        """Every key there ever was, oldest first."""
        with self.database.reading() as connection:
            return [_key(row) for row in connection.execute(sa.select(table).order_by(table.c.made, table.c.id))]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: Any) -> Key:
    return Key(row.id, row.role, row.note, row.made, row.revoked)
