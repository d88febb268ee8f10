"""What `explain` says of a task that was run, held against what its engine was asked for.

The engine's form has to be the very payload, but for what is the executor's own bookkeeping; of the form for people
each row has to be true, and a row of a name that nobody proves here is an error.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from deploy.cli.main import cli
from deploy.explain.command import node_login
from deploy.explain.explanation import Explanation, explain
from deploy.explain.sections import ExplainedRow
from executor.node.machine import total_memory
from specs.container.place import Place
from specs.forms.taskinfo import task_from_json
from specs.words.sizes import print_size
from tests.e2e.endings import Outcome
from tests.e2e.overheard_engine import Asked, OverheardEngine

OURS = {"AutoRemove", "LogConfig"}  # of HostConfig: how the executor reads and removes its containers
SANDBOX = "/mnt/mesos/sandbox"


@dataclass(frozen=True)
class Seen:
    """One container, as the engine was asked for it. `asked`: all that it was asked about any."""

    outcome: Outcome
    payload: Mapping[str, Any]
    asked: list[Asked]

    @property
    def host(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.payload["HostConfig"]
        return found

    @property
    def fields(self) -> Mapping[str, Any]:
        return self.outcome.life.case.fields

    @property
    def mounts(self) -> list[tuple[str, str, bool]]:
        """Target, source, and whether it is read-only."""
        binds = [each.split(":") for each in self.host.get("Binds") or ()]
        return [*((target, source, "ro" in ",".join(mode).split(",")) for source, target, *mode in binds),
                *((each["Target"], each.get("Source", ""), bool(each.get("ReadOnly")))
                  for each in self.host.get("Mounts") or ())]


def compare(outcome: Outcome, engine: OverheardEngine) -> None:
    """Raises AssertionError for what is said and was not done."""
    case = outcome.life.case
    text = json.dumps(case.task(outcome.life.task_id))
    said = CliRunner().invoke(cli, ["explain", "-", "--format", "engine"], input=text)
    if not case.state and case.executor == "custom":
        assert (said.exit_code, said.stderr.partition(": ")[2].partition(": ")[2]) == (
            2, outcome.life.errors.partition(": ")[2].partition(": ")[2])
        return
    assert said.exit_code == 0, said.stderr
    payload = next((each for each in engine.created().values()
                    if each["Labels"].get("mesos-docker.task-id") == outcome.life.task_id), None)
    if payload is None:
        assert "RUNNING" not in outcome.life.states
        return
    seen = Seen(outcome, payload, engine.asked())
    explanation = _explain(text, seen)
    if case.executor == "custom":
        assert explanation.payload == _without_ours(payload)
    for title, rows in explanation.sections:
        for row in rows:
            proof = SECTIONS.get(title) or ROWS[row.name]
            assert proof(row, seen), (title, row, payload)


def _explain(text: str, seen: Seen) -> Explanation:
    name = next(each.partition("=")[2] for each in seen.payload["Env"] if each.startswith("MESOS_CONTAINER_NAME="))
    sandbox = next(source for target, source, _ in seen.mounts if target == SANDBOX)
    place = Place(name, sandbox, total_memory=total_memory(), ports_open=True)
    return explain(task_from_json(text, strict=True, without_agent=True), place, node_login())


def _without_ours(payload: Mapping[str, Any]) -> dict[str, Any]:
    mine = {name: value for name, value in payload["Labels"].items() if not name.startswith("mesos-docker.")}
    return {**{name: value for name, value in payload.items() if name != "Labels"},
            **({"Labels": mine} if mine else {}),
            "HostConfig": {name: value for name, value in payload["HostConfig"].items() if name not in OURS}}


# ---- proofs ----------------------------------------------------------------------------------------------------------

Proof = Callable[[ExplainedRow, Seen], bool]


def _command(row: ExplainedRow, seen: Seen) -> bool:
    words = [*(seen.payload.get("Entrypoint") or ()), *(seen.payload.get("Cmd") or ())]
    return row.value == (" ".join(words) or "the image's own")


def _kill(row: ExplainedRow, seen: Seen) -> bool:
    """The first signal that we sent this container is one that was said."""
    return "SIGKILL after" in row.value and (
        row.value.startswith("SIGTERM, or") or row.value.startswith(seen.payload["StopSignal"]))


def _size(key: str) -> Proof:
    return lambda row, seen: row.value == (print_size(seen.host[key]) if seen.host.get(key) else "no limit")


def _pull(row: ExplainedRow, seen: Seen) -> bool:
    image = seen.outcome.life.case.task("t")["container"]["docker"]["image"].partition(":")[0]
    pulled = any(each.path == "/images/create" and image in each.query.get("fromImage", "") for each in seen.asked)
    return pulled if row.value == "always" else row.value == "if the agent does not have it"


def _port(row: ExplainedRow, seen: Seen) -> bool:
    host, _, container = row.value.partition(" → ")
    return [each["HostPort"] for each in seen.host["PortBindings"][container]] == [host]


def _mount(row: ExplainedRow, seen: Seen) -> bool:
    tmpfs = row.name in (seen.host.get("Tmpfs") or {})
    return tmpfs or (row.name, row.value, "read-only" in row.why) in seen.mounts


def _option(row: ExplainedRow, seen: Seen) -> bool:
    """The whole payload is compared for the executor of ours; here: that somebody asked for it."""
    told = seen.outcome.life.case.task("t")["container"]
    parameters = told["docker"].get("parameters", [])
    return (row.name.removeprefix("--") in {each["key"] for each in parameters}
            or row.value.replace("CAP_", "") in json.dumps(seen.host).replace("CAP_", "")
            or (row.name, seen.payload.get("Tty")) == ("terminal", True)
            or all(each in json.dumps(seen.host) for each in row.value.split(", ")))


ROWS: Mapping[str, Proof] = {
    "task": lambda row, seen: row.value == seen.payload["Labels"]["mesos-docker.task-id"],
    "executor": lambda row, _seen: row.value == "the agent's own for Docker tasks, or ours",
    "command": _command,
    "user": lambda row, seen: row.value == seen.payload.get("User"),
    "kill": _kill,
    "ends": lambda row, seen: row.why == "max_completion_time" and row.why in seen.fields,
    "health check": lambda row, seen: "health_check" in seen.fields and "every 100ms" in row.value,
    "": lambda row, seen: (row.value == "killed after 2 failures") is ("health_check" in seen.fields),
    "image": lambda row, seen: row.value == seen.payload["Image"],
    "registry": lambda row, seen: row.value == "docker.io" or row.value in seen.payload["Image"],
    "pull": _pull,
    "credentials": lambda row, _seen: row.value.startswith("none"),
    "passwd": lambda row, seen: (  # its command ends well only if that is there
        row.value, row.why, seen.outcome.status) == ("file:///etc/passwd", "made executable", 0),
    "CPU shares": lambda row, seen: row.value == str(seen.host["CpuShares"]),
    "CPU limit": lambda row, seen: row.value == (
        f"{seen.host['CpuQuota']} µs of each 100 ms" if seen.host.get("CpuQuota") else "none"),
    "memory": _size("Memory"),
    "reserved memory": _size("MemoryReservation"),
    "shared memory": _size("ShmSize"),
    "OOM score": lambda row, seen: row.value == f"{seen.host['OomScoreAdj']:+d}",
    "network": lambda row, seen: row.value.lower() == seen.host["NetworkMode"].lower(),
    "hostname": lambda row, seen: row.value == seen.payload["Hostname"],
    "port": _port,
}
SECTIONS: Mapping[str, Proof] = {
    "Mounts": _mount,
    "Environment": lambda row, seen: f"{row.name}={row.value}" in seen.payload["Env"],
    "Options": _option,
    "Mesos's own Docker executor": lambda row, seen: not (
        row.name == "would fail" and seen.outcome.life.case.executor == "mesos"),
}
