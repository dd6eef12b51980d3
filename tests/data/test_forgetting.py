"""A person who was forgotten is in no file of the workspace, and old files do not bring them back unless asked."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from zhiyin.cli import app
from zhiyin.core.errors import DataError
from zhiyin.data.forgetting import digest_of, forget, forgotten
from zhiyin.data.ingest import ingest
from zhiyin.data.snapshots import Snapshot
from zhiyin.store import Event, Store

LOG = "user,item,time\nsecret-one,a,1700000000\nv,a,1700000001\nsecret-one,b,1700000002\nw,c,1700000003\n"
BAD = "secret-one,,1700000004\nv,,1700000005\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "log.csv").write_text(LOG + BAD)
    (tmp_path / "ties.csv").write_text("user,friend\nsecret-one,v\nv,w\nw,secret-one\n")
    (tmp_path / "people.csv").write_text("user,country\nsecret-one,FR\nv,DE\nw,FR\n")
    folder = tmp_path / "shop"
    ingest(tmp_path / "log.csv", folder, edges=tmp_path / "ties.csv", users=tmp_path / "people.csv")
    return folder


def holding(folder: Path, text: str) -> list[str]:
    """Files of a folder that hold a text, Parquet read as cells."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            cells = str(pl.read_parquet(path, glob=False).to_dicts()) if path.suffix == ".parquet" else ""
            if text in cells or text.encode() in path.read_bytes():
                found.append(path.name)
    return found


def test_nothing_of_the_person_is_left_and_of_others_nothing_is_missing(shop: Path) -> None:
    assert holding(shop, "secret-one")
    gone = forget(shop, "secret-one")
    assert gone == {"events": 2, "quarantine": 1, "users": 1, "ties": 2}
    assert holding(shop, "secret-one") == []
    snapshot = Snapshot.load(shop)
    assert snapshot.events()["user"].to_list() == ["v", "w"]
    assert snapshot.users()["user"].to_list() == ["v", "w"]
    assert snapshot.quarantine()["text"].to_list() == ['{"user":"v","item":null,"time":"1700000005"}']
    assert (snapshot.facts["events"], snapshot.facts["users"]) == (2, 2)
    assert snapshot.facts["quarantined"] == {"no item": 1}
    assert snapshot.dataset().histories.n_events == 2
    assert forgotten(shop) == {digest_of("secret-one")}
    assert len(list(snapshot.folder.parent.iterdir())) == 1


@pytest.mark.parametrize("append", [False, True])
def test_old_files_do_not_bring_the_person_back_unless_asked(shop: Path, tmp_path: Path, append: bool) -> None:
    forget(shop, "secret-one")
    (tmp_path / "again.csv").write_text(LOG.replace("1700", "1600") + BAD)
    taken = ingest(tmp_path / "again.csv", shop, users=tmp_path / "people.csv", append=append)
    assert taken.forgotten == 3
    assert holding(shop / "data", "secret-one") == []
    assert ingest(tmp_path / "again.csv", shop, dry_run=True).forgotten == 3
    asked = ingest(tmp_path / "again.csv", shop, with_forgotten=True)
    assert (asked.forgotten, asked.users) == (0, 3)
    assert forgotten(shop) == frozenset()
    assert ingest(tmp_path / "again.csv", shop).forgotten == 0


def test_a_number_as_an_id_is_found_where_it_was_set_aside(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": [17850, 1785, 178501], "item": ["a", "b", None], "time": [1, 2, 3]})
    frame = pl.concat([frame, pl.DataFrame({"user": [17850], "item": [None], "time": [4]}, schema=frame.schema)])
    ingest(frame, tmp_path)
    assert forget(tmp_path, "17850") == {"events": 1, "quarantine": 1, "users": 1}
    assert '"user":178501' in Snapshot.load(tmp_path).quarantine()["text"][0]
    again = ingest(frame, tmp_path)
    assert again.forgotten == 2
    assert holding(tmp_path / "data" / "snapshots", "17850,") == []


def test_a_log_of_one_person_stays_as_it_was(tmp_path: Path) -> None:
    ingest(pl.DataFrame({"user": ["u"], "item": ["a"], "time": [1]}), tmp_path)
    with pytest.raises(DataError, match="the log holds nobody but this person; delete the workspace instead"):
        forget(tmp_path, "u")
    assert Snapshot.load(tmp_path).facts["events"] == 1
    assert forgotten(tmp_path) == frozenset()


def test_no_id_and_no_log_are_told_and_nothing_is_made(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["forget", "", "-w", str(shop)]) == 2
    assert "the id of the person is empty; give it as the log has it" in capsys.readouterr().err
    assert app.main(["forget", "v", "-w", str(tmp_path / "none")]) == 2
    assert "take one in first: zhiyin ingest FILE" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
    assert forgotten(shop) == frozenset()
    assert app.main(["forget", "Secret-One", "-w", str(shop), "--lang", "en"]) == 0
    assert "nothing was known of 'Secret-One'; was the id written as the log has it?" in capsys.readouterr().err


def test_the_command_forgets_in_log_and_store_and_says_what_is_kept(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def zhiyin(*arguments: Any) -> int:
        return app.main([str(argument) for argument in arguments])

    with Store.of(shop) as store:
        store.events.append([Event("secret-one", "a"), Event("v", "a")])
    assert zhiyin("forget", "secret-one", "-w", shop) == 0
    out, err = capsys.readouterr()
    assert "log events 2" in out
    assert "live events 1" in out
    assert digest_of("secret-one") in out
    assert "what a model learned of them stays in it until zhiyin run is run again" in err
    with Store.of(shop) as store:
        assert [event.user for event in store.events.after()] == ["v"]
        assert store.people.is_forgotten("secret-one")
    assert zhiyin("ingest", tmp_path / "log.csv", "-w", shop) == 0
    assert "3 rows of people who were forgotten were not taken in" in capsys.readouterr().err
    assert zhiyin("ingest", tmp_path / "log.csv", "-w", shop, "--with-forgotten") == 0
    with Store.of(shop) as store:
        assert not store.people.is_forgotten("secret-one")
    assert "secret-one" in Snapshot.load(shop).users()["user"]
