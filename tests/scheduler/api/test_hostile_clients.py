"""Everything at once, against a service that runs: what is refused, several writers, more streams than there may be."""
from __future__ import annotations

import json
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from scheduler.api.handlers.streams import MAX_STREAMS
from tests.scheduler.service.serving import Serving, app

VECTORS = Path(os.environ.get("MARATHON_VECTORS") or Path(__file__).parents[4] / "shared" / "vectors-marathon")


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path / "state") as found:
        yield found


def refused() -> list[dict[str, Any]]:
    """The vectors of apps that are refused whatever the service is set to."""
    cases = json.loads((VECTORS / "app_validation.json").read_text())
    return [each for each in cases if not each["expected"]["valid"] and not each["input"].get("config")]


def test_each_refused_definition_is_refused_and_leaves_nothing(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app("/kept"))
    cases = refused()
    assert len(cases) > 50
    for case in cases:
        for method, path in (("POST", "/v2/apps?force=true"), ("PUT", "/v2/groups/g")):
            body = case["input"]["app"] if method == "POST" else {"apps": [case["input"]["app"]]}
            status, answer, _ = serving.ask(method, path, body)
            assert status == case["expected"]["status"], (case["id"], method, answer)
            assert set(answer) <= {"message", "details"}
    assert [each["id"] for each in serving.get("/v2/apps")["apps"]] == ["/kept"]
    assert serving.get("/v2/groups")["groups"] == []
    assert serving.get("/v2/deployments") == []


def test_writers_at_once_are_done_or_told(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(instances=2))
    statuses: Counter[int] = Counter()

    def write(number: int) -> None:
        for turn in range(10):
            force = "?force=true" if number % 2 else ""
            status, answer, _ = serving.ask("PUT", f"/v2/apps/web{force}", {"env": {"A": f"{number}-{turn}"}})
            assert status == 200 or answer["deployments"]
            statuses[status] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert statuses.keys() <= {200, 409}
    assert statuses[200] >= 30  # all that were forced
    serving.wait(lambda: not serving.service.view.deployments)
    versions = serving.get("/v2/apps/web/versions")["versions"]
    assert len(set(versions)) == len(versions) == statuses[200] + 1
    serving.wait(lambda: len(serving.running("/web")) == 2)
    assert {each["version"] for each in serving.get("/v2/apps/web/tasks")["tasks"]
            if each["state"] == "TASK_RUNNING"} == {versions[0]}


def test_more_streams_than_there_may_be(serving: Serving) -> None:
    request = b"GET /v2/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
    with ExitStack() as stack:
        streams = [stack.enter_context(socket.create_connection(("127.0.0.1", serving.port), 20))
                   for _ in range(MAX_STREAMS + 5)]
        for each in streams:
            each.sendall(request)
        statuses = Counter(each.recv(64).split(b" ")[1] for each in streams)
        assert statuses == {b"200": MAX_STREAMS, b"503": 5}
        serving.change("POST", "/v2/apps", app(instances=3))  # nobody reads, and nobody is held up
        assert len(serving.running("/web")) == 3
    serving.wait(lambda: _opens(serving.port, request))


def _opens(port: int, request: bytes) -> bool:
    """Whether there is room for another stream again."""
    with socket.create_connection(("127.0.0.1", port), 20) as stream:
        stream.sendall(request)
        return stream.recv(64).split(b" ")[1] == b"200"
