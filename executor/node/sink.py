"""Where one task's output goes, and its last lines."""
from __future__ import annotations

import logging
import os
from pathlib import Path

from executor.node.sandbox_files import output_file

log = logging.getLogger(__name__)


OUTPUT = ("stdout", "stderr")  # the files in a sandbox
TAIL_BYTES = 2048
TAIL_LINES = 5


class Sink:
    """Where one task's output goes: two descriptors. Owned ones are files of the task's own; stderr
    can be read.

    They are never opened again by their names: the sandbox belongs to the task, which may have put
    a pipe there, or a link to what it must not read.
    """

    def __init__(self, out: int, err: int, *, owned: bool = True) -> None:
        self._descriptors = {1: out, 2: err}
        self._begin = 0  # of what this run has written; what stands before it is not its
        self._owned = owned
        self._lost = 0  # bytes
        self.seen = {1: 0, 2: 0}  # bytes
        self._part = {1: 0, 2: 0}  # bytes that had been seen when this part began
        self._skip = {1: 0, 2: 0}
        self._fresh = False  # what comes next on stderr is another run's
        self._begin_run()

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of it; a sink that cannot take it loses it, and the container goes on."""
        skip = min(self._skip[descriptor], len(data))
        self._skip[descriptor] -= skip
        view = memoryview(data)[skip:]
        self.seen[descriptor] += len(view)
        if view and descriptor == 2 and self._fresh:
            self._begin_run()
        while view:
            try:
                view = view[os.write(self._descriptors[descriptor], view):]
            except OSError as error:
                if not self._lost:  # once: a full disk would be filled with our complaints of it
                    log.warning("Output is being lost: %s", error.strerror)
                self._lost += len(view)
                return

    def begin_part(self) -> None:
        """What comes now is new, and of another run."""
        self._part = dict(self.seen)
        self._begin_run()

    def repeat_part(self, *, another_run: bool = False) -> None:
        """What comes now begins where this part began; `another_run`: and ends with another run."""
        self._skip = {each: self.seen[each] - self._part[each] for each in self.seen}
        self._fresh = another_run

    def tail(self) -> str:
        """The last lines of stderr; empty where stderr is shared with others."""
        if not self._owned or not self.seen[2]:
            return ""
        try:
            begin = max(self._begin, os.fstat(self._descriptors[2]).st_size - TAIL_BYTES)
            text = os.pread(self._descriptors[2], TAIL_BYTES, begin).decode(errors="replace")
        except OSError as error:
            log.warning("Cannot read stderr again: %s", error.strerror)
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return " | ".join(lines[-TAIL_LINES:])

    def _begin_run(self) -> None:
        self._fresh = False
        if self._owned:
            self._begin = os.fstat(self._descriptors[2]).st_size

    def close(self) -> None:
        """Close the files."""
        if self._lost:
            log.warning("%s bytes of output were lost", self._lost)
        if self._owned:
            for descriptor in self._descriptors.values():
                os.close(descriptor)


def sandbox_sink(directory: Path) -> Sink:
    """`stdout` and `stderr` in a task's sandbox, which is made; raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    out = output_file(directory / "stdout")
    try:
        return Sink(out, output_file(directory / "stderr"))
    except OSError:
        os.close(out)
        raise


def own_sink() -> Sink:
    """Our own stdout and stderr."""
    return Sink(1, 2, owned=False)
