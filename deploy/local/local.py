"""An embedded Mesos: a master and agents over real HTTP on loopback, on a thread of its own.

    with LocalMesos(agents=2, resources="cpus:4;mem:4096;ports:[31000-31099]") as mesos:
        connect_a_scheduler_to(mesos.address)

It is for development and tests, and does not: isolate anything, keep the master's state on disk,
know quotas, weights, maintenance, reservations or volumes made by frameworks, or run more than one
master.
"""
from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from deploy.local.agent.agent import Agent
from deploy.local.containers.processes import ProcessTable
from deploy.local.control import control_routes
from deploy.local.endpoints.agent import agent_routes
from deploy.local.endpoints.master import MasterHttp
from deploy.local.endpoints.realms import agent_gate, master_gate
from deploy.local.master.master import Master
from deploy.local.records.flags import AgentFlags, MasterFlags
from deploy.local.settings import agent_resources, parse_attributes, shown_address
from deploy.local.wire.server import HttpServer, own_names
from deploy.local.work_dir import WorkDir
from specs.network.address import HostPort
from specs.network.credential import Credential

T = TypeVar("T")

_CLOSE_SECONDS: Final = 120.0  # to end all executors; each has its own grace period within it


class LocalMesos:
    """A Mesos in this process. Use it as a context manager, or `start()` and `close()` it.

    All methods may be called from any thread but its own.

    `resources` and `attributes` are texts as of Mesos's flags; what `resources` does not name each
    agent takes from the machine. `ports`: ranges (first, last) that each agent offers, unless
    `resources` names ports. `port` 0: a free one; `agent_ports` likewise. `hostname`: what it is
    called, beside its address. `work_dir`: None for a temporary folder that goes with it.

    `credential`: what frameworks and operators have to prove; executors get tokens then. Without
    one everybody who reaches it can run anything, which beyond loopback must be said: `insecure`.

    Times are seconds. `agent_flags`: fields of `records.flags.AgentFlags`, such as
    executor_registration_timeout, executor_shutdown_grace_period, launcher_dir, docker_socket.
    """

    def __init__(  # noqa: PLR0913 - settings, all by name
            self, agents: int = 1, *, resources: str | None = None, attributes: str = "",
            ports: Sequence[tuple[int, int]] | None = None, roles: Sequence[str] = (),
            ip: str = "127.0.0.1", hostname: str | None = None, port: int = 0,
            agent_ports: Sequence[int] = (), work_dir: str | Path | None = None,
            credential: Credential | None = None, insecure: bool = False,
            allocation_interval: float = 0.2, agent_reregister_timeout: float = 600.0,
            **agent_flags: Any) -> None:
        """Raises SpecError for settings that cannot be, WorkDirError, TypeError for an unknown
        agent flag."""
        known = credential is not None
        shown = shown_address(ip, known=known or insecure)
        self._credential = credential
        self._folder = WorkDir(None if work_dir is None else Path(work_dir))
        both: dict[str, Any] = {
            "ip": ip, "advertise_ip": shown, "hostname": hostname or shown or ip,
            "authenticate_http_readonly": known, "authenticate_http_readwrite": known}
        try:
            offered = agent_resources(resources, self.work_dir, ports, share=max(agents, 1))
            self._agent_flags = self._flags_of_agents(agents, agent_ports, {
                "resources": offered, "attributes": parse_attributes(attributes), **both,
                **agent_flags})
        except BaseException:
            self._folder.close()
            raise
        self._master_flags = MasterFlags(
            port=port, roles=tuple(roles), allocation_interval=allocation_interval,
            agent_reregister_timeout=agent_reregister_timeout, authenticate_http_frameworks=known,
            work_dir=str(self.work_dir), **both)
        self._processes = ProcessTable()
        self._agents: list[Agent | None] = [None] * agents
        self._away: set[int] = set()  # agents that were stopped, and may have left executors
        self._master: Master | None = None
        self._server: HttpServer | None = None
        self._known_agents: set[str] = set()  # the registry: what survives a restart of the master
        self._gone_agents: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def _flags_of_agents(self, count: int, ports: Sequence[int],
                         given: dict[str, Any]) -> list[AgentFlags]:
        known = self._credential is not None
        flags = {"launcher_dir": Path(sys.executable).parent, "authenticate_http_executors": known,
                 "executor_secret_key": self._folder.executors_key() if known else None, **given}
        folders = [self.work_dir / f"agent-{index}" for index in range(count)]
        return [AgentFlags(work_dir=folder if count > 1 else self.work_dir, port=port, **flags)
                for folder, port in zip(folders, [*ports, *[0] * count], strict=False)]

    # ---- life

    def start(self) -> None:
        """Master and agents are up, and registered, when this returns. Raises OSError, with a text
        that names it, when an address cannot be had."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_run, args=(self._loop,), name="local-mesos",
                                        daemon=True)
        self._thread.start()
        try:
            self._do(self._start())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End every executor (SHUTDOWN, its grace period, SIGKILL) and container, then everything
        else. Idempotent.
        """
        self._end(self._close)

    def leave(self) -> None:
        """End as if the process were killed: executors and containers run on, for who starts again
        in this folder.
        """
        self._end(self._leave)

    def _end(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        loop, thread = self._loop, self._thread
        if loop is not None and thread is not None:
            try:
                self._do(last(), _CLOSE_SECONDS)
            finally:
                self._loop = self._thread = None
                loop.call_soon_threadsafe(loop.stop)
                thread.join(10)
                loop.close()
        self._folder.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _do(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        if self._loop is None:
            work.close()
            raise RuntimeError("this Mesos is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    # ---- what it is

    @property
    def address(self) -> str:
        """Of the master: "127.0.0.1:5050"."""
        return str(HostPort(self._master_flags.shown_ip, self._master_flags.port))

    @property
    def everywhere(self) -> bool:
        """Whether it listens at all addresses of the machine."""
        return self._master_flags.advertise_ip is not None

    @property
    def agent_addresses(self) -> list[str]:
        """Of the agents; an agent that is stopped keeps its address."""
        return [str(HostPort(flags.shown_ip, flags.port)) for flags in self._agent_flags]

    @property
    def agent_ids(self) -> list[str]:
        """Of the agents that run."""
        return [agent.state.id for agent in self._agents if agent is not None]

    @property
    def work_dir(self) -> Path:
        return self._folder.path

    @property
    def credential(self) -> Credential | None:
        """What frameworks and operators have to prove; None: nothing."""
        return self._credential

    # ---- restarts

    def stop_agent(self, index: int = 0) -> None:
        """Stop an agent as if its process were killed: its executors run on."""
        self._do(self.stop_agent_async(index))

    def start_agent(self, index: int = 0) -> None:
        """Start it again, at the same address, with its id and the executors it has checkpointed.
        """
        self._do(self.start_agent_async(index))

    def break_link(self, index: int = 0, seconds: float = 0.0) -> None:
        """The connection between an agent and the master breaks. Both go on, and after so many
        seconds the agent registers again: returns then.
        """
        self._do(self._break_link(index, seconds))

    def stop_master(self) -> None:
        """The master is gone: streams break, connections are refused."""
        self._do(self._stop_master())

    def start_master(self) -> None:
        """A new master at the same address; agents register with it again, frameworks have to
        subscribe again.
        """
        self._do(self._start_master())

    # ---- on the loop

    async def _start(self) -> None:
        await self._start_master()
        for index in range(len(self._agents)):
            await self.start_agent_async(index)

    async def _start_master(self) -> None:
        if self._master is not None:
            return
        flags = self._master_flags
        server = HttpServer({}, "master", gate=master_gate(self._credential),
                            names=own_names(flags.hostname))
        port = await server.start(flags.ip, flags.port)
        self._master_flags = replace(self._master_flags, port=port)
        master = Master(self._master_flags)
        master.cluster.recovered_agents |= self._known_agents
        master.cluster.gone_agents |= self._gone_agents
        server.add_routes({**MasterHttp(master).routes(), **control_routes(self)})
        master.start()
        self._master, self._server = master, server
        for agent in self._agents:
            if agent is not None:
                await self._register(agent)

    async def _stop_master(self) -> None:
        master, self._master = self._master, None
        server, self._server = self._server, None
        if master is None or server is None:
            return
        self._known_agents = set(master.cluster.agents) | master.cluster.recovered_agents
        self._gone_agents = master.cluster.gone_agents
        for agent in self._agents:
            if agent is not None:
                agent.disconnect()
        master.stop()
        await server.stop()

    async def start_agent_async(self, index: int) -> None:
        """As `start_agent`, on the loop."""
        if self._agents[index] is not None:
            return
        flags = replace(self._agent_flags[index], master=self.address)
        key = flags.executor_secret_key
        gate = agent_gate(self._credential, key.read_bytes() if key is not None else None)
        agent = Agent(flags, self._processes, agent_routes, gate)
        self._agents[index] = agent
        self._away.discard(index)
        await agent.start()
        self._agent_flags[index] = replace(self._agent_flags[index], port=agent.state.info["port"])
        await self._register(agent)

    async def _register(self, agent: Agent) -> None:
        if self._master is None:
            return
        agent.connect(self._master.registry)
        while not agent.state.running and not agent.state.stopped and self._master is not None:
            await asyncio.sleep(0.005)

    async def stop_agent_async(self, index: int) -> None:
        """As `stop_agent`, on the loop."""
        agent, self._agents[index] = self._agents[index], None
        if agent is not None:
            self._away.add(index)
            await agent.stop(end_executors=False)
            await agent.finish_commands()

    async def _break_link(self, index: int, seconds: float) -> None:
        agent = self._agents[index]
        if agent is not None:
            agent.break_link()
            await asyncio.sleep(seconds)
            await self._register(agent)

    async def _leave(self) -> None:
        for index in range(len(self._agents)):
            await self.stop_agent_async(index)
        await self._stop_master()

    async def _close(self) -> None:
        for index in sorted(self._away):  # it may have left executors: only it knows them
            if self.work_dir.exists():
                await self.start_agent_async(index)
        agents = [agent for agent in self._agents if agent is not None]
        await asyncio.gather(*(agent.stop(end_executors=True) for agent in agents))
        await asyncio.gather(*(agent.finish_commands() for agent in agents))
        self._agents = [None] * len(self._agents)
        await self._stop_master()
        self._processes.end_rest()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """The thread's work: the loop, until it is stopped."""
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
