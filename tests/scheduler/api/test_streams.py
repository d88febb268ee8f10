"""Event streams: byte for byte as clients read them, and resumed without a gap or a double."""
from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler.service.news.events import IN_MEMORY
from tests.scheduler.api.streaming import EventStream
from tests.scheduler.service.serving import Serving, app


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path / "state") as found:
        yield found


def test_a_stream_is_chunked_and_begins_with_an_event(serving: Serving) -> None:
    with EventStream(serving.port) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["transfer-encoding"] == "chunked"
        assert "content-encoding" not in stream.headers
        first = stream.chunk()
        assert re.fullmatch(rb'event: event_stream_attached\r\ndata: \{"remoteAddress":"127\.0\.0\.1",'
                            rb'"eventType":"event_stream_attached","timestamp":"[0-9T:.-]{23}Z"\}\r\n\r\n', first)


def test_each_event_is_one_chunk_of_lines_that_end_with_crlf(serving: Serving) -> None:
    with EventStream(serving.port) as stream:
        serving.change("POST", "/v2/apps", app())
        chunks = [stream.chunk() for _ in range(6)]
        for chunk in chunks:
            assert re.fullmatch(rb"event: \w+\r\ndata: [^\r\n]+\r\n\r\n", chunk), chunk


def test_a_stream_has_the_types_that_it_names_and_no_others(serving: Serving) -> None:
    path = "/v2/events?plan-format=light&event_type=api_post_event&event_type=status_update_event"
    with EventStream(serving.port, path) as stream, EventStream(serving.port) as whole:
        assert stream.status == 200  # before anything has happened, and nothing is sent with it
        serving.change("POST", "/v2/apps", app())
        assert [stream.event()["eventType"] for _ in range(2)] == ["api_post_event", "status_update_event"]
        types = {each["eventType"] for each in whole.until("deployment_success")}
        assert not any(name.startswith("mesos_docker_") for name in types)


def test_plans_tell_of_everything_before_and_after(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(labels={"v": "1"}))
    with EventStream(serving.port) as whole, EventStream(serving.port, "/v2/events?plan-format=light") as light:
        serving.change("PUT", "/v2/groups/team", {"apps": [app("one")]})
        serving.change("PUT", "/v2/apps/web", {"labels": {"v": "2"}})
        [_, second] = [plan(whole) for _ in range(2)]
        assert [each["labels"] for each in second["original"]["apps"]] == [{"v": "1"}]
        assert [each["labels"] for each in second["target"]["apps"]] == [{"v": "2"}]
        assert [each["id"] for each in second["target"]["groups"][0]["apps"]] == ["/team/one"]
        assert second["original"]["version"] < second["target"]["version"] == second["version"]
        assert second["steps"] == [{"actions": [{"action": "RestartApplication", "app": "/web"}]}]
        assert plan(light)["target"].keys() == {"id", "version"}


def plan(stream: EventStream) -> dict[str, Any]:
    """Of the next deployment that begins."""
    found: dict[str, Any] = stream.until("deployment_info")[-1]["plan"]
    stream.until("deployment_success")
    return found


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}])
def test_who_does_not_ask_for_a_stream_is_refused(serving: Serving, headers: dict[str, str]) -> None:
    assert serving.ask("GET", "/v2/events", headers=headers)[0] == 405


def test_a_head_of_a_stream_ends(serving: Serving) -> None:
    status, _, headers = serving.ask("HEAD", "/v2/events", headers={"Accept": "text/event-stream"})
    assert (status, headers["content-type"]) == (200, "text/event-stream")


def test_numbers_are_sent_to_who_asks_for_them(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app())
    with EventStream(serving.port, headers={"Last-Event-ID": "0"}) as old, \
            EventStream(serving.port, "/api/v1/events", {"Last-Event-ID": "0"}) as ours:
        for stream in (old, ours):
            assert stream.event()["eventType"] == "event_stream_attached"
            assert [stream.event()["id"] for _ in range(3)] == [1, 2, 3]


def test_a_stream_that_is_cut_goes_on_after_a_restart_without_a_gap_or_a_double(tmp_path: Path) -> None:
    seen: list[int] = []
    with Serving(tmp_path / "state") as first:
        with EventStream(first.port, "/api/v1/events", {"Last-Event-ID": "0"}) as stream:
            stream.event()
            first.change("POST", "/v2/apps", app(instances=3))
            seen += [stream.event()["id"] for _ in range(4)]
        first.change("PUT", "/v2/apps/web", {"instances": 5})
    with Serving(tmp_path / "state") as second:
        missed = second.service.events.last
        with EventStream(second.port, "/api/v1/events", {"Last-Event-ID": str(seen[-1])}) as stream:
            stream.event()
            second.change("PUT", "/v2/apps/web", {"instances": 1})
            last = second.service.events.last
            while seen[-1] < last:
                seen.append(stream.event()["id"])
    assert missed > 4
    assert seen == list(range(1, last + 1))


def test_what_is_no_more_in_memory_comes_out_of_the_storage(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app())
    lots = 2 * IN_MEMORY

    def emit() -> None:
        for number in range(lots):
            serving.service.events.emit("x_event", {"n": number})

    serving.service.ask(emit).result(20)
    with EventStream(serving.port, "/api/v1/events", {"Last-Event-ID": "0"}) as stream:
        stream.event()
        assert [stream.event()["id"] for _ in range(lots)] == list(range(1, lots + 1))


def test_a_gap_is_told(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app())
    with EventStream(serving.port, "/api/v1/events", {"Last-Event-ID": str(10 ** 9)}) as ahead:
        ahead.event()
        assert ahead.event()["eventType"] == "mesos_docker_gap"


@pytest.mark.parametrize("number", ["x", "-1", "1" * 30, "1.5"])
def test_a_number_that_is_none_is_refused(serving: Serving, number: str) -> None:
    for path in ("/v2/events", "/api/v1/events"):
        with EventStream(serving.port, path, {"Last-Event-ID": number}) as stream:
            assert stream.status == 400


def test_a_hundred_clients_hear_the_same(serving: Serving) -> None:
    streams = [EventStream(serving.port, headers={"Last-Event-ID": "0"}) for _ in range(100)]
    try:
        serving.change("POST", "/v2/apps", app(instances=3))
        heard: list[list[int]] = []
        threads = [threading.Thread(target=lambda stream=stream: heard.append(
            [each["id"] for each in stream.until("deployment_success")[1:]])) for stream in streams]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(heard) == 100
        assert all(each == heard[0] == list(range(1, len(each) + 1)) for each in heard)
    finally:
        for stream in streams:
            stream.__exit__()
