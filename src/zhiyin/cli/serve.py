"""``zhiyin serve``: answers over HTTP."""

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.errors import ResourceError, SettingsError
from zhiyin.core.languages import Sentence

if TYPE_CHECKING:
    from zhiyin.serving import Certificate, Service, Workers
    from zhiyin.store import Store

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store", envvar="ZHIYIN_STORE", help="Address of a PostgreSQL for live events and keys; else store.db."
    ),
]
LOOPBACK = ("127.0.0.1", "::1", "localhost")
DAY_S = 86_400
AT = Sentence("answers at {url}; stop it with Ctrl-C", "服务地址：{url}；按 Ctrl-C 停止")
KEY = Sentence("first key, shown this once: {key}", "第一把密钥，只显示这一次：{key}")
TRY = Sentence("try it:", "试一试：")
REACHED = Sentence(
    "{host} can be reached from other machines, and what is sent is not encrypted: give --tls-cert and --tls-key, or "
    "put a proxy with TLS in front",
    "其他机器可以访问 {host}，且传输未加密：请给出 --tls-cert 与 --tls-key，或在前面放一个带 TLS 的代理",
)
ENDED = Sentence(
    "the log ended {days} days ago; it is answered as if it had ended today",
    "日志在 {days} 天前结束；按今天结束来推荐",
)
STOPPED = Sentence("stopped; every event that was taken in is kept", "已停止；收到的事件均已保存")


def run(
    asked: Asked,
    host: Annotated[str, typer.Option(help="127.0.0.1: only this machine can reach it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8765,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes, each with the models in its memory.")] = 1,
    explore: Annotated[
        float, typer.Option(min=0, max=1, help="Share of slates in which a new item is tried at one place.")
    ] = 0.0,
    per_second: Annotated[float, typer.Option(min=0.001, help="Questions of one key, in each process.")] = 1000.0,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Certificate in PEM, with its chain: answers over https.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key in PEM.")] = None,
    store: StoreOption = None,
    fd: Annotated[int | None, typer.Option(hidden=True, help="Of a worker: the port that is open already.")] = None,
) -> None:
    """Answer over HTTP with what the last run put together; each event that comes in changes the very next answer.

    Example: zhiyin serve -w shop
    """
    if (tls_cert is None) != (tls_key is None):
        raise SettingsError("give both --tls-cert and --tls-key, or none of them")
    try:
        from zhiyin.serving import Certificate, Limits, Service, Workers, listening, serve
    except ImportError:
        raise ResourceError.not_installed("serving", "serve") from None
    certificate = Certificate(tls_cert, tls_key) if tls_cert and tls_key else None
    limits = Limits(per_key_per_s=per_second)
    taken = listening(host, port) if fd is None else socket.socket(fileno=fd)
    with taken as bound:
        if workers > 1 and fd is None:
            _many(asked, Workers, bound, workers, certificate, store)
            return
        service = Service.of(asked.folder, store, explore=explore)
        try:
            service.warm()
            service.watch()
            serve(service, bound, limits, lambda url: _begun(asked, service, url, host, fd), certificate)
        except KeyboardInterrupt:
            asked.note(asked.words(STOPPED))
        finally:
            service.close()


def _many(
    asked: Asked, kind: "type[Workers]", bound: socket.socket, n: int, certificate: "Certificate | None",
    store: str | None,
) -> None:  # fmt: skip
    """Several processes of this command on the port."""
    from zhiyin.answering import Plan
    from zhiyin.serving.server import url_of
    from zhiyin.serving.service import nothing_to_serve
    from zhiyin.store import Store

    if Plan.read_from(asked.folder) is None:
        raise nothing_to_serve(asked.folder)
    command = [sys.executable, "-m", "zhiyin", *sys.argv[1:]]
    url = url_of(bound, certificate)

    def ready() -> None:
        with Store.of(asked.folder, store) as opened:
            asked.answer({"url": url, "key": _first_key(asked, opened, url), "workers": n})

    kind(command, bound, n).run(ready, certificate)
    asked.note(asked.words(STOPPED))


def _begun(asked: Asked, service: "Service", url: str, host: str, fd: int | None) -> None:
    """What a person is told once the port is open; of one of several processes nothing."""
    if fd is not None:
        return
    key = _first_key(asked, service.store, url)
    if host not in LOOPBACK and not url.startswith("https"):
        asked.note(asked.words(REACHED, host=host))
    if service.asking.lag_s:
        asked.note(asked.words(ENDED, days=service.asking.lag_s // DAY_S))
    asked.answer({"url": url, "key": key, **service.models()})


def _first_key(asked: Asked, store: "Store", url: str) -> dict[str, Any] | None:
    """Where nobody has a key yet one is made, and shown this once."""
    key: dict[str, Any] | None = None
    if not store.keys.all():
        made, text = store.keys.new("write", "first", actor="zhiyin serve")
        key = {"id": made.id, "role": made.role, "text": text}
    asked.show(AT, url=url)
    if key is not None:
        asked.show(KEY, key=key["text"])
        asked.show(TRY)
        asked.show(f"  curl {url}/v1/recommend -H 'Authorization: Bearer {key['text']}' -d '{{\"history\": []}}'")
    return key
