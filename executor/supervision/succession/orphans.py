"""Containers that an earlier executor with our ids has left: removed before anything is started.

An agent has one executor of a framework and an id at a time, and tells the end of its tasks when it
ends without a word, as by SIGKILL. So containers with our ids and another owner belong to nobody.
"""
from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from executor.engine.failures import RuntimeFailure
from executor.engine.port import Listed
from executor.settings import labels as names
from executor.supervision.blocking.engine_calls import EngineCalls
from executor.telemetry.counts import Counts
from executor.telemetry.log import of_task

log = logging.getLogger(__name__)


def sweep(engine: EngineCalls, labels: Mapping[str, str], counts: Counts) -> None:
    """Have them removed; returns at once. `labels`: our own."""
    ours = names.of_one_executor(labels)
    if ours:
        engine.first(lambda: _remove(engine, ours, labels[names.OWNER], counts))


def orphans(containers: Iterable[Listed], owner: str) -> list[Listed]:
    """Those of another owner."""
    return [container for container in containers if container.labels.get(names.OWNER) != owner]


def _remove(engine: EngineCalls, ours: Mapping[str, str], owner: str, counts: Counts) -> None:
    try:
        found = engine.runtime.containers.listed(ours)
    except RuntimeFailure as failure:
        log.warning("Cannot look for containers of an earlier executor: %s", failure)
        return
    for container in orphans(found, owner):
        log.warning("Removing the container of task %s: its executor ended without a word",
                    container.labels.get(names.TASK),
                    extra=of_task(container.labels.get(names.TASK, "")))
        engine.remove_now(container.id)
        counts.add("orphans_removed_total")
        engine.forget(container.id, names.cni_networks(container.labels))
