"""What was shown, written behind the answers: nobody waits for it, and little is lost with a killed process."""

import logging
import threading
from collections import deque

from zhiyin.core.errors import ZhiyinError
from zhiyin.store import Impression, Store

MOST = 100_000
"""Impressions that wait for a store that does not answer; the oldest give way."""
EVERY_S = 0.25
AT_ONCE = 5000
log = logging.getLogger("zhiyin.serving")


class Shown:
    """Impressions on their way into a store."""

    def __init__(self, store: Store) -> None:
        self.store, self.dropped = store, 0
        self._waiting: deque[Impression] = deque()
        self._one_at_a_time = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def add(self, shown: list[Impression]) -> None:
        """Take these along."""
        if self._thread is None:
            with self._one_at_a_time:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._write, name="impressions", daemon=True)
                    self._thread.start()
        self._waiting.extend(shown)
        while len(self._waiting) > MOST:
            self._waiting.popleft()
            self.dropped += 1

    def flush(self) -> None:
        """Write all that waits. Raises `ServiceError` where the store does not answer; nothing is lost then."""
        with self._one_at_a_time:
            while self._waiting:
                part = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                try:
                    self.store.impressions.append(part)
                except BaseException:
                    self._waiting.extendleft(reversed(part))
                    raise

    def close(self) -> None:
        """Write what waits, and end."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self._tried()

    def _write(self) -> None:
        while not self._ended.wait(EVERY_S):
            self._tried()

    def _tried(self) -> None:
        try:
            self.flush()
        except ZhiyinError as error:
            log.error("%d impressions wait: %s", len(self), error.message)
