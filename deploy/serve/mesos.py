"""The embedded Mesos of a service: in a folder beside the state, and there again after a restart.

Its agents keep their ids and checkpoints there, so the executors and containers of apps outlive the
service; it is never swept, and for one service at a time. The ports of master and agents are the
same each time, for executors that come back, and so is the credential (0600), for the operators who
look into it.
"""
from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from deploy.cli.credentials import lasting
from deploy.cli.docker_socket import ping
from deploy.cli.problems import FAILED, REFUSED, Problem
from deploy.cli.signals import cleaned_up
from specs.errors import SpecError

if TYPE_CHECKING:
    from deploy.local import LocalMesos

REREGISTRATION = 5.0  # seconds that executors have to come back; an agent waits for so long when it starts again
OUTLIVED = 7 * 24 * 3600.0  # seconds for which executors wait for their agent


class Wanted(Protocol):
    """What of the options is for it."""

    @property
    def docker_socket(self) -> str: ...

    @property
    def principal(self) -> str | None: ...

    @property
    def agents(self) -> int: ...

    @property
    def resources(self) -> str | None: ...

    @property
    def attributes(self) -> str: ...


@contextlib.contextmanager
def embedded(state: Path, options: Wanted) -> Iterator[LocalMesos]:
    """One that runs, and asks for its credential; afterwards its executors run on. Raises Problem.
    """
    from deploy.local import LocalMesos
    from deploy.local.work_dir import WorkDirError

    ping(options.docker_socket)
    folder = state.with_name(state.name + ".mesos")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = _ports(folder)
    credential = lasting(folder / "credential.json")
    if options.principal is not None:
        credential = replace(credential, principal=options.principal)
    try:
        mesos = LocalMesos(
            options.agents, work_dir=folder, docker_socket=options.docker_socket,
            port=known.get("master", 0),
            agent_ports=known.get("agents", []), ports=((1, 65535),), recovery_timeout=OUTLIVED,
            executor_reregistration_timeout=REREGISTRATION, agent_reregister_timeout=OUTLIVED,
            resources=options.resources, attributes=options.attributes, credential=credential)
    except SpecError as error:
        raise Problem(f"--resources or --attributes: {error}", REFUSED) from error
    except WorkDirError as error:
        raise Problem(str(error), REFUSED) from error
    with cleaned_up(mesos.leave):
        try:
            mesos.start()
        except OSError as error:
            raise Problem(f"the embedded Mesos cannot listen: {error.strerror or error}",
                          FAILED) from error
        master = int(mesos.address.rpartition(":")[2])
        agents = [int(each.rpartition(":")[2]) for each in mesos.agent_addresses]
        (folder / "ports.json").write_text(json.dumps({"master": master, "agents": agents}),
                                           encoding="utf-8")
        yield mesos


def _ports(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "ports.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
