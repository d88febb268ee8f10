"""What agents serve of sandboxes: real folders, under the paths that an agent has for them."""
from __future__ import annotations

import queue
import stat
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local.containers.sandbox_files import (
    Entry,
    NotThereError,
    OutsideError,
    WrongKindError,
    list_folder,
    read_piece,
)
from scheduler.looking.agents import AgentError
from scheduler.looking.execs import CallBack

PIECE = 64 * 1024
FRAMEWORK = "F1"


class FakeSandboxes:
    """Implements AgentSide. `asked` counts the questions by endpoint and the end of their path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.custom = True
        self.url = ""  # where the service is
        self.certificate: str | None = None  # of the service, its fingerprint
        self.sent: queue.SimpleQueue[tuple[str, str, bytes]] = queue.SimpleQueue()  # messages
        self._former: dict[str, Path] = {}
        self.asked: Counter[tuple[str, str]] = Counter()
        self.away: str | None = None  # why no agent answers
        self._lock = threading.Lock()

    def of(self, task_id: str) -> Path:
        """The sandbox of a task of our executor, which is made if it is not there."""
        found = self._folder / "latest" / "tasks" / task_id
        found.mkdir(parents=True, exist_ok=True)
        return found

    def end_executor(self) -> None:
        """The sandboxes that are there belong to a former run from now on."""
        former = self._folder / f"run{len(self._former)}"
        (self._folder / "latest").rename(former)
        self._former[f"/slaves/runs/{former.name}"] = former

    def get(self, agent_id: str, path: str, query: Mapping[str, str | int]) -> Any:
        with self._lock:
            self.asked[path, str(query.get("path", "")).rpartition("/")[2]] += 1
        if self.away is not None:
            raise AgentError(f"{agent_id} does not answer: {self.away}")
        if path == "/state":
            return {"frameworks": [{"id": FRAMEWORK, "completed_executors": [
                {"id": "mesos-docker", "directory": each} for each in self._former]}]}
        root, rest = self._place(str(query["path"]))
        try:
            if path == "/files/browse":
                return [{"path": f"{query['path']}/{each.name}", "size": each.found.st_size,
                         "mode": stat.filemode(each.found.st_mode), "mtime": each.found.st_mtime}
                        for each in _listed(root, rest)]
            offset = int(query["offset"])
            size, data = read_piece(root, rest, max(0, offset), int(query["length"]), PIECE)
        except NotThereError:
            raise AgentError("404", missing=True) from None
        except (OutsideError, WrongKindError) as error:
            raise AgentError(f"400 {error}", wrong=True) from None
        if offset == -1:
            return {"data": "", "offset": size}
        return {"data": data.decode("utf-8", "surrogateescape"), "offset": offset}

    def callback(self, agent_id: str) -> CallBack:
        if self.away is not None:
            raise AgentError(f"{agent_id} does not answer: {self.away}")
        return CallBack(self.url, self.certificate)

    def send(self, agent_id: str, executor_id: str, data: bytes) -> None:
        self.sent.put((agent_id, executor_id, data))

    def _place(self, path: str) -> tuple[Path, str]:
        roots = {f"/frameworks/{FRAMEWORK}/executors/mesos-docker/runs/latest": self._folder / "latest",
                 **self._former}
        for name, root in roots.items():
            if path == name or path.startswith(name + "/"):
                return root, path[len(name) + 1:]
        raise AgentError("404", missing=True)


def _listed(root: Path, path: str) -> list[Entry]:
    if not (root / path).is_dir():
        raise NotThereError
    return list_folder(root, path)
