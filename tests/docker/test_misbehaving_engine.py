"""An engine that hangs, resets, truncates, trickles or fails: every call ends in time with a typed failure."""
from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from executor.docker.door.calls import Deadlines
from executor.docker.pull import PullSettings
from executor.docker.runtime import DockerRuntime
from executor.engine.cancellation import Cancellation
from executor.engine.failures import (
    BadOption,
    DaemonUnavailable,
    DeadlineExceeded,
    RegistryUnavailable,
    RuntimeFailure,
)
from executor.engine.port import ContainerAction
from tests.contract.reading import PATIENCE, Heard, listening
from tests.docker.socket_proxy import Fault, SocketProxy
from tests.images import busybox_image

SOCKET = "/var/run/docker.sock"
SHORT = Deadlines(quick=1.0, create=1.0, start=1.0, stop=1.0, remove=1.0)
LONG = Deadlines()
FAR = 40.0  # seconds: far beyond any deadline here, far below what a trickled answer would take


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[SocketProxy]:
    busybox_image()
    with SocketProxy(tmp_path, SOCKET) as running:
        yield running


@pytest.fixture
def labels() -> Iterator[dict[str, str]]:
    mine = {"mesos-docker.test": uuid.uuid4().hex}
    yield mine
    runtime = DockerRuntime(SOCKET)
    for left in runtime.containers.ls(mine):
        runtime.containers.remove(left.id)
    runtime.engine.close()


def payload(labels: dict[str, str], *argv: str) -> dict[str, object]:
    return {"Image": "busybox:static", "Cmd": list(argv), "Labels": labels, "HostConfig": {"NetworkMode": "none"}}


def new_name() -> str:
    return f"misbehaving-{uuid.uuid4().hex}"


Verb = Callable[[DockerRuntime, str, dict[str, str]], object]
VERBS: dict[str, tuple[str, Verb]] = {
    "version": ("/version", lambda runtime, _, __: runtime.engine.version()),
    "has_image": ("/images/", lambda runtime, _, __: runtime.images.has("busybox:static")),
    "create": ("/containers/create",
               lambda runtime, _, labels: runtime.containers.create(payload(labels, "true"), new_name())),
    "start": ("/start", lambda runtime, container, _: runtime.containers.start(container)),
    "inspect": ("/json", lambda runtime, container, _: runtime.containers.inspect(container)),
    "kill": ("/kill", lambda runtime, container, _: runtime.containers.kill(container, "SIGKILL")),
    "stop": ("/stop", lambda runtime, container, _: runtime.containers.stop(container, 0)),
    "remove": ("DELETE", lambda runtime, container, _: runtime.containers.remove(container)),
    "containers": ("/containers/json", lambda runtime, _, labels: runtime.containers.ls(labels)),
    "attach": ("/attach", lambda runtime, container, _: runtime.containers.attach(container, tty=False).close()),
    "logs": ("/logs", lambda runtime, container, _: runtime.containers.logs(container).close()),
    "exec": ("/exec", lambda runtime, container, _: runtime.containers.exec(container, ["true"], timeout=1.0)),
    "exec start": ("/exec/", lambda runtime, container, _: runtime.containers.exec(container, ["true"], timeout=None)),
    "pull": ("/images/create", lambda runtime, _, __: runtime.images.pull("localhost:1/x:1", force=True)),
}
EXPECTED = {
    Fault.HANG: (DeadlineExceeded,),
    Fault.TRICKLE: (DeadlineExceeded,),
    Fault.RESET: (DaemonUnavailable,),
    Fault.TRUNCATE_HEAD: (DaemonUnavailable, RegistryUnavailable),
    Fault.GARBAGE: (DaemonUnavailable,),
    Fault.ERROR: (DaemonUnavailable,),
}


# The first line is the whole answer of a verb that has no other, and all that a stream needs to begin (and then to
# end); a command that is not heard of any more is one that was cut off.
HARMLESS = {
    *itertools.product(["start", "kill", "stop", "remove"], [Fault.TRICKLE, Fault.TRUNCATE_HEAD]),
    *itertools.product(["attach", "logs"], [Fault.TRUNCATE_HEAD]),
    *itertools.product(["exec", "exec start"], [Fault.TRICKLE, Fault.TRUNCATE_HEAD, Fault.HANG]),
}


@pytest.mark.parametrize("fault", EXPECTED)
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_ends_in_time_with_a_typed_failure(proxy: SocketProxy, labels: dict[str, str], verb: str,
                                                      fault: Fault) -> None:
    endpoint, do = VERBS[verb]
    direct = DockerRuntime(SOCKET)
    container = direct.containers.create(payload(labels, "sleep", "600"), new_name())
    if verb not in {"start", "create"}:
        direct.containers.start(container)
    direct.engine.close()
    without_end = fault in {Fault.HANG, Fault.TRICKLE}  # the others end by themselves, also on a slow engine
    runtime = DockerRuntime(proxy.path, SHORT if without_end else LONG,
                            PullSettings(idle=1.0, total=2.0, attempts=1) if without_end else PullSettings(attempts=1))
    if verb != "version":
        runtime.engine.api_version()
    proxy.fault = lambda line: fault if endpoint in line else None
    if verb == "exec start" and without_end:
        do = VERBS["exec"][1]
    began = time.monotonic()
    failure = failure_of(lambda: do(runtime, container, labels))
    assert time.monotonic() - began < FAR
    if failure is None:
        assert (verb, fault) in HARMLESS
    else:
        refused = fault is Fault.ERROR and verb in {"create", "start"}  # words of its own: it does not want this one
        assert isinstance(failure, BadOption if refused else EXPECTED[fault])
        assert failure.retry is not refused
        assert str(failure)
    runtime.engine.close()


def failure_of(do: Callable[[], object]) -> RuntimeFailure | None:
    try:
        do()
    except RuntimeFailure as failure:
        return failure
    return None


@pytest.mark.parametrize("verb", ["version", "create", "inspect", "containers", "has_image", "exec"])
@pytest.mark.parametrize("fault", [Fault.TRUNCATE, Fault.NOT_JSON])
def test_half_an_answer_is_none(proxy: SocketProxy, labels: dict[str, str], verb: str, fault: Fault) -> None:
    endpoint, do = VERBS[verb]
    direct = DockerRuntime(SOCKET)
    container = direct.containers.create(payload(labels, "sleep", "600"), new_name())
    direct.containers.start(container)
    direct.engine.close()
    runtime = DockerRuntime(proxy.path, LONG)
    if verb != "version":
        runtime.engine.api_version()
    proxy.fault = lambda line: fault if endpoint in line else None
    with pytest.raises(DaemonUnavailable) as caught:
        do(runtime, container, labels)
    assert caught.value.retry
    runtime.engine.close()


def test_the_engines_own_words_are_kept(proxy: SocketProxy) -> None:
    runtime = DockerRuntime(proxy.path)
    proxy.fault = lambda _: Fault.ERROR
    with pytest.raises(DaemonUnavailable, match=r"^the proxy has a bad day$"):
        runtime.engine.version()
    runtime.engine.close()


def test_no_engine_at_all(tmp_path: Path) -> None:
    runtime = DockerRuntime(str(tmp_path / "nothing.sock"))
    with pytest.raises(DaemonUnavailable, match=r"version: .*No such file or directory.*nothing\.sock"):
        runtime.engine.version()
    runtime.engine.close()


def test_after_a_failure_the_next_call_works(proxy: SocketProxy, labels: dict[str, str]) -> None:
    runtime = DockerRuntime(proxy.path, SHORT)
    faults = list(EXPECTED)
    proxy.fault = lambda line: faults.pop() if "/containers/json" in line and faults else None
    while faults:
        with pytest.raises(RuntimeFailure):
            runtime.containers.ls(labels)
    assert runtime.containers.ls(labels) == []
    runtime.engine.close()


def test_a_create_whose_answer_was_lost_is_found_again(proxy: SocketProxy, labels: dict[str, str]) -> None:
    runtime = DockerRuntime(proxy.path, LONG)
    runtime.engine.version()
    faults = [Fault.TRUNCATE_HEAD]
    proxy.fault = lambda line: faults.pop() if "/containers/create" in line and faults else None
    name = f"lost-{uuid.uuid4().hex}"
    with pytest.raises(DaemonUnavailable):
        runtime.containers.create(payload(labels, "true"), name)
    again = runtime.containers.create(payload(labels, "true"), name)
    assert [found.id for found in runtime.containers.ls(labels)] == [again]
    runtime.engine.close()


def test_events_go_on_after_breaks_none_lost_none_doubled(proxy: SocketProxy, labels: dict[str, str]) -> None:
    direct, runtime = DockerRuntime(SOCKET), DockerRuntime(proxy.path)
    codes: dict[str, int] = {}
    with listening(runtime, labels) as heard:
        for code in range(1, 7):
            container = direct.containers.create(payload(labels, "sh", "-c", f"exit {code}"), new_name())
            if code % 2:
                proxy.cut()  # while it dies, the stream is down or coming back
            direct.containers.start(container)
            codes[container] = code
            if not code % 2:
                proxy.cut()
                heard.until(ContainerAction.RESYNC)
        while {event.id for event in heard.all if event.action is ContainerAction.DIE} != set(codes):
            heard.until(ContainerAction.DIE)
    died = [(event.id, event.exit_code) for event in heard.all if event.action is ContainerAction.DIE]
    assert sorted(died) == sorted(codes.items())
    direct.engine.close()
    runtime.engine.close()


def test_resync_comes_with_the_stream_not_with_the_next_event(proxy: SocketProxy, labels: dict[str, str]) -> None:
    runtime = DockerRuntime(proxy.path)
    with listening(runtime, labels) as heard:
        while not any("/events" in line for line in proxy.asked):
            time.sleep(0.01)
        proxy.cut()
        heard.until(ContainerAction.RESYNC)  # nothing happens on the engine with these labels
    runtime.engine.close()


def test_cancel_wakes_a_stream_that_hears_nothing(proxy: SocketProxy, labels: dict[str, str]) -> None:
    runtime = DockerRuntime(proxy.path)
    for fault in (None, Fault.HANG):
        proxy.fault = lambda line, fault=fault: fault if "/events" in line else None  # type: ignore[misc]
        cancel = Cancellation()
        asked = len(proxy.asked)
        heard = Heard(runtime.events.follow(labels, cancel))
        while not any("/events" in line for line in proxy.asked[asked:]):
            time.sleep(0.01)
        cancel.set()
        assert heard.ended()
    runtime.engine.close()


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_nothing_leaks(proxy: SocketProxy, labels: dict[str, str]) -> None:
    """Threads, sockets and containers are as many after some hundred failures as before."""
    short = Deadlines(quick=0.2, create=0.2, start=0.2, stop=0.2, remove=0.2)

    def round_of_failures() -> None:
        runtime = DockerRuntime(proxy.path, short, PullSettings(idle=0.2, total=0.2, attempts=1))
        for fault in (*EXPECTED, Fault.TRUNCATE):
            proxy.fault = lambda line: fault if "/_ping" not in line else None  # noqa: B023 - used in this round
            for verb, (_, do) in VERBS.items():
                if verb not in {"version", "exec start"}:
                    failure_of(lambda: do(runtime, "no-such-container", labels))  # noqa: B023 - called at once
            cancel = Cancellation()
            heard = Heard(runtime.events.follow(labels, cancel))
            cancel.set()
            assert heard.ended()
        runtime.engine.close()

    def settled() -> tuple[int, int]:
        """Threads and descriptors, once the proxy's side has gone, too."""
        proxy.cut()
        ends = time.monotonic() + PATIENCE
        while (proxy.connections() or pulls_under_way()) and time.monotonic() < ends:
            time.sleep(0.05)
        return threading.active_count(), descriptors()

    proxy.release()
    round_of_failures()
    before = settled()
    for _ in range(2):
        round_of_failures()
    after = settled()
    assert after[0] <= before[0] + 1  # a thread of the proxy that is just ending
    assert after[1] <= before[1] + 1
    runtime = DockerRuntime(SOCKET)
    for lost in runtime.containers.ls(labels):  # created, but the answer was cut off: its labels tell whose it is
        assert not lost.started
        runtime.containers.remove(lost.id)
    assert runtime.containers.ls(labels) == []
    runtime.engine.close()


def pulls_under_way() -> bool:
    return any(thread.name == "pull" for thread in threading.enumerate())
