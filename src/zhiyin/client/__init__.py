"""The typed Python client of the HTTP API; nothing but the standard library."""

from zhiyin.client.client import Client

__all__ = ["Client"]
