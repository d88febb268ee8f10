"""Where one task's output goes, and its last lines."""
from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from executor.life.events import Drained
from executor.node.output.rotation import RotatedFile
from executor.node.output.sandbox_files import open_folder
from executor.node.output.seam import NEAR, Seam, Written
from executor.settings.rotation import DEFAULT, Rotations

log = logging.getLogger(__name__)


OUTPUT = ("stdout", "stderr")  # the files in a sandbox
MOST_PASSED = 64 << 20  # bytes without the seam that was to be in them
GAP = "[mesos-docker: output is missing here, behind byte {}: {}, which the engine's log does not hold]\n"
TAIL_LINES = 5


class Output(Protocol):
    """Where a stream goes."""

    def write(self, data: bytes, begin: int) -> int:
        """Write from `begin` on, where there is something, as much as goes at once; how much.
        Raises OSError.
        """
        ...

    @property
    def total(self) -> int:
        """Bytes from the beginning on."""
        ...

    def begin_run(self) -> None:
        """What comes now is another run's."""
        ...

    def resume(self, begin: int) -> None:
        """This run began at this total."""
        ...

    def tail(self) -> bytes:
        """The end of what this run has written, as far as it can be read. Raises OSError."""
        ...

    def last(self, since: int = 0) -> tuple[bytes, int]:
        """What stands last, LOOKED_FOR at most, as far as it was written since then, and when it was
        written: ns since the epoch. Raises OSError.
        """
        ...

    def close(self) -> None: ...


class Descriptor:
    """One that somebody else has opened, and may read: our own stdout or stderr."""

    def __init__(self, number: int) -> None:
        self._number = number

    def write(self, data: bytes, begin: int) -> int:
        return os.write(self._number, memoryview(data)[begin:])

    @property
    def total(self) -> int:
        return 0

    def begin_run(self) -> None:
        """It makes no difference."""

    def resume(self, begin: int) -> None:
        """Nor does this."""

    def tail(self) -> bytes:
        """It is shared with others."""
        return b""

    def last(self, since: int = 0) -> tuple[bytes, int]:  # noqa: ARG002 - nothing can be read, of any time
        """As `tail`."""
        return b"", 0

    def close(self) -> None:
        """It stays open."""


class Sink:
    """Where one task's output goes: two streams.

    Its files are never opened again by their names, but as rotation.py does it: the sandbox belongs
    to the task, which may have put a pipe there, or a link to what it must not read.
    """

    def __init__(self, out: Output, err: Output, folder: int | None = None) -> None:
        """`folder`: a descriptor that is closed at the end."""
        self._outputs = {1: out, 2: err}
        self._folder = folder
        self._lost, self._why = 0, ""  # bytes, and what the first error was
        self.seen = {1: 0, 2: 0}  # bytes
        self._part = {1: 0, 2: 0}  # bytes that had been seen when this part began
        self._skip = {1: 0, 2: 0}
        self._seams: dict[int, Seam] = {}
        self._fresh = False  # what comes next on stderr is another run's
        self._begin_run()

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of it; a sink that cannot take it loses it, and the container goes on."""
        if descriptor in self._seams:
            data = self._behind_seam(descriptor, data)
        begin = min(self._skip[descriptor], len(data))
        self._skip[descriptor] -= begin
        self.seen[descriptor] += len(data) - begin
        if begin < len(data) and descriptor == 2 and self._fresh:
            self._begin_run()
        while begin < len(data):
            try:
                begin += self._outputs[descriptor].write(data, begin)
            except OSError as error:
                if not self._lost:  # once: a full disk would be filled with our complaints of it
                    self._why = error.strerror or str(error)
                    log.warning("Output is being lost: %s", self._why)
                self._lost += len(data) - begin
                return

    @property
    def totals(self) -> tuple[int, ...]:
        """Bytes of stdout and of stderr, from their beginning on."""
        return tuple(self._outputs[each].total for each in (1, 2))

    def resume(self, begin: Sequence[int]) -> None:
        """What stands behind these totals is this task's, written by a process before this one."""
        for descriptor, then in enumerate(begin, start=1):
            self.seen[descriptor] = max(0, self._outputs[descriptor].total - then)
            self._outputs[descriptor].resume(then)

    def begin_part(self) -> None:
        """What comes now is new, and of another run."""
        self._part, self._skip, self._seams = dict(self.seen), {1: 0, 2: 0}, {}
        self._begin_run()

    def repeat_part(self, *, another_run: bool = False) -> None:
        """What comes now begins where this part began; `another_run`: and ends with another run."""
        self._skip = {each: self.seen[each] - self._part[each] for each in self.seen}
        self._fresh = self._fresh or another_run  # who reads a part once more may find that one's first words

    @property
    def written(self) -> Written:
        """Of this part, as far as it can be read."""
        tails, at = dict[int, bytes](), dict[int, int]()
        outputs = {each: output for each, output in self._outputs.items()
                   if self.seen[each] > self._part[each]}
        try:
            at = {each: output.last()[1] for each, output in outputs.items()}
            since = max(at.values(), default=0) - NEAR
            tails = {each: output.last(since)[0] for each, output in outputs.items()}
        except OSError as error:
            log.warning("Cannot read output again: %s", error.strerror)
        return Written(sum(self.seen.values()) - sum(self._part.values()), tails, at)

    def seek(self, tails: Mapping[int, bytes]) -> None:
        """What comes now began earlier, and has these in it: what is behind them is new."""
        self._skip = {1: 0, 2: 0}
        self._seams = {each: Seam(tail) for each, tail in tails.items()}

    def gap(self, descriptors: Iterable[int], most: int | None = None) -> None:
        """What comes now is new, and something is missing before it: `most` bytes of all of them, at
        most; None: nobody knows.
        """
        self._skip, self._seams = {1: 0, 2: 0}, {}
        for each in descriptors:
            self._mark_gap(each, most)

    def _mark_gap(self, descriptor: int, most: int | None = None) -> None:
        output = self._outputs[descriptor]
        lost = "an unknown number of bytes" if most is None else f"at most {most} bytes of both streams"
        last, _ = output.last()
        begin = b"\n" if last and not last.endswith(b"\n") else b""
        line = begin + GAP.format(output.total, lost).encode()
        output.write(line, 0)

    def _behind_seam(self, descriptor: int, data: bytes) -> bytes:
        seam = self._seams[descriptor]
        behind = seam.feed(data)
        if behind is None and seam.passed <= MOST_PASSED:
            return b""
        del self._seams[descriptor]
        if behind is None:  # it was there a moment ago
            self._mark_gap(descriptor)
        return behind or b""

    def drained(self) -> Drained:
        """With the last lines of stderr, where it is not shared with others, and what was lost."""
        lost = f"{self._lost} bytes of output were lost: {self._why}" if self._lost else ""
        return Drained(self._tail(), lost, any(self.seen.values()))

    def _tail(self) -> str:
        if not self.seen[2]:
            return ""
        try:
            text = self._outputs[2].tail().decode(errors="replace")
        except OSError as error:
            log.warning("Cannot read stderr again: %s", error.strerror)
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return " | ".join(lines[-TAIL_LINES:])

    def _begin_run(self) -> None:
        self._fresh = False
        self._outputs[2].begin_run()

    def close(self) -> None:
        """Close the files."""
        if self._lost:
            log.warning("%s bytes of output were lost", self._lost)
        for output in self._outputs.values():
            output.close()
        if self._folder is not None:
            os.close(self._folder)


def sandbox_sink(directory: Path, rotations: Rotations = DEFAULT) -> Sink:
    """`stdout` and `stderr` in a task's sandbox, which is made; raises OSError, BadSandbox."""
    directory.mkdir(parents=True, exist_ok=True)
    folder = open_folder(directory)
    try:
        out = RotatedFile(folder, "stdout", rotations.stdout)
        try:
            return Sink(out, RotatedFile(folder, "stderr", rotations.stderr), folder)
        except BaseException:
            out.close()
            raise
    except BaseException:
        os.close(folder)
        raise


def own_sink() -> Sink:
    """Our own stdout and stderr."""
    return Sink(Descriptor(1), Descriptor(2))
