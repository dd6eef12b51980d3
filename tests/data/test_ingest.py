"""Taking a log in: nothing lost, bad rows set aside with line and reason, the old snapshot whole whatever happens."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from zhiyin.core.errors import DataError, ResourceError
from zhiyin.data import ingest as ingesting
from zhiyin.data.bundled import online_retail
from zhiyin.data.ingest import ingest
from zhiyin.data.reading import read
from zhiyin.data.report import reason_said
from zhiyin.data.snapshots import Snapshot

NOW = 1_700_000_000
BAD = b"""\xef\xbb\xbfuser,item,timestamp,value\r
u1,"a,""b""\nx",978300760,1\r
\r
u2,i2,yesterday,2\r
u3,i3,978300760,5,9\r
,i,978300760,1\r
u,,978300760,2\r
u5,\xff\xfe,978300760,2\r
u5,i,978300760,nan\r
u5,i,978300760,inf\r
u5,i,978300760,1e308\r
u5,i,978300760,many\r
u5,i,-5,1\r
u5,i,97830076000,1\r
nan,i,978300760,1\r
u6,i6,978300760,\r
u9,i"""


def written(folder: Path, text: str | bytes, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_every_bad_row_is_set_aside_with_its_line_and_reason(tmp_path):
    taken = ingest(written(tmp_path, BAD), tmp_path / "w", now=NOW)
    snapshot = Snapshot.load(tmp_path / "w")
    assert snapshot.events().select("user", "item").rows() == [("u1", 'a,"b"\nx'), ("u6", "i6")]
    aside = snapshot.quarantine()
    assert aside.select("line", "reason").rows() == [
        (5, "time cannot be read"),
        (6, "more fields than the header's 4"),
        (7, "no user"),
        (8, "no item"),
        (9, "item is broken UTF-8"),
        (10, "value is NaN"),
        (11, "value is impossibly large"),
        (12, "value is impossibly large"),
        (13, "value cannot be read"),
        (14, "time is before 1970"),
        (15, "time is in the future"),
        (16, "user is the word 'nan', taken for missing"),
        (18, "half a last line"),
    ]
    assert set(aside["file"]) == {"events.csv"}
    assert aside["text"][0] == '{"user":"u2","item":"i2","timestamp":"yesterday","value":"2"}'
    assert (taken.events, taken.quarantined, taken.reasons["no user"]) == (2, 13, 1)


def test_strict_stops_at_the_first_bad_row_and_writes_nothing(tmp_path):
    with pytest.raises(DataError, match=r"events.csv line 5: time cannot be read: \{.*yesterday.*\}; mend it, or let"):
        ingest(written(tmp_path, BAD), tmp_path / "w", on_error="strict", now=NOW)
    with pytest.raises(DataError, match="has no snapshot of a log; take one in first"):
        Snapshot.load(tmp_path / "w")


def test_a_dry_run_counts_the_same_and_writes_nothing(tmp_path):
    path = written(tmp_path, BAD)
    dry = ingest(path, tmp_path / "w", dry_run=True, now=NOW)
    assert not (tmp_path / "w").exists()
    wet = ingest(path, tmp_path / "w", now=NOW)
    assert dry.snapshot is None
    assert (dry.events, dry.users, dry.items, dry.reasons) == (wet.events, wet.users, wet.items, wet.reasons)


def test_the_dirty_shop_without_a_fix_has_the_published_counts(tmp_path):
    taken = ingest(online_retail(), tmp_path)
    assert (taken.events + taken.quarantined, taken.users, taken.items) == (541_909, 4_372, 4_070)
    assert taken.reasons == {"no user": 135_080}
    dataset = Snapshot.load(tmp_path).dataset(fixes="shop")
    assert (dataset.histories.n_events, len(dataset.users), len(dataset.catalogue)) == (391_150, 4_334, 3_659)
    assert [report.sentence.en for report in dataset.report][:3:2] == [
        "135,080 lines have no customer: left out",
        "8,905 returns: left out",
    ]


def test_the_same_log_gives_the_same_snapshot_and_another_another(tmp_path):
    first = ingest(written(tmp_path, "user,item\na,x\nb,y\n"), tmp_path / "w")
    again = ingest(written(tmp_path, "user,item\na,x\nb,y\n"), tmp_path / "v")
    other = ingest(written(tmp_path, "user,item\na,x\nb,z\n"), tmp_path / "w")
    assert first.snapshot == again.snapshot != other.snapshot
    assert {folder.name for folder in (tmp_path / "w/data/snapshots").iterdir()} == {first.snapshot, other.snapshot}
    assert Snapshot.load(tmp_path / "w").digest == other.snapshot
    assert Snapshot.load(tmp_path / "w/data/snapshots" / first.snapshot).users()["user"].to_list() == ["a", "b"]


def test_appending_keeps_the_rows_of_ids(tmp_path):
    items = pl.DataFrame({"item": ["y", "never"], "title": ["Y", "N"]})
    ingest(written(tmp_path, "user,item\nb,y\na,x\n"), tmp_path / "w", items=items)
    before = Snapshot.load(tmp_path / "w")
    later = pl.DataFrame({"item": ["new", "x", "y"], "title": ["NEW", "X", None], "price": [1.0, 2.0, None]})
    taken = ingest(written(tmp_path, "user,item\nc,new\na,y\n,z\n"), tmp_path / "w", items=later, append=True)
    after = Snapshot.load(tmp_path / "w")
    assert after.items()["item"].to_list() == ["y", "never", "x", "new"]
    assert after.items()["title"].to_list() == ["Y", "N", "X", "NEW"]
    assert after.users()["user"].to_list() == ["b", "a", "c"]
    assert after.events().select("user", "item").rows() == [("b", "y"), ("a", "x"), ("c", "new"), ("a", "y")]
    assert (taken.events, taken.quarantined, after.facts["quarantined"]) == (4, 1, {"no user": 1})
    assert before.events().select("user").rows() == [("b",), ("a",)]  # the old snapshot is still there
    old, new = before.dataset(), after.dataset()
    assert list(new.catalogue.ids)[: len(old.catalogue)] == list(old.catalogue.ids)


def test_appending_without_a_first_log_says_so(tmp_path):
    with pytest.raises(DataError, match="has no snapshot of a log"):
        ingest(written(tmp_path, "user,item\na,x\n"), tmp_path / "w", append=True)


def test_batches_change_nothing(tmp_path, monkeypatch):
    path = written(tmp_path, BAD)
    whole = ingest(path, tmp_path / "whole", now=NOW)
    monkeypatch.setattr(ingesting, "BATCH", 2)
    parts = ingest(path, tmp_path / "parts", now=NOW)
    assert len(list((tmp_path / "parts/data/snapshots").glob("*/events/*.parquet"))) > 1
    one, many = Snapshot.load(tmp_path / "whole"), Snapshot.load(tmp_path / "parts")
    assert many.events().equals(one.events())
    assert many.quarantine().equals(one.quarantine())
    assert (parts.users, parts.items, parts.reasons) == (whole.users, whole.items, whole.reasons)


def test_no_usable_row_leaves_the_old_snapshot(tmp_path):
    first = ingest(written(tmp_path, "user,item\na,x\n"), tmp_path / "w")
    with pytest.raises(DataError, match=r"no row of events.csv can be used: 2 × no user; check which columns"):
        ingest(written(tmp_path, "user,item\n,x\n,y\n"), tmp_path / "w")
    assert Snapshot.load(tmp_path / "w").digest == first.snapshot


def test_two_at_once_is_refused(tmp_path):
    from zhiyin.core.files import locked

    with locked(tmp_path / "data" / ".lock"), pytest.raises(ResourceError, match="in use by process"):
        ingest(written(tmp_path, "user,item\na,x\n"), tmp_path)


def test_a_newer_layout_is_refused(tmp_path):
    ingest(written(tmp_path, "user,item\na,x\n"), tmp_path)
    facts = Snapshot.load(tmp_path).folder / "snapshot.json"
    facts.write_text(facts.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(DataError, match=r"was written by a newer version \(layout 2, this one reads 1\); upgrade"):
        Snapshot.load(tmp_path)


def test_ids_stay_byte_for_byte(tmp_path):
    ids = ["a/b", "..", "%2f", "it's", 'say "hi"', "line\nbreak", "🎁", "汉字", "x" * 1024, "é", "e\u0301", " pad ",
           "007", "1e5", "NFC é", "NFC e\u0301", "-8845298781299428018", "18446744073709551616"]  # fmt: skip
    frame = pl.DataFrame({"user": ids, "item": ids[::-1]})
    frame.write_csv(tmp_path / "a.csv")
    frame.write_ndjson(tmp_path / "a.jsonl")
    frame.write_parquet(tmp_path / "a.parquet")
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        ingest(tmp_path / name, tmp_path / "w")
        snapshot = Snapshot.load(tmp_path / "w")
        assert snapshot.users()["user"].to_list() == ids, name
        assert list(snapshot.dataset().catalogue.ids) == ids[::-1], name


@pytest.mark.slow
def test_a_killed_run_leaves_the_old_snapshot_whole(tmp_path):
    rows = pl.DataFrame({"user": [f"u{i % 5000}" for i in range(3_000_000)], "item": ["x"] * 3_000_000})
    rows.write_csv(tmp_path / "large.csv")
    workspace = tmp_path / "w"
    first = ingest(written(tmp_path, "user,item\na,x\n"), workspace)
    code = f"from zhiyin.data.ingest import ingest; ingest({str(tmp_path / 'large.csv')!r}, {str(workspace)!r})"
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while not list(workspace.glob("data/snapshots/.incoming.*/events/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert list(workspace.glob("data/snapshots/.incoming.*"))
    assert Snapshot.load(workspace).digest == first.snapshot
    assert Snapshot.load(workspace).events().rows() == [("a", "x")]
    again = ingest(tmp_path / "large.csv", workspace)
    assert (again.events, again.users) == (3_000_000, 5_000)
    assert not list(workspace.glob("data/snapshots/.incoming.*"))


@pytest.mark.parametrize("name", ["a[1]", "a*", "a?", "[ab]"])
@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_a_path_is_no_pattern(name: str, ending: str, tmp_path: Path) -> None:
    for folder in ("a1", name):
        (tmp_path / folder).mkdir()
        frame = pl.DataFrame({"user": [folder, folder], "item": ["x", "y"]})
        path = tmp_path / folder / f"log.{ending}"
        {"csv": frame.write_csv, "parquet": frame.write_parquet, "jsonl": frame.write_ndjson}[ending](path)
        ingest(path, tmp_path / folder)
    assert list(read(path).users) == [name]
    dataset = Snapshot.load(tmp_path / name).dataset()
    assert (list(dataset.users), list(dataset.catalogue.ids)) == ([name], ["x", "y"])


def test_columns_of_any_name_outlive_an_append(tmp_path: Path) -> None:
    events = pl.DataFrame({"user": ["a"], "item": ["x"]})
    names = ["price__old", "__id__", "price", "__x", "x_right"]
    items = pl.DataFrame({"item": ["x", "y"], **{name: [1.0, 2.0] for name in names}})
    items.write_csv(tmp_path / "catalogue.csv")
    for given in (items, tmp_path / "catalogue.csv"):
        ingest(events, tmp_path / "w", items=given)
        first = Snapshot.load(tmp_path / "w").items()
        assert set(first.columns) == {"item", *names}
        newer = pl.DataFrame({"item": ["z", "y"], "price": [None, 5.0], "colour": ["red", None]})
        ingest(events, tmp_path / "w", items=newer, append=True)
        after = Snapshot.load(tmp_path / "w").items()
        assert after["item"].to_list() == ["x", "y", "z"]
        assert after["price"].to_list() == [1.0, 5.0, None]
        assert after["colour"].to_list() == [None, None, "red"]
        old = [name for name in names if name != "price"]
        assert after.head(2).select(old).equals(first.select(old), null_equal=True)


def test_ids_that_a_fix_merged_leave_no_ghost_beside_a_given_table(tmp_path):
    rows = [f"u{n},{item}" for n in range(40) for item in ("SKU-1", "SKU-2")] + [f"u{n},SKU-1 " for n in range(5)]
    items = written(tmp_path, "item,category\nSKU-1,mug\nSKU-2,card\nSKU-3,mug\n", "items.csv")
    ingest(written(tmp_path, "\n".join(["user,item", *rows]) + "\n"), tmp_path / "w", items=items)
    snapshot = Snapshot.load(tmp_path / "w")
    assert "SKU-1 " in list(snapshot.dataset().catalogue.ids)
    assert list(snapshot.dataset(fixes="spelling").catalogue.ids) == ["SKU-1", "SKU-2", "SKU-3"]


def test_the_same_file_is_taken_in_once_and_named(tmp_path: Path) -> None:
    first = written(tmp_path, "user,item\na,x\n,y\n", "monday.csv")
    again = written(tmp_path, "user,item\na,x\n,y\n", "copy of monday.csv")
    second = written(tmp_path, "user,item\nb,y\n", "tuesday.csv")
    taken = ingest([first, again], tmp_path / "w")
    assert (taken.events, taken.repeated) == (1, {"copy of monday.csv": "monday.csv"})
    taken = ingest([again, second], tmp_path / "w", append=True)
    assert (taken.events, taken.quarantined, taken.repeated) == (2, 0, {"copy of monday.csv": "monday.csv"})
    before = Snapshot.load(tmp_path / "w")
    dry = ingest([first, second], tmp_path / "w", append=True, dry_run=True)
    nothing = ingest([first, second], tmp_path / "w", append=True)
    assert dry.repeated == nothing.repeated == {"monday.csv": "monday.csv", "tuesday.csv": "tuesday.csv"}
    assert (dry.events, nothing.events, nothing.users, nothing.snapshot) == (0, 2, 2, before.digest)
    assert Snapshot.load(tmp_path / "w").facts == before.facts
    assert before.facts["sources"] == ["monday.csv", "tuesday.csv"]
    assert before.facts["quarantined"] == {"no user": 1}


def test_a_frame_and_a_new_table_of_items_are_known_too(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": ["a"], "item": ["x"]})
    ingest(frame, tmp_path / "w")
    taken = ingest(frame, tmp_path / "w", append=True, items=pl.DataFrame({"item": ["x"], "title": ["X"]}))
    assert (taken.events, taken.repeated) == (1, {"the frame": "the frame"})
    assert Snapshot.load(tmp_path / "w").items().rows() == [("x", "X")]
    ingest(frame.with_columns(item=pl.lit("y")), tmp_path / "w", append=True)
    assert Snapshot.load(tmp_path / "w").items().rows() == [("x", "X"), ("y", None)]


def test_a_snapshot_of_before_digests_were_kept_takes_more(tmp_path: Path) -> None:
    path = written(tmp_path, "user,item\na,x\n")
    ingest(path, tmp_path / "w")
    facts = Snapshot.load(tmp_path / "w").folder / "snapshot.json"
    facts.write_text(json.dumps({k: v for k, v in json.loads(facts.read_text()).items() if k != "digests"}))
    assert ingest(path, tmp_path / "w", append=True).events == 2


@pytest.mark.parametrize("batch", [1, 1 << 20])
def test_numbers_that_cannot_be_read_are_counted_and_named(tmp_path: Path, monkeypatch, batch: int) -> None:
    monkeypatch.setattr(ingesting, "BATCH", batch)
    path = written(tmp_path, "user,item,UnitPrice,step\na,x,3.5,1\nb,y,free,2\nc,z, ,3\nd,w,?,last\n,v,?,4\n")
    items = written(tmp_path, "item,price\nx,3\ny,ask\nz,\n", "goods.csv")
    said = {
        "UnitPrice holds no number that can be read in 2 rows: taken for missing",
        "step holds no number that can be read in 1 rows: taken for missing",
        "items: price holds no number that can be read in 1 rows: taken for missing",
    }
    assert said <= set(ingest(path, tmp_path / "w", items=items).guess.notes)
    assert said <= set(Snapshot.load(tmp_path / "w").facts["notes"])
    assert said <= set(read(path, items=items).guess.notes)


def test_every_reason_is_said_in_chinese(tmp_path: Path) -> None:
    lines = (
        '{"user": "a", "item": "x"}\nno\n[1]\n{"user": "\\ud800", "item": "x"}\n{"user":"b","item":"x","consent":7}\n'
    )
    deep = '{"user": ' + "[" * 300 + "]" * 300 + ', "item": "x"}\n'
    reasons = {*ingest(written(tmp_path, BAD), tmp_path / "w", now=NOW).reasons,
               *ingest(written(tmp_path, lines + deep, "a.jsonl"), tmp_path / "v").reasons,
               *ingest(written(tmp_path, 'user,item\na,"x\nb,y\n', "b.csv"), tmp_path / "u").reasons,
               *ingest(written(tmp_path, "1::2::5::9\n1::2\n", "ratings.dat"), tmp_path / "t").reasons}  # fmt: skip
    assert len(reasons) > 15
    for reason in reasons:
        said = reason_said(reason)
        assert said.en == reason
        assert re.search(r"[\u4e00-\u9fff]|不", said.zh), reason
        assert not re.search(r"\b(user|item|time|value)\b", said.zh), said.zh
    assert reason_said("user is the word 'nan', taken for missing").zh == "用户为单词 'nan'，视为缺失"
    assert reason_said("a reason of a plug-in").zh == "a reason of a plug-in"


def test_an_append_during_another_is_kept(tmp_path: Path, monkeypatch) -> None:
    first, second, third = (written(tmp_path, f"user,item\n{user},x\n", f"{user}.csv") for user in "abc")
    ingest(first, tmp_path / "w")
    load = Snapshot.load

    def another_meanwhile(folder: Path) -> Snapshot:
        found = load(folder)
        monkeypatch.undo()
        ingest(second, tmp_path / "w", append=True)
        return found

    monkeypatch.setattr(Snapshot, "load", another_meanwhile)
    assert ingest(third, tmp_path / "w", append=True).events == 3
    assert Snapshot.load(tmp_path / "w").facts["sources"] == ["a.csv", "b.csv", "c.csv"]


def test_the_same_events_from_another_file_are_the_newer_file_s(tmp_path: Path) -> None:
    dirty = written(tmp_path, "user,item\na,x\nb,\n", "dirty.csv")
    clean = written(tmp_path, "user,item\na,x\n", "clean.csv")
    assert ingest(dirty, tmp_path / "w").quarantined == 1
    old = Snapshot.load(tmp_path / "w")
    (old.folder / "items.parquet").write_bytes(b"damaged")
    assert ingest(clean, tmp_path / "w").snapshot == old.digest
    now = Snapshot.load(tmp_path / "w")
    assert (now.facts["sources"], now.facts["quarantined"], len(now.quarantine())) == (["clean.csv"], {}, 0)
    assert len(now.items()) == 1
    assert ingest(clean, tmp_path / "w", append=True).events == 1
