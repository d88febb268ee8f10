"""What the engine itself has kept of each container: its output, and how it ended.

What dockerd had read and not yet written when it was killed nobody can bring back, so of tasks that
lived through that the engine's own log says which lines there are. And of an end that it has not
seen it says 255: that, and when it has written it down, is its record.

A container's log goes with the container. So each gets a second name as soon as it is seen, of which
nothing goes; its record is read whenever it has changed.
"""
from __future__ import annotations

import contextlib
import json
import os
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from executor.node.cgroups import CGROUPS

LOOKS = 0.01  # seconds between two looks for new containers


@dataclass(frozen=True, slots=True)
class Recorded:
    """How a container has ended, says the engine. `at`: when, seconds since the epoch."""

    code: int
    at: float


class EngineLogs:
    """A thread, from the constructor until `stop`. `data`: the engine's data root, which is a mount of its own."""

    def __init__(self, data: Path) -> None:
        self._containers = data / "containers"
        self.kept = data / "kept"
        self._names: dict[str, list[Path]] = {}  # by task id
        self._ends: dict[str, Recorded] = {}  # by task id
        self._over = threading.Event()
        self.kept.mkdir()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def lines(self, task_id: str) -> list[str] | None:
        """What a task's containers wrote to stdout; None if the engine has no log of it."""
        if task_id not in self._names:
            return None
        return [line for path in self._names[task_id] for line in read(path.read_bytes())]

    def end(self, task_id: str) -> Recorded | None:
        """Of its container; None if the engine has not written it down, or not long enough."""
        return self._ends.get(task_id)

    def running(self) -> list[str]:
        """Its containers that have processes, whatever the engine says."""
        return sorted({Path(folder).name for folder, _, _ in os.walk(CGROUPS)
                       if (self.kept / Path(folder).name).exists() and _has_processes(folder)})

    def _run(self) -> None:
        kept = set[str]()
        seen: dict[str, tuple[int, int]] = {}
        while not self._over.wait(LOOKS):
            with contextlib.suppress(FileNotFoundError):
                for each in self._containers.iterdir():
                    if each.name not in kept and self._keep(each.name):
                        kept.add(each.name)
                    self._look(each, seen)

    def _keep(self, container: str) -> bool:
        """Whether that is done."""
        folder, second = self._containers / container, self.kept / container
        try:
            labels = json.loads((folder / "config.v2.json").read_text())["Config"]["Labels"]
            os.link(folder / f"{container}-json.log", second)
        except (FileNotFoundError, ValueError):  # it is just being made, or was never started
            return False
        self._names.setdefault(labels["mesos-docker.task-id"], []).append(second)
        return True

    def _look(self, folder: Path, seen: dict[str, tuple[int, int]]) -> None:
        """`seen`: by container, its record as it was."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            path = folder / "config.v2.json"
            found = path.stat()
            version = (found.st_ino, found.st_mtime_ns)
            if seen.get(folder.name) != version:
                said = json.loads(path.read_text())
                seen[folder.name] = version
                ended = recorded(said["State"])
                if ended is not None:
                    self._ends[said["Config"]["Labels"]["mesos-docker.task-id"]] = ended


def _has_processes(folder: str) -> bool:
    try:
        return bool(Path(folder, "cgroup.procs").read_text())
    except OSError:  # it is gone by now
        return False


def recorded(state: dict[str, Any]) -> Recorded | None:
    """The end that stands in a container's State; None: it has not run, or runs."""
    if state["Running"] or state["StartedAt"].startswith("0001-"):
        return None
    whole = f"{state['FinishedAt'][:19]}+00:00"
    fraction = f"0{state['FinishedAt'][19:].rstrip('Z')}"
    return Recorded(state["ExitCode"], datetime.fromisoformat(whole).timestamp() + float(fraction))


def read(log: bytes) -> list[str]:
    """The lines of stdout in a log of json-file's. What is none, a kill has cut short."""
    text = ""
    for row in log.splitlines():
        with contextlib.suppress(ValueError):
            said = json.loads(row)
            if said["stream"] == "stdout":
                text += said["log"]
    return text.splitlines()
