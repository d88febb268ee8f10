"""The embedded Mesos: a master and agents in one process, for development and tests.

    from deploy.local import LocalMesos

A newcomer's map of its rooms:

    master/       subscriptions, offers, tasks, reconciliation; memory.py and cluster.py are what it knows
    agent/        executors and their updates, checkpoints and recovery
    containers/   executors as processes, executors of Docker tasks
    programs/     the executor of tasks without one
    endpoints/    what people and tools read over HTTP
    wire/         libprocess's HTTP, JSON as Mesos reads and writes it, the link between master and agent
    records/      values that both sides keep
    local.py      puts them together; control.py stops and starts agents from outside
"""
from __future__ import annotations

from deploy.local.local import LocalMesos

__all__ = ["LocalMesos"]
