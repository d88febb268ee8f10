"""Processes that an agent starts, and how their ends are noticed."""
from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from deploy.local.containers.processes import REAP_SECONDS, Command, ProcessTable, start_of, usage_of


def command(folder: Path, line: str) -> Command:
    return Command(["/bin/sh", "-c", line], dict(os.environ), folder)


def test_an_end_is_told_once_with_its_status(tmp_path: Path) -> None:
    async def run() -> None:
        table, told = ProcessTable(), asyncio.Queue[int | None]()
        for line, status in (("exit 3", 3 << 8), ("kill -9 $$", signal.SIGKILL)):
            pid = table.start(command(tmp_path, line))
            assert table.watch(pid, told.put_nowait)
            assert await told.get() == status
            assert start_of(pid) is None
        assert told.empty()

    asyncio.run(run())


def test_an_end_that_has_not_been_told_can_be_forgotten(tmp_path: Path) -> None:
    """As when an agent stops in the moment between."""
    async def run() -> None:
        table, told = ProcessTable(), asyncio.Queue[int | None]()
        pid = table.start(command(tmp_path, "exec sleep 600"))
        assert start_of(pid) is not None
        assert usage_of(pid).rss_bytes > 0
        table.watch(pid, told.put_nowait)
        os.kill(pid, signal.SIGKILL)
        while start_of(pid) is not None:
            await asyncio.sleep(0)
        table.unwatch(pid)
        table.reap()
        await asyncio.sleep(2 * REAP_SECONDS)
        assert told.empty()

    asyncio.run(run())


def test_nobody_cannot_be_watched(tmp_path: Path) -> None:
    async def run() -> None:
        table = ProcessTable()
        pid = table.start(command(tmp_path, "true"))
        while start_of(pid) is not None:
            await asyncio.sleep(0.01)
        table.reap()
        assert not table.watch(pid, lambda _: None)

    asyncio.run(run())
