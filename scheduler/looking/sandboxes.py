"""The sandbox of a task: its files listed and read, through the agent, beside the event loop.

Nothing outside of it can be named (`places.inside`), and what a link in it leads to the agent gives
only within its executor's sandbox. Which of the agent's folders it is, is found out once and
remembered.
"""
from __future__ import annotations

import asyncio
import posixpath
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol

from scheduler.looking.agents import AgentError
from scheduler.looking.places import Spot, former_sandboxes, sandboxes

LENGTH: Final = 64 * 1024  # bytes that are asked for at once; agents give no more than they like, a page at least
THREADS: Final = 16  # questions to agents at once
STARTING: Final = 10.0  # seconds for a master, of a service that has just started
REMEMBERED: Final = 10_000  # sandboxes


class AgentsAsked(Protocol):
    """Asks agents; may block."""

    def get(self, agent_id: str, path: str, query: Mapping[str, str | int]) -> Any: ...


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One name in a folder. `path` is relative to the sandbox; `mtime`: seconds since 1970; `mode`
    as `ls -l` shows it.
    """

    path: str
    size: int
    mode: str
    mtime: float

    @property
    def is_folder(self) -> bool:
        return self.mode.startswith("d")


class Sandboxes:
    """Used on one event loop. All that is awaited may raise AgentError."""

    def __init__(self, agents: AgentsAsked, framework_id: Callable[[], str | None],
                 patience: float = STARTING) -> None:
        """`patience`: seconds for a framework that has no id yet."""
        self._agents = agents
        self._framework_id = framework_id
        self._patience = patience
        self._threads = ThreadPoolExecutor(THREADS, "agents")
        self._roots: OrderedDict[str, str] = OrderedDict()  # by task id

    async def entries(self, spot: Spot, path: str) -> list[FileEntry]:
        """What is in a folder, in order of names; nothing for what is no folder."""
        found = await self._in_sandbox(spot, path, "/files/browse", {})
        return sorted((_entry(path, each) for each in found), key=lambda each: each.path)

    async def read(self, spot: Spot, path: str, offset: int, length: int = LENGTH) -> bytes:
        """A piece of a file, empty at its end."""
        answer = await self._in_sandbox(spot, path, "/files/read", {"offset": offset, "length": length})
        return _bytes(answer)[:length]

    async def size(self, spot: Spot, path: str) -> int:
        """Of a file, bytes. As Mesos: files.cpp, which answers to an offset of -1 with it."""
        answer = await self._in_sandbox(spot, path, "/files/read", {"offset": -1, "length": 0})
        return int(answer.get("offset", 0))

    async def pieces(self, spot: Spot, path: str, begin: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `begin` to `end`, as far as there are so many."""
        while begin < end and (piece := await self.read(spot, path, begin, min(LENGTH, end - begin))):
            yield piece
            begin += len(piece)

    def close(self) -> None:
        """Ask nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_sandbox(self, spot: Spot, path: str, endpoint: str, query: Mapping[str, str | int]) -> Any:
        known = spot.task_id in self._roots
        root = await self._root(spot)
        try:
            return await self._asked(spot, root, path, endpoint, query)
        except AgentError as error:
            if not (error.missing and known) or await self._first(spot, (root,)) is not None:
                raise
        self._roots.pop(spot.task_id, None)  # it may be served under another path by now
        return await self._asked(spot, await self._root(spot), path, endpoint, query)

    async def _asked(self, spot: Spot, root: str, path: str, endpoint: str,
                     query: Mapping[str, str | int]) -> Any:
        whole = posixpath.join(root, path) if path else root
        return await self._get(spot.agent_id, endpoint, {"path": whole, **query})

    async def _root(self, spot: Spot) -> str:
        if (known := self._roots.get(spot.task_id)) is not None:
            return known
        framework_id = await self._framework()
        found = await self._first(spot, sandboxes(framework_id, spot.task_id))
        if found is None:
            state = await self._get(spot.agent_id, "/state", {})
            found = await self._first(spot, former_sandboxes(state, framework_id, spot.task_id))
        if found is None:
            raise AgentError(f"the sandbox of {spot.task_id} is not there, or not any more", missing=True)
        self._roots[spot.task_id] = found
        if len(self._roots) > REMEMBERED:
            self._roots.popitem(last=False)
        return found

    async def _framework(self) -> str:
        """Our id; a service that has only just started is waited for."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        while (found := self._framework_id()) is None:
            if loop.time() > until:
                raise AgentError("the service has not been subscribed to a master yet")
            await asyncio.sleep(0.1)
        return found

    async def _first(self, spot: Spot, roots: Sequence[str]) -> str | None:
        for root in roots:
            try:
                await self._get(spot.agent_id, "/files/browse", {"path": root})
            except AgentError as error:
                if not error.missing:
                    raise
            else:
                return root
        return None

    async def _get(self, agent_id: str, path: str, query: Mapping[str, str | int]) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._agents.get, agent_id, path, query)


def _entry(folder: str, info: Mapping[str, Any]) -> FileEntry:
    name = str(info.get("path", "")).rpartition("/")[2]
    return FileEntry(posixpath.join(folder, name).encode(errors="replace").decode(),
                     int(info.get("size", 0)), str(info.get("mode", "")), float(info.get("mtime", 0)))


def _bytes(answer: Mapping[str, Any]) -> bytes:
    return str(answer.get("data", "")).encode("utf-8", "surrogateescape")
