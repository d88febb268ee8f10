"""A stream's files: bounded, cut between lines, with an index that finds what was written when."""
from __future__ import annotations

import errno
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.engine.failures import BadSandbox
from executor.node.output.rotation import LONGEST, MARKS, THICK, RotatedFile, fits
from executor.node.output.sandbox_files import open_folder
from executor.node.output.sink import Sink, sandbox_sink
from executor.settings.rotation import Rotation, Rotations
from specs.between.output_index import Mark, OutputIndex, file_name, parse, render


class Clock:
    """ms since the epoch, as a test says."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Iterator[Callable[[Rotation], RotatedFile]]:
    """Opens `stdout` in tmp_path as often as it is called."""
    folder, files = open_folder(tmp_path), list[RotatedFile]()

    def open_again(rotation: Rotation) -> RotatedFile:
        files.append(RotatedFile(folder, "stdout", rotation, clock))
        return files[-1]
    yield open_again
    for file in files:
        file.close()
    os.close(folder)


def write(file: RotatedFile, data: bytes) -> None:
    begin = 0
    while begin < len(data):
        begin += file.write(data, begin)


def contents(folder: Path, stream: str = "stdout") -> list[bytes]:
    """Of all its files, the oldest first."""
    paths = [folder / file_name(stream, file) for file in range(100)]
    return [path.read_bytes() for path in reversed(paths) if path.exists()]


def index(folder: Path) -> OutputIndex:
    return parse((folder / "stdout.index").read_text())


PIECES = st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.sampled_from([b"\n", b"ab\n", b"x" * 300])))


@given(PIECES, st.integers(4, 60))
def test_files_are_bounded_and_cut_between_lines(pieces: list[bytes], limit: int) -> None:
    files = [b""]
    for piece in pieces:
        begin = 0
        while begin < len(piece):
            between = not files[-1] or files[-1].endswith(b"\n")
            count = fits(piece, begin, size=len(files[-1]), between_lines=between, limit=limit)
            if count:
                files[-1] += piece[begin:begin + count]
            else:
                assert files[-1]  # an empty file takes something
                files.append(b"")
            begin += count
    assert b"".join(files) == b"".join(pieces)
    for file in files[:-1]:
        assert len(file) <= 2 * limit
        assert file.endswith(b"\n") or len(file) == 2 * limit  # its last line is longer than may be
        assert len(file) <= limit or file.find(b"\n", limit) in (-1, len(file) - 1)


def test_a_file_grows_beyond_its_size_by_the_end_of_a_line_at_most() -> None:
    size = 100 << 20
    assert fits(b"x" * (1 << 20), 0, size=size - 1, between_lines=False, limit=size) == LONGEST + 1
    assert fits(b"x" * 99 + b"\nyy\n", 0, size=size - 1, between_lines=False, limit=size) == 100
    assert fits(b"yy\n", 0, size=size - 1, between_lines=True, limit=size) == 0


def test_the_last_files_are_kept(opened: Callable[[Rotation], RotatedFile], tmp_path: Path) -> None:
    file = opened(Rotation(4096, 2))
    lines = [b"%099d\n" % number for number in range(200)]  # 40 to a file
    for line in lines:
        write(file, line)
    assert contents(tmp_path) == [b"".join(lines[begin:begin + 40]) for begin in (80, 120, 160)]
    assert index(tmp_path).begins == (16_000, 12_000, 8_000)
    assert file.total == 20_000


def test_without_older_files_there_is_one(opened: Callable[[Rotation], RotatedFile], tmp_path: Path) -> None:
    file = opened(Rotation(4096, 0))
    write(file, b"x" * 99 + b"\n" + b"y" * 4000 + b"\n")
    assert contents(tmp_path) == [b"y" * 4000 + b"\n"]
    assert index(tmp_path).begins == (100,)


def test_what_was_written_when_is_found(
        opened: Callable[[Rotation], RotatedFile], tmp_path: Path, clock: Clock) -> None:
    file, times = opened(Rotation(4096, 50)), dict[int, bytes]()
    for number in range(300):
        clock.now += 700
        times[clock.now] = b"%099d\n" % number
        write(file, times[clock.now])
    found = index(tmp_path)
    for when, line in times.items():
        offset = found.since(when)
        assert offset is not None
        place = found.place(offset)
        assert place is not None
        newer = [tmp_path / file_name("stdout", each) for each in range(place.file, -1, -1)]
        since = b"".join(path.read_bytes() for path in newer)[place.offset:]
        assert line in since[:300]  # marks are a second apart
        assert since.endswith(times[clock.now])


def test_it_goes_on_where_it_was(
        opened: Callable[[Rotation], RotatedFile], tmp_path: Path, clock: Clock) -> None:
    write(opened(Rotation(4096, 2)), b"x" * 4000 + b"\n" + b"y" * 500)
    clock.now += 5000
    again = opened(Rotation(4096, 2))
    assert again.total == 4501
    write(again, b"y" * 4000 + b"\n")
    assert contents(tmp_path) == [b"x" * 4000 + b"\n", b"y" * 4500 + b"\n"]  # the line that was there has its end
    assert index(tmp_path).begins == (4001, 0)


@pytest.mark.parametrize("text", ["nonsense\n", "1700000000000 0\n", "1700000000000 99999 new\n",
                                  "1700000000000 0 new\n1700000000005 88888\n"])
def test_an_index_that_does_not_fit_is_gone_on_with(
        text: str, opened: Callable[[Rotation], RotatedFile], tmp_path: Path) -> None:
    (tmp_path / "stdout").write_bytes(b"before\n")
    (tmp_path / "stdout.index").write_text(text)
    file = opened(Rotation(4096, 2))
    write(file, b"after\n")
    begin = index(tmp_path).begins[0]
    assert file.total == begin + len(b"before\nafter\n")
    assert index(tmp_path).place(begin + 7) is not None
    assert (tmp_path / "stdout").read_bytes() == b"before\nafter\n"


def test_an_index_does_not_grow_for_ever(
        opened: Callable[[Rotation], RotatedFile], tmp_path: Path, clock: Clock) -> None:
    marks = [Mark(clock.now + 1000 * number, 2 * number, new=not number) for number in range(THICK // 16)]
    (tmp_path / "stdout").write_bytes(b".\n" * len(marks))
    (tmp_path / "stdout.index").write_text(render(marks))
    assert (tmp_path / "stdout.index").stat().st_size > THICK
    file = opened(Rotation(100 << 20, 1))
    clock.now = marks[-1].at + 1000
    write(file, b".\n")
    found = index(tmp_path)
    assert len(found.marks) < MARKS
    assert found.begins == (0,)
    offset = found.since(marks[9000].at)
    assert offset is not None
    assert 2 * 9000 - 2 * 60 <= offset <= 2 * 9000


def test_a_clock_that_is_put_back_does_no_harm(
        opened: Callable[[Rotation], RotatedFile], tmp_path: Path, clock: Clock) -> None:
    file = opened(Rotation(4096, 3))
    for step in (5000, -4000, 10_000):
        clock.now += step
        write(file, b"x" * 4000 + b"\n")
    assert index(tmp_path).begins == (8002, 4001, 0)


def test_new_files_belong_to_whom_the_old_one_does(
        opened: Callable[[Rotation], RotatedFile], tmp_path: Path) -> None:
    file = opened(Rotation(4096, 1))
    os.chown(tmp_path / "stdout", 1234, 4321)
    write(file, b"x" * 4000 + b"\n" + b"y" * 200)
    found = (tmp_path / "stdout").stat()
    assert (found.st_uid, found.st_gid) == (1234, 4321)


@pytest.mark.parametrize("name", ["stdout.1", "stdout.index", "stdout.new", "stdout.index.new", "stdout"])
@pytest.mark.parametrize("what", ["folder", "link", "pipe"])
def test_a_task_that_puts_something_in_the_way(
        what: str, name: str, opened: Callable[[Rotation], RotatedFile], tmp_path: Path,
        tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> None:
    """Nothing outside is written, nobody waits, and the file stays bounded."""
    outside = tmp_path_factory.mktemp("outside") / "precious"
    outside.write_text("as it was")
    file = opened(Rotation(4096, 1))
    (tmp_path / name).unlink(missing_ok=True)
    if what == "folder":
        (tmp_path / name / "full").mkdir(parents=True)
    elif what == "link":
        (tmp_path / name).symlink_to(outside)
    else:
        os.mkfifo(tmp_path / name)
    for _ in range(300):
        clock.now += 1000
        write(file, b"x" * 99 + b"\n")
    assert outside.read_text() == "as it was"
    assert sum(path.lstat().st_size for path in tmp_path.glob("stdout*") if path.is_file()) < 3 * 8192


def test_what_is_no_file_at_the_beginning_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stderr")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the listing's own descriptor is in both
    with pytest.raises(BadSandbox, match="not a regular file"):
        sandbox_sink(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_the_tail_goes_over_the_seam(tmp_path: Path) -> None:
    sink = sandbox_sink(tmp_path, Rotations(stderr=Rotation(4096, 1)))
    sink.write(2, b"".join(b"%099d\n" % number for number in range(38)) + b"one\ntwo\n")
    sink.write(2, b"three" + b" " * 600 + b"\n")
    assert (tmp_path / "stderr.1").exists()
    assert sink.drained().tail.endswith(" | one | two | three")
    sink.begin_part()
    sink.write(2, b"four\n")
    assert sink.drained().tail == "four"
    sink.close()


class Filling:
    """A disk with so much room."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.got = b""

    def write(self, data: bytes, begin: int) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = min(self.room, len(data) - begin)
        self.got, self.room = self.got + data[begin:begin + count], self.room - count
        return count

    @property
    def total(self) -> int:
        return len(self.got)

    def begin_run(self) -> None:
        """Nothing to do."""

    def resume(self, begin: int) -> None:
        """Nor here."""

    def last(self, since: int = 0) -> tuple[bytes, int]:
        return self.got, 0

    def tail(self) -> bytes:
        return self.got

    def close(self) -> None:
        """Nothing to do."""


def test_a_disk_that_is_full_for_a_while_loses_what_did_not_fit() -> None:
    out, err = Filling(10), Filling(100)
    sink = Sink(out, err)
    sink.write(1, b"0123456789abc")
    sink.write(2, b"oops\n")
    out.room = 100
    sink.write(1, b"again")
    assert out.got == b"0123456789again"
    told = sink.drained()
    assert (told.tail, told.lost) == ("oops", "3 bytes of output were lost: No space left on device")
    sink.close()


def test_a_real_disk_that_is_full(tmp_path: Path) -> None:
    """And has room again: what did not fit is told, what came later is there."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", tmp_path], check=True)
    try:
        sink = sandbox_sink(tmp_path, Rotations(stdout=Rotation(16_384, 1), stderr=Rotation(1 << 20, 4)))
        for number in range(200):
            sink.write(2, b"%998d\n" % number)
        lost = sink.drained().lost
        os.truncate(tmp_path / "stderr", 0)
        sink.write(1, b"and on\n")
        assert (tmp_path / "stdout").read_bytes() == b"and on\n"
        assert sink.drained().lost == lost
        sink.close()
        assert lost.endswith(" bytes of output were lost: No space left on device")
        assert 100_000 < int(lost.split()[0]) < 200_000
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


def test_tail_sees_every_line_whole_and_once(tmp_path: Path) -> None:
    """The program that people use; it is given its time after each line, as a file that is replaced twice
    between two of its looks is none of its business."""
    sink = sandbox_sink(tmp_path, Rotations(stdout=Rotation(4096, 3)))
    lines = [b"%d %s\n" % (number, b"x" * 900) for number in range(30)]
    tail = subprocess.Popen(["tail", "-n", "+1", "-s", "0.05", "-F", tmp_path / "stdout"], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)
    assert tail.stdout is not None
    watchdog = threading.Timer(60, tail.kill)
    watchdog.start()
    try:
        for line in lines:
            sink.write(1, line[:5])
            sink.write(1, line[5:])
            assert tail.stdout.readline() == line
    finally:
        watchdog.cancel()
        tail.kill()
        tail.wait()
        tail.stdout.close()
        sink.close()
    assert (tmp_path / "stdout.3").exists()


@pytest.mark.parametrize(("pause", "lines"), [(400, 11), (1000, 6), (4000, 2), (7000, 1)])
def test_the_tail_of_who_writes_slowly_is_in_a_log_that_is_searched(
        tmp_path: Path, clock: Clock, pause: int, lines: int) -> None:
    """An engine is asked for what it has from shortly before our last write on."""
    folder, rotations = open_folder(tmp_path), (Rotation(100, 9), Rotation())
    out, err = (RotatedFile(folder, name, each, clock)
                for name, each in zip(("stdout", "stderr"), rotations, strict=True))
    sink, log = Sink(out, err, folder), list[tuple[int, int, bytes]]()
    for number in range(60):
        clock.now += pause
        for each in (1, 2):
            log.append((clock.now * 1_000_000, each, b"line %d\n" % number))
            sink.write(*log[-1][1:])
    written = sink.written
    kept = {each: b"".join(data for at, stream, data in log if stream == each and at >= written.since)
            for each in (1, 2)}
    assert written.recent.keys() == {1, 2}
    for each, tail in written.recent.items():
        assert kept[each].endswith(tail)
        assert tail.count(b"\n") >= lines
    sink.close()


def test_a_place_is_never_younger_than_what_is_read_there(tmp_path: Path) -> None:
    """Somebody reads the end while another thread writes: what came in between has a time of its own."""
    folder, over = open_folder(tmp_path), threading.Event()
    file, began = RotatedFile(folder, "stdout", Rotation()), list[int]()

    def write() -> None:
        while not over.is_set():
            began.append(time.time_ns())
            file.write(f"line {len(began)}\n".encode(), 0)

    writer = threading.Thread(target=write)
    writer.start()
    until, places = time.monotonic() + 1.0, list[tuple[int, int]]()
    while time.monotonic() < until:
        text, at = file.last()
        whole = re.findall(rb"line (\d+)\n", text)
        if whole:
            places.append((int(whole[-1]), at))
    over.set()
    writer.join()
    file.close()
    os.close(folder)
    assert places
    assert [(number, at) for number, at in places if number < len(began) and at > began[number]] == []
