"""Pulls without an engine: names, progress, sharing, tries."""
from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Iterator

import pytest

from executor.docker import auth as docker_auth
from executor.docker.auth import Credentials
from executor.docker.door.calls import Call
from executor.docker.pull import Progress, Puller, PullSettings, Wanted, reference
from executor.engine.cancellation import Cancellation
from executor.engine.failures import (
    BadNodeLogin,
    Cancelled,
    DaemonUnavailable,
    DeadlineExceeded,
    ImageNotFound,
    NotAuthorised,
    RateLimited,
    RegistryUnavailable,
    RegistryUnreachable,
    RuntimeFailure,
)
from executor.engine.port import PullProgress

QUICK = PullSettings(pause=0.001, longest_pause=0.002, limited_pause=0.001, attempts=3)
X = Wanted.of("x:1")
JOE = Credentials("am9l", "user joe from somewhere")


@pytest.mark.parametrize(("image", "read"), [
    ("busybox", ("busybox", "latest")),
    ("busybox:1", ("busybox", "1")),
    ("localhost:5000/busybox", ("localhost:5000/busybox", "latest")),
    ("localhost:5000/a/b:2", ("localhost:5000/a/b", "2")),
    ("r.io/a@sha256:0a", ("r.io/a", "sha256:0a")),
    ("r.io/a:3@sha256:0a", ("r.io/a", "sha256:0a")),
])
def test_what_the_engine_is_asked_for(image: str, read: tuple[str, str]) -> None:
    assert reference(image) == read


def test_a_pull_for_another_platform_is_another_pull() -> None:
    assert Wanted.of("x:1", "linux/arm64") != X
    assert Wanted.of("library/x:1") != X
    assert Wanted.of("x:1") == X == dataclasses.replace(X, image="another way to write it")


def test_progress_adds_up() -> None:
    progress = Progress("x:1")
    assert progress.feed({"status": "Pulling from x", "id": "1"}) is None
    assert progress.feed({"status": "Pulling fs layer", "id": "a"}) == PullProgress("x:1", 0, 1, 0, 0)
    progress.feed({"status": "Already exists", "id": "b"})
    progress.feed({"status": "Downloading", "id": "a", "progressDetail": {"current": 10, "total": 40}})
    assert progress.now() == PullProgress("x:1", 1, 2, 10, 40)
    unpacking = [progress.extracting]
    progress.feed({"status": "Download complete", "id": "a"})
    assert progress.now() == PullProgress("x:1", 1, 2, 40, 40)
    progress.feed({"status": "Extracting", "id": "a", "progressDetail": {"current": 1, "total": 40}})
    unpacking.append(progress.extracting)
    progress.feed({"status": "Pull complete", "id": "a"})
    assert progress.now() == PullProgress("x:1", 2, 2, 40, 40)
    assert [*unpacking, progress.extracting] == [False, True, False]
    assert progress.feed({"status": "Digest: sha256:0a"}) is None
    assert progress.feed({"status": "Retrying in 5 seconds", "id": "a"}) is not None


Answer = list[dict[str, object]] | RuntimeFailure


class Registry:
    """Answers each pull with the next of its answers: lines, or a failure."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.held: threading.Event | None = None
        self.reached = threading.Event()

    def lines(self, call: Call, wanted: Wanted, auth: str | None) -> Iterator[bytes]:
        self.asked += 1
        self.reached.set()
        self._wait(call)
        answer = self.answers.pop(0)
        yield b""
        if isinstance(answer, RuntimeFailure):
            raise answer
        for message in answer:
            yield json.dumps(message).encode()

    def _wait(self, call: Call) -> None:
        while self.held is not None and not self.held.wait(0.005):
            verdict = call.verdict()
            if verdict is not None:
                raise verdict


DONE: list[dict[str, object]] = [{"status": "Already exists", "id": "a"}]


@pytest.mark.parametrize("failure", [ImageNotFound("manifest unknown"), NotAuthorised("unauthorized")])
def test_what_cannot_change_is_not_tried_again(failure: RuntimeFailure) -> None:
    registry = Registry(failure, DONE)
    with pytest.raises(type(failure)):
        Puller(registry.lines, QUICK).pull(X, JOE, None, None)
    assert registry.asked == 1


@pytest.mark.parametrize("failure", [RegistryUnavailable("503"), RateLimited("429"), DaemonUnavailable("gone"),
                                     DeadlineExceeded("idle")])
def test_what_can_change_is_tried_again(failure: RuntimeFailure) -> None:
    registry = Registry(failure, failure, DONE)
    assert Puller(registry.lines, QUICK).pull(X, JOE, None, None)
    assert registry.asked == 3
    registry = Registry(failure, failure, failure, DONE)
    with pytest.raises(type(failure)):
        Puller(registry.lines, QUICK).pull(X, JOE, None, None)
    assert registry.asked == 3


def test_where_nobody_is_fewer_tries_are_made() -> None:
    away = RegistryUnreachable("no such host")
    registry = Registry(away, away, DONE)
    settings = dataclasses.replace(QUICK, attempts=6, unreachable_attempts=2)
    with pytest.raises(RegistryUnreachable):
        Puller(registry.lines, settings).pull(X, JOE, None, None)
    assert registry.asked == 2


@pytest.mark.parametrize("error", [
    {"error": "manifest unknown"},
    {"error": "manifest unknown", "errorDetail": {"message": "manifest unknown"}},
    {"errorDetail": {"message": "manifest unknown"}},  # `error` is deprecated since Docker 28
    {"error": "the old words", "errorDetail": {"code": 404, "message": "manifest unknown"}},
    {"error": "manifest unknown", "errorDetail": None},
    {"error": "manifest unknown", "errorDetail": {}},
])
def test_an_error_inside_the_stream_is_a_failure(error: dict[str, object]) -> None:
    registry = Registry([{"status": "Pulling fs layer", "id": "a"}, error])
    with pytest.raises(ImageNotFound, match=r"^manifest unknown$"):
        Puller(registry.lines, QUICK).pull(X, JOE, None, None)


def test_which_credentials_were_used_is_said() -> None:
    with pytest.raises(NotAuthorised, match=r"^unauthorized \(user joe from somewhere was used\)$"):
        Puller(Registry([{"error": "unauthorized"}]).lines, QUICK).pull(X, JOE, None, None)
    nodes = dataclasses.replace(JOE, nodes=True)
    with pytest.raises(BadNodeLogin, match=r"^unauthorized \(user joe from somewhere was used\)$"):
        Puller(Registry([{"error": "unauthorized"}]).lines, QUICK).pull(X, nodes, None, None)


def test_what_is_not_json_does_not_hang_those_who_wait() -> None:
    def lines(*_: object) -> Iterator[bytes]:
        yield b"<html>"

    with pytest.raises(RuntimeFailure, match="x:1: the pull failed"):
        Puller(lines, QUICK).pull(X, JOE, None, None)


def test_a_pull_is_shared_and_its_failure_too() -> None:
    registry = Registry(ImageNotFound("manifest unknown"))
    registry.held = threading.Event()
    puller = Puller(registry.lines, QUICK)
    ended: list[str] = []
    told: list[PullProgress] = []

    def pull() -> None:
        with pytest.raises(ImageNotFound):
            puller.pull(X, JOE, told.append, None)
        ended.append("failed")

    threads = [threading.Thread(target=pull) for _ in range(4)]
    for thread in threads:
        thread.start()
    while puller.waiting(X) < 4:
        time.sleep(0.001)
    registry.held.set()
    for thread in threads:
        thread.join()
    assert ended == ["failed"] * 4
    assert registry.asked == 1
    assert puller.waiting(X) == 0


def test_the_last_one_to_give_up_ends_it() -> None:
    registry = Registry(DONE)
    registry.held = threading.Event()
    puller = Puller(registry.lines, QUICK)
    cancels = [Cancellation(), Cancellation()]
    ended: list[str] = []

    def pull(cancel: Cancellation) -> None:
        with pytest.raises(Cancelled):
            puller.pull(X, JOE, None, cancel)
        ended.append("gave up")

    threads = [threading.Thread(target=pull, args=(cancel,)) for cancel in cancels]
    for thread in threads:
        thread.start()
    while puller.waiting(X) < 2:
        time.sleep(0.001)
    cancels[0].set()
    threads[0].join()
    assert puller.waiting(X) == 1
    cancels[1].set()
    threads[1].join()
    assert puller.waiting(X) == 0
    while any(thread.name == "pull" for thread in threading.enumerate()):
        time.sleep(0.001)
    registry.held.set()
    assert registry.answers == [DONE]  # it had not come that far
    assert puller.pull(X, JOE, None, None)  # a new one can begin


def test_who_has_other_credentials_is_told_to_look_for_himself() -> None:
    registry = Registry(NotAuthorised("unauthorized"))
    registry.held = threading.Event()
    puller = Puller(registry.lines, QUICK)
    failed: list[str] = []

    def first() -> None:
        with pytest.raises(NotAuthorised):
            puller.pull(X, JOE, None, None)
        failed.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert registry.reached.wait(60)
    threading.Timer(0.05, registry.held.set).start()
    assert not puller.pull(X, docker_auth.ANONYMOUS, None, None)
    thread.join()
    assert failed == ["first"]


def test_a_pull_that_takes_too_long_in_all() -> None:
    registry = Registry(*[RegistryUnavailable("503")] * 1000)
    settings = PullSettings(total=0.2, pause=0.01, longest_pause=0.05, attempts=1000)
    with pytest.raises((RegistryUnavailable, DeadlineExceeded)):
        Puller(registry.lines, settings).pull(X, JOE, None, None)
    assert 1 < registry.asked < 1000
