"""Where launch, exit and burst take place."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.executor_process import running_executor
from tests.bench.framework import TimedFramework
from tests.bench.settings import Settings
from tests.bench.updates import Stage


@contextmanager
def stage(settings: Settings) -> Iterator[tuple[Stage, str]]:
    """The executor behind an agent that watches the clock, or with --master that cluster; and its name for a row."""
    if settings.master is None:
        with running_executor(settings.docker_socket) as executor:
            yield executor.agent, "executor"
        return
    framework = TimedFramework(settings.master, settings)
    try:
        yield framework, f"{settings.executor} executor on {settings.master}"
    finally:
        framework.close()
