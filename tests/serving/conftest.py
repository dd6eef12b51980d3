"""A really running server over the even world, and questions to it as bytes."""

import http.client
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from zhiyin import models
from zhiyin.answering import Answerer, Assembly, Budget, Rules
from zhiyin.serving import Limits, Service, running
from zhiyin.store import ROLES, Store
from zhiyin.testing import worlds

BODY_BYTES = 200_000


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: Any


class Shop(NamedTuple):
    """A running server and a key of each role."""

    url: str
    keys: dict[str, str]
    service: Service

    def ask(
        self, method: str, path: str, body: Any = None, key: str | None = "write", headers: dict[str, str] | None = None
    ) -> Said:
        """``key``: a role, or the text of a key; ``body``: what becomes JSON, or bytes as they are."""
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        said = {} if key is None else {"Authorization": f"Bearer {self.keys.get(key, key)}"}
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, sent, {"Content-Type": "application/json", **said, **(headers or {})})
            answer = connection.getresponse()
            headers = {k.lower(): v for k, v in answer.getheaders()}
            kind = headers.get("content-type", "")
            text = answer.readline() if kind.startswith("text/event-stream") else answer.read()
            return Said(answer.status, headers, json.loads(text) if kind == "application/json" else text)
        finally:
            connection.close()

    def slate(self, **asked: Any) -> Any:
        said = self.ask("POST", "/v1/recommend", asked, "read")
        assert said.status == 200, said
        (slate,) = said.body["recommendations"]
        return slate


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    logging.getLogger("zhiyin").setLevel(logging.DEBUG)
    world = worlds.even()
    sources = {name.lower(): (getattr(models, name)().fit(world), 12) for name in ("Popular", "EASE")}
    rules = Rules(hide={"item": ["i12"]})
    answerer = Answerer(Assembly(sources, rules=rules, version=3), world)
    with Store.of(tmp_path_factory.mktemp("shop")) as store:
        keys = {role: store.keys.new(role, actor="test")[1] for role in ROLES}
        service = Service(answerer, store, Budget(full_s=60, reasons_s=60, retrieval_s=60))
        with running(service, Limits(body_bytes=BODY_BYTES)) as url:
            yield Shop(url, keys, service)
        service.ladder.close()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything was run once."""
    from zhiyin.cli import app

    folder = tmp_path_factory.mktemp("served") / "w"
    folder.mkdir()
    worlds.even_csv(folder / "log.csv")
    recipe = (
        '[split]\nby = "last"\n[models.popular]\nmodel = "Popular"\n[models.ease]\nmodel = "EASE"\n[answer]\nk = 4\n'
    )
    (folder / "zhiyin.toml").write_text(recipe)
    assert app.main(["ingest", str(folder / "log.csv"), "-w", str(folder)]) == 0
    assert app.main(["run", "-w", str(folder)]) == 0
    return folder
