"""The host goes down, at any moment: what was settled is on the disk, whatever else is, and the file is readable."""
from __future__ import annotations

import errno
import os
import random
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.journal.journal import FILE, LEAST, Journal, stored
from executor.journal.lines import Header
from executor.journal.opening import KeptUpdates, opened
from executor.journal.records import StopSent, TaskBegan, UpdateKept
from executor.journal.state import JournalState
from specs.messages.status import TaskState, TaskStatus

BLOCK = 512  # bytes that a disk writes at once, or not
DEEDS = ("store", "settle", "acknowledge", "note", "grow")


class HostDisk:
    """What a disk has of a folder's files: bytes and names as they were when they were last brought there, and
    any part of what has changed since.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[int, bytes] = {}  # by inode
        self._named: int | None = None

    def sync(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            self._named = self._path.stat().st_ino
        else:
            self._files[found.st_ino] = os.pread(descriptor, found.st_size, 0)

    def after(self, chance: random.Random) -> bytes | None:
        """What stands in the file when the host is up again; None: there is none."""
        now = self._path.stat().st_ino if self._path.exists() else None
        named = chance.choice([self._named, now])
        if named is None:
            return None
        old = self._files[named]
        new = self._path.read_bytes() if named == now else old
        blocks = range(0, max(len(old), len(new)), BLOCK)
        return b"".join(chance.choice([old, new])[each:each + BLOCK] or bytes(BLOCK) for each in blocks)


class Host:
    """An executor's journal, and who stores updates in it."""

    def __init__(self, folder: str) -> None:
        path = Path(folder) / FILE
        self.disk = HostDisk(path)
        self.journal = Journal(path, Header("this boot", "owner", ""), JournalState(), 0, self.disk.sync)
        self.kept = KeptUpdates(self.journal)
        self.journal.promise(lambda: TaskBegan("t", "{}", 1.0))
        self.told: set[str] = set()
        self.untold: dict[str, int] = {}  # places
        self.count = 0

    def store(self) -> None:
        self.count += 1
        uuid = self.count.to_bytes(16, "big")
        self.untold[uuid.hex()] = self.kept.stored(TaskStatus("t", TaskState.RUNNING, uuid=uuid), {"of": "x" * 700})

    def settle(self) -> None:
        """As the sender does it: the first one that waits, and it covers those that came before it."""
        if self.untold:
            uuid, place = next(iter(self.untold.items()))
            self.kept.settle(place)
            self.told.add(uuid)
            del self.untold[uuid]

    def acknowledge(self) -> None:
        if self.told:
            self.kept.acknowledged("t", bytes.fromhex(self.told.pop()))

    def note(self) -> None:
        self.journal.note(StopSent("t"))

    def grow(self) -> None:
        """Until it is written anew."""
        for _ in range(2):
            self.journal.note(UpdateKept("t", "grown", "TASK_RUNNING", "x" * (LEAST // 2)))
            self.kept.acknowledged("t", b"grown")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(deeds=st.lists(st.sampled_from(DEEDS), max_size=24), seed=st.integers(0, 1 << 32))
def test_nothing_that_was_told_is_lost(deeds: list[str], seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        host = Host(folder)
        for deed in deeds:
            do: Callable[[], None] = getattr(host, deed)
            do()
            left = host.disk.after(chance)
            if left is None:
                assert not host.told
                continue
            (Path(other) / FILE).write_bytes(left)
            header, state, _ = stored(Path(other) / FILE, "the next boot")
            assert header is not None
            assert host.told <= set(state.updates)
        host.journal.close()


def test_after_that_every_task_is_doomed_and_what_was_told_is_sent_again(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    host.store()
    host.settle()
    told, settled = set(host.told), stored(tmp_path / FILE)[2]
    host.store()
    host.store()
    whole = bytearray((tmp_path / FILE).read_bytes())
    whole[settled + 20] ^= 1  # the second is torn, the third is there
    (tmp_path / FILE).write_bytes(whole)
    again, found = opened(str(tmp_path), 2.0, "/nowhere")
    assert found
    assert again.state.tasks["t"].doomed == ""
    assert set(again.state.updates) == told


def test_one_wait_for_the_disk_is_for_all_that_came_before_it(tmp_path: Path) -> None:
    waits: list[int] = []
    journal = Journal(tmp_path / FILE, Header("this boot", "owner", ""), JournalState(), 0, waits.append)
    kept = KeptUpdates(journal)
    journal.promise(lambda: TaskBegan("t", "{}", 1.0))
    places = [kept.stored(TaskStatus("t", TaskState.RUNNING, uuid=bytes([each] * 16)), {}) for each in range(9)]
    before = len(waits)
    for place in places:
        kept.settle(place)
    assert len(waits) <= before + 2  # and perhaps the one for the room behind it
    journal.close()


def test_a_disk_that_fails_refuses_new_tasks_until_it_does_not(tmp_path: Path) -> None:
    fails = [False]

    def sync(_: int) -> None:
        if fails[0]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    journal = Journal(tmp_path / FILE, Header("this boot", "owner", ""), JournalState(), 0, sync)
    kept = KeptUpdates(journal)
    journal.promise(lambda: TaskBegan("t", "{}", 1.0))
    fails[0] = True
    kept.settle(kept.stored(TaskStatus("t", TaskState.RUNNING, uuid=b"1" * 16), {}))  # it is told all the same
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        journal.promise(lambda: TaskBegan("u", "{}", 1.0))
    fails[0] = False
    journal.promise(lambda: TaskBegan("u", "{}", 1.0))
    state = stored(tmp_path / FILE)[1]
    assert (list(state.tasks), len(state.updates)) == (["t", "u"], 1)
    journal.close()
