"""The endings as tasks of the drop-in, and what Mesos's own docker executor said of them.

mesos_updates.json has the latter, from a real Apache Mesos 1.12-dev with Docker 20.10:

    python -m tests.e2e.beside HOST:PORT > tests/e2e/mesos_updates.json

(its agent offers 20000-20100). Ports that differ from run to run are written as PORT.
"""
from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.e2e import endings
from tests.e2e.endings import Case, Outcome, Registry, run_all
from tests.e2e.test_endings import AS_MESOS, CASES, port_conflict, with_registries

RECORDED = Path(__file__).with_name("mesos_updates.json")
PORT = 20_090  # another one than that of test_endings.py, which may run at the same time
Update = dict[str, str | bool | None]


@contextmanager
def drop_in_cases() -> Iterator[list[Case]]:
    """All endings for the drop-in."""
    registries = [Registry(404), Registry(401), Registry(500), Registry(None), Registry(None)]
    ours = [case for case in CASES if case not in AS_MESOS]
    try:
        with socket.create_server(("0.0.0.0", PORT)):
            yield [replace(case, executor="mesos")
                   for case in (*with_registries(*registries), port_conflict(PORT), *ours)]
    finally:
        for registry in registries:
            registry.close()


def said(outcome: Outcome) -> list[Update]:
    """What a framework heard of a task."""
    return [{"state": each["state"], "reason": each.get("reason"), "source": each.get("source"),
             "message": _without_ports(each.get("message")), "healthy": each.get("healthy")}
            for each in outcome.life.updates if each["state"] != "TASK_STAGING"]  # a master's answer, if asked early


def _without_ports(message: str | None) -> str | None:
    return None if message is None else re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", message)


def recorded() -> Mapping[str, Sequence[Update]]:
    """By name of a case."""
    found: Mapping[str, Sequence[Update]] = json.loads(RECORDED.read_text())
    return found


def main(address: str) -> None:
    """Record what is said on this Mesos."""
    endings.PATIENCE = 300.0
    with drop_in_cases() as cases:
        told = {name: said(outcome) for name, outcome in run_all(cases, address).items()}
    json.dump(told, sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main(sys.argv[1])
