"""Answers over HTTP within a time budget; takes events in. Closed by default."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Certificate": "server",
        "Limits": "limits",
        "Service": "service",
        "Workers": "workers",
        "app_of": "app",
        "beside": "server",
        "listening": "server",
        "running": "server",
        "serve": "server",
    },
)
