"""What others have of a soak's tasks: the master, sandboxes, executors' logs; and the table of it all."""
from __future__ import annotations

import http.client
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from specs.between.output_index import file_name

UNKNOWN = "Kill of a task that this executor does not have"
COUNTED = ("tasks", "updates sent", "updates sent again after a crash", "updates made by agents",
           "updates told", "doubled", "updates stored", "updates the master has replaced",
           "answers to kills of what had ended", "updates unaccounted for", "lost", "invented", "orphans", "lines lost",
           "lines doubled or broken", "ended before they were launched",
           "lines that Docker lost", "exit statuses that Docker lost",
           "tasks that Docker ended")


def masters(master: str, framework_id: str) -> dict[str, tuple[str, frozenset[str]]]:
    """What the master has of each task: its state, and the uuids of its updates."""
    connection = http.client.HTTPConnection(master, timeout=60)
    connection.request("POST", "/api/v1", json.dumps({"type": "GET_TASKS"}), {
        "Content-Type": "application/json", "Accept": "application/json"})
    found: dict[str, list[dict[str, Any]]] = json.loads(
        connection.getresponse().read())["get_tasks"]
    connection.close()
    return {each["task_id"]["value"]: (each["state"], frozenset(
        status["uuid"] for status in each.get("statuses", ()) if status.get("uuid")))
        for kind in found.values() for each in kind if each["framework_id"]["value"] == framework_id}


def output(sandboxes: Iterable[str], task_id: str) -> list[str]:
    """Of all its files, which are small, the oldest first."""
    for sandbox in sandboxes:
        folder = Path(sandbox, "tasks", task_id)
        found = [folder / file_name("stdout", number) for number in range(999, -1, -1)]
        text = "".join(path.read_text() for path in found if path.exists())
        if text:
            return text.splitlines()
    return []


def sent(sandboxes: Iterable[str]) -> tuple[dict[str, list[str]], Counter[str]]:
    """By task, the states of the updates in the logs of executors, which are in one piece; and how often
    they have answered that they have not got it.
    """
    found, answers = dict[str, list[str]](), Counter[str]()
    for sandbox in sandboxes:
        log = Path(sandbox, "stderr").read_text(errors="replace")
        for task_id, state, text in re.findall(r"\] Task (t\d+): (TASK_[A-Z]+)(.*)", log):
            if text == f": {UNKNOWN}":
                answers[task_id] += 1
            else:
                found.setdefault(task_id, []).append(state)
    return found, answers


def show(counts: Mapping[str, int], faults: Mapping[str, int], ways: Mapping[str, int],
         close: Mapping[str, int]) -> None:
    """The table, on stdout."""
    rows = [(name, counts.get(name, 0)) for name in COUNTED]
    rows += [(f"faults: {kind}", count) for kind, count in faults.items()]
    rows += sorted(ways.items())
    rows += [(f"within 100 ms of a fault: {moment}", count) for moment, count in close.items()]
    for name, count in rows:
        print(f"{name:>40} {count:6}")
