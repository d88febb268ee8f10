"""A journal's lines: whole ones are read, a torn tail is cut, what is not ours is refused with the reason."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.journal.lines import FORMAT, NAME, Header, JournalRefused, header_line, line, read
from executor.journal.records import StopSent, TaskBegan, record_of, value

HEADER = Header("boot", "owner", "/dev/shm/x")
BEGUN = header_line(HEADER)


def written(*values: list[object]) -> bytes:
    return BEGUN + b"".join(line(each) for each in values)


def test_what_was_written_is_read() -> None:
    whole = written(["stop", "a"], ["stop", "ü\n"])
    assert read(whole) == (HEADER, [["stop", "a"], ["stop", "ü\n"]], len(whole))


@given(st.integers(min_value=0, max_value=len(line(["stop", "a"])) - 1))
def test_a_last_line_that_is_not_whole_is_cut(kept: int) -> None:
    before = written(["stop", "a"])
    assert read(before + line(["stop", "a"])[:kept]) == (HEADER, [["stop", "a"]], len(before))


def test_an_empty_file_is_no_journal_yet() -> None:
    assert read(b"") == (None, [], 0)


def test_damage_in_front_of_whole_lines_is_refused() -> None:
    whole = bytearray(written(["stop", "a"], ["stop", "b"]))
    whole[len(BEGUN) + 12] ^= 1
    with pytest.raises(JournalRefused, match=f"damaged at byte {len(BEGUN)}"):
        read(bytes(whole))


def test_of_what_was_not_on_the_disk_any_part_may_be_there_after_a_reboot() -> None:
    whole = bytearray(written(["stop", "a"], ["stop", "b"], ["stop", "c"]))
    at = len(written(["stop", "a"])) + 12
    for damage in (bytes([whole[at] ^ 1]), bytes(4)):
        torn = bytes(whole[:at] + damage + whole[at + len(damage):])
        with pytest.raises(JournalRefused, match="damaged"):
            read(torn, "boot")
        assert read(torn, "the next boot") == (HEADER, [["stop", "a"]], len(written(["stop", "a"])))


def test_room_behind_the_last_line_is_cut() -> None:
    whole = written(["stop", "a"])
    assert read(whole + bytes(5000)) == (HEADER, [["stop", "a"]], len(whole))
    assert read(whole + b"0123abcd [" + bytes(5000)) == (HEADER, [["stop", "a"]], len(whole))


@pytest.mark.parametrize("content", [b"hello\n", BEGUN[:-1], b"\0" * 100, line(["something", 1]),
                                     line([NAME, "x", 0, "", "", ""])])
def test_a_foreign_file_is_refused(content: bytes) -> None:
    with pytest.raises(JournalRefused, match="no journal"):
        read(content)


@pytest.mark.parametrize(("major", "minor", "reads"), [
    (FORMAT[0], FORMAT[1], True), (FORMAT[0], FORMAT[1] + 1, True),
    (FORMAT[0], FORMAT[1] + 2, False), (FORMAT[0] + 1, 0, False)])
def test_the_next_minor_format_is_read_and_no_other(major: int, minor: int, reads: bool) -> None:
    content = header_line(Header("boot", "owner", "", (major, minor)))
    if reads:
        header = read(content)[0]
        assert header is not None
        assert header.format == (major, minor)
    else:
        with pytest.raises(JournalRefused, match=f"its format is {major}.{minor}"):
            read(content)


def test_what_a_newer_minor_adds_is_left_out() -> None:
    assert record_of(["a-new-word", "t", 7]) is None
    assert record_of([*value(StopSent("t")), "a new field"]) == StopSent("t")
    with pytest.raises(JournalRefused, match="'task' says too little"):
        record_of(["task", "t"])


def test_a_record_is_what_it_was() -> None:
    began = TaskBegan("t", "{}", 1.5, ("A", "B"), blanked=True)
    assert record_of(read(written(value(began)))[1][0]) == began
