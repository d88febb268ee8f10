"""What the engine itself has kept of each container's output: what dockerd had read and not yet written when it was
killed nobody can bring back, so of tasks that lived through that the engine's own log says which lines there are.

A container's log goes with the container. So each gets a second name as soon as it is seen, of which nothing goes.
"""
from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path

LOOKS = 0.01  # seconds between two looks for new containers


class EngineLogs:
    """A thread, from the constructor until `stop`. `data`: the engine's data root, which is a mount of its own."""

    def __init__(self, data: Path) -> None:
        self._containers = data / "containers"
        self._kept = data / "kept"
        self._names: dict[str, list[Path]] = {}  # by task id
        self._over = threading.Event()
        self._kept.mkdir()
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

    def _run(self) -> None:
        seen = set[str]()
        while not self._over.wait(LOOKS):
            with contextlib.suppress(FileNotFoundError):
                seen |= {each.name for each in self._containers.iterdir()
                         if each.name not in seen and self._keep(each.name)}

    def _keep(self, container: str) -> bool:
        """Whether that is done."""
        folder, second = self._containers / container, self._kept / container
        try:
            labels = json.loads((folder / "config.v2.json").read_text())["Config"]["Labels"]
            os.link(folder / f"{container}-json.log", second)
        except (FileNotFoundError, ValueError):  # it is just being made, or was never started
            return False
        self._names.setdefault(labels["mesos-docker.task-id"], []).append(second)
        return True


def read(log: bytes) -> list[str]:
    """The lines of stdout in a log of json-file's. What is none, a kill has cut short."""
    text = ""
    for row in log.splitlines():
        with contextlib.suppress(ValueError):
            said = json.loads(row)
            if said["stream"] == "stdout":
                text += said["log"]
    return text.splitlines()
