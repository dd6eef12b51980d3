"""The client says what the server says, in the package's own words; a broken connection counts nothing twice."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import zhiyin
from zhiyin.answering import Budget
from zhiyin.client import Client
from zhiyin.core.errors import DataError, ModelError, ServiceError, SettingsError
from zhiyin.serving import Limits, beside
from zhiyin.testing import worlds


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    world = worlds.even()
    patient = Limits(budget=Budget(full_s=60, reasons_s=60))
    with beside(zhiyin.models.EASE().fit(world), world, patient) as client:
        yield client


def test_an_event_changes_the_answer(shop: Client) -> None:
    before = shop.recommend("somebody", k=3)
    taken = shop.events([{"user": "somebody", "item": "i1"}, {"user": "somebody", "item": "new", "kind": "purchase"}])
    assert (taken["accepted"], taken["unknown_items"]) == (2, ["new"])
    after = shop.recommend("somebody", k=3)
    assert before["items"] != after["items"]
    assert all(int(item["item"][1:]) % 2 for item in after["items"])


def test_each_question_has_its_answer(shop: Client) -> None:
    slate = shop.recommend(history=["i0", "i2"], k=4, exclude=["i4"], reasons=True)
    assert len(slate["items"]) == 4
    assert slate["items"][0]["reason"]
    assert "i4" not in [item["item"] for item in slate["items"]]
    assert len(shop.similar("i0", 3)["items"]) == 3
    assert shop.models()["answers"]["name"] == "EASE"


def test_a_mistake_is_the_packages_error(shop: Client) -> None:
    with pytest.raises(SettingsError, match="give either user or history"):
        shop.recommend()
    with pytest.raises(DataError, match="there is no kind 'buy'; the kinds are: view") as said:
        shop.events([{"user": "u", "item": "i0", "kind": "buy"}])
    assert said.value.found == "buy"
    with Client(shop.url, "zy_no_key") as stranger, pytest.raises(ServiceError, match="send the header Authorization"):
        stranger.models()


def test_the_key_is_not_shown(shop: Client) -> None:
    assert "zy_" not in repr(Client(shop.url, "zy_secret"))


def test_threads_share_it(shop: Client) -> None:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(shop.recommend("u4")["items"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(items == found[0] for items in found)


def test_a_server_that_is_not_there_is_said() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    with pytest.raises(ServiceError, match=f"http://127.0.0.1:{port} does not answer .*; start it: zhiyin serve"):
        Client(f"http://127.0.0.1:{port}", "zy_a_b").models()
    with pytest.raises(SettingsError, match="'127.0.0.1' is no address of a server; give one like http://"):
        Client("127.0.0.1", "zy_a_b")


def answering(times: list[bytes]) -> tuple[str, list[bytes], threading.Thread]:
    """A server that reads a question for each of these and says it; nothing: it hangs up."""
    bound, heard = socket.create_server(("127.0.0.1", 0)), []

    def run() -> None:
        with bound:
            for said in times:
                connection, _ = bound.accept()
                with connection:
                    question = connection.recv(1 << 16)
                    while question.startswith(b"POST") and not question.endswith(b"}"):  # head and body come apart
                        question += connection.recv(1 << 16)
                    heard.append(question)
                    connection.sendall(said)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{bound.getsockname()[1]}", heard, thread


TAKEN = b'{"accepted": 1, "repeated": 0, "sequence": 1, "unknown_items": []}'
KEPT = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(TAKEN) + TAKEN


def test_what_is_sent_twice_has_one_idempotency_key() -> None:
    url, heard, thread = answering([KEPT, KEPT])
    client = Client(url, "zy_a_b", timeout_s=5)
    client.events([{"user": "u", "item": "first"}])
    client.events([{"user": "u", "item": "second"}])  # the kept connection was closed meanwhile
    client.close()
    thread.join(5)
    keys = [question.partition(b'"idempotency_key": "')[2][:32] for question in heard]
    assert len(heard) == 2
    assert all(len(key) == 32 for key in keys)
    assert len(set(keys)) == 2


def test_a_stranger_that_answers_is_said() -> None:
    url, _, _ = answering([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"])
    with Client(url, "zy_a_b") as client, pytest.raises(ServiceError, match="answered 200 and not as zhiyin does"):
        client.models()


def test_what_is_no_trained_model_is_not_served() -> None:
    with pytest.raises(ModelError, match="a trained model is served, found EASE"), beside(zhiyin.models.EASE):
        pass
