"""The custom executors of this machine, found in its process table.

One is a process whose launcher is its parent: the launcher says in its environment who it is, and
how it was called. That environment is what the process was started with, whatever it has changed
since. A drop-in, and what speaks libprocess, is none: an agent takes no second process of it.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
LAUNCHER: Final = "MESOS_DOCKER_LAUNCHER"  # as executor/program.py has them
COMMAND: Final = "MESOS_DOCKER_COMMAND"


@dataclass(frozen=True, slots=True)
class FoundExecutor:
    """A process of a custom executor's. `command`: what is started when it makes way; `uid`, `gid`:
    whom it runs as.
    """

    pid: int
    launcher: int
    command: Path
    sandbox: str
    framework: str
    executor: str
    uid: int
    gid: int


def custom_executors(proc: Path = PROC) -> tuple[list[FoundExecutor], int]:
    """All of them, and how many other processes look like one and cannot be looked at."""
    found, hidden = list[FoundExecutor](), 0
    for folder in sorted(proc.iterdir()):
        if not folder.name.isdigit():
            continue
        try:
            words = _texts(folder / "cmdline")
            each = _custom_executor(folder, words) if _runs_module(words) else None
        except PermissionError:
            hidden += 1
        except (OSError, ValueError):  # it has ended
            continue
        else:
            found += [each] if each is not None else []
    return found, hidden


def _custom_executor(folder: Path, words: Sequence[str]) -> FoundExecutor | None:
    variables = dict(each.partition("=")[::2] for each in _texts(folder / "environ"))
    status = _status((folder / "status").read_text(errors="replace"))
    ids = [variables.get(name, "") for name in
           (COMMAND, "MESOS_DIRECTORY", "MESOS_FRAMEWORK_ID", "MESOS_EXECUTOR_ID")]
    if (variables.get(LAUNCHER) != status["PPid"] or not all(ids)
            or variables.get("MESOS_DOCKER_PROTOCOL") == "v0"
            or any(word.startswith("--container") for word in words)):
        return None
    command, sandbox, framework, executor = ids
    return FoundExecutor(int(folder.name), int(status["PPid"]), (folder / "cwd").readlink() / command, sandbox,
                         framework, executor, int(status["Uid"].split()[1]), int(status["Gid"].split()[1]))


def _runs_module(words: Sequence[str]) -> bool:
    """As the launcher starts it: `-m executor`, or a line of Python that is told where and what."""
    return any(word == "executor" and place and words[place - 1] != "--" for place, word in enumerate(words))


def _texts(path: Path) -> list[str]:
    return [each.decode(errors="surrogateescape") for each in path.read_bytes().split(b"\0") if each]


def _status(text: str) -> Mapping[str, str]:
    """/proc/PID/status, the parts by their names."""
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}
