"""What is live: events as they come in, keys, and the audit log; SQLite by default, PostgreSQL for more."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "ROLES": "keys",
        "Event": "events",
        "Key": "keys",
        "Role": "keys",
        "Store": "store",
    },
)
