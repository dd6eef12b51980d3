"""Several processes on one port: each has the models in its memory, all share one store; who ends is begun again."""

import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Sequence
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

from zhiyin.core.errors import ResourceError
from zhiyin.serving.server import Certificate, url_of

LOOK_S = 0.1
PAUSE_S = 1.0
"""Before a worker that has just begun and ended is begun again."""
READY_S = 300
STOP_S = 15


class Workers:
    """Processes of one command, which is told the port's file descriptor behind ``--fd``."""

    def __init__(self, command: Sequence[str], bound: socket.socket, n: int) -> None:
        self.command, self.bound, self.stopping = command, bound, False
        self.begun_at = [0.0] * n
        self.processes = [self._begin(place) for place in range(n)]

    def run(self, ready: Callable[[], None], certificate: Certificate | None = None) -> None:
        """Keep them running until the process is told to stop; ``ready`` is called once the first answers.

        Raises `ResourceError` where none comes to answer.
        """
        before = {kind: signal.signal(kind, self._told) for kind in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._wait(certificate)
            ready()
            while not self.stopping:
                for place, process in enumerate(self.processes):
                    if process.poll() is not None and time.monotonic() - self.begun_at[place] > PAUSE_S:
                        self.processes[place] = self._begin(place)
                time.sleep(LOOK_S)
        finally:
            self._end()
            for kind, handler in before.items():
                signal.signal(kind, handler)

    def _begin(self, place: int) -> "subprocess.Popen[bytes]":
        self.begun_at[place] = time.monotonic()
        descriptor = self.bound.fileno()
        return subprocess.Popen([*self.command, "--fd", str(descriptor)], pass_fds=(descriptor,))

    def _wait(self, certificate: Certificate | None) -> None:
        until = time.monotonic() + READY_S
        while not self.stopping:
            if all(process.poll() is not None for process in self.processes) or time.monotonic() > until:
                raise ResourceError("no worker came to answer; what they said stands above")
            try:
                # our own port: whose certificate it is need not be asked
                context = ssl._create_unverified_context() if certificate else None  # noqa: S323
                with urlopen(f"{url_of(self.bound, certificate)}/health/live", timeout=5, context=context):  # noqa: S310
                    return
            except (URLError, OSError):
                time.sleep(LOOK_S)

    def _told(self, kind: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
