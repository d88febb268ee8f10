"""`python -m tests.bench.service.cluster AGENTS TASKS_EACH`: a Mesos for one framework, whose agents are on paper.

Offers come every second, and at once to who subscribes; a task runs 100 ms after its launch. All by one thread, over
real HTTP. It prints its port, and then answers each line on stdin, a JSON list of a word and arguments, by a line of
JSON; clocks are the machine's steady one, so that other processes can compare:

    report                what has happened since the last reset
    reset                 forget the times
    hold, go              no offers, offers again
    flip COUNT RATE       so many updates a second, for running tasks in turn, each with another health than before;
                          0 for ever. The answer comes when all are sent: [task, seconds] for each
    stop                  no more updates
    save FILE             the TaskInfos that were launched, by agent, as JSON
"""
from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specs.forms.recordio import encode_record
from tests.bench.service.agents import Agent

TICK = 1.0  # seconds between two rounds of offers
START = 0.1  # seconds from the launch of a task until it runs
KEPT = 10_000  # TaskInfos that can be saved
SMALL = {"cpus": 0.1, "mem": 32.0}  # of a task
OK = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
STREAM = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMesos-Stream-Id: bench\r\n"
          b"Transfer-Encoding: chunked\r\n\r\n")


@dataclass(slots=True)
class Times:
    """Seconds of the steady clock; None: it has not happened."""

    subscribed: float | None = None
    first_accept: float | None = None
    answered: int = 0  # offers
    launched: int = 0
    acknowledged: int = 0  # updates that say that a task runs
    last_acknowledged: float | None = None


@dataclass(slots=True)
class Cluster:
    agents: dict[str, Agent]
    times: Times = field(default_factory=Times)
    tasks: dict[str, str] = field(default_factory=dict)  # the agent of each
    infos: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)  # TaskInfos, by agent, of the first KEPT
    healthy: dict[str, bool] = field(default_factory=dict)
    offered: dict[str, Agent] = field(default_factory=dict)
    starting: deque[tuple[float, str]] = field(default_factory=deque)
    stream: asyncio.WriteTransport | None = None
    suppressed: bool = False
    held: bool = False
    uuids: int = 0
    flipping: asyncio.Task[Any] | None = None

    def called(self, call: Mapping[str, Any], transport: asyncio.WriteTransport) -> bytes:
        """The answer to one call."""
        match call["type"]:
            case "SUBSCRIBE":
                asyncio.get_running_loop().call_soon(self.subscribed, transport)
                return STREAM
            case "ACCEPT":
                self.accepted(call["accept"])
            case "DECLINE":
                self.returned(call["decline"])
            case "ACKNOWLEDGE":
                self.times.acknowledged += 1
                self.times.last_acknowledged = time.monotonic()
            case "SUPPRESS":
                self.suppressed = True
            case "REVIVE":
                self.suppressed = False
                for agent in self.agents.values():
                    agent.refused_until = 0.0
            case "RECONCILE":
                named = [each["task_id"]["value"] for each in call["reconcile"]["tasks"]]
                self.say(self.status(each, with_uuid=False) for each in named or list(self.tasks))
        return OK

    def subscribed(self, transport: asyncio.WriteTransport) -> None:
        self.stream, self.suppressed = transport, False
        self.times.subscribed = time.monotonic()
        for agent in self.agents.values():
            agent.offer_id, agent.refused_until = None, 0.0
        self.offered.clear()
        self.say([{"type": "SUBSCRIBED", "subscribed": {
            "framework_id": {"value": "F1"}, "heartbeat_interval_seconds": 3600.0}}])
        self.offer()

    def accepted(self, accept: Mapping[str, Any]) -> None:
        now = time.monotonic()
        self.times.first_accept = self.times.first_accept or now
        agent = self.returned(accept)
        for operation in accept["operations"]:
            for task in operation["launch"]["task_infos"]:
                name = task["task_id"]["value"]
                agent.launch(task)
                self.tasks[name] = agent.id
                self.starting.append((now + START, name))
                self.times.launched += 1
                if len(self.tasks) <= KEPT:
                    self.infos.setdefault(agent.id, []).append(task)

    def returned(self, answer: Mapping[str, Any]) -> Agent:
        """Offers come back. Raises KeyError for one that is not out: nobody here makes such a mistake."""
        for offer_id in answer["offer_ids"]:
            agent = self.offered.pop(offer_id["value"])
            self.times.answered += 1
            agent.offer_id = None
            agent.refused_until = time.monotonic() + answer.get("filters", {}).get("refuse_seconds", 5.0)
        return agent

    def offer(self) -> None:
        if self.suppressed or self.held or self.stream is None:
            return
        now = time.monotonic()
        free = [each for each in self.agents.values() if each.offer_id is None and each.refused_until <= now]
        offers = [each.offer() for each in free]
        self.offered |= {str(each.offer_id): each for each in free}
        if offers:
            self.say([{"type": "OFFERS", "offers": {"offers": offers}}])

    def run(self) -> None:
        """What was launched long enough ago runs."""
        now = time.monotonic()
        due = []
        while self.starting and self.starting[0][0] <= now:
            due.append(self.starting.popleft()[1])
        self.say(self.status(each) for each in due)

    def status(self, task: str, *, with_uuid: bool = True) -> dict[str, Any]:
        """An UPDATE: the task runs."""
        found: dict[str, Any] = {
            "task_id": {"value": task}, "agent_id": {"value": self.tasks.get(task, "S0")}, "state": "TASK_RUNNING",
            "source": "SOURCE_EXECUTOR", "executor_id": {"value": "mesos-docker"}, "timestamp": time.time(),
            "container_status": {"network_infos": [{"ip_addresses": [{"ip_address": "172.17.0.2"}]}]}}
        if task in self.healthy:
            found["healthy"] = self.healthy[task]
        if with_uuid:
            self.uuids += 1
            found["uuid"] = b64encode(self.uuids.to_bytes(16, "big")).decode()
        return {"type": "UPDATE", "update": {"status": found}}

    def say(self, events: Iterable[Mapping[str, Any]]) -> None:
        records = b"".join(encode_record(json.dumps(event).encode()) for event in events)
        if records and self.stream is not None and not self.stream.is_closing():
            self.stream.write(b"%x\r\n%b\r\n" % (len(records), records))

    async def flip(self, count: int, rate: float) -> list[tuple[str, float]]:
        sent: list[tuple[str, float]] = []
        names = list(self.tasks)
        began, number = time.monotonic(), 0
        while not count or number < count:
            name = names[number * 997 % len(names)]
            self.healthy[name] = not self.healthy.get(name, False)
            if count:
                sent.append((name, time.monotonic()))
            self.say([self.status(name)])
            number += 1
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        return sent

    async def asked(self, word: str, *arguments: Any) -> Any:
        """The answer to a line on stdin."""
        match word:
            case "report":
                times = self.times
                return {name: getattr(times, name) for name in times.__slots__}
            case "reset":
                self.times = Times()
            case "hold" | "go":
                self.held = word == "hold"
            case "flip" if arguments[0]:
                return await self.flip(int(arguments[0]), arguments[1])
            case "flip":
                self.flipping = asyncio.create_task(self.flip(0, arguments[1]))
            case "save":
                Path(arguments[0]).write_text(json.dumps(self.infos), encoding="utf-8")
            case "stop":
                if self.flipping is not None:
                    self.flipping.cancel()
        return None


class Connection(asyncio.Protocol):
    """Calls that may be pipelined are answered in their order, as libprocess does."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pending = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pending += data
        begin, answers = 0, []
        while (found := self._request(begin)) is not None:
            answers.append(self._cluster.called(json.loads(self._pending[found[0]:found[1]]), self._transport))
            begin = found[1]
        del self._pending[:begin]
        if answers:
            self._transport.write(b"".join(answers))

    def _request(self, begin: int) -> tuple[int, int] | None:
        """Where the body of the next request is, if all of it is there; nothing is copied while it is not."""
        head = self._pending.find(b"\r\n\r\n", begin)
        length = LENGTH.search(self._pending, begin, head) if head >= 0 else None
        if length is None:
            return None
        end = head + 4 + int(length[1])
        return (head + 4, end) if len(self._pending) >= end else None


async def every(seconds: float, call: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds - time.monotonic() % seconds)
        call()


async def lines(answer: Callable[..., Awaitable[Any]]) -> None:
    """Until stdin ends."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await answer(*json.loads(line))), flush=True)


async def main() -> None:
    agents, each = int(sys.argv[1]), int(sys.argv[2])
    total = {name: amount * (each + 2) + 1.0 for name, amount in SMALL.items()}
    total["mem"] += 1024.0
    cluster = Cluster({f"S{number}": Agent(number, total) for number in range(agents)})
    server = await asyncio.get_running_loop().create_server(lambda: Connection(cluster), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    timers = [asyncio.create_task(every(TICK, cluster.offer)), asyncio.create_task(every(0.005, cluster.run))]
    await lines(cluster.asked)
    for timer in timers:
        timer.cancel()


if __name__ == "__main__":
    asyncio.run(main())
