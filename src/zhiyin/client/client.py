"""``zhiyin.client.Client(url, key)``: events in, slates out; errors are the package's own, as the server said them."""

import http.client
import json
import uuid
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote, urlsplit

from zhiyin.core.errors import (
    DataError,
    ModelError,
    RefusedError,
    ResourceError,
    ServiceError,
    SettingsError,
    ZhiyinError,
)
from zhiyin.core.wire import (
    EventJSON,
    ExplainJSON,
    ForgottenJSON,
    ModelsJSON,
    Recommendations,
    SlateJSON,
    TakenJSON,
)

OURS: dict[str, type[ZhiyinError]] = {
    kind.code: kind for kind in (DataError, ModelError, RefusedError, ResourceError, ServiceError, SettingsError)
}
"""Errors by their code; any other code of an answer is a `ServiceError`."""
HUNG_UP = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
"""What a kept connection says when the server has closed it."""


class Client:
    """One server and one key. Threads may share it; connections are kept."""

    def __init__(self, url: str, key: str, timeout_s: float = 30.0) -> None:
        """``url``: where the server is, ``http://127.0.0.1:8765``. Raises `SettingsError` for what is no address."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(
                f"{url!r} is no address of a server; give one like http://127.0.0.1:8765", found=url,
                allowed="http://…, https://…",
            )  # fmt: skip
        self.url, self.timeout_s = url.rstrip("/"), timeout_s
        self._parts, self._key = parts, key
        self._kept: list[http.client.HTTPConnection] = []  # whose append and pop no two threads get between

    def __repr__(self) -> str:
        return f"Client({self.url!r})"  # never the key

    def events(self, events: Iterable[EventJSON]) -> TakenJSON:
        """Take these in, all or none: when this returns they are on the server's disk, and the next answer knows them.

        An event without an ``idempotency_key`` is given one, so that it counts once although a broken connection may
        make it be sent twice. Raises `ServiceError` where no answer came: the events may be there or not. Give keys of
        your own to send them again safely.
        """
        keyed = [{"idempotency_key": uuid.uuid4().hex, **event} for event in events]
        return cast(TakenJSON, self._ask("POST", "/v1/events", {"events": keyed}))

    def recommend(
        self, user: str | None = None, *, history: Sequence[str] | None = None, k: int | None = None,
        exclude: Sequence[str] = (), reasons: bool = False, **wishes: Any,
    ) -> SlateJSON:  # fmt: skip
        """A slate for ``user`` as they are now, or for somebody of whom only a ``history`` of item ids is known.

        ``wishes``: ``filter``, ``boost``, ``most``, ``pin``, ``offset``, ``moment`` and ``rung`` as the API has them:
        ``shop.recommend("17850", filter='category == "mug" and price < 5', most={"category": 2})``.
        """
        asked = {"user": user, "history": None if history is None else list(history), "k": k,
                 "exclude": list(exclude), "reasons": reasons, **wishes}  # fmt: skip
        return self._slates("/v1/recommend", {name: part for name, part in asked.items() if part is not None})[0]

    def rerank(
        self, items: Sequence[str], user: str | None = None, *, history: Sequence[str] | None = None, **moment: Any
    ) -> SlateJSON:
        """Your own list, best first for ``user`` or after a ``history``; ``moment``: what is known of now."""
        asked = {"items": list(items), "user": user, "history": None if history is None else list(history)}
        asked = {name: part for name, part in asked.items() if part is not None}
        return self._slates("/v1/rerank", {**asked, **({"moment": moment} if moment else {})})[0]

    def basket(self, items: Sequence[str], user: str | None = None, **wishes: Any) -> SlateJSON:
        """What goes with these items, which nobody has bought yet; ``wishes`` as in `recommend`, and ``k``."""
        return self._slates("/v1/basket", {"items": list(items), **({"user": user} if user else {}), **wishes})[0]

    def trending(self, k: int = 10, days: float = 7, **wishes: Any) -> SlateJSON:
        """What is taken more in the last ``days`` than in those before."""
        return self._slates("/v1/trending", {"k": k, "days": days, **wishes})[0]

    def similar(self, item: str, k: int = 10) -> SlateJSON:
        """The items nearest to one."""
        return self._slates("/v1/similar", {"items": [item], "k": k})[0]

    def items(self, items: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """Say something of items, which the very next answer knows: ``{"item", "columns", "withdrawn"}`` each."""
        return cast(dict[str, Any], self._ask("POST", "/v1/items", {"items": list(items)}))

    def person(self, user: str, **columns: Any) -> dict[str, Any]:
        """Say something of a person, by column."""
        return cast(dict[str, Any], self._ask("POST", f"/v1/users/{quote(user, safe='')}", {"columns": columns}))

    def forget(self, user: str) -> ForgottenJSON:
        """Erase a person from the store and from answers at once; the receipt says what models keep."""
        return cast(ForgottenJSON, self._ask("DELETE", f"/v1/users/{quote(user, safe='')}"))

    def explain(
        self, item: str, user: str | None = None, *, history: Sequence[str] | None = None, **asked: Any
    ) -> ExplainJSON:
        """Why an item is in the slate of ``user`` or after a ``history``; ``asked``: ``by``, ``k``, ``budget_ms``."""
        who = {"user": user} if user is not None else {"history": list(history or ())}
        return cast(ExplainJSON, self._ask("POST", "/v1/explain", {"item": item, **who, **asked}))

    def models(self) -> ModelsJSON:
        """What answers, with versions."""
        return cast(ModelsJSON, self._ask("GET", "/v1/models"))

    def close(self) -> None:
        """Let go of the kept connections."""
        while self._kept:
            self._kept.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _slates(self, path: str, asked: dict[str, Any]) -> list[SlateJSON]:
        return cast(Recommendations, self._ask("POST", path, asked))["recommendations"]

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        status, text = self._exchanged(method, path, sent, headers)
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if status == 200 and answer is not None:
            return answer
        raise _error(status, answer, self.url)

    def _exchanged(self, method: str, path: str, sent: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        """Status and body. A kept connection that the server has closed meanwhile is opened once more."""
        kept = self._kept.pop() if self._kept else None
        for connection in (kept, self._opened()):
            if connection is None:
                continue
            try:
                connection.request(method, self._parts.path.rstrip("/") + path, sent, headers)
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if connection is kept and isinstance(error, HUNG_UP):
                    continue
                raise self._silent(error) from None
            self._kept.append(connection)
            return answer.status, text
        raise AssertionError  # the second try returns or raises

    def _opened(self) -> http.client.HTTPConnection:
        """A connection of its own, which begins with the first question."""
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        return kind(str(self._parts.hostname), self._parts.port, timeout=self.timeout_s)

    def _silent(self, error: Exception) -> ServiceError:
        said = str(error) or type(error).__name__
        return ServiceError(f"{self.url} does not answer ({said}); start it: zhiyin serve", found=said,
                            do="zhiyin serve")  # fmt: skip


def _error(status: int, answer: Any, url: str) -> ZhiyinError:
    """What the server said, as one of our errors."""
    said = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(said, dict) or "message" not in said:
        return ServiceError(f"{url} answered {status} and not as zhiyin does; is this its address?", found=str(status))
    parts = {name: str(said.get(name, "")) for name in ("found", "allowed", "do")}
    return OURS.get(str(said.get("code")), ServiceError)(str(said["message"]), **parts)
