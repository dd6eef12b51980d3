"""How often one key may ask: a bucket of tokens that fills at a steady rate."""

import threading
import time
from collections.abc import Callable


class Rates:
    """Buckets by key. Any number of threads may ask."""

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``per_s``: questions a second in the long run, and as many at once after a pause."""
        self.per_s, self.most, self.clock = per_s, max(1.0, per_s), clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait_s(self, key: str) -> float:
        """0, and a token is taken; or the seconds until there is one."""
        now = self.clock()
        with self._lock:
            left, at = self._buckets.get(key, (self.most, now))
            left = min(self.most, left + (now - at) * self.per_s)
            taken = left >= 1
            self._buckets[key] = (left - 1 if taken else left, now)
        return 0.0 if taken else (1 - left) / self.per_s
