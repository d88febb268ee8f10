"""What bears our labels on this machine's engine, and its removal. Everything here may be done by
two at a time: what is gone is removed.
"""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from deploy.node.verdicts import Kind, Labelled, executor_of
from executor.docker.mesos_docker import Docker
from executor.engine.failures import NoSuchContainer, RuntimeFailure
from executor.engine.port import Inspection
from executor.settings.labels import FRAMEWORK, TASK

STOP: Final = 10.0  # seconds between SIGTERM and SIGKILL; as `docker stop`
QUICK: Final = 30.0  # seconds for an answer


def labelled(docker: Docker) -> tuple[list[Labelled], dict[str, int]]:
    """All of them, and the first process of each container that runs, by its id. Raises
    RuntimeFailure.
    """
    containers = docker.containers.ls({})
    ours = [each for each in containers if FRAMEWORK in each.labels]
    things = [_container(each) for each in ours]
    for row in docker.networks.ls({"label": [FRAMEWORK]}):
        network = docker.networks.inspect(row.id)
        things.append(Labelled(Kind.NETWORK, network.id, network.name, executor_of(network.labels),
                               seconds(network.raw.get("Created")), users=frozenset(network.containers)))
    for volume in _volumes(docker):
        name, users = str(volume["Name"]), frozenset[str]()
        for each in containers:
            if any(mount.get("Name") == name for mount in each.raw.get("Mounts") or ()):
                users |= {each.id}
        things.append(Labelled(Kind.VOLUME, name, name, executor_of(volume["Labels"]),
                               seconds(volume.get("CreatedAt")), users=users))
    return things, {each.id: each.pid for each in ours if each.running and each.pid is not None}


def remove(docker: Docker, thing: Labelled) -> None:
    """Raises RuntimeFailure."""
    match thing.kind:
        case Kind.CONTAINER:
            if thing.running:
                docker.containers.stop(thing.id, STOP)
            docker.containers.remove(thing.id)
        case Kind.NETWORK:
            docker.networks.rm(thing.id)
        case Kind.VOLUME:
            _remove_volume(docker, thing.name)


def _remove_volume(docker: Docker, name: str) -> None:
    try:
        docker.api.call("volume rm", QUICK, lambda sdk: sdk.remove_volume(name))
    except NoSuchContainer:  # a 404 whose text names no kind
        return
    except RuntimeFailure as failure:
        if "no such volume" not in str(failure).lower():
            raise


def _volumes(docker: Docker) -> list[dict[str, Any]]:
    answer = docker.api.call("volume ls", QUICK,
                             lambda sdk: dict(sdk.volumes(filters={"label": [FRAMEWORK]})))
    return [dict(each) for each in answer.get("Volumes") or ()]


def _container(found: Inspection) -> Labelled:
    times: Mapping[str, Any] = {"created": found.raw.get("Created"), "started": found.started_at,
                                "ended": found.finished_at}
    return Labelled(Kind.CONTAINER, found.id, found.name, executor_of(found.labels),
                    max(map(seconds, times.values())), found.labels.get(TASK, ""), found.running)


def seconds(text: object) -> float:
    """The engine's time, since the epoch; 0 where it says none."""
    try:
        return max(0.0, datetime.fromisoformat(str(text)).timestamp())
    except (ValueError, OverflowError):
        return 0.0
