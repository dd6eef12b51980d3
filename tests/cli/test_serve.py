"""``zhiyin serve`` and ``zhiyin keys``: a first key once, clear sentences and exit codes, a really started server."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from zhiyin.cli import app
from zhiyin.client import Client
from zhiyin.core.errors import ServiceError
from zhiyin.store import Store
from zhiyin.testing import worlds

RECIPE = '[split]\nby = "last"\n[models.popular]\nmodel = "Popular"\n[models.ease]\nmodel = "EASE"\n[answer]\nk = 4\n'


def zhiyin(*arguments: object) -> int:
    return app.main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which everything was run once."""
    folder = tmp_path_factory.mktemp("serve") / "w"
    folder.mkdir()
    worlds.even_csv(folder / "log.csv")
    (folder / "zhiyin.toml").write_text(RECIPE)
    assert zhiyin("ingest", folder / "log.csv", "-w", folder) == 0
    assert zhiyin("run", "-w", folder) == 0
    return folder


@pytest.fixture
def shop(line: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(line, tmp_path / "shop"))


@contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running command and what it said first."""
    command = [sys.executable, "-m", "zhiyin", "serve", "-w", str(folder), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.slow
def test_a_first_key_opens_it_and_an_event_outlives_a_kill(shop: Path) -> None:
    with served(shop, "--json") as (process, said):
        first = json.loads(said)
        assert (first["key"]["role"], first["answers"]["name"]) == ("write", "assembly")
        with Client(first["url"], first["key"]["text"]) as client:
            assert client.recommend("somebody", reasons=True)["history"] == []
            client.events([{"user": "somebody", "item": "i1"}])
            assert client.recommend("somebody", reasons=True)["history"] == ["i1"]
            os.kill(process.pid, signal.SIGKILL)
            process.wait(30)
            with pytest.raises(ServiceError, match="does not answer"):
                client.models()
    with served(shop, "--json") as (process, said):
        second = json.loads(said)
        assert second["key"] is None
        with Client(second["url"], first["key"]["text"]) as client:
            assert client.recommend("somebody", reasons=True)["history"] == ["i1"]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert (out, "stopped; every event that was taken in is kept" in err) == ("", True)
        assert first["key"]["text"] not in err


@pytest.mark.slow
def test_what_is_told_a_person_is_a_url_a_key_and_a_line_to_try(shop: Path) -> None:
    with served(shop, "--lang", "zh") as (process, said):
        url = said.strip().removeprefix("服务地址：").partition("；")[0]
        assert process.stdout is not None
        assert process.stdout.readline().startswith("第一把密钥，只显示这一次：zy_")
        process.stdout.readline()
        line = process.stdout.readline().strip()
        assert line.startswith(f"curl {url}/v1/recommend")
        tried = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=60)
        assert len(json.loads(tried.stdout)["recommendations"][0]["items"]) == 4, tried.stderr


@pytest.mark.slow
def test_a_killed_worker_is_begun_again_and_an_event_is_known_to_all(shop: Path) -> None:
    with served(shop, "--json", "--workers", "2") as (process, said):
        first = json.loads(said)
        assert first["workers"] == 2
        with Client(first["url"], first["key"]["text"]) as client:
            client.events([{"user": "somebody", "item": "i1"}])
        for _ in range(20):  # each on a connection of its own, so that both are met
            with Client(first["url"], first["key"]["text"]) as client:
                assert client.recommend("somebody", reasons=True)["history"] == ["i1"]
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
        ).stdout.split()
        assert len(children) == 2
        os.kill(int(children[0]), signal.SIGKILL)
        answered = 0
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with Client(first["url"], first["key"]["text"]) as client:
                answered += bool(client.recommend("somebody")["items"])
            now = subprocess.run(
                ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
            ).stdout.split()
            if len(set(now) - set(children)) == 1 and answered > 20:
                break
        else:
            pytest.fail("nobody took the place of the killed worker")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        for child in {*children, *now}:
            with pytest.raises(ProcessLookupError):
                os.kill(int(child), 0)


@pytest.mark.slow
def test_with_a_certificate_it_answers_over_https(shop: Path, tmp_path: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]  # fmt: skip
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    options = ("--json", "--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    with served(shop, *options) as (_, said):
        url = json.loads(said)["url"]
        assert url.startswith("https://127.0.0.1:")
        trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        connection = http.client.HTTPSConnection(url.removeprefix("https://"), timeout=30, context=trusted)
        connection.request("GET", "/health/ready")
        assert json.loads(connection.getresponse().read()) == {"status": "ready"}
        connection.close()


def test_a_certificate_that_cannot_be_read_is_told(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cert.pem").write_text("none")
    assert zhiyin("serve", "-w", shop, "--port", "0", "--tls-cert", tmp_path / "cert.pem") == 2
    assert "give both --tls-cert and --tls-key" in capsys.readouterr().err
    for key in ("cert.pem", "absent.pem"):
        files = ("--tls-cert", tmp_path / "cert.pem", "--tls-key", tmp_path / key)
        assert zhiyin("serve", "-w", shop, "--port", "0", *files) == 2
        assert "the certificate cannot be read" in capsys.readouterr().err


def test_several_workers_before_a_run_say_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("serve", "-w", tmp_path, "--port", "0", "--workers", "2") == 2
    assert f"nothing to serve yet; run: zhiyin run -w {tmp_path}" in capsys.readouterr().err


def test_before_a_run_it_says_what_to_do_and_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    assert zhiyin("serve", "-w", tmp_path, "--port", "0") == 2
    assert f"nothing to serve yet; run: zhiyin run -w {tmp_path}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_said_with_another(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert zhiyin("serve", "-w", shop, "--port", port, "--json") == 4
    out, err = capsys.readouterr()
    assert f"127.0.0.1 port {port} cannot be had (Address already in use); choose another one: --port {port + 1}" in err
    assert json.loads(out)["error"]["do"] == f"--port {port + 1}"


def test_without_its_packages_it_says_how_to_install_them(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "zhiyin.serving.server", None)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert zhiyin("serve", "-w", shop) == 4
    assert "serving needs a package that is not installed" in capsys.readouterr().err


def test_a_database_that_is_down_is_a_service_that_is_down(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["serve", "--port", "0"], ["keys", "list"]):
        assert zhiyin(*command, "-w", shop, "--store", "postgresql://me:secret@127.0.0.1:1/shop") == 3
        said = capsys.readouterr().err
        assert "127.0.0.1:1/shop does not answer" in said
        assert "secret" not in said


def result_of(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_key_is_made_listed_and_revoked(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("keys", "new", "--role", "write", "--note", "checkout", "-w", shop, "--json") == 0
    made = result_of(capsys)["key"]
    with Store.of(shop) as store:
        assert store.keys.check(made["text"]) is not None
    assert zhiyin("keys", "-w", shop) == 0
    shown = capsys.readouterr().out
    assert "1 keys" in shown
    assert "checkout" in shown
    assert made["text"] not in shown
    assert zhiyin("keys", "revoke", made["id"], "-w", shop, "--lang", "zh") == 0
    assert f"密钥 {made['id']} 从现在起失效" in capsys.readouterr().out
    assert zhiyin("keys", "list", "-w", shop, "--json") == 0
    (listed,) = result_of(capsys)["keys"]
    assert listed["revoked"] >= listed["made"]
    with Store.of(shop) as store:
        assert store.keys.check(made["text"]) is None
        assert [record.actor for record in store.audit.all()] == ["command line"] * 2


def test_wrong_use_of_keys_is_told(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = [
        (["keys", "revoke", "-w", shop], "revoke needs the id of a key, list and new need none"),
        (["keys", "revoke", "nobody", "-w", shop], "there is no key 'nobody'"),
        (["keys", "new", "--role", "writer", "-w", shop], "there is no role 'writer'; did you mean 'write'?"),
        (
            ["keys", "new", "-w", tmp_path / "none"],
            "none is no workspace (it has no zhiyin.toml); make one: zhiyin init",
        ),
    ]
    for command, words in told:
        assert zhiyin(*command) == 2
        assert words in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
