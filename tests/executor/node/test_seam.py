"""How the end of a file is found in a log whose beginning is gone."""
from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.engine.inspection import log_kept
from executor.node.output.seam import (
    BEFORE,
    COUNTED,
    SHIMS_OWN,
    Seam,
    Written,
    counts,
    dropped,
    held,
    holds,
    missing_most,
)
from executor.node.output.sink import Sink, sandbox_sink
from executor.node.shim import whole, written_at_most

NOW = 1_000 * BEFORE


def both(data: list[bytes], tail: bytes) -> bytes | None:
    seam, found = Seam(tail), None
    for each in data:
        if found is not None:
            found += each
        else:
            found = seam.feed(each)
    return found


@given(st.binary(max_size=30), st.binary(min_size=1, max_size=9), st.binary(max_size=30),
       st.lists(st.integers(0, 70), max_size=6))
def test_what_is_behind_the_tail_is_new_however_it_is_cut(before: bytes, tail: bytes, behind: bytes,
                                                          cuts: list[int]) -> None:
    text = before + tail + behind
    places = [0, *sorted(each for each in cuts if each < len(text)), len(text)]
    pieces = [text[begin:end] for begin, end in pairwise(places)]
    assert both(pieces, tail) == text[text.find(tail) + len(tail):]


def test_bytes_are_counted_as_long_as_the_log_surely_has_them() -> None:
    def of(size: int) -> Written:
        return Written(size, {1: b"x"}, {1: NOW})
    assert counts(of(1000), None, None)
    assert counts(of(1000), 160_000, 2000)
    assert not counts(of(1000), 159_999, 2000)  # what came since may have pushed the beginning out
    assert not counts(of(1000), 160_000, None)
    assert not counts(of(COUNTED + 1), None, 0)  # that would be long
    assert counts(Written(), None, None)
    assert not counts(Written(), 20_000, 2000)  # it may have pushed out all that we have not written


def test_a_log_has_dropped_what_is_neither_in_it_nor_the_shims_own() -> None:
    assert dropped(1_000_000, 400_000, 400_000 + SHIMS_OWN + 1)
    assert not dropped(1_000_000, 400_000, 400_000 + SHIMS_OWN)
    assert not dropped(None, 0, 10 * SHIMS_OWN)  # it keeps all
    assert not dropped(0, 0, 10 * SHIMS_OWN)  # there is no log
    assert not dropped(1_000_000, 0, None)
    assert held(Pieces((1, b"ab"), (2, b"x"))) == 3


def test_a_stream_that_was_silent_for_long_has_no_seam() -> None:
    written = Written(9, {1: b"x", 2: b"y"}, {1: NOW, 2: NOW - BEFORE - 1})
    assert written.recent == {1: b"x"}


class Pieces:
    """A stream of these, which ends."""

    def __init__(self, *pieces: tuple[int, bytes]) -> None:
        self.left = list(pieces)
        self.readable, writable = os.pipe()
        os.close(writable)

    def fileno(self) -> int:
        return self.readable

    def read(self) -> list[tuple[int, bytes]] | None:
        return [self.left.pop(0)] if self.left else None

    def close(self) -> None:
        os.close(self.readable)


class OnAnOpenConnection(Pieces):
    """Nothing more becomes readable, though there is more to read, and then the end."""

    def __init__(self, *pieces: tuple[int, bytes]) -> None:
        super().__init__(*pieces)
        os.close(self.readable)
        self.readable, self.writable = os.pipe()

    def close(self) -> None:
        super().close()
        os.close(self.writable)


def test_a_stream_ends_though_its_connection_does_not() -> None:
    assert held(OnAnOpenConnection((1, b"ab"), (2, b"x"))) == 3
    assert holds(OnAnOpenConnection((1, b"a"), (1, b"b")), {1: b"ab"})


def test_a_log_holds_a_seam_if_it_has_all_tails() -> None:
    assert holds(Pieces((1, b"a"), (2, b"x"), (1, b"b")), {1: b"ab", 2: b"x"})
    assert not holds(Pieces((1, b"ab")), {1: b"ab", 2: b"x"})


@pytest.mark.parametrize(("config", "kept"), [
    ({"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}}, 20_000_000),
    ({"Type": "json-file", "Config": {"max-size": "50k"}}, 50_000), ({"Type": "json-file", "Config": {}}, None),
    ({"Type": "local", "Config": {}}, 100_000_000), ({"Type": "none"}, 0), ({"Type": "journald"}, None),
    ({"Type": "json-file", "Config": {"max-size": "?"}}, 0)])
def test_what_an_engine_keeps(config: dict[str, object], kept: int | None) -> None:
    assert log_kept({"HostConfig": {"LogConfig": config}}) == kept


def test_a_log_is_whole_until_all_its_files_are_there(tmp_path: Path) -> None:
    def is_whole(kind: str = "json-file", **options: str) -> bool:
        return whole({"LogPath": str(tmp_path / "log"),
                      "HostConfig": {"LogConfig": {"Type": kind, "Config": options}}})
    three = {"max-size": "10m", "max-file": "3"}
    assert not is_whole(**three)  # nobody sees it
    for name in ("log", "log.1"):
        (tmp_path / name).touch()
        assert is_whole(**three)
    assert not is_whole(**{**three, "max-file": "2"})
    assert not is_whole(**{"max-size": "10m"})  # its only file is begun anew
    assert not is_whole("local", **three)
    (tmp_path / "log.2.gz").touch()
    assert not is_whole(**three)
    assert not whole({})


def again(folder: Path, *before: bytes) -> Sink:
    """The sink of a second process."""
    first = sandbox_sink(folder)
    begin = first.totals
    for each in before:
        first.write(1, each)
    first.close()
    second = sandbox_sink(folder)
    second.resume(begin)
    return second


def test_a_second_process_goes_on_behind_what_the_first_wrote(tmp_path: Path) -> None:
    counting = again(tmp_path / "a", b"one\ntw")
    assert counting.written.size == 6
    counting.repeat_part()
    counting.write(1, b"one\ntwo\n")
    seeking = again(tmp_path / "b", b"one\ntw")
    seeking.seek(seeking.written.recent)
    seeking.write(1, b"zero\none\n")
    seeking.write(1, b"two\n")
    for folder in ("a", "b"):
        assert (tmp_path / folder / "stdout").read_bytes() == b"one\ntwo\n"


def test_a_gap_is_a_line_of_its_own(tmp_path: Path) -> None:
    sink = again(tmp_path, b"one\ntw")
    sink.gap(sink.written.recent, 123)
    sink.write(1, b"nine\n")
    assert (tmp_path / "stdout").read_text() == (
        "one\ntw\n[mesos-docker: output is missing here, behind byte 6: at most 123 bytes of both streams, "
        "which the engine's log does not hold]\nnine\n")


def test_a_gap_of_which_nobody_knows_how_long_it_is_says_so(tmp_path: Path) -> None:
    again(tmp_path, b"one\n").gap([1])
    assert "behind byte 4: an unknown number of bytes, which" in (tmp_path / "stdout").read_text()


@pytest.mark.parametrize(("in_all", "most"), [(10, 7), (3, 0), (2, 0), (None, None)])
def test_what_is_missing_is_no_more_than_all_but_what_is_there(in_all: int | None, most: int | None) -> None:
    assert missing_most(Written(3), in_all) == most


def test_how_much_a_container_has_written_is_known_of_its_shim_alone(tmp_path: Path) -> None:
    def process(pid: int, parent: int, name: str, io: str) -> None:
        folder = tmp_path / str(pid)
        folder.mkdir()
        (folder / "comm").write_text(f"{name}\n")
        (folder / "status").write_text(f"Name:\t{name}\nPid:\t{pid}\nPPid:\t{parent}\n")
        (folder / "io").write_text(io)

    process(10, 1, "containerd-shim", "rchar: 5\nwchar: 7\n")
    process(11, 10, "sh", "rchar: 5\nwchar: 9\n")
    process(20, 1, "bash", "rchar: 5\nwchar: 7\n")
    process(21, 20, "sh", "")
    process(30, 1, "containerd-shim", "no numbers")
    process(31, 30, "sh", "")
    known = {pid: written_at_most(pid, tmp_path) for pid in (11, 21, 31, 99, None)}
    assert known == {11: 7, 21: None, 31: None, 99: None, None: None}
