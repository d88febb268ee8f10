"""What is measured of a service that has been given so many instances; all values in seconds, or bytes."""
from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.service.scripted_process import scripted
from tests.bench.service.stage import EACH, PATIENCE, Served, Simulated, app, body, just_after_offers, served, simulated

LISTS = ("/v2/apps", "/v2/apps?embed=apps.tasks", "/v2/tasks", "/v2/groups")
UPDATES = 100.0  # a second, while lists are asked for
FLIPS, FLIP_RATE = 200, 20.0  # updates whose way to the streams is timed
STREAMS = 100


@dataclass(slots=True)
class Found:
    """Of one service. Lists are empty, and numbers None, where it was not asked for."""

    all_running: float = 0.0
    first_accept: float = 0.0
    floor: float | None = None
    lists: dict[str, list[float]] = field(default_factory=dict)
    bytes_each: float = 0.0
    lags: list[float] = field(default_factory=list)
    restart: float = 0.0


def measured(agents: int, instances: int, rounds: int, *, floor: bool) -> Found:
    """`rounds`: of each list."""
    found = Found()
    with tempfile.TemporaryDirectory(prefix="mesos-docker-bench-") as folder:
        with _stage(agents, instances, Path(folder)) as (cluster, service):
            cluster.until("answered", agents)  # what it keeps of agents is not of instances
            before = service.memory()
            _deployed(cluster, service, instances, found)
            found.bytes_each = (service.memory() - before) / instances
            cluster.ask("flip", 0, UPDATES)
            found.lists = {path: [_asked(service, path) for _ in range(rounds)] for path in LISTS}
            cluster.ask("stop")
            found.lags = asyncio.run(_lags(cluster, service.address))
            found.restart = _restarted(cluster, service)
            placements = Path(folder) / "placements.json"
            cluster.ask("save", str(placements))
        if floor:
            found.floor = _floor(agents, instances, placements)
    return found


@contextmanager
def _stage(agents: int, instances: int, folder: Path) -> Iterator[tuple[Simulated, Served]]:
    with simulated(agents, -(-instances // agents)) as cluster, served(cluster.port, folder) as service:
        yield cluster, service


def _deployed(cluster: Simulated, service: Served, instances: int, found: Found) -> None:
    """All are asked for at once, and run."""
    wanted = body(instances // EACH)
    cluster.ask("reset")
    began = just_after_offers()
    status, answer = service.ask("PUT", "/v2/apps", wanted)
    if status not in (200, 503):  # 503: it takes longer than a client waits
        raise RuntimeError(f"{status} {answer[:500]!r}")
    report = cluster.until("acknowledged", instances)
    found.all_running = report["last_acknowledged"] - began
    found.first_accept = report["first_accept"] - began
    while json.loads(service.ask("GET", "/v2/deployments")[1]):
        time.sleep(0.1)


def _floor(agents: int, instances: int, placements: Path) -> float:
    """The same placements, by a scheduler that has nothing to decide and nothing to keep."""
    with simulated(agents, -(-instances // agents)) as cluster, scripted(cluster.port, placements) as begin:
        began = just_after_offers()
        begin()
        return float(cluster.until("acknowledged", instances)["last_acknowledged"]) - began


def _asked(service: Served, path: str) -> float:
    began = time.perf_counter()
    status, _ = service.ask("GET", path)
    if status != 200:
        raise RuntimeError(f"{path}: {status}")
    return time.perf_counter() - began


def _restarted(cluster: Simulated, service: Served) -> float:
    """From the start of the process until it launches an instance that waited, after a kill -9."""
    cluster.ask("hold")
    status, answer = service.ask("POST", f"/v2/apps/{app(0)['id']}/restart", b"{}")  # one more app may be one too many
    if status != 200:
        raise RuntimeError(f"{status} {answer[:500]!r}")
    service.end()
    cluster.ask("go")
    cluster.ask("reset")
    began = time.monotonic()
    service.start()
    report: dict[str, Any] = {}
    while not report.get("first_accept"):
        if time.monotonic() > began + PATIENCE:
            raise TimeoutError(f"nothing is launched {PATIENCE:g} s after the start")
        time.sleep(0.02)
        report = cluster.ask("report")
    return float(report["first_accept"]) - began


async def _lags(cluster: Simulated, address: str) -> list[float]:
    """From the master's update to each of the clients of /v2/events."""
    seen: list[tuple[str, float]] = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None),
                                     connector=aiohttp.TCPConnector(limit=0)) as session:
        ready = [asyncio.Event() for _ in range(STREAMS)]
        followers = [asyncio.create_task(_follow(session, address, each, seen)) for each in ready]
        for each in ready:
            await each.wait()
        sent = dict(await asyncio.to_thread(cluster.ask, "flip", FLIPS, FLIP_RATE))
        deadline = time.monotonic() + 60
        while len(seen) < len(sent) * STREAMS and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        for task in followers:
            task.cancel()
    if len(seen) < len(sent) * STREAMS:
        raise TimeoutError(f"{len(seen)} of {len(sent) * STREAMS} events have come")
    return [at - sent[task] for task, at in seen if task in sent]


async def _follow(session: aiohttp.ClientSession, address: str, ready: asyncio.Event,
                  seen: list[tuple[str, float]]) -> None:
    async with session.get(f"http://{address}/v2/events?event_type=status_update_event",
                           headers={"Accept": "text/event-stream"}) as response:
        ready.set()
        async for line in response.content:
            if line.startswith(b"data: "):
                now = time.monotonic()
                seen.append((json.loads(line[6:])["taskId"], now))
