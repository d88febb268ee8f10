"""Containers: the verbs of the port and Docker's everyday commands for them, on one engine."""
from __future__ import annotations

import contextlib
import io
import json
import logging
import math
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from executor.docker.door.api import Api, Explain
from executor.docker.door.calls import Call
from executor.docker.door.http import UPGRADE, Ask, route
from executor.docker.door.streams import ChunkDecoder, Decoder, FrameDecoder, RawDecoder, SocketStream
from executor.docker.exec import DockerInteraction, exec_command, interact
from executor.docker.networks import DockerNetworks
from executor.engine.errors import failure, refusal
from executor.engine.failures import (
    AlreadySo,
    BadOption,
    ContainerNotRunning,
    DeadlineExceeded,
    NameConflict,
    NoSuchContainer,
    RuntimeFailure,
)
from executor.engine.inspection import has_terminal, inspection
from executor.engine.port import ExecResult, Inspection, Listed
from specs.parameters.options import would_drop

log = logging.getLogger(__name__)

STOP_SIGNAL_API = (1, 42)  # stop takes a signal from here on
MANY_NETWORKS_API = (1, 44)  # create takes several networks from here on
MOST_READ = 4 * 1024 * 1024  # bytes of an archive that are read, for one file in it
MOST_LINKS = 8  # that are followed to a file


class DockerContainers:
    """The containers of one engine, by id or name."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._deadlines = api.deadlines
        self._networks = DockerNetworks(api)

    def create(self, payload: Mapping[str, Any], name: str | None = None,
               warned: Callable[[str], None] | None = None) -> str:
        """As `docker create`; a name that is taken by a container with all the payload's labels is
        ours: its id. `warned` hears the engine's warnings, which are logged as well.
        """
        body = dict(payload)
        platform = body.pop("Platform", None)
        networks = dict((body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {})
        problem = would_drop(payload, self._api.api_version) or self._store_would_drop(payload)
        if problem is not None:
            raise BadOption(problem)
        later = self._later(body, networks)
        joined: set[str] = set()
        try:
            answer = self._api.ask("create", self._deadlines.create, Ask(
                "POST", "/containers/create", {"name": name, "platform": platform}, body), dict, refusal)
            container = str(answer["Id"])
            for warning in answer.get("Warnings") or ():  # what it leaves out, such as a limit that the kernel lacks
                log.warning("Docker says of container %s: %s", name or container, warning)
                if warned is not None:
                    warned(str(warning))
        except NameConflict:
            ours = dict(payload.get("Labels") or {})
            found = self.inspect(name) if name and ours else None
            if found is None or not ours.items() <= found.labels.items():
                raise
            container, joined = found.id, set(found.raw["NetworkSettings"]["Networks"])
        try:
            for network in later:
                if network not in joined:
                    self._networks.connect(network, container, networks[network])
        except RuntimeFailure:
            self.remove(container)
            raise
        return container

    def _store_would_drop(self, payload: Mapping[str, Any]) -> str | None:
        """Why the engine's images' store would do so. Seen with Docker 28 and 29, which take a size and keep none."""
        if (payload.get("HostConfig") or {}).get("StorageOpt") and self._api.has_containerd_store():
            return "--storage-opt has no effect on engines that keep images in containerd's store"
        return None

    def _later(self, body: dict[str, Any], networks: Mapping[str, Any]) -> list[str]:
        """The networks that an older engine does not take at create; `body` keeps the one it is
        created on.
        """
        if len(networks) < 2 or self._api.api_version() >= MANY_NETWORKS_API:
            return []
        first = str((body.get("HostConfig") or {}).get("NetworkMode"))
        first = first if first in networks else next(iter(networks))
        body["NetworkingConfig"] = {"EndpointsConfig": {first: networks[first]}}
        return [network for network in networks if network != first]

    def copy_into(self, container: str, folder: str, archive: bytes | Iterable[bytes]) -> None:
        """As `docker cp - CONTAINER:FOLDER`, started or not: a tar archive, in whole or in pieces,
        is unpacked there.

        Raises BadOption if there is no such folder or the archive is none.
        """
        self._api.call("cp", self._deadlines.transfer,
                       lambda sdk: sdk.put_archive(container, folder, archive))

    def read(self, container: str, path: str) -> bytes | None:
        """As `docker cp CONTAINER:PATH -`, of a file: what is in it, through links; None if there
        is no such file, or it is larger than MOST_READ.
        """
        for _ in range(MOST_LINKS):
            try:
                archive = self._api.call("cp", self._deadlines.transfer,
                                         partial(_archived, container=container, path=path))
            except BadOption:  # there is nothing of that name
                return None
            found = _first(archive)
            if not isinstance(found, str):
                return found
            path = posixpath.join(posixpath.dirname(path), found)  # an absolute one is in the container
        return None

    def start(self, container: str) -> None:
        """As `docker start`; one that runs is started."""
        def explain(status: int, text: str) -> RuntimeFailure:
            # gone, in Docker's words and podman's; any other one that is not there is one that the task names
            ours = text.endswith((f": {container}", f'"{container}" found: no such container',
                                  f" {container} found in database: no such container"))
            return failure(status, text) if ours else refusal(status, text)

        self._api.ask("start", self._deadlines.start, Ask("POST", route("/containers/{}/start", container)),
                      _nothing, explain)

    def inspect(self, container: str) -> Inspection:
        """As `docker inspect --type=container`."""
        return inspection(self._api.ask("inspect", self._deadlines.quick, Ask(
            "GET", route("/containers/{}/json", container)), dict))

    def kill(self, container: str, signal: str) -> None:
        """As `docker kill --signal`; one that does not run, or is gone, is no error."""
        with contextlib.suppress(ContainerNotRunning, NoSuchContainer):
            self._api.ask("kill", self._deadlines.quick, Ask(
                "POST", route("/containers/{}/kill", container), {"signal": signal}), _nothing)

    def stop(self, container: str, grace: float, signal: str | None = None) -> None:
        """As `docker stop -t`, in whole seconds. Raises BadOption, with Mesos's text, for a
        negative grace period.
        """
        if grace < 0:
            raise BadOption(
                f"A negative timeout cannot be applied to docker stop: {math.trunc(grace)}")
        if signal is not None and self._api.api_version() < STOP_SIGNAL_API:
            self._stop_by_signals(container, grace, signal)
            return
        with contextlib.suppress(NoSuchContainer):
            self._api.ask("stop", grace + self._deadlines.stop, Ask(
                "POST", route("/containers/{}/stop", container), {"t": int(grace), "signal": signal}),
                _nothing)

    def _stop_by_signals(self, container: str, grace: float, signal: str) -> None:
        self.kill(container, signal)
        try:
            self.wait(container, grace)
        except DeadlineExceeded:
            self.kill(container, "SIGKILL")
            self.wait(container, self._deadlines.stop)
        except NoSuchContainer:
            pass

    def restart(self, container: str, grace: float = 10) -> None:
        """As `docker restart -t`."""
        self._api.call("restart", grace + self._deadlines.stop + self._deadlines.start,
                          lambda sdk: sdk.restart(container, int(grace)))

    def wait(self, container: str, seconds: float) -> int:
        """As `docker wait`, at most `seconds` long: its exit status. Raises DeadlineExceeded."""
        return self._api.ask("wait", seconds, Ask("POST", route("/containers/{}/wait", container)),
                             lambda said: int(said["StatusCode"]))

    def remove(self, container: str, *, force: bool = True, volumes: bool = True) -> None:
        """As `docker rm`; one that is gone, or on its way, is removed."""
        try:
            self._api.ask("remove", self._deadlines.remove, Ask(
                "DELETE", route("/containers/{}", container), {"v": volumes, "force": force}), _nothing)
        except (NoSuchContainer, AlreadySo):
            return

    def ls(self, labels: Mapping[str, str] | None = None, *, all: bool = True,  # noqa: A002 - as docker ps
           prefix: str = "") -> list[Inspection]:
        """As `docker ps`, each one inspected; those that go away meanwhile are left out. As Mesos:
        docker.cpp, `ps`.

        So are those that the engine itself cannot look at, which are logged: one damaged container
        hides no other.
        """
        found = []
        for entry in self._listed(labels or {}, all=all):
            names = [str(name).removeprefix("/") for name in entry.get("Names") or ()]
            if prefix and not any(name.startswith(prefix) for name in names):
                continue
            try:
                found.append(self.inspect(str(entry["Id"])))
            except NoSuchContainer:
                continue
            except RuntimeFailure as refused:
                if not refused.answered:
                    raise
                log.warning("Leaving out container %s: %s", entry["Id"], refused)
        return found

    def listed(self, labels: Mapping[str, str]) -> list[Listed]:
        """As `docker ps -a`."""
        return [Listed(str(each["Id"]), _name(each.get("Names") or ()), each.get("Labels") or {})
                for each in self._listed(labels, all=True)]

    def _listed(self, labels: Mapping[str, str], *, all: bool) -> list[Any]:  # noqa: A002 - as docker ps
        wanted = {"label": [f"{key}={value}" for key, value in labels.items()]}
        return self._api.ask("ps", self._deadlines.quick, Ask(
            "GET", "/containers/json", {"all": all, "filters": json.dumps(wanted)}), list)

    def attach(self, container: str, *, tty: bool | None = None) -> SocketStream:
        """As `docker attach --no-stdin`."""
        params = {"stdout": 1, "stderr": 1, "stream": 1}
        return self._output(container, tty, "attach", Ask(
            "POST", route("/containers/{}/attach", container), params, headers=UPGRADE), _of_attach)

    def logs(self, container: str, *, follow: bool = True, since: int = 0, until: int = 0,
             tail: int | None = None, tty: bool | None = None) -> SocketStream:
        """As `docker logs`: `since` and `until` are ns since the epoch, `tail` a number of lines."""
        params: dict[str, Any] = {"stdout": 1, "stderr": 1, "follow": int(follow),
                                  "tail": "all" if tail is None else tail}
        for name, moment in (("since", since), ("until", until)):
            if moment:
                params[name] = f"{moment // 1_000_000_000}.{moment % 1_000_000_000:09d}"
        return self._output(container, tty, "logs", Ask(
            "GET", route("/containers/{}/logs", container), params))

    def _output(self, container: str, tty: bool | None, what: str, ask: Ask,
                explain: Explain = failure) -> SocketStream:
        if tty is None:
            tty = has_terminal(self.inspect(container).raw)
        sock, chunked = self._api.stream(Call(what, self._deadlines.quick), ask, explain)
        decoder: Decoder = RawDecoder() if tty else FrameDecoder()
        return SocketStream(sock, ChunkDecoder(decoder) if chunked else decoder)

    def exec(self, container: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None,
             timeout: float | None = None, user: str = "") -> ExecResult:
        """As `docker exec`; see exec.py for what happens when the time is up."""
        return exec_command(self._api, container, argv, env or {}, timeout, user)

    def interact(self, container: str, argv: Sequence[str], *, tty: bool = False) -> DockerInteraction:
        """As `docker exec -i`, or `-it`."""
        return interact(self._api, container, argv, tty=tty)


def _name(names: Iterable[str]) -> str:
    """Its own: others are those by which linked containers know it."""
    return next((each[1:] for each in names if "/" not in each[1:]), "")


def _nothing(_: Any) -> None:
    """What is answered says nothing more."""


def _of_attach(status: int, text: str) -> RuntimeFailure:
    """Podman prepares a container that was not started yet for its attach: what it says then, Docker
    says of the start.
    """
    return (refusal if text.startswith("preparing container ") else failure)(status, text)


def _archived(sdk: Any, container: str, path: str) -> bytes:
    """The beginning of an archive of a file, or of whatever is there."""
    answer = sdk._get(sdk._url("/containers/{0}/archive", container), params={"path": path},
                      stream=True)
    sdk._raise_for_status(answer)
    found = io.BytesIO()
    with contextlib.closing(answer):
        for piece in answer.iter_content(64 * 1024):
            found.write(piece)
            if found.tell() > MOST_READ:
                break
    return found.getvalue()


def _first(archive: bytes) -> bytes | str | None:
    """The content of an archive's first file, or where its first link leads; None if it is neither.
    """
    import tarfile

    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            entry = tar.next()
            if entry is None or not (entry.isreg() or entry.issym()):
                return None
            file = tar.extractfile(entry) if entry.isreg() else None
            content = file.read() if file is not None else entry.linkname
    except (tarfile.TarError, EOFError):
        return None
    return None if isinstance(content, bytes) and len(content) != entry.size else content
