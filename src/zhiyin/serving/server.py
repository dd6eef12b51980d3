"""A running server: in front, until it is stopped, or beside other work in a thread of its own."""

import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from zhiyin.answering import Answerer, Assembly
from zhiyin.client import Client
from zhiyin.core.errors import ModelError, ResourceError, SettingsError
from zhiyin.data.dataset import Dataset
from zhiyin.serving.app import app_of
from zhiyin.serving.limits import Limits
from zhiyin.serving.service import Service
from zhiyin.store import Store

LOOPBACK = "127.0.0.1"
START_S = 30
BACKLOG = 1024


@dataclass(frozen=True)
class Certificate:
    """What encrypts: files in PEM."""

    chain: Path
    key: Path


def serve(
    service: Service, bound: socket.socket, limits: Limits | None = None,
    begun: Callable[[str], None] = lambda _: None, certificate: Certificate | None = None,
) -> None:  # fmt: skip
    """Answer on a port that `listening` gave until the process is told to stop; ``begun`` is told the URL first.

    Raises `SettingsError` where the ``certificate`` cannot be read.
    """
    server = _server(service, limits, certificate)
    begun(url_of(bound, certificate))
    server.run(sockets=[bound])


@contextmanager
def running(service: Service, limits: Limits | None = None) -> Iterator[str]:
    """A server in a thread of its own on a free port of this machine, until the block ends; gives its URL."""
    with listening(LOOPBACK, 0) as bound:
        server = _server(service, limits)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="zhiyin-server", daemon=True)
        thread.start()
        try:
            _wait_for(server, thread)
            yield url_of(bound)
        finally:
            server.should_exit = True
            thread.join(START_S)


@contextmanager
def beside(model: Any, dataset: Dataset | None = None, limits: Limits | None = None) -> Iterator[Client]:
    """One trained model served beside this program, on a free port of this machine; gives a client with a key.

    ``dataset``: the log, so that its people are known. Live events last as long as the block.

        with zhiyin.serving.beside(model, dataset) as shop:
            shop.events([{"user": "somebody", "item": "22423"}])
            print(shop.recommend("somebody")["items"])
    """
    if isinstance(model, type) or not hasattr(model, "candidates"):
        found = model.__name__ if isinstance(model, type) else repr(model)[:60]
        raise ModelError(f"a trained model is served, found {found}; give one: zhiyin.models.EASE().fit(dataset)")
    answerer = Answerer(Assembly.alone(model.name, model), dataset)
    with tempfile.TemporaryDirectory(prefix="zhiyin-") as folder, Store.of(Path(folder)) as store:
        _, key = store.keys.new("write", actor="beside")
        service = Service(answerer, store, None if limits is None else limits.budget)
        service.warm()
        try:
            with running(service, limits) as url, Client(url, key) as client:
                yield client
        finally:
            service.close()


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """The port, taken for the block; 0: any free one. Raises `ResourceError` where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
        except OSError as error:
            raise ResourceError(
                f"{host} port {port} cannot be had ({error.strerror or error}); choose another one: --port {port + 1}",
                found=f"{host}:{port}", do=f"--port {port + 1}",
            ) from None  # fmt: skip
        bound.listen(BACKLOG)
        yield bound


def url_of(bound: socket.socket, certificate: Certificate | None = None) -> str:
    """How a client on this machine calls it."""
    scheme, (host, port) = "https" if certificate else "http", bound.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _server(service: Service, limits: Limits | None, certificate: Certificate | None = None) -> uvicorn.Server:
    config = uvicorn.Config(
        app_of(service, limits), loop="uvloop", http="httptools", ws="none", lifespan="off", access_log=False,
        log_config=None, server_header=False, timeout_graceful_shutdown=5,
        ssl_certfile=certificate.chain if certificate else None, ssl_keyfile=certificate.key if certificate else None,
    )  # fmt: skip
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"the certificate cannot be read ({error.strerror or error}); give --tls-cert and --tls-key in PEM"
        ) from None
    return uvicorn.Server(config)


def _wait_for(server: uvicorn.Server, thread: threading.Thread) -> None:
    until = time.monotonic() + START_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise ResourceError(f"the server did not start within {START_S} s; ask again when the machine is less busy")
        time.sleep(0.005)
