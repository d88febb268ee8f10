"""The storage in one SQLite file: for a scheduler that may be killed and started again on the same
machine.

What is saved is kept in memory until `flush`, which writes all of it to the disk in one
transaction: one write for all updates of a turn, and a disk that is full loses nothing, since the
next flush tries again. Tasks that have ended are deleted, so the file holds what is alive. A second
process on the same file is refused: two schedulers with one framework id would throw each other out
for ever.
"""
from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import re
import sqlite3
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from scheduler.storage.port import StorageError
from scheduler.storage.records import StoredEvent
from scheduler.tasks.launching import CustomExecutor, Task, stored_task
from scheduler.tasks.ledger import Entry, Phase
from specs.forms.codec import read
from specs.forms.render import plain
from specs.marathon.app import Constraint
from specs.messages.command import CommandInfo
from specs.messages.status import TaskState
from specs.messages.task import ExecutorInfo, TaskInfo

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS framework (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tasks (
    task_id TEXT PRIMARY KEY, task TEXT NOT NULL, phase TEXT NOT NULL, agent_id TEXT, state TEXT, uuid TEXT,
    launches INTEGER NOT NULL, kill INTEGER NOT NULL, grace REAL
);
CREATE TABLE IF NOT EXISTS executors (
    agent_id TEXT NOT NULL, executor_id TEXT NOT NULL, info TEXT NOT NULL, PRIMARY KEY (agent_id, executor_id)
);
CREATE TABLE IF NOT EXISTS records (
    kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)
);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, type TEXT NOT NULL, app_id TEXT NOT NULL,
    data TEXT NOT NULL
);
"""
_NO_TASK = "null"  # what `save_entry` writes in a task's place
_READ_AT_ONCE = 500  # records
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)
FORMAT = 1  # of the file; a scheduler refuses one that is newer than it knows


class NewerFormatError(Exception):
    """The file was written by a later version."""


class SqliteStorage:
    """A context manager. Used by the thread that made it."""

    def __init__(self, path: str) -> None:
        """Raises sqlite3.OperationalError if another process has the file, or it cannot be one;
        NewerFormatError.
        """
        self._writes: list[tuple[str, Sequence[Any]]] = []  # since the last flush
        self._applied = 0  # so many of them the open transaction knows
        with contextlib.suppress(OSError):  # of a file that cannot be one SQLite finds the words
            _make_private(path)
        self._database = sqlite3.connect(path, timeout=0.5, isolation_level="IMMEDIATE")
        try:
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute("PRAGMA cache_size = -512")  # KiB; it is read once, at the start
            self._check_format(path)
            self._database.executescript(SCHEMA)
            self._database.execute(f"PRAGMA user_version = {FORMAT}")
            row = self._database.execute("SELECT id FROM framework").fetchone()
            self._framework_id: str | None = None if row is None else str(row[0])
        except (sqlite3.Error, NewerFormatError):
            self._database.close()
            raise

    def _check_format(self, path: str) -> None:
        found = self._database.execute("PRAGMA user_version").fetchone()[0]
        if found > FORMAT:
            raise NewerFormatError(
                f"{path} has the format {found} of a later version; this one knows {FORMAT}")

    def __enter__(self) -> SqliteStorage:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.flush()
        except StorageError as error:
            log.warning("What was not written is asked again at the next start: %s", error)
        self._database.close()

    def framework_id(self) -> str | None:
        return self._framework_id

    def save_framework_id(self, framework_id: str) -> None:
        if self._framework_id != framework_id:
            self._framework_id = framework_id
            self._write("DELETE FROM framework")
            self._write("INSERT INTO framework VALUES (?)", (framework_id,))

    def save_task(self, entry: Entry, task: Task) -> None:
        self._write("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (entry.task_id, _task_text(task), *_columns(entry)))

    def save_entry(self, entry: Entry) -> None:
        if entry.phase is Phase.ENDED:
            self._write("DELETE FROM tasks WHERE task_id = ?", (entry.task_id,))
        else:
            self._write(
                "INSERT INTO tasks VALUES (?, 'null', ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (task_id) DO UPDATE SET "
                "phase = excluded.phase, agent_id = excluded.agent_id, state = excluded.state, uuid = excluded.uuid, "
                "launches = excluded.launches, kill = excluded.kill, grace = excluded.grace",
                (entry.task_id, *_columns(entry)))

    def save_executor(self, agent_id: str, executor_id: str, info: ExecutorInfo | None) -> None:
        if info is None:
            self._write("DELETE FROM executors WHERE agent_id = ? AND executor_id = ?",
                        (agent_id, executor_id))
        else:
            self._write("INSERT OR REPLACE INTO executors VALUES (?, ?, ?)",
                        (agent_id, executor_id, json.dumps(plain(info))))

    def executors(self) -> Iterable[tuple[str, str, ExecutorInfo]]:
        known: dict[str, ExecutorInfo] = {}  # on a thousand agents most are the same
        for agent_id, executor_id, text in self._read("SELECT * FROM executors"):
            if text not in known:
                known[text] = read(ExecutorInfo, json.loads(text), strict=False)
            yield agent_id, executor_id, known[text]

    def forget(self) -> None:
        self._framework_id = None
        for table in ("framework", "tasks", "executors"):  # what a service keeps is not the framework's
            self._write(f"DELETE FROM {table}")  # noqa: S608 - names of ours

    def flush(self) -> None:
        """Raises StorageError if it cannot be written; nothing is lost then, and the next flush
        tries all of it.
        """
        try:
            self._apply()
            self._database.commit()
        except sqlite3.Error as error:
            self._begin_again()
            raise StorageError(f"the state cannot be written: {error}") from error
        self._writes.clear()
        self._applied = 0

    def mark(self) -> int:
        """Where what is saved from now on begins, until the next flush."""
        return len(self._writes)

    def rewind(self, mark: int) -> None:
        """Forget what was saved since that mark; nothing may have been flushed since."""
        del self._writes[mark:]
        if self._applied > mark:
            self._begin_again()

    def _write(self, statement: str, values: Sequence[Any] = ()) -> None:
        self._writes.append((statement, values))

    def _apply(self) -> None:
        """Have the database know of what is to be written, within the open transaction.

        Tables know nothing of each other, so each gets its writes in their order, and alike ones together:
        with 10,000 instances the service has them running in 13 s (median of 5) instead of 16.
        """
        new = sorted(self._writes[self._applied:], key=lambda write: _table(write[0]))
        for statement, writes in groupby(new, key=itemgetter(0)):
            self._database.executemany(statement, [values for _, values in writes])
        self._applied = len(self._writes)

    def _begin_again(self) -> None:
        if self._database.in_transaction:  # an error such as a full disk may have ended it
            self._database.rollback()
        self._applied = 0

    def _read(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Raises StorageError if what was saved cannot even be prepared."""
        try:
            self._apply()
            return self._database.execute(query, values)
        except sqlite3.Error as error:
            self._begin_again()
            raise StorageError(f"the state cannot be read: {error}") from error

    def tasks(self, now: float) -> Iterable[tuple[Entry, Task | None]]:
        phases, states = {each.value: each
                          for each in Phase}, {each.value: each for each in TaskState}
        for task_id, text, phase, agent_id, state, uuid, launches, kill, grace in self._read(
                "SELECT * FROM tasks ORDER BY rowid"):
            entry = Entry(task_id, phases[phase], now, agent_id,
                          None if state is None else states[state],
                          None if uuid is None else a2b_base64(uuid), launches, bool(kill),
                          now if kill else None, grace)
            yield entry, None if text == _NO_TASK else _task(json.loads(text))

    # ---- Records

    def put(self, kind: str, key: str, value: Any) -> None:
        self._write(
            "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
                    (kind, key, _ENCODER.encode(value)))

    def drop(self, kind: str, key: str) -> None:
        self._write("DELETE FROM records WHERE kind = ? AND key = ?", (kind, key))

    def records(self, kind: str) -> Iterator[tuple[str, Any]]:
        found = self._read("SELECT key, value FROM records WHERE kind = ? ORDER BY rowid", (kind,))
        while rows := found.fetchmany(_READ_AT_ONCE):  # parsed together, which costs half as much
            values = json.loads(f"[{','.join([value for _, value in rows])}]")
            yield from zip([key for key, _ in rows], values, strict=True)

    def append(self, events: Iterable[StoredEvent]) -> None:
        for each in events:
            self._write("INSERT INTO events VALUES (?, ?, ?, ?, ?)",
                        (each.number, each.at, each.type, each.app_id, each.data))

    def events(self, after: int, limit: int) -> Sequence[StoredEvent]:
        rows = self._read("SELECT * FROM events WHERE number > ? ORDER BY number LIMIT ?",
                          (after, limit))
        return [StoredEvent(*row) for row in rows]

    def events_of(self, app_id: str, limit: int) -> Sequence[StoredEvent]:
        rows = self._read("SELECT * FROM events WHERE app_id = ? ORDER BY number DESC LIMIT ?",
                          (app_id, limit))
        return [StoredEvent(*row) for row in rows][::-1]

    def last_event(self) -> int:
        row = self._read("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        return 0 if row is None else int(row[0])

    def forget_events(self, up_to: int) -> None:
        self._write("DELETE FROM events WHERE number <= ?", (up_to,))


@functools.cache
def _table(statement: str) -> str:
    """Which one it writes into."""
    return re.split(" (?:INTO|FROM) ", statement, maxsplit=1)[1].split()[0]


def _make_private(path: str) -> None:
    """Tasks have secrets in their environment: the file is for its owner alone.

    So are the two that SQLite puts beside it, which it gives the same mode. One that is there is not
    opened: closing it again would end the locks that this process may have on it.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        for each in (Path(path), Path(f"{path}-wal"), Path(f"{path}-shm")):
            with contextlib.suppress(FileNotFoundError):
                if each.stat().st_mode & 0o077:
                    each.chmod(0o600)


def _columns(entry: Entry) -> tuple[Any, ...]:
    return (entry.phase.value, entry.agent_id, None if entry.state is None else entry.state.value,
            None if entry.uuid is None else b64encode(entry.uuid).decode(), entry.launches,
            entry.kill, entry.grace)


def _task_text(task: Task) -> str:
    executor = task.executor
    return json.dumps({
        "info": plain(task.info),
        "executor": None if executor is None
        else {**asdict(executor), "command": plain(executor.command)},
        "constraints": [asdict(constraint) for constraint in task.wish.constraints],
    })


def _task(stored: dict[str, Any]) -> Task:
    executor = stored["executor"]
    if executor is not None:
        executor = CustomExecutor(**{**executor,
                                     "command": read(CommandInfo, executor["command"],
                                                     strict=False)})
    return stored_task(read(TaskInfo, stored["info"], strict=False), executor,
                       tuple(map(_constraint, stored["constraints"])))


def _constraint(stored: dict[str, str]) -> Constraint:
    """Before format 1 an attribute had to have a value, and there were no operators."""
    return Constraint(stored["attribute"], "IS",
                      stored["value"]) if "attribute" in stored else Constraint(**stored)
