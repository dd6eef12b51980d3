"""Bad input at the command line: one sentence and an exit code, or rows set aside with a reason; nothing is lost."""

import itertools
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from zhiyin.cli import app
from zhiyin.testing import worlds

RECIPE = """
[split]
{split}
[models.popular]
model = "Popular"
[models.ease]
model = "EASE"
"""
DAY = 86_400
START = 1_700_000_000


def zhiyin(*arguments: object) -> int:
    return app.main([str(argument) for argument in arguments])


def workspace(folder: Path, events: pl.DataFrame, split: str = 'by = "last"') -> Path:
    """A workspace with these events taken in; two small models in its recipe."""
    folder.mkdir()
    events.write_csv(folder / "log.csv")
    (folder / "zhiyin.toml").write_text(RECIPE.format(split=split))
    assert zhiyin("ingest", folder / "log.csv", "-w", folder) == 0
    return folder


def pairs(users: list[str], items: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"user": users, "item": items, "time": START + 3600 * np.arange(len(users))})


def slate(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)["recommendations"][0]


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence of an error; what is done meanwhile (``step data``) stands in lines before it."""
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("zhiyin: ")]
    assert len(said) == 1
    return said[0]


DIRTY = b"""\xef\xbb\xbfuser,item,timestamp,value\r
ann,"a,""b""\nx",978300760,1\r
bob,i2,yesterday,2\r
cid,i3,978300760,5,9\r
,i,978300760,1\r
NA,i,978300760,1\r
eve,,978300760,2\r
eve,null,978300760,2\r
eve,\xff\xfe,978300760,2\r
eve,i,978300760,nan\r
eve,i,978300760,-inf\r
eve,i,978300760,1e308\r
eve,i,978300760,many\r
eve,i,-5,1\r
eve,i,97830076000,1\r
eve,i,4102444800,1\r
fay,i6,978300761,\r
gus,i"""
REASONS = {
    "value is impossibly large": 2, "time is in the future": 2, "time cannot be read": 1,
    "more fields than the header's 4": 1, "no user": 1, "user is the word 'NA', taken for missing": 1, "no item": 1,
    "item is the word 'null', taken for missing": 1, "item is broken UTF-8": 1, "value is NaN": 1,
    "value cannot be read": 1, "time is before 1970": 1, "half a last line": 1,
}  # fmt: skip


def test_bad_rows_are_set_aside_by_reason_and_the_others_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log.csv").write_bytes(DIRTY)
    assert zhiyin("ingest", tmp_path / "log.csv", "-w", tmp_path / "w") == 0
    out = capsys.readouterr().out
    assert "2 events of 2 people and 3 items; 15 rows set aside" in out
    printed = re.findall(r"^ +([\d,]+)  (\S.*)$", out, re.M)
    assert {reason: int(rows) for rows, reason in printed} == REASONS
    assert zhiyin("ingest", tmp_path / "log.csv", "-w", tmp_path / "w", "--json") == 0
    taken = json.loads(capsys.readouterr().out)
    assert (taken["events"], taken["quarantined"]) == (2, sum(REASONS.values()))


def test_a_word_for_missing_is_kept_in_quarantine_with_its_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person called None, an item called nan: perhaps real, so each is named and can be looked up and renamed."""
    words = ["nan", "NaN", "NaT", "null", "NULL", "None", "NA", "N/A", "<NA>", "\\N", "undefined"]
    folder = workspace(tmp_path / "w", pairs(["ann", *words], ["x"] * (len(words) + 1)))
    out = capsys.readouterr().out
    for word in words:
        assert f"1  user is the word '{word}', taken for missing" in out
    (file,) = folder.glob("data/snapshots/*/quarantine/*.parquet")
    aside = pl.read_parquet(file)
    assert aside["line"].to_list() == list(range(3, 3 + len(words)))
    assert [json.loads(text)["user"] for text in aside["text"]] == words


NAMES = ("..", ".", "a,b", "None of these", "nano", "a" * 1024, "-1", "'", "$(id)", *worlds.HARD_IDS)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People and items of hard names; two models trained."""
    ids = list(dict.fromkeys(NAMES))
    both = list(itertools.product(range(len(ids)), range(4)))
    events = pairs([ids[u] for u, _ in both], [ids[(u + 3 * step) % len(ids)] for u, step in both])
    folder = workspace(tmp_path_factory.mktemp("named") / "w", events)
    assert zhiyin("train", "-w", folder) == 0
    return folder


def test_ids_come_out_byte_for_byte(named: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = list(dict.fromkeys(NAMES))
    capsys.readouterr()
    for id_ in ids:
        assert zhiyin("recommend", "--user", id_, "-k", "99", "--model", "ease", "-w", named, "--json") == 0
        found = slate(capsys)
        assert (found["user"], found["notes"], found["unknown_items"]) == (id_, [], [])
        assert sorted([*found["history"], *(item["item"] for item in found["items"])]) == sorted(ids)
        written = '"' + id_.replace('"', '""') + '"'
        assert zhiyin("recommend", f"--history={written}", "-k", "99", "--model", "ease", "-w", named, "--json") == 0
        assert slate(capsys)["history"] == [id_]
        assert zhiyin("similar", "--item", id_, "--model", "ease", "-w", named, "--json") == 0
        assert id_ not in [item["item"] for item in slate(capsys)["items"]]


def test_composed_and_decomposed_letters_are_two_ids(named: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    histories = []
    for id_ in ("\u00e9", "e\u0301"):
        assert zhiyin("recommend", "--user", id_, "--model", "ease", "-w", named, "--json") == 0
        histories.append(slate(capsys)["history"])
    assert histories[0] != histories[1]


def test_ids_leave_a_process_of_a_plain_locale_as_they_are(named: Path) -> None:
    """As a shell script on a server sees it: no UTF-8 in the environment."""
    command = [sys.executable, "-m", "zhiyin", "similar", "--item", "知音", "-k", "99", "--json", "--model", "ease"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "PYTHONUTF8"))}
    done = subprocess.run(
        [*command, "-w", str(named)], capture_output=True, env={**environment, "LANG": "C"}, check=True
    )
    items = {entry["item"] for entry in json.loads(done.stdout)["recommendations"][0]["items"]}
    assert items == set(NAMES) - {"知音"}


SMALL = {
    "1 item": (["a", "b", "c"] * 7, ["x"] * 21, "no test case is left"),
    "all cold": ([f"u{i}" for i in range(40)], ["x", "y"] * 20, "no test case is left: 4 people without history"),
    "1 event": (["a"], ["x"], "nothing is left to train on"),
}


@pytest.mark.parametrize("name", SMALL)
def test_too_little_to_measure_is_said(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    users, items, words = SMALL[name]
    folder = workspace(tmp_path / "w", pairs(users, items), 'by = "time"')
    for command in ("run", "train", "evaluate", "compare"):
        capsys.readouterr()
        assert zhiyin(command, "-w", folder) == 2
        assert words in sentence(capsys)


def test_all_cold_is_answered_where_the_recipe_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    users, items, _ = SMALL["all cold"]
    folder = workspace(tmp_path / "w", pairs(users, items), 'by = "time"\ncold_people = "keep"')
    assert zhiyin("train", "-w", folder) == 0
    capsys.readouterr()
    for who in (["--user", "u3"], ["--user", "nobody"], ["--history", ""]):
        assert zhiyin("recommend", *who, "--model", "popular", "-w", folder, "--json") == 0
        assert {item["item"] for item in slate(capsys)["items"]} <= {"x", "y"}


def test_one_person_is_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = workspace(tmp_path / "w", pairs(["a"] * 20, [f"i{n}" for n in range(20)]), 'by = "time"')
    assert zhiyin("train", "-w", folder) == 0
    capsys.readouterr()
    assert zhiyin("recommend", "--user", "a", "--model", "ease", "-w", folder, "--json") == 0
    assert slate(capsys)["items"] == []  # everything was taken already
    assert zhiyin("recommend", "--history", "i0,i1", "--model", "ease", "-w", folder, "--json") == 0
    assert len(slate(capsys)["items"]) == 10


@pytest.mark.slow
def test_a_person_with_a_million_events_is_answered_in_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    users = ["robot"] * 1_000_000 + [f"u{n % 500}" for n in range(20_000)]
    items = [f"i{n}" for n in rng.integers(3_000, size=len(users))]
    events = pl.DataFrame({"user": users, "item": items, "time": START + np.arange(len(users))})
    folder = workspace(tmp_path / "w", events, 'by = "time"\nrepeats = "keep"')
    assert zhiyin("train", "-w", folder) == 0
    for model in ("ease", "popular"):
        before = time.process_time()
        capsys.readouterr()
        assert zhiyin("recommend", "--user", "robot", "--model", model, "-w", folder, "--json") == 0
        assert time.process_time() - before < 10
        assert len(slate(capsys)["history"]) == 1_000_000


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("sed = 1", "has no setting 'sed'; did you mean 'seed'?"),
        ('[answer]\nk = "ten"', "[answer] setting 'k': found 'ten'; it must be a whole number"),
        ('[models.m]\nmodel = "MultVEA"', "there is no model 'MultVEA'; did you mean 'MultVAE'?"),
        ('[models.m]\nmodel = "EASE"\nregularization = 1', "did you mean 'regularisation'?"),
        ("[data]\nfixes = 3", "[data] setting 'fixes': found 3;"),
        ('[data]\nfixes = ["shopp"]\n[models.m]\nmodel = "EASE"', "there is no fix 'shopp'; did you mean 'shop'?"),
        ('[data.weights.kinds]\nbuyy = 2\n[models.m]\nmodel = "EASE"', "name the kind 'buyy', which the log does not"),
        ("[data", "is no TOML"),
    ],
)
def test_a_mistake_in_the_recipe_ends_each_command_with_2(
    recipe: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workspace(tmp_path / "w", pairs(["a", "a", "b", "b"], ["x", "y", "x", "z"]))
    (folder / "zhiyin.toml").write_text(recipe)
    for command in ("run", "train", "evaluate", "compare"):
        capsys.readouterr()
        assert zhiyin(command, "-w", folder) == 2
        assert words in sentence(capsys)


def test_a_network_that_does_not_fit_into_memory_ends_with_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workspace(tmp_path / "w", pairs(["a", "a", "b", "b"], ["x", "y", "x", "z"]))
    (folder / "zhiyin.toml").write_text('[models.vae]\nmodel = "MultVAE"\nhidden = 100_000_000_000\n')
    assert zhiyin("train", "-w", folder) == 4
    assert "not enough memory: 1,117.6 GiB were asked for at once; make the settings smaller" in sentence(capsys)


def test_a_damaged_workspace_says_which_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = workspace(tmp_path / "w", pairs(["a", "b"], ["x", "y"]))
    (folder / "workspace.json").write_text("{")
    assert zhiyin("check", "-w", folder) == 2
    assert "workspace.json is damaged" in sentence(capsys)
    assert zhiyin("check", "-w", folder / "log.csv") == 2
    assert "log.csv is a file; a workspace is a folder" in sentence(capsys)


def test_a_damaged_snapshot_says_which_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = workspace(tmp_path / "w", pairs(["a", "b"], ["x", "y"]))
    current = folder / "data" / "current"
    snapshot = folder / "data" / "snapshots" / current.read_text().strip()
    (events,) = (snapshot / "events").iterdir()
    for path, content, words in (
        (events, events.read_bytes()[:-9], f"{snapshot / 'events'} is damaged"),
        (snapshot / "items.parquet", b"PAR1", "items.parquet is damaged"),
        (snapshot / "snapshot.json", b"{", "snapshot.json is damaged"),
        (snapshot / "snapshot.json", b"{}", "snapshot.json is damaged"),
        (current, b"\xff\xfe", "current is damaged"),
        (current, b"no such digest", f"take one in first: zhiyin ingest FILE -w {folder}"),
    ):
        whole = path.read_bytes()
        path.write_bytes(content)
        capsys.readouterr()
        assert zhiyin("check", "-w", folder) == 2
        assert words in sentence(capsys)
        path.write_bytes(whole)
    assert zhiyin("check", "-w", folder) == 0


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("log.json", '[{"user": "a", "item": "x"}]', "log.json is one JSON array; write one object a line"),
        ("log.jsonl", '{"user": ["a"], "item": "x"}\n', "which is not an id; convert it"),
    ],
)
def test_a_form_that_is_nearly_right_says_how_it_is_right(
    name: str, content: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content)
    assert zhiyin("ingest", tmp_path / name, "-w", tmp_path / "w") == 2
    assert words in sentence(capsys)


def test_stray_quotation_marks_cost_at_most_their_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.csv").write_text('user,item\na,5" pipe\n"b,y\nc,z\n')
    assert zhiyin("ingest", tmp_path / "log.csv", "-w", tmp_path / "w") == 0
    said = capsys.readouterr().out
    assert "2 events of 2 people and 2 items; 1 rows set aside" in said
    assert "a quotation mark that does not fit" in said


@pytest.mark.parametrize("place", ["/proc/nowhere", "x" * 300, "/dev/null/w"])
def test_a_place_that_cannot_be_a_workspace_is_named(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zhiyin("init", "-w", place) in (2, 4)
    said = sentence(capsys)
    assert place in said
    assert "another" in said or "a workspace is a folder" in said
    assert zhiyin("ingest", "/dev/null", "-w", tmp_path / "w") == 2
    assert "/dev/null" in sentence(capsys)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 3 MB; skips where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("a small file system can be mounted by root alone")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system may be mounted here: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run([shutil.which("umount") or "umount", "-l", folder], check=True)


def test_a_full_disk_ends_with_4_and_what_was_there_stays(
    small_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workspace(small_disk / "w", pairs(["a", "b", "c"] * 12, [f"i{n}" for n in range(36)]))
    before = (folder / "data" / "current").read_text()
    rng = np.random.default_rng(0)
    large = pairs([f"u{n}" for n in range(200_000)], [f"{n:x}" for n in rng.integers(1 << 62, size=200_000)])
    large.write_parquet(tmp_path / "large.parquet")
    capsys.readouterr()
    assert zhiyin("ingest", tmp_path / "large.parquet", "-w", folder) == 4
    assert "no space left on the disk" in sentence(capsys)
    assert (folder / "data" / "current").read_text() == before
    with (small_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space left"):
        for _ in range(4 << 10):
            filler.write(bytes(1 << 10))
    for command in (["train"], ["run"], ["report"], ["init", "--recipe", "demo", "-w", folder / "new"]):
        capsys.readouterr()
        code = zhiyin(*command, *(["-w", folder] if "-w" not in command else []))
        assert code == (2 if command == ["report"] else 4), command  # there is no run yet that could be reported
        sentence(capsys)
    (small_disk / "filler").unlink()
    assert zhiyin("train", "-w", folder) == 0
    assert not list(folder.rglob("*.part"))


def test_a_file_that_may_not_grow_ends_with_4(tmp_path: Path) -> None:
    """The same where nothing can be mounted: the system lets no file be larger than 8 kB."""
    names = [f"{n:x}" for n in np.random.default_rng(0).integers(1 << 62, size=5_000)]
    pairs(names, names[::-1]).write_csv(tmp_path / "log.csv")
    command = [sys.executable, "-m", "zhiyin", "ingest", str(tmp_path / "log.csv"), "-w", str(tmp_path / "w")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=_small_files)
    assert done.returncode == 4, done.stderr
    assert "no space left on the disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "w" / "data" / "current").exists()


def _small_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 10, 8 << 10))


@pytest.mark.slow
def test_a_real_ctrl_c_ends_with_130_and_the_next_run_goes_on(tmp_path: Path) -> None:
    world = worlds.even()
    events = pairs(world.users.take(world.histories.owners), world.catalogue.ids.take(world.histories.items))
    folder = workspace(tmp_path / "w", events)
    recipe = folder / "zhiyin.toml"
    recipe.write_text(recipe.read_text() + '[models.vae]\nmodel = "MultVAE"\nepochs = 100_000\npatience = 100_000\n')
    command = [sys.executable, "-m", "zhiyin", "train", "-w", str(folder), "--json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        said = ""
        for line in run.stderr:
            said += line
            if "training vae" in line:
                time.sleep(1.0)
                run.send_signal(signal.SIGINT)
        assert run.wait() == 130, said
    assert said.splitlines()[-1].startswith("zhiyin: stopped; what was finished is kept: run  zhiyin train")
    assert "Traceback" not in said
    recipe.write_text(recipe.read_text().replace("epochs = 100_000\npatience = 100_000", "epochs = 2"))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    models = json.loads(done.stdout)["models"]
    assert {name: facts["again"] for name, facts in models.items()} == {"popular": True, "ease": True, "vae": False}
