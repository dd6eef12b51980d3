"""What is live: events, items and people as they change, impressions, keys, the audit log; SQLite or PostgreSQL."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "ROLES": "keys",
        "Event": "events",
        "Impression": "impressions",
        "Item": "catalogue",
        "Key": "keys",
        "Role": "keys",
        "Store": "store",
    },
)
