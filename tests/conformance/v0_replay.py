"""A recording of an agent and its executor over libprocess, played to our executor by a scripted agent.

What the agent said is sent again, byte for byte, in the same order and over as many connections, with the executor's
port and the updates' uuids of today in it; what the executor says is set beside what Mesos's own said. Where the
recorded agent was killed and started again, so is this one, and as much time passes.
"""
from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specs.network.pid import parse_pid
from tests.fakes.v0_agent import PACKAGE, Dialled, Said, V0Agent

EXECUTOR = Path(sys.executable).with_name("mesos-docker-executor")
PATIENCE = 60.0
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recording:
    argv: list[str]
    environment: dict[str, str]
    messages: list[Json]
    answers: list[Json]

    @property
    def container(self) -> str:
        return next(word.removeprefix("--container=") for word in self.argv if word.startswith("--container="))

    @property
    def images(self) -> set[str]:
        return {each["message"]["task"]["container"]["docker"]["image"] for each in self.messages
                if "RunTaskMessage" in each["start"]}


def load(path: Path) -> Recording:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    launch = lines[0]["launch"]
    return Recording(launch["argv"], dict(word.split("=", 1) for word in launch["environment"]),
                     [line for line in lines[1:] if "message" in line],
                     [line for line in lines[1:] if "message" not in line])


@dataclass
class Replay:
    recording: Recording
    sandbox: Path
    agent: V0Agent = field(default_factory=lambda: V0Agent(acknowledge=False, register=False))
    compared: list[tuple[Json, Json]] = field(default_factory=list)  # theirs, ours
    exit_status: int | None = None

    def __post_init__(self) -> None:
        self._dialled: dict[int, Dialled] = {}  # by the recording's number
        self._uuids: dict[bytes, bytes] = {}
        self._connections: dict[int, int] = {}
        self._heard = self._said = 0

    def run(self) -> None:
        """Raises AssertionError where the executor does not do what the recorded one did."""
        with self.agent, self._started() as process:
            before = 0.0
            for message in self.recording.messages:
                if message["from"] == "executor":
                    self._expect(message)
                else:
                    self._say(message, message["t"] - before)
                before = message["t"]
            self.exit_status = process.wait(PATIENCE)
            self.agent.wait_for(lambda: len(self.agent.answers) >= self._said)

    @contextlib.contextmanager
    def _started(self) -> Iterator[subprocess.Popen[bytes]]:
        said = {**self.recording.environment, "MESOS_SLAVE_PID": str(self.agent.pid), "MESOS_DOCKER_PROTOCOL": "v0",
                "MESOS_AGENT_ENDPOINT": str(self.agent.pid.address), "MESOS_DIRECTORY": str(self.sandbox)}
        words = [re.sub("^--sandbox_directory=.*", f"--sandbox_directory={self.sandbox}", word)
                 for word in self.recording.argv]
        with (self.sandbox / "stdout").open("ab") as out, (self.sandbox / "stderr").open("ab") as errors:
            process = subprocess.Popen(words, executable=EXECUTOR, env=said, cwd=self.sandbox,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=errors, start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def _expect(self, theirs: Json) -> None:
        self.agent.wait_for(lambda: len(self.agent.received) > self._heard, PATIENCE)
        ours = self.agent.received[self._heard]
        self._heard += 1
        self.compared.append((shown_recorded(theirs), shown(ours)))
        assert self._connections.setdefault(theirs["connection"], ours.connection) == ours.connection, \
            "it came over another connection"
        for one, other in zip(updates(theirs["message"]), updates(ours.message), strict=False):
            self._uuids[b64decode(one["uuid"])] = b64decode(other["uuid"])

    def _say(self, message: Json, pause: float) -> None:
        if "ReconnectExecutorMessage" in message["start"]:
            self.agent.wait_for(lambda: len(self.agent.answers) >= self._said)
            self.agent.die()
            self._dialled.clear()
            time.sleep(pause)
            self.agent.come_back()
        elif "Kill" in message["start"] or "FrameworkToExecutor" in message["start"]:
            time.sleep(min(pause, 2.0))
        number = message["connection"]
        if number not in self._dialled:
            self._dialled[number] = self.agent.dial()
        body = b64decode(message["body_base64"])
        for old, new in self._uuids.items():
            body = body.replace(old, new)
        name = message["start"].split()[1].rpartition(f"/{PACKAGE}")[2]
        self._dialled[number].sendall(self.agent.request(name, body))
        self._said += 1


def updates(message: Json) -> list[Json]:
    """StatusUpdates in a message of an executor."""
    return list(message.get("updates", ())) or ([message["update"]] if "update" in message else [])


def shown_recorded(line: Json) -> Json:
    """What is compared of a recorded message."""
    sender = dict(map(tuple, line["headers"]))["Libprocess-From"]
    return _shown(line["start"].split()[1], line["headers"], line["message"], sender, f"{line['to_port']}",
                  len(line["chunks"]))


def shown(said: Said) -> Json:
    """What is compared of a message of ours."""
    host = dict(said.headers)["Host"]
    return _shown(said.path, [list(each) for each in said.headers], json.loads(json.dumps(said.message)), said.sender,
                  host.rpartition(":")[2], len(said.chunks))


def _shown(path: str, headers: list[list[str]], message: Json, sender: str, agent_port: str, chunks: int) -> Json:
    """Ports, uuids, times and the container's inspected form replaced, as they differ with every run."""
    port = str(parse_pid(sender).address.port)

    def replaced(text: str) -> str:
        return re.sub(rf":{port}$", ":EXECUTOR", re.sub(rf":{agent_port}$", ":AGENT", text))

    body = json.loads(json.dumps(message).replace(sender, replaced(sender)))
    for update in updates(body):
        _replace(update)
    return {"path": path, "headers": [[name, replaced(value)] for name, value in headers], "chunks": chunks,
            "message": body}


def _replace(update: Json) -> None:
    status = update["status"]
    assert update["uuid"] == status["uuid"]
    assert update["timestamp"] == status["timestamp"]
    update |= {"uuid": "UUID", "timestamp": 0.0}
    status |= {"uuid": "UUID", "timestamp": 0.0}
    if "agent_id" in status:  # our messages are read as v1's
        status["slave_id"] = status.pop("agent_id")
    if "data" in status:
        (inspected,) = json.loads(b64decode(status["data"]))
        status["data"] = sorted(inspected)
