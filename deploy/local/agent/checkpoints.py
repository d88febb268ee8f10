"""What an agent writes down, so that it finds itself and its executors again after a restart.

Its own id always; frameworks, executors, tasks and updates only of frameworks that asked for it
(FrameworkInfo.checkpoint). The folders are Mesos's; the files hold JSON instead of protobuf, one
value per line.

    meta/slaves/latest                               a link to the newest agent's folder
    meta/slaves/AGENT/
        slave.info
        containers/CONTAINER                         the pid of every container, also of others' frameworks
        frameworks/F/
            framework.info
            executors/E/
                executor.info
                runs/C/
                    pids/forked.pid
                    pids/libprocess.pid              of an executor that speaks libprocess
                    executor.sentinel                it has ended
                    tasks/T/task.info
                    tasks/T/task.updates

What a promise hangs on (a task, an update) raises OSError when it cannot be written, and its maker
must not go on. Of the rest a restarted agent knows less, and that is logged. Nothing half written
ever stands where something whole was.

As Mesos: slave/paths.cpp, slave/state.cpp; a Mesos agent ends when its disk is full.
"""
from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specs.forms import Json

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task with its updates, in order, and which of them were acknowledged."""

    info: Json
    updates: list[Json] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ExecutorRecord:
    """The newest run of an executor."""

    info: Json
    command_task: bool
    container_id: str
    pid: int | None  # None: it was never forked
    start: int | None
    libprocess_pid: str | None  # None: it speaks HTTP, or has not registered
    completed: bool
    tasks: list[TaskRecord]


@dataclass(frozen=True, slots=True)
class FrameworkRecord:
    """A framework and its executors."""

    info: Json
    executors: list[ExecutorRecord]


def latest_agent_id(work_dir: Path) -> str | None:
    """The id that the agent of this work directory had before; None: it is new."""
    latest = work_dir / "meta" / "slaves" / "latest"
    return latest.readlink().name if latest.is_symlink() else None


def read_json(path: Path) -> Json | None:
    """The last whole value in a file; None if there is none: the agent may have died while it
    wrote.
    """
    values = list(_lines(path))
    return values[-1] if values else None


def _lines(path: Path) -> Iterator[Json]:
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    for line in text.split("\n"):
        try:
            yield json.loads(line)
        except ValueError:
            continue


class Checkpoints:
    """Writes and reads the folder of one agent."""

    def __init__(self, work_dir: Path, agent_id: str) -> None:
        self._slaves = work_dir / "meta" / "slaves"
        self._root = self._slaves / agent_id

    # ---- the agent

    def save_agent(self, info: Mapping[str, Any]) -> None:
        try:
            self._write(self._root / "slave.info", info)
            latest = self._slaves / "latest"
            latest.unlink(missing_ok=True)
            latest.symlink_to(self._root)
        except OSError as error:
            log.warning(
                "The agent's id could not be written, it gets a new one after a restart: %s", error)

    def agent_info(self) -> Json | None:
        return read_json(self._root / "slave.info")

    # ---- containers of all frameworks

    def save_container(self, container_id: str, pid: int, start: int | None) -> None:
        """`start`: see `processes.start_of`."""
        self._try_to_write(self._root / "containers" / container_id, {"pid": pid, "start": start})

    def forget_container(self, container_id: str) -> None:
        (self._root / "containers" / container_id).unlink(missing_ok=True)

    def containers(self) -> dict[str, tuple[int, int | None]]:
        """Pid and start by container id."""
        folder = self._root / "containers"
        paths = [path for path in folder.iterdir()
                 if not path.name.startswith(".")] if folder.is_dir() else []
        found = {path.name: read_json(path) for path in paths}
        return {name: (value["pid"], value["start"]) for name,
                value in found.items() if value is not None}

    # ---- frameworks that want it

    def save_framework(self, info: Mapping[str, Any]) -> None:
        """Raises OSError."""
        self._write(self._framework(info["id"]["value"]) / "framework.info", info)

    def save_executor(self, framework_id: str, info: Mapping[str, Any], container_id: str, *,
                      command_task: bool) -> None:
        """Raises OSError."""
        executor_id = info["executor_id"]["value"]
        self._write(self._executor(framework_id, executor_id) / "executor.info",
                    {"info": info, "command_task": command_task, "container_id": container_id})
        self._run(framework_id, executor_id, container_id).mkdir(parents=True, exist_ok=True)

    def save_pid(self, framework_id: str, executor_id: str, container_id: str, pid: int,
                 start: int | None) -> None:
        path = self._run(framework_id, executor_id, container_id) / "pids" / "forked.pid"
        self._try_to_write(path, {"pid": pid, "start": start})

    def save_libprocess_pid(self, framework_id: str, executor_id: str, container_id: str,
                            pid: str) -> None:
        path = self._run(framework_id, executor_id, container_id) / "pids" / "libprocess.pid"
        self._try_to_write(path, {"pid": pid})

    def save_task(self, framework_id: str, executor_id: str, container_id: str,
                  info: Mapping[str, Any]) -> None:
        """Raises OSError."""
        self._write(self._task(framework_id, executor_id, container_id,
                               info["task_id"]["value"]) / "task.info", info)

    def save_update(self, framework_id: str, executor_id: str, container_id: str,
                    status: Mapping[str, Any]) -> None:
        """Raises OSError."""
        folder = self._task(framework_id, executor_id, container_id, status["task_id"]["value"])
        self._append(folder / "task.updates", {"update": status})

    def save_acknowledgement(self, framework_id: str, executor_id: str, container_id: str,
                             task_id: str, uuid: str) -> None:
        folder = self._task(framework_id, executor_id, container_id, task_id)
        try:
            self._append(folder / "task.updates", {"ack": uuid})
        except OSError as error:
            log.warning(
                "An acknowledgement could not be written, its update comes again after a restart: %s", error)

    def mark_completed(self, framework_id: str, executor_id: str, container_id: str) -> None:
        self._try_to_write(self._run(framework_id, executor_id,
                                     container_id) / "executor.sentinel", {})

    def frameworks(self) -> list[FrameworkRecord]:
        """All that was written down of them."""
        folder = self._root / "frameworks"
        records = [self._read_framework(path)
                   for path in sorted(folder.iterdir())] if folder.is_dir() else []
        return [record for record in records if record is not None]

    def _read_framework(self, folder: Path) -> FrameworkRecord | None:
        info = read_json(folder / "framework.info")
        if info is None:
            return None
        executors = folder / "executors"
        records = [_read_executor(path) for path in sorted(
            executors.iterdir())] if executors.is_dir() else []
        return FrameworkRecord(info, [record for record in records if record is not None])

    # ---- places

    def _framework(self, framework_id: str) -> Path:
        return self._root / "frameworks" / framework_id

    def _executor(self, framework_id: str, executor_id: str) -> Path:
        return self._framework(framework_id) / "executors" / executor_id

    def _run(self, framework_id: str, executor_id: str, container_id: str) -> Path:
        return self._executor(framework_id, executor_id) / "runs" / container_id

    def _task(self, framework_id: str, executor_id: str, container_id: str, task_id: str) -> Path:
        return self._run(framework_id, executor_id, container_id) / "tasks" / task_id

    def _try_to_write(self, path: Path, value: Mapping[str, Any]) -> None:
        try:
            self._write(path, value)
        except OSError as error:
            log.warning("Could not be written: %s", error)

    @staticmethod
    def _write(path: Path, value: Mapping[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        try:
            with open(new, "w", encoding="utf-8", opener=_private) as file:
                file.write(json.dumps(value) + "\n")
            new.replace(path)
        except OSError:
            new.unlink(missing_ok=True)
            raise

    @staticmethod
    def _append(path: Path, value: Mapping[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(value).encode() + b"\n"
        with open(path, "ab", buffering=0, opener=_private) as file:
            before = os.fstat(file.fileno()).st_size
            written = file.write(line)
            if written < len(line):  # the last block that there was
                file.truncate(before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _private(path: str, flags: int) -> int:
    """Tasks have secrets in their environment: what is made is for its owner alone, as in Mesos."""
    return os.open(path, flags, 0o600)


def _read_executor(folder: Path) -> ExecutorRecord | None:
    record = read_json(folder / "executor.info")
    if record is None:
        return None
    run = folder / "runs" / record["container_id"]
    forked = read_json(run / "pids" / "forked.pid") or {}
    libprocess = read_json(run / "pids" / "libprocess.pid") or {}
    tasks = run / "tasks"
    found = [_read_task(path) for path in sorted(tasks.iterdir())] if tasks.is_dir() else []
    return ExecutorRecord(record["info"], record["command_task"], record["container_id"],
                          forked.get("pid"), forked.get("start"), libprocess.get("pid"),
                          (run / "executor.sentinel").exists(),
                          [task for task in found if task is not None])


def _read_task(folder: Path) -> TaskRecord | None:
    info = read_json(folder / "task.info")
    if info is None:
        return None
    record = TaskRecord(info)
    for line in _lines(folder / "task.updates"):
        if "update" in line:
            record.updates.append(line["update"])
        elif "ack" in line:
            record.acknowledged.add(line["ack"])
    return record
