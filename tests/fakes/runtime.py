"""A container engine in memory with behaviour: images, containers that live and die, events, failures on demand.

`tests/contract/` runs the same suite on it and on a real engine. Commands are read by `tests/fakes/shell.py`; a test
can also decide itself (`finish`, `oom`, `write`), make any verb fail (`fail`), hold it (`hold`), or break the event
stream (`break_events`). `calls` has every verb that was asked for, in order.
"""
from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

from executor.docker import auth
from executor.docker.pull import Wanted
from executor.engine.cancellation import Cancel
from executor.engine.failures import RuntimeFailure
from executor.engine.port import ContainerAction, ContainerEvent, PullListener
from tests.fakes.containers import FakeContainers, tagged
from tests.fakes.registry import PLATFORM, FakeRegistry
from tests.fakes.store import FakeStore


class FakeImages:
    """Implements Images."""

    def __init__(self, store: FakeStore, here: Sequence[str], registry: Mapping[str, int]) -> None:
        self._store = store
        self.here = dict.fromkeys(here, PLATFORM)  # and for which platform
        self.registry = FakeRegistry(self.here, registry)

    def pull(self, image: str, *, platform: str | None = None, sandbox: str | None = None, force: bool = False,
             listener: PullListener | None = None, cancel: Cancel | None = None) -> None:
        self._store.note("pull", image)
        if force or self.here.get(tagged(image)) != (platform or self.here.get(tagged(image), PLATFORM)):
            self.registry.puller.pull(Wanted.of(image, platform), auth.find(image, sandbox, None), listener, cancel)


class FakeEvents:
    """Implements Events."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store

    def follow(self, labels: Mapping[str, str], cancel: Cancel) -> Iterator[ContainerEvent]:
        self._store.note("events")
        with self._store.changed:
            return self._events(labels, cancel, len(self._store.log))

    def _events(self, labels: Mapping[str, str], cancel: Cancel, start: int) -> Iterator[ContainerEvent]:
        forget = cancel.on_set(self._store.wake)
        try:
            for at in itertools.count(start):
                with self._store.changed:
                    while len(self._store.log) <= at and not cancel.is_set():
                        self._store.changed.wait()
                    if cancel.is_set():
                        return
                    event = self._store.log[at]
                if event.action is ContainerAction.RESYNC or labels.items() <= event.labels.items():
                    yield event
        finally:
            forget()


class FakeEngine:
    """Implements Engine."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store

    def version(self) -> tuple[int, int, int]:
        self._store.called("version")
        return 20, 10, 24

    def agree(self) -> None:
        self._store.called("version")

    def cgroup_driver(self) -> str:
        self._store.called("info")
        return "cgroupfs"

    def close(self) -> None:
        """Kill what still runs, so that no thread outlives the test."""
        with self._store.changed:
            containers = list(self._store.containers.values())
        for container in containers:
            container.signal("SIGKILL")
            container.wait(5)


class FakeRuntime:
    """Implements ContainerRuntime."""

    def __init__(self, images: Sequence[str] = ("busybox:static",), registry: Mapping[str, int] | None = None) -> None:
        """`registry` has the images that can be pulled, each with its number of layers."""
        self._store = FakeStore()
        self.networks = {"bridge", "host", "none"}
        self.images = FakeImages(self._store, images, registry or {})
        self.containers = FakeContainers(self._store, self.images.here, self.networks)
        self.events = FakeEvents(self._store)
        self.engine = FakeEngine(self._store)

    @property
    def calls(self) -> list[tuple[str, str]]:
        """(verb, container or image), in order."""
        return self._store.calls

    def fail(self, verb: str, failure: RuntimeFailure, times: int = 1) -> None:
        """Have the next `times` calls of a verb fail."""
        queue = self.images.registry.failures if verb == "pull" else self._store.failures[verb]
        queue += [failure] * times

    def recover(self, verb: str) -> None:
        """No call of a verb fails any more."""
        self._store.failures[verb].clear()

    def hold(self, verb: str) -> threading.Event:
        """Have a verb hang until the answer is set."""
        event = threading.Event()
        if verb == "pull":
            self.images.registry.held = event
        else:
            self._store.held[verb] = event
        return event

    def finish(self, container: str, code: int) -> None:
        self._store.get(container).finish(code)

    def oom(self, container: str) -> None:
        self._store.get(container).oom()

    def write(self, container: str, descriptor: int, data: bytes) -> None:
        self._store.get(container).write(descriptor, data)

    def break_output(self, container: str) -> None:
        """All streams of it end, though it goes on."""
        found = self._store.get(container)
        streams, found.streams = found.streams, []
        for stream in streams:
            stream.end()

    def vanish(self, container: str) -> None:
        """Somebody removes it behind our back."""
        self.containers.remove(container)

    def break_events(self) -> None:
        """The event stream breaks and comes back."""
        self._store.add(ContainerEvent(ContainerAction.RESYNC, "", time.time_ns()))

    def names(self) -> list[str]:
        with self._store.changed:
            return [container.name for container in self._store.containers.values()]
