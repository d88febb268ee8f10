"""A Mesos for the tests of your framework or executor: the pytest fixture `local_mesos`.

pytest finds it by itself where mesos-docker is installed (deploy/mesos_docker/pytest_plugin.py). In a
test:

    def test_my_scheduler(local_mesos):
        mesos = local_mesos(agents=2, resources="cpus:4;mem:4096;ports:[31000-31099]")
        scheduler = MyScheduler(master=mesos.address)
        ...
        mesos.stop_agent(0)      # its executors run on
        mesos.start_agent(0)     # and are recovered, if the framework checkpoints
        mesos.stop_master()
        mesos.start_master()     # agents register again; the scheduler has to subscribe again

Arguments are those of `deploy.local.LocalMesos`. Each call makes another Mesos; all end with the
test, with every executor and container that they started. Without `credential` it is open, as a
Mesos without flags: whoever reaches this machine's loopback can use it while the test lasts.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from deploy.local.local import LocalMesos

StartMesos = Callable[..., LocalMesos]


@contextmanager
def starting() -> Iterator[StartMesos]:
    """A function that starts an embedded Mesos, which ends with the block."""
    with ExitStack() as stack:

        def start(agents: int = 1, **settings: Any) -> LocalMesos:
            settings.setdefault("executor_shutdown_grace_period", 0.5)
            return stack.enter_context(LocalMesos(agents, **settings))

        yield start


@pytest.fixture
def local_mesos() -> Iterator[StartMesos]:
    """A function that starts an embedded Mesos, which ends with the test."""
    with starting() as start:
        yield start
