"""The event stream: what is read of a line, what is asked again after a break, what comes twice."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.docker.events import OVERLAP, REMEMBERED, Cursor, Unreadable, event, filters, follow
from executor.engine.cancellation import Cancellation
from executor.engine.failures import DaemonUnavailable
from executor.engine.port import ContainerAction, ContainerEvent

SECOND = 1_000_000_000


def line(action: str = "die", container: str = "c1", at: int = SECOND, **attributes: str) -> bytes:
    return json.dumps({"Type": "container", "Action": action, "Actor": {"ID": container, "Attributes": attributes},
                       "time": at // SECOND, "timeNano": at}).encode()


def test_an_exit() -> None:
    found = event(line(exitCode="137", image="busybox", name="x", owner="me"))
    assert found == ContainerEvent(ContainerAction.DIE, "c1", SECOND, 137, {"owner": "me"})


@pytest.mark.parametrize(("action", "read"), [
    ("start", ContainerAction.START), ("oom", ContainerAction.OOM), ("destroy", ContainerAction.DESTROY),
    ("health_status: healthy", ContainerAction.HEALTH), ("pause", ContainerAction.PAUSE),
    ("exec_create: sh", None), ("attach", None), ("resync", None),
])
def test_which_are_followed(action: str, read: ContainerAction | None) -> None:
    found = event(line(action))
    assert (found.action if found else None) is read


@pytest.mark.parametrize(("action", "healthy"), [("health_status: healthy", True), ("health_status: unhealthy", False),
                                                  ("health_status: starting", None), ("health_status", None)])
def test_the_health_that_is_told(action: str, healthy: bool | None) -> None:
    found = event(line(action))
    assert found is not None
    assert found.healthy is healthy


@pytest.mark.parametrize("word", ["remove", "cleanup"])
def test_podmans_words_for_what_is_over(word: str) -> None:
    found = event(line(word))
    assert found is not None
    assert found.action is ContainerAction.DESTROY


def test_a_record_of_a_json_sequence() -> None:
    assert event(b"\x1e" + line(exitCode="3")) == event(line(exitCode="3"))


@pytest.mark.parametrize("text", [
    b"{", b"[]", b"7", b"{}", b"\xff\xfe", b"<html>", b'{"Action": 7}', b'{"Action": "die"}', b'{"status": null}',
    b'{"Action": "die", "Actor": null}', b'{"Action": "die", "Actor": {"ID": 7}}', b'{"Action": "die", "Actor": []}',
    b'{"Action": "die", "Actor": {"ID": "a", "Attributes": [1]}}', b"[" * 100_000,
    b'{"Action": "die", "Actor": {"ID": "a"}, "timeNano": "soon"}'])
def test_a_line_that_cannot_be_read_is_counted_and_logged(text: bytes, caplog: pytest.LogCaptureFixture) -> None:
    unreadable = Unreadable()
    for _ in range(9):
        assert unreadable.read(text) is None
    assert unreadable.count == 9
    told = [record.getMessage() for record in caplog.records]
    assert [re.findall(r"\((\d+) so far", text) for text in told] == [["1"], ["2"], ["4"], ["8"]]
    assert all(len(text) < 1200 for text in told)
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize("attributes", [{"exitCode": "x"}, {"exitCode": "1" * 4400}, {"signal": "15.5"},
                                        {"exitCode": "\u00b2"}])
def test_numbers_that_are_none_are_left_out(attributes: dict[str, str]) -> None:
    found = event(line(**attributes))  # type: ignore[arg-type] # none of them is `at`
    assert found is not None
    assert (found.exit_code, found.signal) == (None, None)


def test_the_stream_goes_on_behind_a_line_that_cannot_be_read() -> None:
    assert Engine([b"{", line(container="a"), b"null"]).told() == [("die", "a")]


def test_filters() -> None:
    assert filters({"a": "1"}, "c") == {
        "type": ["container"], "label": ["a=1"], "container": ["c"],
        "event": [*(action.value for action in ContainerAction if action is not ContainerAction.RESYNC), "remove",
                  "cleanup"]}


def test_the_cursor_goes_back_a_little() -> None:
    cursor = Cursor(5 * SECOND)
    assert cursor.since == "5.000000000"
    assert cursor.new(ContainerEvent(ContainerAction.DIE, "a", 9 * SECOND + 7))
    assert cursor.since == "8.000000007"
    assert not cursor.new(ContainerEvent(ContainerAction.DIE, "a", 9 * SECOND + 7))
    assert cursor.new(ContainerEvent(ContainerAction.DIE, "a", 9 * SECOND + 8))  # died again, after a restart


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(ContainerAction), st.integers(0, 5)), max_size=60))
def test_none_is_told_twice(seen: list[tuple[str, ContainerAction, int]]) -> None:
    cursor = Cursor(0)
    told = [key for key in seen if cursor.new(ContainerEvent(key[1], key[0], key[2]))]
    assert sorted(told, key=str) == sorted(set(seen), key=str)


def test_the_memory_is_bounded() -> None:
    cursor = Cursor(0)
    for number in range(3 * REMEMBERED):
        assert cursor.new(ContainerEvent(ContainerAction.START, str(number), number))
    assert len(cursor._seen) == REMEMBERED
    assert OVERLAP == SECOND


class Engine:
    """Subscriptions that yield what they are told, then break."""

    def __init__(self, *subscriptions: list[bytes] | None) -> None:
        self.left = list(subscriptions)
        self.since: list[str] = []
        self.cancel = Cancellation()

    def subscribe(self, since: str) -> Iterator[bytes]:
        self.since.append(since)
        if not self.left:
            self.cancel.set()
            return
        lines = self.left.pop(0)
        if lines is None:
            raise DaemonUnavailable("gone")
        yield b""
        yield from lines
        raise DaemonUnavailable("broke off")

    def told(self) -> list[tuple[str, str]]:
        return [(each.action.value, each.id) for each in follow(self.subscribe, self.cancel, SECOND)]


def test_after_a_break_resync_comes_first_and_nothing_twice() -> None:
    engine = Engine([line(container="a", at=5 * SECOND)],
                    [line(container="a", at=5 * SECOND), line(container="b", at=6 * SECOND)])
    assert engine.told() == [("die", "a"), ("resync", ""), ("die", "b")]
    assert engine.since == ["1.000000000", "4.000000000", "5.000000000"]


def test_an_engine_that_is_gone_for_a_while() -> None:
    engine = Engine([], None, None, [line(container="late", at=9 * SECOND)])
    assert engine.told() == [("resync", ""), ("die", "late")]


def test_an_engine_that_is_not_there_at_first() -> None:
    assert Engine(None, [line(container="a")]).told() == [("resync", ""), ("die", "a")]
