"""The index of a task's output: what was written when, and where it stands."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.between.output_index import DENSE, SPARSE, FilePlace, Mark, OutputIndex, file_name, parse, render

TEXT = """\
1000 0 new
2000 50
3000 100 new
100000 150
103000 170 new
"""


@pytest.mark.parametrize(("at", "offset"), [
    (0, 0), (1000, 0), (1999, 0), (2000, 50), (2999, 50),
    (3000, 100), (3999, 100),
    (4000, 150),  # what stands at 100 was written within a second of 3000, as the next mark is far
    (100_000, 150), (102_999, 150), (103_999, 170), (104_000, None),
])
def test_where_what_was_written_since_then_begins(at: int, offset: int | None) -> None:
    assert parse(TEXT).since(at) == offset


@pytest.mark.parametrize(("offset", "place"), [
    (0, FilePlace(2, 0)), (99, FilePlace(2, 99)), (100, FilePlace(1, 0)), (169, FilePlace(1, 69)),
    (170, FilePlace(0, 0)), (5000, FilePlace(0, 4830)),
])
def test_in_which_file_a_byte_stands(offset: int, place: FilePlace) -> None:
    assert parse(TEXT).place(offset) == place


def test_names_of_files() -> None:
    assert [file_name("stdout", file) for file in range(3)] == ["stdout", "stdout.1", "stdout.2"]


@pytest.mark.parametrize("text", [
    "", "nonsense\n", "1000 0 new", "-5 3\n", "1 2 old\n", "1000  0 new\n", "\0" * 100, "9" * 40 + " 0\n",
    "٣ ٤\n",
])
def test_what_is_no_mark_is_skipped(text: str) -> None:
    found = parse(text)
    assert found == OutputIndex()
    assert found.since(0) is None
    assert found.place(0) is None


def test_marks_that_go_back_are_skipped() -> None:
    assert parse("5 5\n4 6\n6 4\n7 7\n").marks == (Mark(5, 5), Mark(7, 7))


def test_the_end_of_a_torn_line_is_no_mark() -> None:
    assert parse("1000 0 new\n2000 123").marks == (Mark(1000, 0, new=True),)


@given(st.text() | st.text(alphabet="0123456789 new\n"), st.integers(0, 10**6))
def test_any_text_is_an_index(text: str, at: int) -> None:
    found = parse(text)
    offset = found.since(at)
    assert offset is None or offset >= 0
    assert parse(render(found.marks)) == found


WRITES = st.lists(st.tuples(st.sampled_from([1, 300, 999, 1000, 1001, 5000, SPARSE, SPARSE + 1, 200_000]),
                            st.integers(1, 9), st.booleans()), max_size=60)


@given(WRITES, st.integers(1, 20), st.integers(0, 1_000_000))
def test_nothing_that_was_written_since_then_is_missed(
        writes: list[tuple[int, int, bool]], size: int, at: int) -> None:
    marks, now, total = [Mark(0, 0, new=True)], 0, 0
    written: list[tuple[int, int]] = []
    for pause, length, new in writes:
        now += pause
        if new or now >= marks[-1].at + DENSE:
            marks.append(Mark(now, total, new))
        written.append((now, total))
        total += length
    kept = OutputIndex(tuple(marks)).kept(files=1 + sum(mark.new for mark in marks), size=size)
    since = kept.since(at)
    assert parse(render(kept.marks)) == kept
    assert kept.begins == OutputIndex(tuple(marks)).begins
    for time, offset in written:
        if time >= at:
            assert since is not None
            assert since <= offset
        elif since is not None and offset >= since and len(marks) <= size:
            assert time >= at - SPARSE


def test_what_stood_in_files_that_are_gone_is_left_out() -> None:
    assert parse(TEXT).kept(files=2, size=10).marks == parse(TEXT).marks[2:]
    assert parse(TEXT).kept(files=1, size=10).marks == parse(TEXT).marks[4:]
