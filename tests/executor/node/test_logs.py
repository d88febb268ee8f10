"""Output on its way to the sandbox: complete, uncut, and written once even when the stream broke."""
from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from executor.docker.door.streams import FrameDecoder, SocketStream
from executor.engine.failures import BadSandbox
from executor.life import events
from executor.node.output.logs import Logs
from executor.node.output.reading import Moment, Reading, RunTold
from executor.node.output.sink import Descriptor, Sink, sandbox_sink
from executor.node.processes import Processes
from executor.node.watcher import Watcher


def frame(descriptor: int, data: bytes) -> bytes:
    return bytes([descriptor, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


class Pipe:
    """An engine's end of a stream."""

    def __init__(self) -> None:
        self.theirs, ours = socket.socketpair()
        self.stream = SocketStream(ours, FrameDecoder())

    def say(self, descriptor: int, data: bytes) -> None:
        self.theirs.sendall(frame(descriptor, data))

    def end(self) -> None:
        self.theirs.close()


class Drained:
    """Waits for the end."""

    def __init__(self, logs: Logs, task_id: str = "t") -> None:
        self._event = threading.Event()
        self._told = events.Drained()
        logs.drain(task_id, self._take)

    def _take(self, told: events.Drained) -> None:
        self._told = told
        self._event.set()

    @property
    def now(self) -> bool:
        return self._event.is_set()

    def tail(self) -> str:
        assert self._event.wait(30)
        return self._told.tail

    def lost(self) -> str:
        assert self._event.wait(30)
        return self._told.lost


@pytest.fixture
def logs() -> Logs:
    return Logs(Watcher())


def test_all_of_it_and_no_line_cut(logs: Logs, tmp_path: Path) -> None:
    logs.open("t", sandbox_sink(tmp_path / "t"))
    pipe = Pipe()
    logs.follow("t", pipe.stream)
    line = b"x" * 300_000 + b"\n"
    for _ in range(10):
        pipe.say(1, line)
    pipe.say(2, b"first\nsecond\nno end of line")
    waiting = Drained(logs)
    assert not waiting.now
    pipe.end()
    assert waiting.tail() == "first | second | no end of line"
    assert (tmp_path / "t/stdout").read_bytes() == line * 10
    logs.close("t")


def test_the_tail_is_the_last_lines_of_this_run(logs: Logs, tmp_path: Path) -> None:
    (tmp_path / "stderr").write_text("of the run before\n")
    logs.open("t", sandbox_sink(tmp_path))
    pipe = Pipe()
    logs.follow("t", pipe.stream)
    for number in range(2000):
        pipe.say(2, b"line %d\n" % number)
    pipe.end()
    assert Drained(logs).tail() == "line 1995 | line 1996 | line 1997 | line 1998 | line 1999"


def test_what_was_written_is_skipped_when_it_comes_again(logs: Logs, tmp_path: Path) -> None:
    logs.open("t", sandbox_sink(tmp_path))
    before = Pipe()
    logs.follow("t", before.stream)
    before.say(1, b"one\ntw")
    before.say(2, b"oops\n")
    before.end()
    while logs.following("t"):
        threading.Event().wait(0.001)
    again = Pipe()
    logs.follow_again("t", again.stream, Moment())
    again.say(1, b"one\ntwo\n")
    again.say(2, b"oops\nagain\n")
    again.say(1, b"three\n")
    again.end()
    assert Drained(logs).tail() == "oops | again"
    assert (tmp_path / "stdout").read_text() == "one\ntwo\nthree\n"
    assert (tmp_path / "stderr").read_text() == "oops\nagain\n"


class Busy(Watcher):
    """Does what it is told later."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Callable[[], None]] = []

    def call(self, job: Callable[[], None]) -> None:
        self.told.append(job)

    def catch_up(self) -> None:
        for job in self.told:
            super().call(job)


def test_the_end_of_a_stream_that_is_about_to_be_replaced_is_not_the_outputs(tmp_path: Path) -> None:
    busy = Busy()
    logs = Logs(busy)
    logs.open("t", sandbox_sink(tmp_path))
    broken, again = Pipe(), Pipe()
    logs.follow("t", broken.stream)
    logs.follow_again("t", again.stream, Moment())
    waiting = Drained(logs)
    broken.end()
    while broken.stream.fileno() >= 0:
        threading.Event().wait(0.001)
    busy.catch_up()
    again.say(2, b"the rest\n")
    again.end()
    assert waiting.tail() == "the rest"


def test_the_end_is_told_to_all_who_wait_for_it(logs: Logs, tmp_path: Path) -> None:
    logs.open("t", sandbox_sink(tmp_path))
    pipe = Pipe()
    logs.follow("t", pipe.stream)
    first, second = Drained(logs), Drained(logs)
    pipe.say(2, b"end\n")
    pipe.end()
    assert (first.tail(), second.tail()) == ("end", "end")


def test_the_end_of_what_was_opened_again_is_heard_too(logs: Logs, tmp_path: Path) -> None:
    """Of a task that was taken over nothing is followed but that."""
    logs.open("t", sandbox_sink(tmp_path))
    ended = threading.Event()
    logs.hear_of_end("t", ended.set)
    again = Pipe()
    logs.follow_again("t", again.stream, Moment())
    again.end()
    assert ended.wait(30)


def test_a_container_that_was_given_up_may_have_said_something(logs: Logs, tmp_path: Path) -> None:
    logs.open("t", sandbox_sink(tmp_path))
    silent, again = Pipe(), Pipe()
    logs.follow("t", silent.stream)
    logs.abandon("t")
    logs.follow_again("t", again.stream, Moment())
    waiting = Drained(logs)
    assert not waiting.now
    again.say(2, b"it ran\n")
    again.end()
    assert waiting.tail() == "it ran"
    silent.end()


def test_a_stream_that_comes_again_replaces_the_one_before(logs: Logs, tmp_path: Path) -> None:
    logs.open("t", sandbox_sink(tmp_path))
    before, again = Pipe(), Pipe()
    logs.follow("t", before.stream)
    before.say(1, b"one\n")
    while not (tmp_path / "stdout").read_text():
        threading.Event().wait(0.001)
    waiting = Drained(logs)
    logs.follow_again("t", again.stream, Moment())
    again.say(1, b"one\ntwo\n")
    again.end()
    waiting.tail()
    assert (tmp_path / "stdout").read_text() == "one\ntwo\n"
    before.end()


class Parts:
    """What further runs were asked for, and their streams."""

    def __init__(self, logs: Logs) -> None:
        self.logs = logs
        self.asked: list[tuple[int, int]] = []  # from when on, until when
        self._asked = threading.Condition()

    def run(self, ended: int, began: int) -> None:
        self.logs.hear_of_run("t", RunTold(ended, began), self._reopen)

    def wait(self, count: int) -> None:
        with self._asked:
            assert self._asked.wait_for(lambda: len(self.asked) == count, 30)

    def _reopen(self, part: Reading) -> None:
        with self._asked:
            self.asked.append((part.since, part.until))
            self._asked.notify_all()


def test_each_run_is_read_behind_the_one_before_and_the_tail_is_of_the_last(logs: Logs, tmp_path: Path) -> None:
    logs.open("t", sandbox_sink(tmp_path))
    first, second, rest, third = Pipe(), Pipe(), Pipe(), Pipe()
    parts = Parts(logs)
    logs.follow("t", first.stream)
    parts.run(20, 30)  # told before all of the first run's output is here
    first.say(1, b"run 1\n")
    first.say(2, b"why run 1 failed\n")
    first.end()
    parts.wait(1)
    waiting = Drained(logs)
    logs.go_on("t", second.stream, Moment(31, 32))
    second.say(1, b"run 2 as f")  # a stream that follows the log may end before its last words
    second.say(2, b"why run 2 failed\n")
    parts.run(40, 50)
    second.end()
    parts.wait(2)
    logs.go_on("t", rest.stream, Moment(51, 52))
    rest.say(1, b"run 2 as far as it came\n")
    rest.say(2, b"why run 2 failed\n")
    rest.end()
    parts.wait(3)
    assert not waiting.now
    logs.go_on("t", third.stream, Moment(53, 54))
    third.say(1, b"run 3\n")
    third.end()
    assert waiting.tail() == ""  # the last run has said nothing on stderr
    assert parts.asked == [(20, 0), (20, 40), (40, 0)]
    assert (tmp_path / "stdout").read_text() == "run 1\nrun 2 as far as it came\nrun 3\n"
    assert (tmp_path / "stderr").read_text() == "why run 1 failed\nwhy run 2 failed\n"


def test_a_part_that_may_have_had_a_run_is_read_once_more(logs: Logs, tmp_path: Path) -> None:
    logs.open("t", sandbox_sink(tmp_path))
    first, second, again = Pipe(), Pipe(), Pipe()
    parts = Parts(logs)
    logs.follow("t", first.stream)
    first.say(2, b"one\n")
    first.end()
    while logs.following("t"):
        threading.Event().wait(0.001)
    parts.run(20, 30)
    parts.wait(1)
    parts.run(40, 50)
    logs.go_on("t", second.stream, Moment(31, 60))  # the third run began while this was opened
    second.say(2, b"two\n")
    second.end()
    parts.wait(2)
    logs.go_on("t", again.stream, Moment(61, 62))
    again.say(2, b"two\nthree\n")
    again.end()
    assert Drained(logs).tail() == "three"
    assert parts.asked == [(20, 0), (20, 0)]
    assert (tmp_path / "stderr").read_text() == "one\ntwo\nthree\n"


def test_a_run_that_cannot_be_read_is_not_waited_for(logs: Logs, tmp_path: Path) -> None:
    logs.open("t", sandbox_sink(tmp_path))
    parts = Parts(logs)
    parts.run(20, 30)
    waiting = Drained(logs)
    assert not waiting.now
    logs.give_up("t")
    assert waiting.tail() == ""
    logs.close("t")
    late = Pipe()
    logs.go_on("t", late.stream, Moment(31, 32))  # of a task that is over
    assert late.theirs.recv(1) == b""  # closed
    late.end()


def test_without_a_stream_the_end_is_there_at_once(logs: Logs, tmp_path: Path) -> None:
    assert Drained(logs).now
    logs.open("t", sandbox_sink(tmp_path))
    assert Drained(logs).now


def test_a_stream_that_will_never_end_is_not_waited_for(logs: Logs, tmp_path: Path) -> None:
    logs.open("t", sandbox_sink(tmp_path))
    pipe = Pipe()
    logs.follow("t", pipe.stream)
    logs.abandon("t")
    assert Drained(logs).now
    logs.close("t")
    assert pipe.theirs.recv(1) == b""  # closed on our side
    pipe.end()


def test_a_full_disk_loses_output_and_nothing_else(logs: Logs) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    logs.open("t", Sink(Descriptor(full), Descriptor(full)))
    pipe = Pipe()
    logs.follow("t", pipe.stream)
    pipe.say(1, b"lost")
    pipe.end()
    assert Drained(logs).lost() == "4 bytes of output were lost: No space left on device"
    logs.close("t")
    os.close(full)


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "stdout").symlink_to("/etc/passwd")
    with pytest.raises(BadSandbox, match="not a regular file"):
        sandbox_sink(tmp_path)


def test_a_slow_reader_of_our_own_stdout_does_not_hold_up_the_supervisor(logs: Logs) -> None:
    read, write = os.pipe()
    logs.open("t", Sink(Descriptor(write), Descriptor(write)))
    pipe = Pipe()
    logs.follow("t", pipe.stream)

    def say() -> None:
        pipe.say(1, b"y" * 1_000_000)
        pipe.end()

    sender = threading.Thread(target=say)
    sender.start()
    waiting = Drained(logs)  # comes back at once although the writer is stuck in a full pipe
    assert not waiting.now
    got = 0
    while got < 1_000_000:
        got += len(os.read(read, 65536))
    sender.join()
    assert waiting.tail() == ""
    os.close(read)
    os.close(write)


def test_the_end_of_a_process_that_is_not_ours_is_told(tmp_path: Path) -> None:
    """Only of processes in the container's cgroup: here every cgroup of this process's contains '/'."""
    processes, gone = Processes(Watcher()), threading.Event()
    child = os.fork()
    if child == 0:
        threading.Event().wait(600)
        os._exit(0)
    processes.watch(child, "/", gone.set)
    assert not gone.is_set()
    processes.kill(child)
    assert gone.wait(30)
    os.waitpid(child, 0)
    processes.forget(child)
    processes.kill(child)  # forgotten: nobody who has the number now is hit


def test_a_process_of_somebody_else_is_not_watched() -> None:
    processes = Processes(Watcher())
    processes.watch(os.getpid(), "no-such-container", lambda: pytest.fail("told"))
    processes.kill(os.getpid())  # we are still here


def test_a_process_that_is_gone_is_told_at_once() -> None:
    gone = threading.Event()
    Processes(Watcher()).watch(2 ** 22 - 1, "c", gone.set)
    assert gone.is_set()


def test_ended_processes_of_a_container_that_restarts_hold_no_descriptors() -> None:
    processes = Processes(Watcher())
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        gone = threading.Event()
        child = os.fork()
        if child == 0:
            threading.Event().wait(600)
            os._exit(0)
        processes.watch(child, "/", gone.set)
        processes.kill(child)
        assert gone.wait(30)
        os.waitpid(child, 0)
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_before + 3  # the watcher's own


def test_a_full_disk_is_complained_of_once(logs: Logs, caplog: pytest.LogCaptureFixture) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    sink = Sink(Descriptor(full), Descriptor(full))
    for _ in range(100):
        sink.write(1, b"lost")
    sink.close()
    os.close(full)
    assert [record.message for record in caplog.records if record.name == Sink.__module__] == [
        "Output is being lost: No space left on device", "400 bytes of output were lost"]
