"""What agents, their work directories and the process table say of executors."""
from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.cli.credentials import header
from deploy.node.verdicts import ExecutorId
from scheduler.master.transport import Transport, is_here
from specs.network.address import HostPort
from specs.network.credential import Credential

PATIENCE: Final = 10.0  # seconds for an agent that does not answer
LARGEST: Final = 256 << 20  # bytes of an answer
PROC: Final = Path("/proc")
_LISTENS: Final = "0A"  # a state in /proc/net/tcp; include/net/tcp_states.h
_VARIABLES: Final = (b"MESOS_FRAMEWORK_ID", b"MESOS_EXECUTOR_ID", b"MESOS_SLAVE_ID")  # as Mesos: slave.cpp


@dataclass(frozen=True, slots=True)
class AskedAgent:
    """What an agent has answered. `problem`: why it has not."""

    address: str
    id: str = ""
    executors: frozenset[tuple[str, str]] = frozenset()  # framework, executor
    problem: str = ""


def ask(address: HostPort, transport: Transport, credential: Credential | None = None) -> AskedAgent:
    """What the agent has, asked at /state. One that recovers answers 503, as Mesos: http.cpp,
    `state`: then it does not know yet. What another user of this machine has put at its port says
    nothing.
    """
    strangers = others(address.port, PROC) if is_here(address.host) else []
    if strangers:
        return AskedAgent(str(address), problem=f"user {strangers[0]} listens there, who may be nobody's agent; "
                                                "if he is, run it as he")
    try:
        headers = header(credential)
        transport.check(address, headers)
        connection = transport.http(address, PATIENCE)
        try:
            connection.request("GET", "/state", headers=headers)
            response = connection.getresponse()
            body = response.read(LARGEST)
        finally:
            connection.close()
        if response.status != http.client.OK:
            return AskedAgent(str(address), problem=f"it answered {response.status} {response.reason}")
        return read_state(str(address), json.loads(body))
    except OSError as error:
        return AskedAgent(str(address), problem=error.strerror or str(error))
    except (http.client.HTTPException, ValueError) as error:
        return AskedAgent(str(address), problem=f"its answer is none of an agent: {error}")


def others(port: int, proc: Path = PROC) -> list[int]:
    """The ids of users that listen at a port of this machine and are neither root nor us."""
    found = set[int]()
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for parts in (line.split() for line in lines):
            if parts[3] == _LISTENS and int(parts[1].rpartition(":")[2], 16) == port:
                found.add(int(parts[7]))
    return sorted(found - {0, os.geteuid()})


def read_state(address: str, state: object) -> AskedAgent:
    """What an agent's /state says. Raises ValueError for what is none."""
    if not isinstance(state, dict) or "slaves" in state or not isinstance(state.get("id"), str):
        raise ValueError("no id of an agent")
    try:
        found = frozenset((str(framework["id"]), str(executor["id"]))
                          for framework in state["frameworks"] for executor in framework["executors"])
    except (LookupError, TypeError) as error:
        raise ValueError(f"no executors: {error}") from error
    return AskedAgent(address, state["id"], found)


def followed(work_dir: Path) -> dict[str, str]:
    """By the id of each agent that has used the work directory before: the one that uses it now,
    with an id of its own, and so will no other again. As Mesos: slave/paths.cpp.
    """
    slaves = work_dir / "meta" / "slaves"
    try:
        latest = (slaves / "latest").readlink().name
        return {path.name: latest for path in slaves.iterdir()
                if path.name not in ("latest", latest) and not path.name.startswith(".")}
    except OSError:
        return {}


def ended(work_dir: Path) -> frozenset[ExecutorId]:
    """Executors all whose runs are marked as ended, of frameworks that checkpoint. As Mesos:
    slave/paths.cpp, `executor.sentinel`.
    """
    found = set[ExecutorId]()
    for runs in (work_dir / "meta" / "slaves").glob("*/frameworks/*/executors/*/runs"):
        agent, framework, executor = runs.parts[-6], runs.parts[-4], runs.parts[-2]
        each = [run for run in runs.iterdir() if run.name != "latest"] if runs.is_dir() else []
        if agent != "latest" and each and all((run / "executor.sentinel").exists() for run in each):
            found.add(ExecutorId(framework, executor, agent))
    return frozenset(found)


def processes(containers: Iterable[str], proc: Path = PROC) -> tuple[dict[ExecutorId, int], bool]:
    """Executors of which a process runs: its launcher, itself, or what they have started; and
    whether these are all. What runs in these containers is none of them, whatever its environment
    says; and what cannot be looked at is none, unless its command line speaks of an executor.
    """
    found: dict[ExecutorId, int] = {}
    inside, seen = [each.encode() for each in containers], True
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
            groups = (folder / "cgroup").read_bytes()
        except PermissionError:
            seen = seen and b"executor" not in _command_line(folder)
            continue
        except OSError:  # it has ended
            continue
        variables = dict(each.partition(b"=")[::2] for each in environ)
        ids = [variables.get(name, b"").decode(errors="replace") for name in _VARIABLES]
        if all(ids) and not any(each in groups for each in inside):
            found.setdefault(ExecutorId(*ids), int(folder.name))
    return found, seen


def _command_line(folder: Path) -> bytes:
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:
        return b""


def sees_all(first_pids: Mapping[str, int], proc: Path = PROC) -> bool:
    """Whether the process table is the machine's own: of the first processes of these containers, by
    id, one must be seen in it, as some may have ended by now.
    """
    def there(container: str, pid: int) -> bool:
        try:
            return container in (proc / str(pid) / "cgroup").read_text()
        except OSError:
            return False
    return not first_pids or any(there(container, pid) for container, pid in first_pids.items())
