"""``zhiyin serve``: answers over HTTP."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.errors import ResourceError
from zhiyin.core.languages import Sentence

if TYPE_CHECKING:
    from zhiyin.serving import Service

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
    "{host} can be reached from other machines, and what is sent is not encrypted: put a proxy with TLS in front",
    "其他机器可以访问 {host}，且传输未加密：请在前面放一个带 TLS 的代理",
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
    store: StoreOption = None,
) -> None:
    """Answer over HTTP with what the last run put together; each event that comes in changes the very next answer.

    Example: zhiyin serve -w shop
    """
    try:
        from zhiyin.serving import Service, listening, serve
    except ImportError:
        raise ResourceError.not_installed("serving", "serve") from None
    with listening(host, port) as bound:
        service = Service.of(asked.folder, store)
        try:
            service.warm()
            serve(service, bound, begun=lambda url: _begun(asked, service, url, host))
        except KeyboardInterrupt:
            asked.note(asked.words(STOPPED))
        finally:
            service.close()


def _begun(asked: Asked, service: "Service", url: str, host: str) -> None:
    """What a person is told once the port is open."""
    key: dict[str, Any] | None = None
    if not service.store.keys.all():
        made, text = service.store.keys.new("write", "first", actor="zhiyin serve")
        key = {"id": made.id, "role": made.role, "text": text}
    asked.show(AT, url=url)
    if key is not None:
        asked.show(KEY, key=key["text"])
        asked.show(TRY)
        asked.show(f"  curl {url}/v1/recommend -H 'Authorization: Bearer {key['text']}' -d '{{\"history\": []}}'")
    if host not in LOOPBACK:
        asked.note(asked.words(REACHED, host=host))
    if service.asking.lag_s:
        asked.note(asked.words(ENDED, days=service.asking.lag_s // DAY_S))
    asked.answer({"url": url, "key": key, **service.models()})
