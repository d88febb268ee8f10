"""The journal as a file in the sandbox.

What a process has handed to the kernel survives the process, however it dies. So a record is
written before what it says is done, and that is all that a crash of ours asks for; nobody waits for
the disk. A thread has what matters brought there all the same, some milliseconds later: for a host
that goes down, after which no agent finds us again, and tells the end of our tasks itself.

The file is written anew when most of it is of the past. Where it cannot be written (a full disk)
new tasks are refused (`promise`); what happens to the others is kept in memory (`note`), and the
whole is written as soon as there is room.
"""
from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from executor.journal.lines import Header, JournalRefused, header_line, line, read
from executor.journal.records import Record, StepBegan, StepOver, TaskBegan, UpdateKept, record_of, value
from executor.journal.state import JournalState

log = logging.getLogger(__name__)

FILE: Final = ".mesos-docker-journal"
LEAST: Final = 1 << 20  # bytes below which it is not written anew
GROWTH: Final = 4  # times the size that it had when it was new
MOST: Final = 1 << 30  # bytes that are read
BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class Journal:
    """Implements Notes, and belongs to whoever made it until `close`."""

    def __init__(self, path: Path, header: Header, state: JournalState, size: int) -> None:
        """Of a file that is there, with so many good bytes; for 0 one is made when there is something
        to write. Raises OSError.
        """
        self.header = header
        self.state = state
        self._path = path
        self._lock = threading.Lock()
        self._size = size
        self._fresh = size  # its size when it was last written anew
        self._whole = size > 0  # what the file says is what we know
        self._descriptor = -1
        self._due = threading.Event()
        self._over = False
        if size:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            os.ftruncate(self._descriptor, size)
        threading.Thread(target=self._sync, name="journal", daemon=True).start()

    def promise(self, make: Callable[[], Record]) -> None:
        """Write it; raises OSError if that cannot be done, and then nothing is noted."""
        record = make()
        with self._lock:
            if not self._whole:
                self._rewrite()
            self._append(line(value(record)))
            self.state.apply(record)
            self._tidy()
        self._due.set()

    def note(self, *records: Record) -> None:
        """Write them, now or as soon as that can be done again."""
        if not records:
            return
        with self._lock:
            for each in records:
                self.state.apply(each)
            try:
                if self._whole:
                    self._append(b"".join(line(value(each)) for each in records))
                else:
                    self._rewrite()
            except OSError as error:
                if self._whole:  # once
                    log.error("The journal cannot be written: %s", error.strerror)  # noqa: TRY400 - it says all
                self._whole = False
                return
            self._tidy()
        if any(isinstance(each, TaskBegan | UpdateKept) for each in records):
            self._due.set()

    @contextlib.contextmanager
    def step(self, task_id: str, step: str) -> Iterator[None]:
        """While something is done for a task that might bring us down."""
        self.note(StepBegan(task_id, step))
        try:
            yield
        finally:
            self.note(StepOver(task_id))

    def close(self) -> None:
        """An end in peace: no step was the last one, and what says nothing any more is removed."""
        self.note(*(StepOver(task_id) for task_id in self.state.steps))
        with self._lock, contextlib.suppress(OSError):
            self._over = True
            if self.state.empty:
                self._path.unlink(missing_ok=True)
            elif self._descriptor >= 0:
                os.fdatasync(self._descriptor)
        self._due.set()

    def _append(self, text: bytes) -> None:
        written = 0
        try:
            while written < len(text):
                written += os.pwrite(self._descriptor, text[written:], self._size + written)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(text)

    def _tidy(self) -> None:
        if self._size > max(LEAST, GROWTH * self._fresh):
            with contextlib.suppress(OSError):  # there is room enough where it is
                self._rewrite()

    def _rewrite(self) -> None:
        """Another file in its place, or none and OSError."""
        text = b"".join((header_line(self.header),
                         *(line(value(each)) for each in self.state.records())))
        new = self._path.with_name(f"{self._path.name}.new")
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
                             | os.O_NOFOLLOW, 0o600)
        try:
            written = 0
            while written < len(text):
                written += os.write(descriptor, text[written:])
            new.rename(self._path)
        except OSError:
            os.close(descriptor)
            new.unlink(missing_ok=True)
            raise
        if self._descriptor < 0:
            self._descriptor = descriptor
        else:
            os.dup2(descriptor, self._descriptor, inheritable=False)
            os.close(descriptor)
        self._size = self._fresh = len(text)
        self._whole = True

    def _sync(self) -> None:
        while not self._over:
            self._due.wait()
            self._due.clear()
            with contextlib.suppress(OSError):  # what cannot be written is found by who writes it
                if self._descriptor >= 0:
                    os.fdatasync(self._descriptor)


def boot_id() -> str:
    """Another one after each start of the host."""
    return BOOT.read_text(encoding="ascii").strip()


def stored(path: Path) -> tuple[Header | None, JournalState, int]:
    """What a file says, and how many bytes of it are good; nothing if there is none.

    Raises JournalRefused and OSError.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
    except FileNotFoundError:
        return None, JournalState(), 0
    if len(content) > MOST:
        raise JournalRefused(f"it is larger than {MOST} bytes")
    header, values, good = read(content)
    state = JournalState()
    for said in values:
        known = record_of(said)
        if known is not None:
            state.apply(known)
    return header, state, good
