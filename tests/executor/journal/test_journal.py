"""The file: what a next process finds, whatever happened to the one before; full disks; its size."""
from __future__ import annotations

import errno
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from executor.journal.journal import FILE, LEAST, Journal, stored
from executor.journal.lines import Header, JournalRefused, header_line
from executor.journal.opening import KeptUpdates, opened
from executor.journal.records import ContainerMade, StepBegan, TaskBegan, TaskNamed, UpdateKept
from specs.messages.status import TaskState, TaskStatus

BEGAN = TaskBegan("a", '{"name":"a"}', 1.0)


def begun(folder: Path) -> Journal:
    journal, found = opened(str(folder), 1.0, "/nowhere")
    assert not found
    return journal


@contextmanager
def no_room(size: int) -> Iterator[None]:
    """No file of this process grows beyond this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_next_process_finds_what_was_written(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    assert list(tmp_path.iterdir()) == []  # nothing to write yet
    journal.promise(lambda: BEGAN)
    journal.note(TaskNamed("a", "n"), ContainerMade("a", "c"))
    again, found = opened(str(tmp_path), 2.0, "/elsewhere")
    assert found
    assert again.header == journal.header
    assert again.state.tasks["a"].container == "c"
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_an_end_in_peace_leaves_no_empty_journal(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.promise(lambda: BEGAN)
    updates = KeptUpdates(journal)
    last = TaskStatus("a", TaskState.FINISHED, uuid=b"\1" * 16, timestamp=1.0)
    updates.stored(last, {"task_id": {"value": "a"}, "state": "TASK_FINISHED", "timestamp": 1.0,
                          "uuid": "AQEBAQEBAQEBAQEBAQEBAQ=="})
    assert updates.updates == (last,)
    assert updates.tasks == {"a": {"name": "a"}}
    updates.acknowledged("a", b"\1" * 16)
    assert not updates.tasks
    assert journal.state.empty
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_another_boot_dooms_what_was_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path / FILE, Header("another boot", "owner", ""),
                      stored(tmp_path / FILE)[1], 0)
    journal.promise(lambda: BEGAN)
    again, found = opened(str(tmp_path), 2.0, "/nowhere")
    assert found
    assert again.state.tasks["a"].doomed == ""
    assert again.header.owner == "owner"


def test_what_cannot_be_written_refuses_the_new_and_keeps_the_old(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.promise(lambda: BEGAN)
    size = stored(tmp_path / FILE)[2]
    with no_room(size + 10):
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            journal.promise(lambda: TaskBegan("b", "{}", 1.0))
        journal.note(ContainerMade("a", "c"))
        assert list(journal.state.tasks) == ["a"]
        assert stored(tmp_path / FILE)[1].tasks["a"].container is None
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            journal.promise(lambda: TaskBegan("b", "{}", 1.0))
    journal.promise(lambda: TaskBegan("b", "{}", 1.0))
    tasks = stored(tmp_path / FILE)[1].tasks
    assert (list(tasks), tasks["a"].container) == (["a", "b"], "c")


def test_it_stays_bounded(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.promise(lambda: BEGAN)
    updates = KeptUpdates(journal)
    for number in range(400):
        uuid = number.to_bytes(16, "big")
        journal.note(UpdateKept("a", uuid.hex(), "TASK_RUNNING", "x" * 8000))
        updates.acknowledged("a", uuid)
    deadline = time.monotonic() + 30
    while (tmp_path / FILE).stat().st_size > LEAST + 10_000:  # it is written anew beside all that
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert stored(tmp_path / FILE)[1].tasks["a"].running


def test_a_torn_tail_is_cut_and_written_over(tmp_path: Path) -> None:
    begun(tmp_path).promise(lambda: BEGAN)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole + b"0123abcd [\"stop\",")
    again, _ = opened(str(tmp_path), 2.0, "/nowhere")
    again.note(ContainerMade("a", "c"))
    assert stored(tmp_path / FILE)[1].tasks["a"].container == "c"


def test_a_step_that_leads_to_another_one_does_not_end_it(tmp_path: Path) -> None:
    """So a start that brings the executor down does so again after the re-adoption that led to it."""
    journal = begun(tmp_path)
    journal.promise(lambda: BEGAN)
    with journal.step("a", "re-adoption"):
        journal.note(StepBegan("a", "start"))
    assert stored(tmp_path / FILE)[1].steps == {"a": "start"}
    with journal.step("a", "re-adoption"):
        pass
    assert stored(tmp_path / FILE)[1].steps == {}


def test_a_refused_journal_says_which_and_why(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(header_line(Header("boot", "owner", "", (9, 0))))
    with pytest.raises(JournalRefused, match=rf"{FILE} is refused: its format is 9\.0"):
        opened(str(tmp_path), 1.0, "/nowhere")
