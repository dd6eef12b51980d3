"""The most that one question may hold, so that none can take the server's memory or time."""

from pydantic import Field

from zhiyin.answering import Budget
from zhiyin.core.settings import Config

EVENTS = 1000
"""Events at once."""
HISTORY = 1000
"""Items of a bare history, and items that are not to be returned."""
SIMILAR = 20
"""Items at once of which similar ones are asked for."""
K = 500
"""Length of a slate."""
ID = 1024
"""Characters of an id."""
WISHES = 20
"""Boosts, and columns of which at most so many items are wanted."""
PINS = 100
"""Items that are put first."""
CONTEXT = 32
"""Further columns of an event, or of the moment of asking."""
LIVE = 10_000
"""Newest live events of a person that an answer reads."""


ITEMS = 1000
"""Items at once of which something is said."""
COLUMNS = 100
"""Columns of one item or person."""
STREAMS = 100
"""Open at once."""
EXPLAIN_MS = 10_000
"""Longest time for one explanation."""


class Limits(Config):
    """What a server is started with."""

    budget: Budget = Budget()
    """Seconds of each rung."""
    body_bytes: int = Field(default=2 << 20, gt=0)
    """Size of a question."""
    per_key_per_s: float = Field(default=1000.0, gt=0)
    """Questions of one key a second, in each process; as many at once after a pause."""
    at_once: int = Field(default=64, gt=0)
    """Questions that are answered at the same time, in each process; who comes then is asked to come again."""
