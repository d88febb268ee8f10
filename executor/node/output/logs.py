"""A container's output on its way to the sandbox.

All streams are read by one thread (watcher.py) and written as they come: nothing is parsed, so no
line is ever cut, and nothing is held, so memory does not grow. The engine keeps its own log as
well; when the stream breaks because the engine died, the rest is read from there: as many bytes as
were written already are skipped, per descriptor. Of a container that its restart policy starts
again, each further run is read from there as well (reading.py).

A task's output is complete when its stream has ended; `drain` tells when that is so, and the
terminal update waits for it. In the drop-in the files are our own descriptors 1 and 2, as in Mesos.
"""
from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from executor.engine.port import OutputStream
from executor.life.events import Drained
from executor.node.output.reading import Moment, Reading, RunTold
from executor.node.output.seam import How, Written
from executor.node.output.sink import Sink
from executor.node.watcher import Watcher

log = logging.getLogger(__name__)

READS = 32  # of one stream before the others have their turn


class _Output:
    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.stream: OutputStream | None = None
        self.ended: Callable[[], None] = lambda: None
        self.drained: tuple[Callable[[Drained], None], ...] = ()  # who waits for the end
        self.closing = False  # as soon as nobody writes any more
        self.abandoned = False  # nothing will come
        self.replacing = False  # another stream will take over
        self.reading = Reading()
        self.reopen: Callable[[Reading], None] = lambda _: None  # have this part opened

    @property
    def waits(self) -> bool:
        """Whether there is more to come."""
        return self.replacing or (self.stream is not None and not self.abandoned)


class Logs:
    """The output of all tasks. Thread-safe; no method waits for a write, however slow a pipe is
    read at its other end.

    Streams are read, written and closed by the watcher's thread alone; the lock covers only who
    waits for what.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._lock = threading.Lock()
        self._outputs: dict[str, _Output] = {}

    def open(self, task_id: str, sink: Sink) -> None:
        """Make room for a task's output."""
        with self._lock:
            self._outputs[task_id] = _Output(sink)

    def follow(self, task_id: str, stream: OutputStream,
               ended: Callable[[], None] = lambda: None) -> None:
        """Write what the stream brings. `ended`: called on the watcher's thread if it ends before
        anybody waits.
        """
        with self._lock:
            output = self._outputs.get(task_id)
            if output is not None:
                output.stream, output.ended = stream, ended
        if output is None:
            stream.close()
        else:
            self._watcher.add(stream.fileno(), lambda: self._read(output, stream))

    def hear_of_end(self, task_id: str, ended: Callable[[], None]) -> None:
        """As `follow` has it, of what is followed from now on."""
        with self._lock:
            output = self._outputs.get(task_id)
            if output is not None:
                output.ended = ended

    def since(self, task_id: str) -> int:
        """Where the part begins that is being read, ns since the epoch; 0: with the container."""
        with self._lock:
            output = self._outputs.get(task_id)
            return 0 if output is None else output.reading.since

    def from_log(self, task_id: str) -> bool:
        """Whether what was followed last was the engine's log, which may end early (reading.py)."""
        with self._lock:
            output = self._outputs.get(task_id)
            return output is not None and output.reading.from_log

    def wrote(self, task_id: str) -> bool:
        """Whether the task has written anything."""
        with self._lock:
            output = self._outputs.get(task_id)
            return output is not None and any(output.sink.seen.values())

    def written(self, task_id: str) -> Written:
        """Of the part that is being read. The files are read, so not for who must not block."""
        with self._lock:
            output = self._outputs.get(task_id)
        return Written() if output is None else output.sink.written

    def follow_again(self, task_id: str, stream: OutputStream, opened: Moment, how: How = How.SKIP,
                     missing: int | None = None) -> None:
        """Write what this stream brings, instead of the one before, which cannot be trusted to end.

        What it has of what was written already is left out. `missing`: bytes at most, of a gap.
        """
        with self._lock:
            output = self._outputs.get(task_id)
            if output is not None:
                output.replacing, output.abandoned = True, False
                output.reading = replace(output.reading, again=True, until=0).opens(opened)
        if output is None:
            stream.close()
        else:
            self._watcher.call(lambda: self._replace(output, stream, how, missing))

    def hear_of_run(self, task_id: str, run: RunTold, reopen: Callable[[Reading], None]) -> None:
        """The container runs once more: read that, too, when what is being read has ended.

        `reopen` has a stream of this part opened, and then `go_on` or `give_up` called; it is called
        here or on the watcher's thread and must not block.
        """
        with self._lock:
            output = self._outputs.get(task_id)
            if output is None:
                return
            output.reading, output.reopen = output.reading.hears(run), reopen
            idle = output.stream is None and not output.replacing
            wanted = self._next(output) if idle else None
        if wanted is not None:
            reopen(wanted)

    def go_on(self, task_id: str, stream: OutputStream, opened: Moment, how: How = How.SKIP) -> None:
        """Write what this stream brings: the part that was asked for. `how`: of one that is read once
        more.
        """
        with self._lock:
            output = self._outputs.get(task_id)
            if output is not None:
                output.reading = output.reading.opens(opened)
        if output is None:
            stream.close()
        else:
            self._watcher.call(lambda: self._begin(output, stream, how))

    def give_up(self, task_id: str) -> None:
        """The part that was asked for cannot be had."""
        with self._lock:
            output = self._outputs.get(task_id)
            if output is None:
                return
            output.replacing, output.reading = False, replace(output.reading, told=())
            waiting, output.drained = output.drained, ()
        for drained in waiting:
            drained(output.sink.drained())

    def following(self, task_id: str) -> bool:
        """Whether a stream is open, or about to be."""
        with self._lock:
            output = self._outputs.get(task_id)
            return output is not None and (output.stream is not None or output.replacing)

    def abandon(self, task_id: str) -> None:
        """The container was never started, as far as is known: its stream may never end by itself.
        """
        with self._lock:
            output = self._outputs.get(task_id)
            if output is not None:
                output.abandoned = True

    def drain(self, task_id: str, drained: Callable[[Drained], None]) -> None:
        """Call `drained`, with what is to be said of it, when the stream has ended; at once if
        there is none.

        `drained` is called here or on the watcher's thread and must not block.
        """
        with self._lock:
            output = self._outputs.get(task_id)
            if output is not None and output.waits:
                output.drained += (drained,)
                return
        drained(Drained() if output is None else output.sink.drained())

    def close(self, task_id: str) -> None:
        """The task is over; the files are closed when its stream has ended."""
        with self._lock:
            output = self._outputs.pop(task_id, None)
            if output is None:
                return
            output.closing = True
            silent = output.stream if output.abandoned else None
            if silent is not None:
                output.stream = None
            if output.stream is None:
                output.sink.close()
        if silent is not None:
            self._watcher.remove(silent.fileno())
            silent.close()

    def _replace(self, output: _Output, stream: OutputStream, how: How,
                 missing: int | None) -> None:
        with self._lock:
            before = output.stream
        if not self._take(output, stream):
            return
        if before is not None:
            self._watcher.remove(before.fileno())
            before.close()
        _go_on(output.sink, how, missing)
        self._watcher.add(stream.fileno(), lambda: self._read(output, stream))

    def _take(self, output: _Output, stream: OutputStream) -> bool:
        """Let this be its stream; False if the task is over, and its files are closed."""
        with self._lock:
            if not output.closing:
                output.stream, output.replacing = stream, False
                return True
        stream.close()
        return False

    def _next(self, output: _Output) -> Reading | None:
        """The part to read now, under the lock; who asks has it opened."""
        wanted = None if output.closing else output.reading.next()
        if wanted is not None:
            output.reading, output.replacing = wanted, True
        return wanted

    def _begin(self, output: _Output, stream: OutputStream, how: How) -> None:
        if not self._take(output, stream):
            return
        if output.reading.until:
            _go_on(output.sink, how, None)
        elif output.reading.again:
            output.sink.repeat_part(another_run=True)
        else:
            output.sink.begin_part()
        self._watcher.add(stream.fileno(), lambda: self._read(output, stream))

    def _read(self, output: _Output, stream: OutputStream) -> bool:
        if not output.closing and self._copy(output, stream):
            return True
        with self._lock:
            if output.stream is not stream:
                return False
            output.stream, replaced = None, output.replacing  # by one that is about to be read
            wanted = None if replaced else self._next(output)
            last, waiting = not replaced and wanted is None, output.drained
            output.drained = () if last else waiting
            if output.closing:
                output.sink.close()
        self._watcher.remove(stream.fileno())
        stream.close()
        if wanted is not None:
            output.reopen(wanted)
        for drained in waiting if last else ():
            drained(output.sink.drained())
        if last and not waiting and not output.closing:
            output.ended()
        return False

    def _copy(self, output: _Output, stream: OutputStream) -> bool:
        """Write what there is, but let others have their turn; whether more may come.

        Asks once more after the last piece: the end of a stream on a connection that stays open
        makes nothing readable.
        """
        for _ in range(READS):
            pieces = stream.read()
            if pieces is None:
                return False
            if not pieces:
                break
            for descriptor, data in pieces:
                output.sink.write(descriptor, data)
        return True


def _go_on(sink: Sink, how: How, missing: int | None) -> None:
    match how:
        case How.SKIP:
            sink.repeat_part()
        case How.SEAM:
            sink.seek(sink.written.recent)
        case How.GAP:
            sink.gap(sink.written.recent or (1,), missing)
        case _:
            assert_never(how)
