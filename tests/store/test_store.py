"""What a store promises, kept alike by SQLite and PostgreSQL."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from zhiyin.core.errors import DataError, RefusedError, ServiceError, SettingsError
from zhiyin.store import Event, Impression, Item, Store, events
from zhiyin.store.layout import moved
from zhiyin.store.tables import counters, metadata
from zhiyin.testing.worlds import HARD_IDS

NOW = 1_800_000_000


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    address = str(request.getfixturevalue("postgres_url"))
    engine = sa.create_engine(sa.make_url(address).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return address


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url, clock=lambda: NOW) as made:
        yield made


def test_what_was_acknowledged_is_there_for_whoever_opens_it_next(url: str, store: Store) -> None:
    event = Event("u", "i", 7, "view", 2.5, {"device": "phone", "place": ["a", 1]}, "k")
    taken = store.events.append([event, Event("u", "j")])
    assert (taken.sequence, taken.accepted, taken.repeated) == (2, 2, 0)
    with Store(url) as other:
        found = other.events.of("u")
    assert found[0] == Event("u", "i", 7, "view", 2.5, {"device": "phone", "place": ["a", 1]}, "k", 1)
    assert (found[1].time, found[1].kind, found[1].value, found[1].context) == (NOW, None, None, None)


def test_the_servers_sequence_orders_and_not_the_clients_clock(store: Store) -> None:
    store.events.append([Event("u", "late", 900), Event("v", "x", 5)])
    store.events.append([Event("u", "early", 100)])
    assert [event.item for event in store.events.of("u")] == ["late", "early"]
    assert [event.item for event in store.events.of("u", since=1)] == ["early"]
    assert [event.item for event in store.events.of("u", newest=1)] == ["early"]
    assert [event.sequence for event in store.events.after(1)] == [2, 3]
    assert [event.item for event in store.events.after(0, limit=2)] == ["late", "x"]
    assert store.events.of("nobody") == []


def test_a_retry_counts_once_within_a_batch_and_between_batches(store: Store) -> None:
    first = store.events.append([Event("u", "i", idempotency_key="a"), Event("u", "i", idempotency_key="a")])
    again = store.events.append([Event("u", "i", idempotency_key="a"), Event("u", "j", idempotency_key="b")])
    assert [(taken.accepted, taken.repeated) for taken in (first, again)] == [(1, 1), (1, 1)]
    assert [event.item for event in store.events.of("u")] == ["i", "j"]
    assert [event.sequence for event in store.events.of("u")] == [1, 2]
    assert store.events.append([Event("u", "k"), Event("u", "k")]).accepted == 2  # without a key each one counts


def test_a_key_of_another_event_is_refused_and_nothing_is_taken_in(store: Store) -> None:
    store.events.append([Event("u", "i", idempotency_key="a")])
    with pytest.raises(RefusedError, match="idempotency key 'a' was given to another event; nothing was taken in"):
        store.events.append([Event("u", "new"), Event("u", "other", idempotency_key="a")])
    assert len(store.events) == 1
    assert store.events.append([Event("u", "next")]).sequence == 2


def test_ids_come_back_byte_for_byte(store: Store) -> None:
    store.events.append([Event(id_, id_, idempotency_key=id_) for id_ in HARD_IDS])
    assert [store.events.of(id_)[0].item for id_ in HARD_IDS] == list(HARD_IDS)


@pytest.mark.parametrize("id_", ["a\0b", "\ud800", ""])
def test_an_id_that_not_every_database_keeps_is_refused(id_: str) -> None:
    with pytest.raises(DataError, match="cannot be kept; give text that is not empty, without NUL"):
        Event("u", id_)


def test_many_writers_at_once_lose_nothing_and_count_nothing_twice(url: str, store: Store) -> None:
    with Store(url) as other:  # as another process would: connections and lock of its own

        def write(n: int) -> None:
            for m in range(20):
                (store, other)[n % 2].events.append(
                    [Event(f"u{n}", f"i{m}"), Event("all", "once", idempotency_key=f"{m}")]
                )

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(8)))
        found = store.events.after(0, limit=1000)
    assert [event.sequence for event in found] == list(range(1, 8 * 20 + 20 + 1))
    assert all([e.item for e in found if e.user == f"u{n}"] == [f"i{m}" for m in range(20)] for n in range(8))


def test_a_retry_that_comes_before_the_first_has_ended_counts_once(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = events._known

    def slowly(*asked: Any) -> Any:
        found = looked_up(*asked)
        time.sleep(0.1)
        return found

    monkeypatch.setattr(events, "_known", slowly)
    with Store(url) as other, ThreadPoolExecutor(2) as pool:
        event = Event("u", "i", idempotency_key="a")
        taken = list(pool.map(lambda one: one.events.append([event]), (store, other)))
    assert sorted(one.accepted for one in taken) == [0, 1]
    assert len(store.events) == 1


def test_a_reader_sees_no_gap_that_is_filled_later(url: str, store: Store) -> None:
    """Sequence numbers become visible in their order, so that reading on from the newest one misses nothing."""
    seen, stop = [], threading.Event()

    def read() -> None:
        newest = 0
        while not stop.is_set() or store.events.after(newest):
            for event in store.events.after(newest):
                seen.append(event.sequence)
                newest = event.sequence

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with Store(url) as other, ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: (store, other)[n % 2].events.append([Event("u", str(n))] * (n % 3 + 1)), range(40)))
    finally:
        stop.set()
        reader.join()
    assert seen == list(range(1, len(store.events) + 1))


def test_a_key_opens_what_its_role_may_until_it_is_revoked(store: Store) -> None:
    key, text = store.keys.new("write", "shop", actor="test")
    found = store.keys.check(text)
    assert found == key
    assert [found.may(role) for role in ("read", "write", "admin")] == [True, True, False]  # type: ignore[arg-type]
    for wrong in (text[:-1], text + "a", text.upper(), "", "zy_", f"zy_{key.id}_", "zy_nobody_x", "\ud800", "zy_\0_a"):
        assert store.keys.check(wrong) is None, wrong
    assert store.keys.revoke(key.id, actor="test").revoked == NOW
    assert store.keys.check(text) is None
    assert [known.id for known in store.keys.all()] == [key.id]


def test_a_wrong_role_and_a_wrong_id_are_answered_with_the_right_ones(store: Store) -> None:
    key, _ = store.keys.new(actor="test")
    with pytest.raises(
        SettingsError, match="there is no role 'writ'; did you mean 'write'. the roles are: read, write"
    ):
        store.keys.new("writ", actor="test")
    with pytest.raises(DataError, match=f"there is no key 'zy'; the keys are: {key.id}"):
        store.keys.revoke("zy", actor="test")


def test_a_key_is_nowhere_in_the_database(store: Store) -> None:
    _, text = store.keys.new("admin", actor="test")
    with store.database.reading() as connection:
        rows = [str(row) for table in metadata.sorted_tables for row in connection.execute(sa.select(table))]
    assert not [row for row in rows if text.split("_", 2)[2] in row]
    assert any(hashlib.sha256(text.encode()).hexdigest() in row for row in rows)


def test_the_audit_log_names_every_change_and_one_edited_record_is_found(store: Store) -> None:
    key, _ = store.keys.new("read", actor="somebody")
    store.keys.revoke(key.id, actor="somebody else")
    store.keys.new("read", actor="somebody")
    said = [(record.actor, record.action, record.details["key"]) for record in store.audit.all()]
    assert said[:2] == [("somebody", "key made", key.id), ("somebody else", "key revoked", key.id)]
    assert store.audit.broken_at() is None
    with store.database.writing() as connection:
        connection.execute(sa.text("UPDATE audit SET actor = 'somebody' WHERE sequence = 2"))
    assert store.audit.broken_at() == 2
    with store.database.writing() as connection:
        connection.execute(sa.text("DELETE FROM audit WHERE sequence = 2"))
    assert store.audit.broken_at() == 3


def test_a_change_that_fails_leaves_neither_itself_nor_its_record(store: Store) -> None:
    def change() -> None:
        with store.database.writing() as connection:
            store.audit.add(connection, "test", "nothing", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert store.audit.all() == []


def test_a_store_of_a_newer_version_is_refused(url: str, store: Store) -> None:
    with store.database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9000'"))
    with pytest.raises(DataError, match="has layout 9000, this version of zhiyin reads up to 0002; upgrade zhiyin"):
        Store(url)


def test_the_steps_lead_to_the_tables_that_the_code_reads_and_back(url: str, store: Store) -> None:
    """A store made at once and one made step by step are alike, down to types, indices and counters."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def counted(connection: sa.Connection) -> list[str]:
        return sorted(connection.scalars(sa.select(counters.c.name)))

    with store.database.writing() as connection:
        names = counted(connection)
        moved(connection, "base")
        assert set(sa.inspect(connection).get_table_names()) == {"alembic_version"}
        moved(connection, "0002")
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
        assert counted(connection) == names


def test_a_store_of_the_first_layout_is_taken_to_the_newest_and_loses_nothing(url: str, store: Store) -> None:
    store.events.append([Event("u", "i", idempotency_key="a")])
    key, text = store.keys.new("read", actor="test")
    with store.database.writing() as connection:
        moved(connection, "0001")
        assert "impressions" not in sa.inspect(connection).get_table_names()
        connection.execute(sa.text("DROP TABLE alembic_version"))  # as the first version left it
        connection.execute(sa.insert(counters), {"name": "format", "value": 1})
    with Store(url) as later:
        assert later.events.append([Event("u", "i", idempotency_key="a"), Event("u", "j")]).sequence == 2
        assert [event.item for event in later.events.of("u")] == ["i", "j"]
        assert later.keys.check(text) == key
        assert later.audit.broken_at() is None
        assert later.impressions.after() == []


def test_what_is_said_of_an_item_adds_up_and_each_change_is_counted(url: str, store: Store) -> None:
    assert store.items.changes() == 0
    store.items.put([Item("a", {"price": 2.0, "tags": ["x"]}), Item("b", {})], actor="test")
    with Store(url) as other:
        other.items.put([Item("a", {"left": 0}, withdrawn=True)], actor="test")
    assert store.items.changes() == 2
    assert store.items.all() == [Item("a", {"price": 2.0, "tags": ["x"], "left": 0}, True), Item("b", {})]
    assert [record.action for record in store.audit.all()] == ["items put", "items put"]


def test_what_is_said_of_a_person_adds_up(store: Store) -> None:
    store.people.put("u", {"country": "FR"}, actor="test")
    store.people.put("u", {"age": 30}, actor="test")
    assert store.people.of("u") == {"country": "FR", "age": 30}
    assert store.people.of("v") == {}


def test_a_person_who_is_forgotten_is_nowhere(store: Store) -> None:
    for user in ("secret-person", "other"):
        store.events.append([Event(user, "i"), Event(user, "j")])
        store.people.put(user, {"country": "FR"}, actor="test")
        store.impressions.append([Impression("r", user, "i", 1, 1.0, False, "full", "assembly/1")])
    gone = store.people.forget("secret-person", actor="test")
    assert gone == {"events": 2, "impressions": 1, "people": 1}
    assert store.people.is_forgotten("secret-person")
    assert not store.people.is_forgotten("other")
    with store.database.reading() as connection:
        rows = [str(row) for table in metadata.sorted_tables for row in connection.execute(sa.select(table))]
    assert rows
    assert not [row for row in rows if "secret-person" in row], "nor in the audit log"
    assert len(store.events.of("other")) == 2
    assert store.people.forget("secret-person", actor="test") == {"events": 0, "impressions": 0, "people": 0}
    assert store.events.append([Event("secret-person", "k")]).sequence == 5, "who comes back is somebody new"
    assert [event.item for event in store.events.of("secret-person")] == ["k"]
    assert store.audit.broken_at() is None


def test_impressions_are_kept_in_order(store: Store) -> None:
    shown = [Impression("r", None, f"i{n}", n, 0.5, n == 2, "full", "assembly/1") for n in (1, 2)]
    store.impressions.append(shown)
    store.impressions.append([])
    store.impressions.append(shown)
    found = store.impressions.after(1)
    assert [(one.sequence, one.item, one.place, one.explored, one.time) for one in found] == [
        (2, "i2", 2, True, NOW), (3, "i1", 1, False, NOW), (4, "i2", 2, True, NOW),
    ]  # fmt: skip


def test_what_was_taken_between_two_moments_is_counted(store: Store) -> None:
    store.events.append([Event("u", "a", 10), Event("v", "a", 19), Event("u", "b", 20), Event("u", "c", 9)])
    assert store.events.taken(10, 20) == {"a": 2}


def test_a_database_that_is_down_is_named_without_its_password() -> None:
    with pytest.raises(ServiceError, match="127.0.0.1:1/shop does not answer") as said:
        Store("postgresql://me:secret@127.0.0.1:1/shop")
    assert "secret" not in str(said.value)


def test_what_cannot_be_a_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("no database at all, but long enough to be looked at as one" * 20)
    with pytest.raises(DataError, match=r"store.db is damaged \(file is not a database\)"):
        Store(tmp_path / "store.db")
    with pytest.raises(DataError, match="there is no folder"):
        Store(tmp_path / "nowhere" / "store.db")
    with pytest.raises(DataError, match="cannot be kept in mysql; give an address of sqlite or postgresql"):
        Store("mysql://localhost/shop")
    with pytest.raises(DataError, match="the address of the store cannot be read"):
        Store("nonsense")


def test_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    with Store(tmp_path / "store.db") as store, store.database.reading() as connection:
        assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(sa.text("PRAGMA synchronous")) == 2  # FULL


WRITER = """
import sys
from pathlib import Path
from zhiyin.store import Event, Store, events
store = Store(Path(sys.argv[1]))
for n in range(10**6):
    store.events.append([Event("u", f"{n}", idempotency_key=f"{n}")])
    print(n, flush=True)
"""


@pytest.mark.slow
def test_a_killed_writer_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path, acknowledged = tmp_path / "store.db", -1
    for round_ in range(5):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for line in writer.stdout:
                acknowledged = max(acknowledged, int(line)) if line.endswith("\n") else acknowledged
                if acknowledged >= 40 * (round_ + 1):
                    os.kill(writer.pid, signal.SIGKILL)  # and read what it had said until then
        with Store(path) as store:
            items = [int(event.item) for event in store.events.of("u")]
        assert items == list(range(len(items)))
        assert acknowledged < len(items) <= acknowledged + 2
