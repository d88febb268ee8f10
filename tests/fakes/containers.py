"""The containers of the fake engine: the verbs of the port."""
from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from executor.engine.failures import (
    CommandNotFound,
    ContainerNotRunning,
    ImageNotFound,
    NameConflict,
    NoSuchContainer,
    NoSuchNetwork,
    PortInUse,
    RuntimeFailure,
)
from executor.engine.inspection import inspection
from executor.engine.port import ExecResult, Inspection, Listed, OutputStream
from tests.fakes.container import FakeContainer, FakeStream
from tests.fakes.interaction import FakeInteraction
from tests.fakes.shell import Life, Sleep, life
from tests.fakes.store import FakeStore

FRAME = b"OCI runtime create failed: runc create failed: unable to start container process: exec: "


class FakeContainers:
    """Implements Containers."""

    def __init__(self, store: FakeStore, images: dict[str, str], networks: set[str]) -> None:
        """`images` are those that are here, each with its platform."""
        self._store = store
        self._images = images
        self._networks = networks
        self.warnings: list[str] = []  # what it says of each container that is made
        self.files: dict[str, bytes] = {}  # of every container
        self.users: dict[str, str] = {}  # whom an image says, by its name
        self._numbers = itertools.count(2)

    def create(self, payload: Mapping[str, Any], name: str,
               warned: Callable[[str], None] | None = None) -> str:
        self._store.called("create", name)
        for warning in self.warnings:
            if warned is not None:
                warned(warning)
        image, labels = str(payload.get("Image", "")), dict(payload.get("Labels") or {})
        if tagged(image) not in self._images:
            raise ImageNotFound(f"No such image: {tagged(image)}")
        wanted, actual = payload.get("Platform"), self._images[tagged(image)]
        if wanted and wanted != actual:
            raise ImageNotFound(f"image with reference {image} was found but does not match the specified platform: "
                                f"wanted {wanted}, actual: {actual}")
        with self._store.changed:
            taken = next((other for other in self._store.containers.values() if other.name == name), None)
            if taken is not None:
                if labels and labels.items() <= taken.labels.items():
                    return taken.id
                raise NameConflict(f'Conflict. The container name "/{name}" is already in use by container '
                                   f'"{taken.id}". You have to remove (or rename) that container to be able to reuse '
                                   'that name.')
            payload = {**payload, "User": payload.get("User") or self.users.get(image, "")}
            made = FakeContainer(name, payload, _life(payload), 10_000 + next(self._numbers), self._store.told)
            self._store.containers[made.id] = made
            return made.id

    def read(self, container: str, path: str) -> bytes | None:
        self._store.called("read", container)
        return self.files.get(path) if self._store.get(container) else None

    def start(self, container: str) -> None:
        self._store.called("start", container)
        found = self._store.get(container)
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
        self._store.called("inspect", container)
        return inspection(self._store.get(container).raw())

    def kill(self, container: str, signal: str) -> None:
        self._store.called("kill", container)
        with contextlib.suppress(NoSuchContainer):
            self._store.get(container).signal(signal)

    def remove(self, container: str, *, force: bool = True, volumes: bool = True) -> None:
        self._store.called("remove", container)
        try:
            found = self._store.get(container)
        except NoSuchContainer:
            return
        if found.running and not force:
            raise RuntimeFailure(f"You cannot remove a running container {found.id}. Stop the container before "
                                 "attempting removal or force remove")
        found.removing = True
        found.signal("SIGKILL")
        found.wait(None)
        with self._store.changed:
            gone = self._store.containers.pop(found.id, None)
        if gone is not None:
            self._store.told(found, "destroy", None)

    def ls(self, labels: Mapping[str, str]) -> Sequence[Inspection]:
        self._store.called("ls")
        with self._store.changed:
            return [inspection(container.raw()) for container in self._store.containers.values()
                    if labels.items() <= container.labels.items()]

    def listed(self, labels: Mapping[str, str]) -> Sequence[Listed]:
        return [Listed(each.id, each.name, each.labels) for each in self.ls(labels)]

    def attach(self, container: str, *, tty: bool | None = None) -> OutputStream:
        self._store.called("attach", container)
        found = self._store.get(container)
        stream = FakeStream()
        found.follow(stream, since=None)
        return stream

    def logs(self, container: str, *, follow: bool = True, since: int = 0, until: int = 0,
             tty: bool | None = None) -> OutputStream:
        self._store.called("logs", container)
        found = self._store.get(container)
        stream = FakeStream()
        found.follow(stream, since=since, until=until, on=follow)
        return stream

    def interact(self, container: str, argv: Sequence[str], *, tty: bool = False) -> FakeInteraction:
        self._store.called("interact", f"{container} {tty}")
        if not self._store.get(container).running:
            raise ContainerNotRunning(f"Container {container} is not running")
        return FakeInteraction(argv)

    def exec(self, container: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None,
             timeout: float | None = None) -> ExecResult:
        self._store.called("exec", container)
        found = self._store.get(container)
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

    def _check_ports(self, starting: FakeContainer) -> None:
        with self._store.changed:
            taken = {port for other in self._store.containers.values() if other.running for port in _ports(other)}
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
            if name not in self._networks:
                raise NoSuchNetwork(f"network {name} not found")
            address = "" if name in {"host", "none"} else f"172.17.0.{next(self._numbers)}"
            container.networks[name] = {"IPAddress": address, "GlobalIPv6Address": ""}


def tagged(image: str) -> str:
    """The name with its tag."""
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
