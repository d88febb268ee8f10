"""The journal: what a next process has to know, in a file and in memory.

A record is written before what it says is done, and that is all that a crash of ours asks for (see
file.py). What is told to the agent is on the disk before (`settle`): the host may go down. Nobody
else waits for the disk.

The file is written anew when most of it is of the past. Where it cannot be written (a full disk)
new tasks are refused (`promise`); what happens to the others is kept in memory (`note`) and told
all the same, and the whole is written as soon as there is room.
"""
from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from executor.journal.file import JournalFile, Sync
from executor.journal.lines import Header, JournalRefused, header_line, line, read
from executor.journal.records import Record, StepBegan, StepOver, record_of, value
from executor.journal.state import JournalState

log = logging.getLogger(__name__)

FILE: Final = ".mesos-docker-journal"
LEAST: Final = 1 << 20  # bytes below which it is not written anew
GROWTH: Final = 4  # times the size that it had when it was new
MOST: Final = 1 << 30  # bytes that are read
BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class Journal:
    """Implements Notes, and belongs to whoever made it until `close`."""

    def __init__(self, path: Path, header: Header, state: JournalState, size: int,
                 sync: Sync = os.fdatasync) -> None:
        """Of a file that is there, with so many good bytes; for 0 one is made when there is something
        to write. `sync`: as JournalFile's. Raises OSError.
        """
        self.header = header
        self.state = state
        self._file = JournalFile(path, size, sync)
        self._lock = threading.Lock()
        self._fresh = size  # its size when it was last written anew
        self._whole = size > 0  # what the file says is what we know
        self._due = threading.Event()  # there is a new file, or one that has grown
        self._over = False
        if size:
            self._due.set()
        threading.Thread(target=self._care, name="journal", daemon=True).start()

    def promise(self, make: Callable[[], Record]) -> None:
        """Write it; raises OSError if that cannot be done, and then nothing is noted."""
        record = make()
        with self._lock:
            if not self._whole:
                self._rewrite()
            self._file.append(line(value(record)))
            self.state.apply(record)
            self._tidy()

    def note(self, *records: Record) -> None:
        """Write them, now or as soon as that can be done again."""
        if not records:
            return
        with self._lock:
            for each in records:
                self.state.apply(each)
            try:
                if self._whole:
                    self._file.append(b"".join(line(value(each)) for each in records))
                else:
                    self._rewrite()
            except OSError as error:
                self._unwritten(error)
            else:
                self._tidy()

    def settle(self, place: int) -> None:
        """Return when what has this place is on the disk, or cannot be brought there: that is logged,
        and the whole is written anew with what comes next.
        """
        try:
            self._file.settle(place)
        except OSError as error:
            with self._lock:
                self._unwritten(error)

    @property
    def place(self) -> int:
        """Of what was written last, by whichever process."""
        return self._file.place

    @contextlib.contextmanager
    def step(self, task_id: str, step: str) -> Iterator[None]:
        """While something is done for a task that might bring us down; it may lead to a next step, which
        lasts on.
        """
        self.note(StepBegan(task_id, step))
        try:
            yield
        finally:
            if self.state.steps.get(task_id) == step:
                self.note(StepOver(task_id))

    def close(self) -> None:
        """An end in peace: no step was the last one, and what says nothing any more is removed."""
        self.note(*(StepOver(task_id) for task_id in self.state.steps))
        with self._lock, contextlib.suppress(OSError):
            self._over = True
            if self.state.empty:
                self._file.remove()
            else:
                self._file.settle(self._file.place)
        self._due.set()

    def _unwritten(self, error: OSError) -> None:
        if self._whole:  # once
            log.error("The journal cannot be written: %s", error.strerror)
        self._whole = False

    def _tidy(self) -> None:
        if self._file.size > self._most:
            self._due.set()

    @property
    def _most(self) -> int:
        return max(LEAST, GROWTH * self._fresh)

    def _rewrite(self) -> None:
        """Another file in its place, or none and OSError."""
        self._file.replace(self._text())
        self._fresh = self._file.size
        self._whole = True
        self._due.set()

    def _text(self) -> bytes:
        return b"".join((header_line(self.header),
                         *(line(value(each)) for each in self.state.records())))

    def _care(self) -> None:
        """What nobody waits for: write the file anew when it has grown, and make room in it."""
        while not self._over:
            self._due.wait()
            self._due.clear()
            if self._file.size > self._most:
                self._write_anew()
            if not self._over:
                self._file.make_room(self._most)

    def _write_anew(self) -> None:
        with self._lock:
            text, end, known = self._text(), self._file.end, self._whole
        if known and not self._over:
            with contextlib.suppress(OSError):  # there is room enough where it is
                self._file.replace(text, end)
            self._fresh = max(len(text), self._file.size // GROWTH)


def boot_id() -> str:
    """Another one after each start of the host."""
    return BOOT.read_text(encoding="ascii").strip()


def stored(path: Path, boot: str = "") -> tuple[Header | None, JournalState, int]:
    """What a file says, and how many bytes of it are good; nothing if there is none. `boot`: as
    `lines.read` has it.

    Raises JournalRefused and OSError.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
    except FileNotFoundError:
        return None, JournalState(), 0
    if len(content) > MOST:
        raise JournalRefused(f"it is larger than {MOST} bytes")
    header, values, good = read(content, boot)
    state = JournalState()
    for said in values:
        known = record_of(said)
        if known is not None:
            state.apply(known)
    return header, state, good
