"""A container engine in memory with behaviour: images, containers that live and die, events, failures on demand.

`tests/contract/` runs the same suite on it and on a real engine. Commands are read by `tests/fakes/shell.py`; a test
can also decide itself (`finish`, `oom`, `write`), make any verb fail (`fail`), hold it (`hold`), or break the event
stream (`break_events`). `calls` has every verb that was asked for, in order.
"""
from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from executor.docker import auth as docker_auth
from executor.engine import inspection as docker_inspect
from executor.engine.cancellation import Cancel
from executor.engine.failures import (
    BadOption,
    CommandNotFound,
    ContainerNotRunning,
    ImageNotFound,
    NameConflict,
    NoSuchContainer,
    NoSuchNetwork,
    PortInUse,
    RuntimeFailure,
)
from executor.engine.port import ContainerAction, ContainerEvent, ExecResult, Inspection, OutputStream, PullListener
from tests.fakes.container import FakeContainer, FakeStream
from tests.fakes.registry import FakeRegistry
from tests.fakes.shell import Life, Sleep, life

FRAME = b"OCI runtime create failed: runc create failed: unable to start container process: exec: "


class FakeRuntime:
    """Implements ContainerRuntime."""

    def __init__(self, images: Sequence[str] = ("busybox:static",), registry: Mapping[str, int] | None = None) -> None:
        """`registry` has the images that can be pulled, each with its number of layers."""
        self.images = set(images)
        self.registry = FakeRegistry(self.images, registry or {})
        self.networks = {"bridge", "host", "none"}
        self.calls: list[tuple[str, str]] = []  # (verb, container or image)
        self._failures: dict[str, list[RuntimeFailure]] = defaultdict(list)
        self._held: dict[str, threading.Event] = {}
        self._containers: dict[str, FakeContainer] = {}
        self._log: list[ContainerEvent] = []
        self._changed = threading.Condition(threading.RLock())
        self._numbers = itertools.count(2)

    # What a test does to it

    def fail(self, verb: str, failure: RuntimeFailure, times: int = 1) -> None:
        """Have the next `times` calls of a verb fail."""
        queue = self.registry.failures if verb == "pull" else self._failures[verb]
        queue += [failure] * times

    def hold(self, verb: str) -> threading.Event:
        """Have a verb hang until the answer is set."""
        event = threading.Event()
        if verb == "pull":
            self.registry.held = event
        else:
            self._held[verb] = event
        return event

    def finish(self, container: str, code: int) -> None:
        self._get(container).finish(code)

    def oom(self, container: str) -> None:
        self._get(container).oom()

    def write(self, container: str, descriptor: int, data: bytes) -> None:
        self._get(container).write(descriptor, data)

    def vanish(self, container: str) -> None:
        """Somebody removes it behind our back."""
        self.remove(container)

    def break_events(self) -> None:
        """The event stream breaks and comes back."""
        self._add(ContainerEvent(ContainerAction.RESYNC, "", time.time_ns()))

    def names(self) -> list[str]:
        with self._changed:
            return [container.name for container in self._containers.values()]

    # The verbs

    def version(self) -> tuple[int, int, int]:
        self._called("version")
        return 20, 10, 24

    def has_image(self, image: str) -> bool:
        self._called("has_image", image)
        return _tagged(image) in self.images

    def pull(self, image: str, *, sandbox: str | None = None, force: bool = False,
             listener: PullListener | None = None, cancel: Cancel | None = None) -> None:
        self._note("pull", image)
        if force or _tagged(image) not in self.images:
            self.registry.puller.pull(image, docker_auth.find(image, sandbox, None), listener, cancel)

    def create(self, payload: Mapping[str, Any], name: str) -> str:
        self._called("create", name)
        image, labels = str(payload.get("Image", "")), dict(payload.get("Labels") or {})
        if _tagged(image) not in self.images:
            raise ImageNotFound(f"No such image: {_tagged(image)}")
        with self._changed:
            taken = next((other for other in self._containers.values() if other.name == name), None)
            if taken is not None:
                if labels and labels.items() <= taken.labels.items():
                    return taken.id
                raise NameConflict(f'Conflict. The container name "/{name}" is already in use by container '
                                   f'"{taken.id}". You have to remove (or rename) that container to be able to reuse '
                                   'that name.')
            made = FakeContainer(name, payload, _life(payload), 10_000 + next(self._numbers), self._told)
            self._containers[made.id] = made
            return made.id

    def start(self, container: str) -> None:
        self._called("start", container)
        found = self._get(container)
        if found.running:
            return
        if found.life is None:
            program = (found.payload.get("Cmd") or [""])[0]
            error = f'{FRAME.decode()}"{program}": executable file not found in $PATH: unknown'
            found.refuse(127, error)
            raise CommandNotFound(error)
        self._check_ports(found)
        self._join_networks(found)
        found.start()

    def inspect(self, container: str) -> Inspection:
        self._called("inspect", container)
        return docker_inspect.inspection(self._get(container).raw())

    def kill(self, container: str, signal: str) -> None:
        self._called("kill", container)
        with contextlib.suppress(NoSuchContainer):
            self._get(container).signal(signal)

    def stop(self, container: str, grace: float, signal: str | None = None) -> None:
        self._called("stop", container)
        if grace < 0:
            raise BadOption(f"A negative timeout cannot be applied to docker stop: {int(grace)}")
        with contextlib.suppress(NoSuchContainer):
            found = self._get(container)
            found.signal(signal or "SIGTERM")
            if not found.wait(int(grace)):
                found.signal("SIGKILL")
                found.wait(None)

    def remove(self, container: str, *, force: bool = True, volumes: bool = True) -> None:
        self._called("remove", container)
        try:
            found = self._get(container)
        except NoSuchContainer:
            return
        if found.running and not force:
            raise RuntimeFailure(f"You cannot remove a running container {found.id}. Stop the container before "
                                 "attempting removal or force remove")
        found.removing = True
        found.signal("SIGKILL")
        found.wait(None)
        with self._changed:
            gone = self._containers.pop(found.id, None)
        if gone is not None:
            self._told(found, "destroy", None)

    def containers(self, labels: Mapping[str, str], *, all: bool = True) -> Sequence[Inspection]:  # noqa: A002 - the port's
        self._called("containers")
        with self._changed:
            return [docker_inspect.inspection(container.raw()) for container in self._containers.values()
                    if labels.items() <= container.labels.items() and (all or container.running)]

    def attach(self, container: str, *, tty: bool | None = None) -> OutputStream:
        self._called("attach", container)
        found = self._get(container)
        stream = FakeStream()
        found.follow(stream, whole=False)
        return stream

    def logs(self, container: str, *, follow: bool = True, since: float | None = None) -> OutputStream:
        self._called("logs", container)
        found = self._get(container)
        stream = FakeStream()
        found.follow(stream, whole=since is None, on=follow)
        return stream

    def events(self, labels: Mapping[str, str], cancel: Cancel) -> Iterator[ContainerEvent]:
        self._note("events")
        with self._changed:
            return self._events(labels, cancel, len(self._log))

    def _events(self, labels: Mapping[str, str], cancel: Cancel, start: int) -> Iterator[ContainerEvent]:
        forget = cancel.on_set(self._wake)
        try:
            for at in itertools.count(start):
                with self._changed:
                    while len(self._log) <= at and not cancel.is_set():
                        self._changed.wait()
                    if cancel.is_set():
                        return
                    event = self._log[at]
                if event.action is ContainerAction.RESYNC or labels.items() <= event.labels.items():
                    yield event
        finally:
            forget()

    def exec(self, container: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None,
             timeout: float | None = None) -> ExecResult:
        self._called("exec", container)
        found = self._get(container)
        if not found.running:
            raise ContainerNotRunning(f"Container {found.id} is not running")
        does = life(argv, {**_environment(found.payload), **(env or {})})
        if does is None:
            text = f'OCI runtime exec failed: exec: "{argv[0]}": executable file not found in $PATH: unknown'
            return ExecResult(127, text.encode())
        output = b"".join(step.text for step in does.steps if not isinstance(step, Sleep))
        sleeps = sum(step.seconds for step in does.steps if isinstance(step, Sleep))
        if timeout is not None and sleeps > timeout:
            time.sleep(timeout)
            return ExecResult(None, output)
        time.sleep(sleeps)
        return ExecResult(does.exit_code, output)

    def close(self) -> None:
        """Kill what still runs, so that no thread outlives the test."""
        with self._changed:
            containers = list(self._containers.values())
        for container in containers:
            container.signal("SIGKILL")
            container.wait(5)

    # Insides

    def _note(self, verb: str, subject: str = "") -> None:
        with self._changed:
            self.calls.append((verb, subject))

    def _called(self, verb: str, subject: str = "") -> None:
        self._note(verb, subject)
        held = self._held.get(verb)
        if held is not None:
            held.wait()
        if self._failures[verb]:
            raise self._failures[verb].pop(0)

    def _get(self, container: str) -> FakeContainer:
        with self._changed:
            for found in self._containers.values():
                if container in {found.id, found.name}:
                    return found
        raise NoSuchContainer(f"No such container: {container}")

    def _told(self, container: FakeContainer, action: str, code: int | None) -> None:
        self._add(ContainerEvent(ContainerAction(action), container.id, time.time_ns(), code, container.labels))

    def _add(self, event: ContainerEvent) -> None:
        with self._changed:
            self._log.append(event)
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _check_ports(self, starting: FakeContainer) -> None:
        with self._changed:
            taken = {port for other in self._containers.values() if other.running for port in _ports(other)}
        for port in _ports(starting):
            if port in taken:
                raise PortInUse(f"driver failed programming external connectivity on endpoint {starting.name}: "
                                f"Bind for 0.0.0.0:{port} failed: port is already allocated")

    def _join_networks(self, container: FakeContainer) -> None:
        mode = str(container.host.get("NetworkMode") or "bridge")
        wanted = {mode, *((container.payload.get("NetworkingConfig") or {}).get("EndpointsConfig") or {})}
        for name in sorted("bridge" if name == "default" else name for name in wanted):
            if name.startswith("container:"):
                continue
            if name not in self.networks:
                raise NoSuchNetwork(f"network {name} not found")
            address = "" if name in {"host", "none"} else f"172.17.0.{next(self._numbers)}"
            container.networks[name] = {"IPAddress": address, "GlobalIPv6Address": ""}


def _tagged(image: str) -> str:
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"


def _environment(payload: Mapping[str, Any]) -> dict[str, str]:
    return dict(variable.split("=", 1) for variable in payload.get("Env") or () if "=" in variable)


def _life(payload: Mapping[str, Any]) -> Life | None:
    argv = [*(payload.get("Entrypoint") or ()), *(payload.get("Cmd") or ())] or ["sh", "-c", ""]
    return life(argv, _environment(payload))


def _ports(container: FakeContainer) -> set[str]:
    bindings = container.host.get("PortBindings") or {}
    return {str(binding["HostPort"]) for bound in bindings.values() for binding in bound or ()
            if binding.get("HostPort")}
