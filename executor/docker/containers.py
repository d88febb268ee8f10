"""Containers: the verbs of the port and Docker's everyday commands for them, on one engine."""
from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from executor.docker import exec as docker_exec
from executor.docker.api import Api
from executor.docker.calls import Call
from executor.docker.networks import Networks
from executor.docker.streams import ChunkDecoder, Decoder, FrameDecoder, RawDecoder, SocketStream
from executor.engine import inspection as docker_inspect
from executor.engine.failures import (
    BadOption,
    ContainerNotRunning,
    DeadlineExceeded,
    NameConflict,
    NoSuchContainer,
    RuntimeFailure,
)
from executor.engine.port import ExecResult, Inspection

UPGRADE = {"Connection": "Upgrade", "Upgrade": "tcp"}  # asks for a raw connection: no chunks, nothing to parse
STOP_SIGNAL_API = (1, 42)  # stop takes a signal from here on
MANY_NETWORKS_API = (1, 44)  # create takes several networks from here on


class Containers:
    """The containers of one engine, by id or name."""

    def __init__(self, engine: Api) -> None:
        self._engine = engine
        self._deadlines = engine.deadlines
        self._networks = Networks(engine)

    def create(self, payload: Mapping[str, Any], name: str | None = None) -> str:
        """As `docker create`; a name that is taken by a container with all the payload's labels is ours: its id."""
        body = dict(payload)
        platform = body.pop("Platform", None)
        networks = dict((body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {})
        later = self._later(body, networks)
        joined: set[str] = set()
        try:
            answer = self._engine.call("create", self._deadlines.create,
                                       lambda api: api.create_container_from_config(body, name, platform))
            container = str(answer["Id"])
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

    def _later(self, body: dict[str, Any], networks: Mapping[str, Any]) -> list[str]:
        """The networks that an older engine does not take at create; `body` keeps the one it is created on."""
        if len(networks) < 2 or self._engine.api_version() >= MANY_NETWORKS_API:
            return []
        first = str((body.get("HostConfig") or {}).get("NetworkMode"))
        first = first if first in networks else next(iter(networks))
        body["NetworkingConfig"] = {"EndpointsConfig": {first: networks[first]}}
        return [network for network in networks if network != first]

    def copy_into(self, container: str, folder: str, archive: bytes | Iterable[bytes]) -> None:
        """As `docker cp - CONTAINER:FOLDER`, started or not: a tar archive, in whole or in pieces, is unpacked there.

        Raises BadOption if there is no such folder or the archive is none.
        """
        self._engine.call("cp", self._deadlines.transfer, lambda api: api.put_archive(container, folder, archive))

    def start(self, container: str) -> None:
        """As `docker start`; one that runs is started."""
        self._engine.call("start", self._deadlines.start, lambda api: api.start(container))

    def inspect(self, container: str) -> Inspection:
        """As `docker inspect --type=container`."""
        return docker_inspect.inspection(
            self._engine.call("inspect", self._deadlines.quick, lambda api: dict(api.inspect_container(container))))

    def kill(self, container: str, signal: str) -> None:
        """As `docker kill --signal`; one that does not run, or is gone, is no error."""
        with contextlib.suppress(ContainerNotRunning, NoSuchContainer):
            self._engine.call("kill", self._deadlines.quick, lambda api: api.kill(container, signal))

    def stop(self, container: str, grace: float, signal: str | None = None) -> None:
        """As `docker stop -t`, in whole seconds. Raises BadOption, with Mesos's text, for a negative grace period."""
        if grace < 0:
            raise BadOption(f"A negative timeout cannot be applied to docker stop: {math.trunc(grace)}")
        if signal is not None and self._engine.api_version() < STOP_SIGNAL_API:
            self._stop_by_signals(container, grace, signal)
            return
        params = {"t": int(grace), "signal": signal}

        def stop(api: Any) -> None:
            api._raise_for_status(api._post(api._url("/containers/{0}/stop", container), params=params))

        with contextlib.suppress(NoSuchContainer):
            self._engine.call("stop", grace + self._deadlines.stop, stop)

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
        self._engine.call("restart", grace + self._deadlines.stop + self._deadlines.start,
                          lambda api: api.restart(container, int(grace)))

    def wait(self, container: str, seconds: float) -> int:
        """As `docker wait`, at most `seconds` long: its exit status. Raises DeadlineExceeded."""
        return self._engine.call("wait", seconds, lambda api: int(api.wait(container)["StatusCode"]))

    def remove(self, container: str, *, force: bool = True, volumes: bool = True) -> None:
        """As `docker rm`; one that is gone, or on its way, is removed."""
        try:
            self._engine.call("remove", self._deadlines.remove,
                              lambda api: api.remove_container(container, v=volumes, force=force))
        except NoSuchContainer:
            pass
        except RuntimeFailure as failure:
            if "is already in progress" not in str(failure):
                raise

    def ls(self, labels: Mapping[str, str] | None = None, *, all: bool = True,  # noqa: A002 - as docker ps
           prefix: str = "") -> list[Inspection]:
        """As `docker ps`, each one inspected; those that go away meanwhile are left out. As Mesos: docker.cpp, `ps`."""
        wanted = {"label": [f"{key}={value}" for key, value in (labels or {}).items()]}
        listed = self._engine.call("ps", self._deadlines.quick, lambda api: api.containers(all=all, filters=wanted))
        found = []
        for entry in listed:
            names = [str(name).removeprefix("/") for name in entry.get("Names") or ()]
            if prefix and not any(name.startswith(prefix) for name in names):
                continue
            try:
                found.append(self.inspect(str(entry["Id"])))
            except NoSuchContainer:
                continue
        return found

    def attach(self, container: str, *, tty: bool | None = None) -> SocketStream:
        """As `docker attach --no-stdin`."""
        params = {"stdout": 1, "stderr": 1, "stream": 1}
        return self._output("attach", container, tty, lambda api: api._post(
            api._url("/containers/{0}/attach", container), params=params, headers=UPGRADE, stream=True))

    def logs(self, container: str, *, follow: bool = True, since: float | None = None, tail: int | None = None,
             tty: bool | None = None) -> SocketStream:
        """As `docker logs`: `since` is seconds since the epoch, `tail` a number of lines."""
        params = {"stdout": 1, "stderr": 1, "follow": int(follow), "tail": "all" if tail is None else tail}
        if since is not None:
            params["since"] = f"{since:.9f}"
        return self._output("logs", container, tty, lambda api: api._get(
            api._url("/containers/{0}/logs", container), params=params, stream=True))

    def _output(self, what: str, container: str, tty: bool | None, request: Any) -> SocketStream:
        if tty is None:
            tty = bool((self.inspect(container).raw.get("Config") or {}).get("Tty"))
        sock, chunked = self._engine.stream(Call(what, self._deadlines.quick), request)
        decoder: Decoder = RawDecoder() if tty else FrameDecoder()
        return SocketStream(sock, ChunkDecoder(decoder) if chunked else decoder)

    def exec(self, container: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None,
             timeout: float | None = None, user: str = "") -> ExecResult:
        """As `docker exec`; see exec.py for what happens when the time is up."""
        return docker_exec.run(self._engine, container, argv, env or {}, timeout, user)
