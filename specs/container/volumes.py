"""What is mounted into a container. As Mesos: docker.cpp; beyond Mesos: all sources but images and
CSI.

Mesos puts everything into `-v SOURCE:TARGET:MODE` and one `--volume-driver` for all. That stays the
form wherever it can say what the task asks for. It cannot where volumes have different drivers or
options of a driver, and where a path has a colon: those become mounts.

* HOST_PATH: a path of the host, absolute. SANDBOX_PATH: a path in the sandbox (SELF), or in the executor's (PARENT),
  which must not lead out of it.
* SECRET: a file with the secret, which the executor writes before the container is made.
* A relative host_path that leads out of the sandbox is taken as the path that it is, as a mount: then the engine does
  not make it if it is not there, as root and wherever that may be.
* Persistent volumes (disk resources): the agent mounts them in the sandbox of the executor, from there they go on, to
  the same path in the task's, or where a volume of type PARENT says.
"""
from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from specs.container.place import Place, SecretResolver
from specs.container.run_options import Mount, SecretFile
from specs.errors import SpecError
from specs.messages.containerinfo import ContainerInfo, DockerVolume, HostPath, SandboxPath, Volume, VolumeSource
from specs.messages.resource import Resource

_PROPAGATION: Final = {"HOST_TO_CONTAINER": "rslave", "BIDIRECTIONAL": "rshared"}


@dataclass(slots=True)
class Volumes:
    """What is mounted; `binds` are in `-v` form."""

    binds: list[str] = field(default_factory=list)
    driver: str | None = None
    mounts: list[Mount] = field(default_factory=list)
    secrets: list[SecretFile] = field(default_factory=list)


def volumes(container: ContainerInfo, resources: Iterable[Resource], place: Place,
            resolve_secret: SecretResolver | None) -> Volumes:
    """All volumes, then the persistent ones of `resources`, then the sandbox itself.

    Without `resolve_secret`: only what Mesos does, with its errors.

    Raises SpecError with Mesos's texts, or, for what Mesos leaves out, with texts of our own.
    """
    result = Volumes()
    reader = _Reader(container, place, resolve_secret, result)
    for index, volume in enumerate(container.volumes):
        try:
            reader.read(volume)
        except SpecError as error:
            raise error.under(f"container.volumes[{index}]") from None
    if resolve_secret is not None:
        reader.persistent(resources)
    reader.bind(place.sandbox, place.mapped, None)
    reader.global_driver()
    return result


class _Reader:
    def __init__(self, container: ContainerInfo, place: Place,
                 resolve_secret: SecretResolver | None, result: Volumes) -> None:
        self._global = container.docker.volume_driver if container.docker is not None else None
        self._place, self._resolve, self._result = place, resolve_secret, result
        self._apart = resolve_secret is not None and self._drivers_differ(container)
        self._from_executor: set[str] = set()  # paths in the executor's sandbox that the task mounts itself

    def _drivers_differ(self, container: ContainerInfo) -> bool:
        named = [v.source.docker_volume for v in container.volumes
                 if v.source is not None and v.source.type == "DOCKER_VOLUME"
                 and v.source.docker_volume is not None]
        drivers = {volume.driver for volume in named if volume.driver is not None}
        if self._global is not None:
            drivers.add(self._global)
        return len(drivers) > 1

    def read(self, volume: Volume) -> None:
        target = _joined(self._place.mapped, volume.container_path)
        if volume.host_path is not None:
            self._host_path(volume, volume.host_path, target)
        elif volume.source is not None:
            self._source(volume, volume.source, target)
        else:
            raise SpecError("", "Host path or volume source is required")

    def _host_path(self, volume: Volume, host_path: str, target: str) -> None:
        relative = not host_path.startswith("/")
        if relative and not volume.container_path.startswith("/"):
            both = f"host_path '{host_path}' and container_path '{volume.container_path}'"
            raise SpecError("", f"Both {both} of a volume are relative")
        if not relative or self._global is not None:
            self.bind(host_path, target, _mode(volume))
        elif self._resolve is None or not _leads_out(host_path):
            self.bind(_joined(self._place.sandbox, host_path), target, _mode(volume))
        else:
            source = posixpath.normpath(_joined(self._place.sandbox, host_path))
            self._result.mounts.append(Mount("bind", target, source,
                                             read_only=_mode(volume) == "ro"))

    def persistent(self, resources: Iterable[Resource]) -> None:
        for index, resource in enumerate(resources):
            disk = resource.disk
            if disk is None or disk.persistence is None or disk.volume is None:
                continue
            path = disk.volume.container_path
            if path.startswith("/") or _leads_out(path):
                raise SpecError(f"resources[{index}].disk.volume.container_path",
                                f"'{path}' is no path in the sandbox, where an agent mounts a persistent volume")
            if posixpath.normpath(path) not in self._from_executor:
                self._of_executor(path, _joined(self._place.mapped, path), _mode(disk.volume))

    def _of_executor(self, path: str, target: str, mode: str) -> None:
        """As a mount, which fails where nothing is: an engine would make a folder, and data would be lost in it."""
        self._from_executor.add(posixpath.normpath(path))
        self._result.mounts.append(Mount("bind", target, _joined(self._place.executor_sandbox, path),
                                         read_only=mode == "ro"))

    def bind(self, source: str, target: str, mode: str | None,
             propagation: str | None = None) -> None:
        """`-v`, or a mount where a colon makes that ambiguous."""
        if ":" in source + target and self._resolve is not None:
            self._result.mounts.append(Mount("bind" if source.startswith("/") else "volume",
                                             target, source,
                                             read_only=mode == "ro", propagation=propagation))
            return
        suffix = ",".join(word for word in (mode, propagation) if word is not None)
        self._result.binds.append(f"{source}:{target}" + (f":{suffix}" if suffix else ""))

    def _source(self, volume: Volume, source: VolumeSource, target: str) -> None:
        kind = source.type
        if kind == "DOCKER_VOLUME":
            self._docker_volume(volume, source.docker_volume or DockerVolume(name=""), target)
        elif self._resolve is None:
            return  # Mesos's executor leaves it out in silence
        elif kind == "HOST_PATH" and source.host_path is not None:
            self._host_path_source(volume, source.host_path, target)
        elif kind == "SANDBOX_PATH" and source.sandbox_path is not None:
            path = _sandbox_path(source.sandbox_path)
            if source.sandbox_path.type == "PARENT":
                self._of_executor(path, target, _mode(volume))
            else:
                self.bind(_joined(self._place.sandbox, path), target, _mode(volume))
        elif kind == "SECRET" and source.secret is not None:
            data = source.secret.value.data if source.secret.value is not None else self._resolve(
                source.secret)
            file = f"{self._place.secrets}/{len(self._result.secrets)}"
            self._result.secrets.append(SecretFile(file, target, data,
                                                   read_only=_mode(volume) == "ro"))
        else:
            problem = f"A volume source of type {kind or 'UNKNOWN'} cannot be given to a Docker container"
            raise SpecError("source.type", problem)

    def _host_path_source(self, volume: Volume, source: HostPath, target: str) -> None:
        if not source.path.startswith("/"):
            raise SpecError("source.host_path.path",
                            f"Path '{source.path}' in HOST_PATH volume is not absolute")
        wanted = source.mount_propagation.mode if source.mount_propagation is not None else None
        self.bind(source.path, target, _mode(volume), _PROPAGATION.get(wanted or ""))

    def _docker_volume(self, volume: Volume, source: DockerVolume, target: str) -> None:
        mode, options = _mode(volume), {}
        if self._resolve is None:
            self._one_driver(source.driver)
        else:
            options = {option.key: option.value for option in source.driver_options}
        if options or (self._apart and source.driver is not None):
            self._result.mounts.append(Mount("volume", target, source.name, read_only=mode == "ro",
                                             driver=source.driver or self._global,
                                             driver_options=options))
            return
        if not self._apart and source.driver is not None:
            self._result.driver = source.driver
        self.bind(source.name, target, mode)

    def _one_driver(self, driver: str | None) -> None:
        if driver is not None and self._result.driver not in {None, driver}:
            raise SpecError("source.docker_volume.driver", "Only one volume driver is supported")

    def global_driver(self) -> None:
        """DockerInfo.volume_driver is for all volumes that name none."""
        if self._global is None:
            return
        if self._result.driver not in {None, self._global}:
            raise SpecError("container.docker.volume_driver",
                            "Only one volume driver per task is supported")
        self._result.driver = self._global


def _joined(folder: str, path: str) -> str:
    """As Mesos's path::join: one slash between the two."""
    return path if path.startswith("/") else f"{folder.removesuffix('/')}/{path}"


def _leads_out(path: str) -> bool:
    """Of a folder that the relative path is seen from."""
    return posixpath.normpath(path).split("/")[0] == ".."


def _mode(volume: Volume) -> str:
    if volume.mode not in {"RW", "RO"}:
        raise SpecError("mode", "Unsupported volume mode")
    return volume.mode.lower()


def _sandbox_path(source: SandboxPath) -> str:
    path = "source.sandbox_path"
    if source.path.startswith("/"):
        raise SpecError(f"{path}.path", f"Path '{source.path}' in SANDBOX_PATH volume is absolute")
    if _leads_out(source.path):
        raise SpecError(f"{path}.path",
                        f"Path '{source.path}' in SANDBOX_PATH volume leads out of the sandbox")
    return source.path
