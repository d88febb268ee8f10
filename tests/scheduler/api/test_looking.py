"""Output and files of instances over HTTP: of those that live, those that have ended, and those that do evil."""
from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler.api.access import Access, Role
from scheduler.looking.outputs import RING
from tests.scheduler.service.serving import PATIENCE, Serving, app


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("state") / "state") as found:
        yield found


class Following:
    """A follower of output, on a thread of its own."""

    def __init__(self, serving: Serving, path: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=PATIENCE)
        self._connection.request("GET", path)
        self._socket = self._connection.sock
        self.response = self._connection.getresponse()
        self.events: list[tuple[str, Any]] = []
        self._serving = serving
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        return "".join(data["data"] for kind, data in self.events if kind == "message")

    def wait(self, text: str) -> None:
        self._serving.wait(lambda: self.text == text)

    def ended(self) -> bool:
        self._thread.join(PATIENCE)
        ended = not self._thread.is_alive()
        self.close()
        return ended

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._socket.close()
        self.response.close()
        self._connection.close()

    def _read(self) -> None:
        kind = "message"
        try:
            for line in self.response:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    self.events.append((kind, json.loads(value)))
                    kind = "message"
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass


def one(serving: Serving) -> tuple[str, Path]:
    """The API's path of the instance of a new app, and its sandbox, whose name is its task's."""
    name = f"/web{len(serving.service.view.apps)}"
    serving.change("POST", "/v2/apps", app(name, instances=1, cpus=0.01, mem=1))
    [instance] = serving.get(f"/api/v1/instances?app={name}")
    return f"/api/v1/instances/{instance['id']}", serving.sandboxes.of(instance["taskId"])


@pytest.mark.parametrize(("query", "text", "end"), [
    ("", "one\ntwo\nthree", 13), ("?tail=1", "three", 13), ("?tail=2", "two\nthree", 13),
    ("?tail=9", "one\ntwo\nthree", 13),
    ("?tail=0", "", 13), ("?offset=4", "two\nthree", 13), ("?offset=99", "", 13), ("?stream=stderr", "", 0)])
def test_output_is_read(serving: Serving, query: str, text: str, end: int) -> None:
    path, sandbox = one(serving)
    (sandbox / "stdout").write_text("one\ntwo\nthree")
    status, body, headers = serving.ask("GET", f"{path}/logs{query}")
    assert (status, body, headers["x-mesos-docker-offset"]) == (200, text, str(end))
    assert headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(("query", "status"), [
    ("stream=stdin", 400), ("tail=-1", 400), ("tail=x", 400), ("offset=1e3", 400), ("follow=maybe", 400),
    ("since=2026-01-01T00:00:00Z", 422), ("since=yesterday", 400), (f"offset={'9' * 400}", 400)])
def test_what_cannot_be_asked_for(serving: Serving, query: str, status: int) -> None:
    assert serving.ask("GET", f"{one(serving)[0]}/logs?{query}")[0] == status


def test_what_is_written_meanwhile_is_not_asked_for(serving: Serving) -> None:
    """Who does not follow comes to an end, however fast a task writes and however slow its agent answers."""
    path, sandbox = one(serving)
    (sandbox / "stdout").write_text("line\n" * 10)
    over = threading.Event()

    def write() -> None:
        with (sandbox / "stdout").open("a") as output:
            while not over.wait(0.0005):
                output.write("line\n")
                output.flush()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(10):
            status, text, headers = serving.ask("GET", f"{path}/logs?tail=2")
            assert (status, text) == (200, "line\nline\n")
            assert headers["x-mesos-docker-offset"] == headers["x-mesos-docker-end"]
    finally:
        over.set()
        thread.join(PATIENCE)


def test_the_last_lines_of_long_output_are_found_from_its_end(serving: Serving) -> None:
    path, sandbox = one(serving)
    lines = [f"{number:09d}" for number in range(30_000)]
    (sandbox / "stdout").write_text("\n".join(lines) + "\n")
    for count in (1, 6553, 6554, 20_000):
        assert serving.ask("GET", f"{path}/logs?tail={count}")[1].split() == lines[-count:]


def test_followers_share_a_reader_and_see_what_is_written_to_the_end(serving: Serving) -> None:
    path, sandbox = one(serving)
    task = sandbox.name
    (sandbox / "stdout").write_text("before\n")
    followers = [Following(serving, f"{path}/logs?follow=1") for _ in range(20)]
    late = Following(serving, f"{path}/logs?follow=1&tail=0")
    for each in followers:
        each.wait("before\n")
    serving.sandboxes.asked.clear()
    began = time.monotonic()
    with (sandbox / "stdout").open("a") as file:
        for _ in range(8):
            file.write("x\n")
            file.flush()
            time.sleep(0.2)
    for each in followers:
        each.wait("before\n" + "x\n" * 8)
    reads = serving.sandboxes.asked["/files/read", "stdout"]
    assert reads <= 4 * (time.monotonic() - began) + 2
    serving.master.update(task, "TASK_FAILED")
    with (sandbox / "stdout").open("a") as file:
        file.write("last words")
    assert all(each.ended() for each in (*followers, late))
    assert {each.text for each in followers} == {"before\n" + "x\n" * 8 + "last words"}
    assert late.text == "x\n" * 8 + "last words"
    assert {json.dumps(each.events[-1]) for each in followers} == {'["end", {"offset": 33}]'}
    ended = Following(serving, f"{path.rpartition('/')[0]}/{task}/logs?follow=1")
    assert ended.ended()
    assert ended.text == late.text.join(["before\n", ""])


def test_nobody_reads_a_file_that_nobody_follows(serving: Serving) -> None:
    path, sandbox = one(serving)
    (sandbox / "stdout").write_text("a")
    follower = Following(serving, f"{path}/logs?follow=1")
    follower.wait("a")
    follower.close()
    (sandbox / "stdout").write_text("ab")  # what comes is what lets the service see that he is gone
    serving.wait(lambda: _asked_meanwhile(serving) == 0)


def _asked_meanwhile(serving: Serving) -> int:
    before = serving.sandboxes.asked.total()
    time.sleep(0.6)
    return serving.sandboxes.asked.total() - before


def test_a_file_that_is_rotated_or_truncated_is_followed(serving: Serving) -> None:
    path, sandbox = one(serving)
    (sandbox / "stdout").write_text("first\n")
    follower = Following(serving, f"{path}/logs?follow=1")
    follower.wait("first\n")
    with (sandbox / "stdout").open("a") as file:
        file.write("its end\n")
    (sandbox / "stdout").rename(sandbox / "stdout.1")
    (sandbox / "stdout").write_text("second\n")
    follower.wait("first\nits end\nsecond\n")
    (sandbox / "stdout").write_text("short")
    follower.wait("first\nits end\nsecond\nshort")
    assert follower.events[-1] == ("message", {"offset": 0, "data": "short"})
    follower.close()


def indexed(sandbox: Path) -> None:
    (sandbox / "stdout.1").write_text("old 1\nold 2\n")
    (sandbox / "stdout").write_text("new\n")
    (sandbox / "stdout.index").write_text("1000 0 new\n2000 6\n3000 12 new\n")


@pytest.mark.parametrize(("query", "text"), [
    ("", "old 1\nold 2\nnew\n"), ("?since=1970-01-01T00:00:02Z", "old 2\nnew\n"), ("?tail=2", "old 2\nnew\n"),
    ("?since=1970-01-01T00:00:05Z", ""), ("?offset=8", "d 2\nnew\n"), ("?tail=1&since=1970-01-01T00:00:00Z", "new\n")])
def test_an_index_leads_through_all_files(serving: Serving, query: str, text: str) -> None:
    path, sandbox = one(serving)
    indexed(sandbox)
    status, body, headers = serving.ask("GET", f"{path}/logs{query}")
    assert (status, body, headers["x-mesos-docker-offset"]) == (200, text, "16")
    (sandbox / "stdout.1").unlink()
    assert serving.ask("GET", f"{path}/logs")[1] == "new\n"


def test_files_before_are_followed_through_the_index(serving: Serving) -> None:
    path, sandbox = one(serving)
    indexed(sandbox)
    follower = Following(serving, f"{path}/logs?follow=1&offset=6")
    follower.wait("old 2\nnew\n")
    (sandbox / "stdout.1").rename(sandbox / "stdout.2")
    (sandbox / "stdout").rename(sandbox / "stdout.1")
    (sandbox / "stdout.index").write_text("1000 0 new\n2000 6\n3000 12 new\n4000 16 new\n")
    (sandbox / "stdout").write_text("newer\n")
    follower.wait("old 2\nnew\nnewer\n")
    assert follower.events[-1] == ("message", {"offset": 16, "data": "newer\n"})
    for text, begin in (("more\n", 22), ("most\n", 27)):  # two at once
        (sandbox / "stdout.1").unlink()
        (sandbox / "stdout").rename(sandbox / ("stdout.2" if begin == 22 else "stdout.1"))
        (sandbox / "stdout").write_text(text)
        (sandbox / "stdout.1").touch()
        with (sandbox / "stdout.index").open("a") as index:
            index.write(f"{begin}000 {begin} new\n")
    follower.wait("old 2\nnew\nnewer\nmore\nmost\n")
    follower.close()


def test_who_falls_behind_reads_for_himself(serving: Serving) -> None:
    path, sandbox = one(serving)
    text = "".join(f"{number:07d}\n" for number in range(RING // 8 + 9000))
    (sandbox / "stdout").write_text("")
    first = Following(serving, f"{path}/logs?follow=1")
    (sandbox / "stdout").write_text(text)
    first.wait(text)
    second = Following(serving, f"{path}/logs?follow=1")
    second.wait(text)
    for each in (first, second):
        assert all(len(data["data"]) <= 64 * 1024 for _, data in each.events)
        each.close()


@pytest.mark.parametrize(("written", "shown"), [
    (b"\x1b[2J\x07</script>\r\n", "\x1b[2J\x07</script>\r\n"),
    (b"data: x\n\nevent: end\n\n", "data: x\n\nevent: end\n\n"),
    (b"\xff\xfe\0", "\ufffd\ufffd\0"), ("é".encode() * 40_000, "é" * 40_000)])
def test_hostile_output_is_text_in_events(serving: Serving, written: bytes, shown: str) -> None:
    path, sandbox = one(serving)
    (sandbox / "stdout").write_bytes(written + b"\n")
    follower = Following(serving, f"{path}/logs?follow=1")
    follower.wait(shown + "\n")
    assert {kind for kind, _ in follower.events} == {"message"}
    follower.close()
    assert serving.ask("HEAD", f"{path}/logs")[2]["x-content-type-options"] == "nosniff"


def test_an_agent_that_is_away_is_told_of(serving: Serving) -> None:
    path, sandbox = one(serving)
    (sandbox / "stdout").write_text("a")
    follower = Following(serving, f"{path}/logs?follow=1")
    follower.wait("a")
    serving.sandboxes.away = "no route to it"
    status, body, _ = serving.ask("GET", f"{path}/files")
    assert (status, "no route to it" in body["detail"]) == (503, True)
    serving.wait(lambda: bool(follower.events) and follower.events[-1][0] == "trouble")
    serving.sandboxes.away = None
    (sandbox / "stdout").write_text("ab")
    follower.wait("ab")
    follower.close()


def test_files_are_listed_read_and_downloaded(serving: Serving) -> None:
    path, sandbox = one(serving)
    (sandbox / "stdout").write_text("out")
    (sandbox / "d").mkdir()
    (sandbox / "d" / "ü \"x\r\n").write_bytes(bytes(range(256)) * 1000)
    listed = {each["path"]: each for each in serving.get(f"{path}/files")}
    assert {name: each["isDirectory"] for name, each in listed.items()} == {"d": True, "stdout": False}
    assert (listed["stdout"]["size"], listed["stdout"]["mode"]) == (3, "-rw-r--r--")
    [inner] = serving.get(f"{path}/files?path=./d/")
    assert inner["path"] == 'd/ü "x\r\n'
    assert serving.get(f"{path}/files/read?path=stdout&offset=1&length=1") == {"offset": 1, "length": 1, "data": "u"}
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=PATIENCE)
    connection.request("GET", f"{path}/files/download?path=d/%C3%BC%20%22x%0D%0A")
    response = connection.getresponse()
    assert response.getheader("Content-Disposition") == "attachment; filename*=UTF-8''%C3%BC%20%22x%0D%0A"
    assert response.getheader("Content-Type") == "application/octet-stream"
    assert response.read() == bytes(range(256)) * 1000
    connection.close()


def test_a_file_is_read_in_pieces_without_cutting_a_character(serving: Serving) -> None:
    path, sandbox = one(serving)
    content = "aü€😀".encode() * 20 + b"\xff\xfe\xc3"
    (sandbox / "f").write_bytes(content)
    for length in range(1, 9):
        offset, text = 0, ""
        while (piece := serving.get(f"{path}/files/read?path=f&offset={offset}&length={length}"))["length"]:
            offset, text = offset + piece["length"], text + piece["data"]
        assert offset == len(content)
        assert text == content.decode(errors="replace") or length < 4  # less than a character is no text


@pytest.mark.parametrize(("query", "status"), [
    ("files?path=/etc", 400), ("files?path=..", 400), ("files/read?path=../../x", 400), ("files/read", 400),
    ("files/download", 400), ("files/read?path=nothing", 404), ("files?path=nothing", 404),
    ("files/read?path=out", 400),
    ("files/download?path=out", 400), ("files/read?path=pipe", 400), ("files/read?path=d", 400)])
def test_nothing_else_can_be_read(serving: Serving, query: str, status: int) -> None:
    path, sandbox = one(serving)
    (sandbox / "out").symlink_to("/etc/passwd")
    os.mkfifo(sandbox / "pipe")
    (sandbox / "d").mkdir()
    assert serving.ask("GET", f"{path}/{query}")[0] == status


def test_the_sandbox_of_a_former_executor_is_found(serving: Serving) -> None:
    path, sandbox = one(serving)
    task = sandbox.name
    (sandbox / "stdout").write_text("old")
    serving.master.update(task, "TASK_FAILED")
    assert serving.ask("GET", f"{path.rpartition('/')[0]}/{task}/logs")[1] == "old"
    serving.sandboxes.end_executor()
    assert serving.ask("GET", f"{path.rpartition('/')[0]}/{task}/logs")[1] == "old"
    assert serving.ask("GET", "/api/v1/instances/web.instance-x/logs")[0] == 404


def test_the_role_read_is_enough(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", access=Access({"w": Role.WRITE, "r": Role.READ})) as serving:
        serving.headers = {"Authorization": "Bearer w"}
        path, sandbox = one(serving)
        (sandbox / "stdout").write_text("a")
        assert serving.ask("GET", f"{path}/logs", headers={"Authorization": "Bearer r"})[:2] == (200, "a")
        assert serving.ask("GET", f"{path}/logs", headers={"Authorization": ""})[0] == 401


def test_an_app_that_is_gone_has_its_output_still(tmp_path: Path) -> None:
    """Also in a service that was started since, and not mixed with an app of the same name that came later."""
    def looked(serving: Serving, task: str) -> tuple[str, list[str], int]:
        text = serving.ask("GET", f"/api/v1/instances/{task}/logs")[1]
        return text, [each["path"] for each in serving.get(f"/api/v1/instances/{task}/files")], \
            serving.ask("GET", f"/api/v1/instances/{task}/files/download?path=stdout")[0]

    with Serving(tmp_path / "state") as first:
        first.change("POST", "/v2/apps", app("/gone"))
        [task] = first.running("/gone")
        (first.sandboxes.of(task) / "stdout").write_text("last words")
        first.change("DELETE", "/v2/apps/gone")
        first.wait(lambda: "/gone" not in first.service.view.apps)
        assert looked(first, task) == looked(first, task.partition("._app")[0]) == ("last words", ["stdout"], 200)
        assert [each["taskId"] for each in first.get("/api/v1/history/gone")] == [task]
    with Serving(tmp_path / "state") as second:
        assert looked(second, task) == ("last words", ["stdout"], 200)
        second.change("POST", "/v2/apps", app("/gone"))
        assert second.get("/api/v1/history/gone") == []
        assert "lastTaskFailure" not in second.get("/v2/apps/gone?embed=app.lastTaskFailure")["app"]
        assert looked(second, task) == ("last words", ["stdout"], 200)
        assert second.ask("GET", "/api/v1/history/other")[0] == 404
