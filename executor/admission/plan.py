"""From a TaskInfo to what the engine is asked for: one container, its name, its payload, and the
terms of its life.

A plan is needed until the container is started and dropped then; what stays of a task is small.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from executor.admission.volumes import Inside, pinned, volumes_inside
from executor.engine.failures import BadOption
from executor.fetching.job import Item
from executor.settings.labels import CNI, TASK
from executor.settings.settings import Settings
from specs.container.contradictions import MOUNTED_AGAIN
from specs.container.from_task import container_of
from specs.container.networks import cni_networks
from specs.container.payload import create_payload
from specs.container.place import Place
from specs.container.run_options import RunOptions
from specs.errors import SpecError
from specs.messages.task import NetworkInfo, TaskInfo
from specs.network.dns import container_dns
from specs.parameters.values import ulimit
from specs.words.uri import target_name


@dataclass(frozen=True, slots=True)
class Plan:
    """One container to be."""

    name: str
    image: str
    payload: Mapping[str, Any] = field(repr=False)
    network_infos: tuple[NetworkInfo, ...] = ()  # as the task asked for them
    secrets: tuple[bytes, ...] = field(default=(), repr=False)  # files 0, 1, … of the secret directory
    theirs: tuple[str, ...] = ()  # paths that shall belong to whom the container runs as
    sandbox: str = ""  # the task's, on the host
    mapped: str = ""  # the same in the container
    volumes: tuple[Inside, ...] = ()  # what it mounts out of sandboxes
    files: tuple[Item, ...] = ()  # to be fetched into it
    cni: tuple[str, ...] = ()  # networks that it is attached to when it runs

    @property
    def user(self) -> str:
        """Whom it runs as, as the task says; empty: whom the image says."""
        return str(self.payload.get("User") or "")

    @property
    def platform(self) -> str | None:
        """Of the image; None: this machine's."""
        return self.payload.get("Platform") or None

    @property
    def memory_limit(self) -> int | None:
        """Bytes; None: none of its own."""
        return self._host.get("Memory") or None

    @property
    def restarts(self) -> bool:
        """Whether the engine may start it again when it has ended."""
        return restarts(self.payload)

    @property
    def tty(self) -> bool:
        """Whether its output comes unframed."""
        return bool(self.payload.get("Tty"))

    @property
    def _host(self) -> Mapping[str, Any]:
        return self.payload.get("HostConfig") or {}


def restarts(payload: Mapping[str, Any]) -> bool:
    """Whether the engine may start such a container again when it has ended."""
    host = payload.get("HostConfig") or {}
    return ((host.get("RestartPolicy") or {}).get("Name") or "no") != "no"


def plan(task: TaskInfo, settings: Settings, name: str, sandbox: str, *, total_memory: int,
         secret_directory: str, known_cni: frozenset[str] = frozenset()) -> Plan:
    """The container that the task describes.

    Raises SpecError, with Mesos's text, for what Mesos's executor itself refuses, and BadOption for
    parameters that `docker run` would refuse. `sandbox`: the task's, on the host. `total_memory`:
    the node's, bytes. `secret_directory`: where the plan's secrets have to stand as files before
    the container is made. `known_cni`: the networks that the node attaches containers to.
    """
    dns = settings.default_container_dns
    options = container_of(task, Place(
        name=name, sandbox=sandbox, mapped=settings.mapped_directory, total_memory=total_memory,
        secrets=secret_directory, executor_sandbox=settings.directory,
        enable_cfs=settings.cgroups_enable_cfs,
        task_environment=settings.task_environment, cni_networks=known_cni,
        default_dns=None if dns is None else container_dns(dns), only_mesos=settings.drop_in))
    cni = cni_networks(task.container, known_cni) if task.container is not None else ()
    labels = {**settings.labels, TASK: task.task_id, **({CNI: ",".join(cni)} if cni else {})}
    payload = _with_ulimits(_payload(options, labels, paths=not settings.drop_in), settings.ulimits)
    if cni and restarts(payload):
        raise SpecError("container.docker.parameters",
                        f"A restart policy would start it again without the CNI network '{cni[-1]}'")
    if settings.drop_in:
        inside = volumes_inside(payload, sandbox, sandbox, ())
    else:
        inside = volumes_inside(payload, sandbox, settings.directory, _persistent(task))
        if restarts(payload) and any(each.folder != sandbox for each in inside):
            raise SpecError("container.volumes", MOUNTED_AGAIN)
        payload = _ours(payload, settings, sandbox)
    infos = task.container.network_infos if task.container is not None else ()
    return Plan(name, options.image, payload, infos,
                tuple(each.data for each in options.secret_files),
                sandbox=sandbox, mapped=settings.mapped_directory, volumes=inside,
                files=() if settings.drop_in else _files(task), cni=cni)


def _files(task: TaskInfo) -> tuple[Item, ...]:
    """What an agent fetches for its own executors, and leaves to others."""
    return tuple(
        Item(uri.value, target_name(uri.value, uri.output_file), executable=bool(uri.executable),
             extract=uri.extract is not False, cache=bool(uri.cache))
        for uri in (task.command.uris if task.command is not None else ()))


def _payload(options: RunOptions, labels: Mapping[str, str], *, paths: bool) -> dict[str, Any]:
    """`paths`: an error names the field, which `docker run` cannot."""
    try:
        payload = create_payload(options, labels)
    except SpecError as error:
        raise BadOption(str(error) if paths else error.problem) from error
    # `docker run` would bring its own stdin, which is /dev/null. Here nobody ever attaches one, and
    # what is open and not attached never ends; not open it is /dev/null, too.
    return {key: value for key, value in payload.items()
            if key not in ("OpenStdin", "StdinOnce", "AttachStdin")}


def _with_ulimits(payload: dict[str, Any], defaults: Iterable[str]) -> dict[str, Any]:
    """With the node's limits where the task says none: an engine hands on its own, and since
    containerd 2.1.5 that is 1024 open files."""
    host = payload.get("HostConfig") or {}
    said = list(host.get("Ulimits") or ())
    known = {each["Name"] for each in said}
    more = [each for each in map(ulimit, defaults) if each["Name"] not in known]
    return {**payload, "HostConfig": {**host, "Ulimits": [*said, *more]}} if more else payload


def _persistent(task: TaskInfo) -> tuple[str, ...]:
    """Where the agent puts the task's persistent volumes, in the executor's sandbox."""
    return tuple(resource.disk.volume.container_path for resource in task.resources
                 if resource.disk is not None and resource.disk.volume is not None)


def _ours(payload: Mapping[str, Any], settings: Settings, sandbox: str) -> dict[str, Any]:
    """Where no agent looks after the container: we remove it, its log in the engine must not fill
    the disk, and what it mounts is the same if the engine starts it again.
    """
    host = {**(payload.get("HostConfig") or {}), "AutoRemove": False}
    logs = host.get("LogConfig") or {}
    if not logs.get("Type"):
        host["LogConfig"] = {"Type": "json-file",
                             "Config": {**settings.log_options, **(logs.get("Config") or {})}}
    ours = {**payload, "HostConfig": host}
    return pinned(ours, sandbox, settings.mapped_directory) if restarts(ours) else ours
