"""Commands before anything is trained: init, ingest, check, doctor; exit codes, JSON shapes, one sentence an error."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from zhiyin.cli import app
from zhiyin.core import wire
from zhiyin.core.files import locked
from zhiyin.core.terminal import harmless
from zhiyin.pipeline.workspace import FORMAT

LOG = "user,item,time\na,x,1700000000\na,y,1700000100\nb,x,1700000200\n,y,1700000300\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    return path


def zhiyin(*arguments: object) -> int:
    return app.main([str(argument) for argument in arguments])


def shaped(content: Any, shape: type) -> None:
    """``content`` has exactly the keys of a TypedDict (those not required may be missing)."""
    allowed, required = set(get_type_hints(shape)), getattr(shape, "__required_keys__", frozenset())
    assert required <= set(content) <= allowed


def test_init_makes_a_workspace_that_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("init", "-w", tmp_path / "shop") == 0
    assert (tmp_path / "shop" / "zhiyin.toml").is_file()
    assert "zhiyin ingest FILE" in capsys.readouterr().out
    assert zhiyin("init", "-w", tmp_path / "shop", "--lang", "zh") == 0
    assert "工作区" in capsys.readouterr().out


def test_ingest_answers_with_the_json_of_the_design(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zhiyin("ingest", log, "-w", tmp_path / "w", "--json") == 0
    out, err = capsys.readouterr()
    content = json.loads(out)
    shaped(content, wire.IngestJSON)
    shaped(content["quality"], wire.QualityJSON)
    for check in content["quality"]["checks"]:
        shaped(check, wire.CheckJSON)
    counted = {name: content[name] for name in ("events", "users", "items", "quarantined")}
    assert counted == {"events": 3, "users": 2, "items": 2, "quarantined": 1}
    assert "user = user" in err
    assert (tmp_path / "w" / "data" / "snapshots" / content["snapshot"]).is_dir()
    assert (tmp_path / "w" / "zhiyin.toml").is_file()


def test_ingest_shows_each_reason_with_its_count(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("ingest", log, "-w", tmp_path / "w") == 0
    out = capsys.readouterr().out
    assert "3 events of 2 people and 2 items; 1 rows set aside" in out
    assert "        1  no user" in out


def test_a_dry_run_writes_nothing(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("ingest", log, "-w", tmp_path / "w", "--dry-run") == 0
    assert not (tmp_path / "w").exists()
    assert "nothing was written" in capsys.readouterr().out


def test_ingest_takes_the_recipes_sources_and_its_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "mine.csv").write_text(LOG.replace("user,item", "wer,was"))
    (tmp_path / "w" / "zhiyin.toml").write_text('[data]\nsources = ["mine.csv"]\nmap = {user = "wer", item = "was"}\n')
    assert zhiyin("ingest", "-w", tmp_path / "w", "--json") == 0
    assert json.loads(capsys.readouterr().out)["events"] == 3


def test_append_adds(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zhiyin("ingest", log, "-w", tmp_path / "w")
    capsys.readouterr()
    later = tmp_path / "later.csv"
    later.write_text(log.read_text() + "\n")
    assert zhiyin("ingest", log, later, "-w", tmp_path / "w", "--append", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["events"], answer["repeated"]) == (6, {log.name: log.name})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"user,item,time\n", "no row"),
        (b"who,what\na,b\n", "user"),
        (b"user,item\n,x\n,y\n", "no user"),
    ],
    ids=["empty", "header only", "missing column", "no row kept"],
)
def test_a_log_without_a_usable_row_ends_with_2_and_one_sentence(
    content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log.csv").write_bytes(content)
    assert zhiyin("ingest", tmp_path / "log.csv", "-w", tmp_path / "w", "--json") == 2
    out, err = capsys.readouterr()
    body = json.loads(out)["error"]
    shaped(body, wire.ErrorBody)
    assert words in body["message"].lower()
    assert f"zhiyin: {body['message']}" in err
    assert "Traceback" not in err


def test_random_bytes_called_parquet_end_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.parquet").write_bytes(bytes(range(256)) * 8)
    assert zhiyin("ingest", tmp_path / "log.parquet", "-w", tmp_path / "w") == 2
    assert "log.parquet" in capsys.readouterr().err


def test_strict_stops_at_the_first_bad_row(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("ingest", log, "-w", tmp_path / "w", "--on-error", "strict") == 2
    assert "log.csv line 5: no user" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("user", "--map: found 'user'; give ours=yours"),
        ("user=a,user=b", "--map: 'user' stands twice"),
        ("user=", "--map: found 'user='"),
        ("user=user,item=user", "user"),
        ("user=nobody", "nobody"),
    ],
)
def test_a_wrong_map_is_explained(
    text: str, words: str, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zhiyin("ingest", log, "--map", text, "-w", tmp_path / "w") == 2
    assert words in capsys.readouterr().err


def test_no_source_at_all_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("ingest", "-w", tmp_path) == 2
    assert "no file was named" in capsys.readouterr().err


def test_check_answers_no_with_1_where_a_check_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"u{n % 40},i{n % 7},{1700000000 + 60 * n}" for n in range(400)]
    (tmp_path / "clean.csv").write_text("\n".join(["user,item,time", *rows]))
    (tmp_path / "double.csv").write_text("\n".join(["user,item,time", *rows, *rows]))
    for name, code in (("clean", 0), ("double", 1)):
        zhiyin("ingest", tmp_path / f"{name}.csv", "-w", tmp_path / name)
        capsys.readouterr()
        assert zhiyin("check", "-w", tmp_path / name, "--json") == code
        quality = json.loads(capsys.readouterr().out)
        shaped(quality, wire.QualityJSON)
        verdicts = {check["name"]: check["verdict"] for check in quality["checks"]}
        assert verdicts["duplicates"] == ("fail" if code else "pass")
        assert zhiyin("check", "-w", tmp_path / name, "--floor", "1") == int(code or quality["score"] < 1)
        for floor in ("1.01", "nan", "-1"):
            assert zhiyin("check", "-w", tmp_path / name, "--floor", floor) == 2


def test_check_without_events_names_ingest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("init", "-w", tmp_path) == 0
    assert zhiyin("check", "-w", tmp_path) == 2
    assert "has no events yet; take a log in first" in capsys.readouterr().err


def test_doctor_says_what_is_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("doctor", "--json", "-w", tmp_path / "not there yet") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["packages"]["numpy"]
    assert facts["machine"]["processors"] >= 1
    assert set(facts["extras"]) == {"ray", "privacy", "explanation", "export", "serve"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ingst"], "ingst"),
        (["check", "--nope"], "No such option: --nope. See: zhiyin check --help"),
        (["recommend", "-k", "ten", "--user", "a"], "See: zhiyin recommend --help"),
        (["recommend"], "give either --user U or --history A,B or --all"),
        (["recommend", "--user", "a", "--history", "b"], "give either --user U or --history A,B or --all"),
        (["recommend", "--history", "a", "--without", "b"], "--without takes items out of a person's history"),
        (["check", "--lang", "fr"], "language 'fr' is not spoken here; choose one of: en, zh"),
        (["run"], "is no workspace (it has no zhiyin.toml)"),
        (["evaluate"], "is no workspace"),
        (["report"], "has no finished run"),
        (["init", "--recipe", "shop"], "there is no recipe 'shop'; the choices are: default, demo"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_ends_with_2_and_one_sentence(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert zhiyin(*arguments) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_a_newer_workspace_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "workspace.json").write_text(json.dumps({"format": FORMAT + 1}))
    for command in ("check", "run", "report", "init"):
        assert zhiyin(command, "-w", tmp_path) == 2
        assert "upgrade zhiyin" in capsys.readouterr().err


def test_a_workspace_in_use_ends_with_4(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "w" / "data").mkdir(parents=True)
    with locked(tmp_path / "w" / "data" / ".lock"):
        assert zhiyin("ingest", log, "-w", tmp_path / "w") == 4
    assert "in use by process" in capsys.readouterr().err


def test_a_full_disk_ends_with_4_and_the_old_snapshot_stays(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    zhiyin("ingest", log, "-w", tmp_path / "w")
    before = (tmp_path / "w" / "data" / "current").read_text()

    def full(*arguments: object, **further: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("polars.DataFrame.write_parquet", full)
    capsys.readouterr()
    assert zhiyin("ingest", log, "--append", "-w", tmp_path / "w") == 4
    assert "no space left on the disk" in capsys.readouterr().err
    assert (tmp_path / "w" / "data" / "current").read_text() == before


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "stopped; what was finished is kept: run  zhiyin check  again to go on"),
        (MemoryError(), 4, "not enough memory"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes"),
            4,
            "memory; use less data",
        ),
        (OSError(errno.ENOSPC, "No space left"), 4, "no space left on the disk"),
        (ZeroDivisionError("by zero"), 2, "something unexpected happened (ZeroDivisionError: by zero); run again with"),
    ],
    ids=["Ctrl-C", "memory", "memory of a network", "disk", "unexpected"],
)
def test_no_error_ends_in_a_traceback(
    error: BaseException, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*arguments: object, **further: object) -> None:
        raise error

    monkeypatch.delenv("ZHIYIN_DEBUG", raising=False)
    monkeypatch.setattr("zhiyin.cli.command.Asked.workspace", property(fails))
    assert zhiyin("check") == code
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


def test_help_names_every_command_and_each_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("--help") == 0
    out = capsys.readouterr().out
    assert all(command in out for command in app.COMMANDS)
    for command in app.COMMANDS:
        assert zhiyin(command, "--help") == 0
        assert f"Example: zhiyin {command}" in capsys.readouterr().out


def test_python_m_zhiyin_starts_quickly_and_without_torch() -> None:
    check = "import sys, zhiyin.cli.app; print('torch' in sys.modules, 'polars' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "False"]
    best = 9.0
    for _ in range(3):
        before = os.times()
        started = time.monotonic()
        done = subprocess.run([sys.executable, "-m", "zhiyin", "--version"], capture_output=True, text=True, check=True)
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        best = min(best, spent, time.monotonic() - started)
    assert done.stdout.strip()
    assert best < 0.5


def test_no_colour_no_terminal_gives_plain_text(log: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "xterm-256color"}
    done = subprocess.run(
        [sys.executable, "-m", "zhiyin", "ingest", str(log), "-w", str(tmp_path / "w")],
        capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr


def test_what_a_title_says_never_commands_the_terminal() -> None:
    evil = "T\x1b]8;;http://evil\x1b\\ \u202eabc\x9b31m\tok\n"
    assert harmless(evil) == "T\\u001b]8;;http://evil\\u001b\\ \\u202eabc\\u009b31m\tok\n"
    assert json.loads(harmless(json.dumps({"title": evil}, ensure_ascii=False))) == {"title": evil}
    assert harmless("汉字 é 👍") == "汉字 é 👍"


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_asked_for_as_everywhere(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([option], ["similar", option]):
        assert app.main(arguments) == 0
        assert "Usage:" in capsys.readouterr().out
