"""What a service keeps besides its tasks."""
from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.storage.port import StorageError
from scheduler.storage.records import StoredEvent
from scheduler.storage.sqlite import FORMAT, NewerFormatError, SqliteStorage
from scheduler.tasks.ledger import Entry, Phase


def event(number: int) -> StoredEvent:
    return StoredEvent(number, 1.5, "t", "/a", "{}")


def test_records_by_kind_and_key(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    with SqliteStorage(path) as storage:
        storage.put("app", "/b", {"x": [1, None, "é"]})
        storage.put("app", "/a", 1)
        storage.put("app", "/b", {"x": 2})
        storage.put("other", "/b", True)
        storage.put("app", "/c", 0)
        storage.drop("app", "/c")
        storage.drop("app", "/never")
    with SqliteStorage(path) as storage:
        assert list(storage.records("app")) == [("/b", {"x": 2}), ("/a", 1)]
        assert list(storage.records("other")) == [("/b", True)]
        assert list(storage.records("none")) == []


def test_event_numbers_are_never_given_twice(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    with SqliteStorage(path) as storage:
        assert storage.last_event() == 0
        storage.append([event(1), event(2), event(3)])
        storage.forget_events(3)
        assert storage.events(0, 10) == []
    with SqliteStorage(path) as storage:
        assert storage.last_event() == 3
        storage.append([event(4), event(5)])
        assert storage.events(3, 1) == [event(4)]
        assert storage.events(4, 10) == [event(5)]


def test_what_was_not_flushed_is_not_there(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    storage = SqliteStorage(path)
    storage.put("app", "/a", 1)
    storage.flush()
    storage.put("app", "/a", 2)
    storage.append([event(1)])
    storage._database.close()  # as a kill does it
    with SqliteStorage(path) as again:
        assert list(again.records("app")) == [("/a", 1)]
        assert again.last_event() == 0


def test_an_entry_without_its_task(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    with SqliteStorage(path) as storage:
        storage.save_entry(Entry("a", Phase.LAUNCHING, 1.0, "S0", launches=1))
        storage.save_entry(Entry("a", Phase.RUNNING, 1.0, "S0", uuid=b"u", launches=1))
    with SqliteStorage(path) as storage:
        assert list(storage.tasks(9.0)) == [(Entry("a", Phase.RUNNING, 9.0, "S0", uuid=b"u", launches=1), None)]


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    with SqliteStorage(path) as storage:
        storage._database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(NewerFormatError, match=f"format {FORMAT + 1} of a later version"):
        SqliteStorage(path)


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    with SqliteStorage(path) as storage:
        storage.put("app", "/a", 1)
        storage.flush()
        pages = storage._database.execute("PRAGMA page_count").fetchone()[0]
        storage._database.execute(f"PRAGMA max_page_count = {pages}")
        storage.put("app", "/a", 2)
        storage.put("app", "/b", "x" * 100_000)
        for _ in range(2):
            with pytest.raises(StorageError, match="full"):
                storage.flush()
        storage.append([event(1)])
        storage._database.execute("PRAGMA max_page_count = 1000000")
        storage.flush()
    with SqliteStorage(path) as storage:
        assert [(key, len(str(value))) for key, value in storage.records("app")] == [("/a", 1), ("/b", 100_000)]
        assert dict(storage.records("app"))["/a"] == 2
        assert storage.last_event() == 1
