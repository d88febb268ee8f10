"""The embedded Mesos under many agents: 200 of them with 2,000 running tasks, and its heartbeats still on time.

One `mesos-docker local` process; one scheduler and all executors are played here, over real HTTP. The executors that
the agents start are `sleep`s: what is measured is Mesos's part. Each task goes from LAUNCH to TASK_RUNNING, and then
keeps sending updates, which are acknowledged, while the scheduler's heartbeats are watched.
"""
from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from specs.forms import Json
from specs.forms.recordio import RecordDecoder
from tests.bench.processes import usage
from tests.bench.result import Bound, Budget, Row, Series, Statistic
from tests.bench.settings import Settings

AGENTS, TASKS_EACH = 200, 10
HEARTBEAT_SECONDS = 15.0
UPDATES_PER_SECOND = 200  # over all tasks, while they run
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


def bench(settings: Settings) -> Iterator[Row]:
    """Rows of part "local"."""
    agents = settings.times(AGENTS, 60)
    tasks = agents * TASKS_EACH
    with mesos(agents) as (address, pid):
        found = asyncio.run(_drive(address, agents, settings.times(32, 4)))
        memory = usage(pid).rss / (1 << 20)
    what = f"{agents} agents, {tasks} tasks"
    yield Row("local", f"{what}: LAUNCH → all RUNNING", "tasks/s", Series.single("ours", tasks / found.all_running))
    yield Row("local", f"{what}: GET /health while they run", "ms", Series.of("ours", [found.health]))
    yield Row("local", f"{what}: memory", "MiB", Series.single("ours", memory))
    if found.late:
        budget = Budget(Statistic.MAXIMUM, Bound.AT_MOST, 1000.0)
        yield Row("local", f"{what}: heartbeat late by", "ms", Series.of("ours", [found.late]), budgets=(budget,),
                  note=f"{found.updates} updates meanwhile")


@dataclass(slots=True)
class Found:
    """What was measured."""

    all_running: float = 0.0  # seconds
    health: list[float] = field(default_factory=list)  # ms
    late: list[float] = field(default_factory=list)  # ms
    updates: int = 0


@contextmanager
def mesos(agents: int) -> Iterator[tuple[str, int]]:
    """A `mesos-docker local` process: its address and pid."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-c", "from deploy.cli.main import main; main()", "local", "--port=0",
             f"--agents={agents}",
             f"--work-dir={folder}", "--resources=cpus:4;mem:4096;disk:1024;ports:[31000-31099]",
             "--executor_shutdown_grace_period=100ms"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            line = process.stdout.readline() if process.stdout is not None else ""
            match = re.match(r"Mesos master at (\S+),", line)
            if match is None:
                raise RuntimeError(f"mesos-docker local did not start: {line!r}")
            yield match.group(1), process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=120)


async def _drive(address: str, agents: int, seconds: int) -> Found:
    found = Found()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0),
                                     timeout=aiohttp.ClientTimeout(total=None)) as session:
        cluster = Cluster(session, address, agents, found)
        watching = asyncio.create_task(cluster.schedule())
        await cluster.everything_runs.wait()
        end = time.monotonic() + seconds
        chatting = asyncio.create_task(cluster.chat(end))
        while time.monotonic() < end:
            begin = time.perf_counter()
            async with session.get(f"http://{address}/health") as response:
                await response.read()
            found.health.append((time.perf_counter() - begin) * 1000)
            await asyncio.sleep(0.05)
        await chatting
        watching.cancel()
        for executor in cluster.executors:
            executor.cancel()
        await asyncio.gather(watching, *cluster.executors, return_exceptions=True)
    return found


class Cluster:
    """The scheduler and the executors of all agents."""

    def __init__(self, session: aiohttp.ClientSession, address: str, agents: int, found: Found) -> None:
        self._session = session
        self._scheduler = f"http://{address}/api/v1/scheduler"
        self._wanted = agents * TASKS_EACH
        self._found = found
        self._framework: Json = {}
        self._stream_id = ""
        self._launched_agents: set[str] = set()
        self._running: set[str] = set()
        self._begin = 0.0
        self._beat = 0.0
        self._tasks: dict[str, tuple[str, Json]] = {}  # executor URL and ids, by task
        self._calls: set[asyncio.Task[None]] = set()
        self.executors: list[asyncio.Task[None]] = []
        self.everything_runs = asyncio.Event()

    async def schedule(self) -> None:
        """Subscribe, launch on every agent, acknowledge all."""
        info = {"user": "root", "name": "bench", "roles": ["*"], "capabilities": [{"type": "MULTI_ROLE"}]}
        call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": info}}
        async with self._session.post(self._scheduler, json=call, headers=HEADERS) as response:
            self._stream_id = response.headers["Mesos-Stream-Id"]
            async for event in _events(response):
                await self._scheduler_event(event)

    async def _scheduler_event(self, event: Json) -> None:
        if event["type"] == "SUBSCRIBED":
            self._framework = event["subscribed"]["framework_id"]
            self._begin = time.perf_counter()
        elif event["type"] == "HEARTBEAT":
            now = time.perf_counter()
            if self._beat:
                self._found.late.append(max(0.0, now - self._beat - HEARTBEAT_SECONDS) * 1000)
            self._beat = now
        elif event["type"] == "OFFERS":
            for offer in event["offers"]["offers"]:
                self._spawn(self._launch(offer))
        elif event["type"] == "UPDATE":
            status = event["update"]["status"]
            self._found.updates += 1
            self._running.add(status["task_id"]["value"])
            if len(self._running) == self._wanted and not self.everything_runs.is_set():
                self._found.all_running = time.perf_counter() - self._begin
                self.everything_runs.set()
            self._spawn(self._call("ACKNOWLEDGE", {name: status[name] for name in ("agent_id", "task_id", "uuid")}))

    async def _launch(self, offer: Json) -> None:
        agent = offer["agent_id"]["value"]
        refuse = {"refuse_seconds": 3600}
        if agent in self._launched_agents:
            await self._call("DECLINE", {"offer_ids": [offer["id"]], "filters": refuse})
            return
        self._launched_agents.add(agent)
        tasks = [_task(f"{agent[-5:]}-{index}", offer) for index in range(TASKS_EACH)]
        await self._call("ACCEPT", {"offer_ids": [offer["id"]], "filters": refuse, "operations": [
            {"type": "LAUNCH", "launch": {"task_infos": tasks}}]})
        url = offer["url"]["address"]
        self.executors.append(asyncio.create_task(self._execute(f"http://{url['ip']}:{url['port']}/api/v1/executor")))

    async def _call(self, kind: str, content: Json) -> None:
        call = {"type": kind, "framework_id": self._framework, kind.lower(): content}
        headers = {**HEADERS, "Mesos-Stream-Id": self._stream_id}
        async with self._session.post(self._scheduler, json=call, headers=headers) as response:
            await response.read()

    async def _execute(self, url: str) -> None:
        """Be the executor of one agent."""
        ids = {"framework_id": self._framework, "executor_id": {"value": "e"}}
        while True:
            async with self._session.post(url, json={**ids, "type": "SUBSCRIBE", "subscribe": {}},
                                          headers=HEADERS) as response:
                if response.status == 200:
                    async for event in _events(response):
                        if event["type"] == "LAUNCH":
                            name = event["launch"]["task"]["task_id"]["value"]
                            self._tasks[name] = (url, ids)
                            self._spawn(self._update(name))
                    return
            await asyncio.sleep(0.05)

    async def _update(self, name: str) -> None:
        url, ids = self._tasks[name]
        status = {"task_id": {"value": name}, "state": "TASK_RUNNING", "source": "SOURCE_EXECUTOR",
                  "uuid": b64encode(uuid.uuid4().bytes).decode(), "timestamp": time.time()}
        async with self._session.post(url, json={**ids, "type": "UPDATE", "update": {"status": status}},
                                      headers=HEADERS) as response:
            await response.read()

    async def chat(self, end: float) -> None:
        """Updates of one task after the other."""
        while True:
            for name in list(self._tasks):
                if time.monotonic() > end:
                    return
                self._spawn(self._update(name))
                await asyncio.sleep(1 / UPDATES_PER_SECOND)

    def _spawn(self, work: Any) -> None:
        call: asyncio.Task[None] = asyncio.create_task(work)
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)


async def _events(response: aiohttp.ClientResponse) -> Any:
    decoder = RecordDecoder()
    async for piece in response.content.iter_any():
        for record in decoder.feed(piece):
            yield json.loads(record)


def _task(name: str, offer: Json) -> Json:
    def resources(cpus: float, mem: float) -> list[Json]:
        return [{"name": kind, "type": "SCALAR", "scalar": {"value": value}} for kind, value in
                (("cpus", cpus), ("mem", mem))]

    return {"name": name, "task_id": {"value": name}, "agent_id": offer["agent_id"], "resources": resources(0.1, 32),
            "executor": {"type": "CUSTOM", "executor_id": {"value": "e"}, "resources": resources(0.1, 32),
                         "command": {"value": "exec sleep 100000"}}}
