"""What the fetching program is told, and what it tells: values on both sides of two pipes, JSON
between them.

It reads one line, the job, and works as long as its stdin stays open: an executor that is gone
takes it along. It writes lines: how far it is, and at last how it ended.
"""
from __future__ import annotations

import dataclasses
import enum
import json
from dataclasses import dataclass
from typing import Any, Final

MAX_BYTES: Final = 16 << 30  # that one task may fetch and unpack
MAX_FILES: Final = 200_000  # that its archives may hold
CACHE_BYTES: Final = 2 << 30  # as Mesos: the agent's --fetcher_cache_size
STALL: Final = 60.0  # seconds without a byte; as Mesos: --fetcher_stall_timeout


@dataclass(frozen=True, slots=True)
class Item:
    """One file. `name` is its path in the sandbox; what is executable is not unpacked, as in Mesos.
    """

    uri: str
    name: str
    executable: bool = False
    extract: bool = True
    cache: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """All files of a task. Sizes are bytes; `user` and `group` are numbers, None is who starts the
    program.
    """

    sandbox: str
    items: tuple[Item, ...]
    user: int | None = None
    group: int | None = None
    mapped: str = ""  # the sandbox as the container has it
    caches: tuple[str, ...] = ()  # folders for the cache but for its user: the first that will do
    cache_bytes: int = CACHE_BYTES
    max_bytes: int = MAX_BYTES
    max_files: int = MAX_FILES
    stall: float = STALL


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far it is: bytes of file number `item` (from 0) that are here, and all of them if that is
    known.
    """

    item: int
    done: int
    of: int | None = None


class FetchFault(enum.Enum):
    """Who can put it right that a file could not be had."""

    TASK = "task"  # it is not there, or not what the task takes it for
    SOURCE = "source"  # nobody answers where it should come from, or 5xx
    NODE = "node"  # no room, or a mistake of ours


@dataclass(frozen=True, slots=True)
class FetchEnd:
    """The last word: `why` not if all is here. `item` is the file that could not be had."""

    why: str | None = None
    item: int = 0
    fault: FetchFault = FetchFault.TASK


def job_text(job: Job) -> str:
    """The line that says it."""
    return json.dumps(dataclasses.asdict(job)) + "\n"


def read_job(line: str) -> Job:
    """The job in a line."""
    said = json.loads(line)
    return Job(**{**said, "items": tuple(Item(**each) for each in said["items"]),
                  "caches": tuple(said["caches"])})


def told_text(told: FetchProgress | FetchEnd) -> str:
    """The line that tells it."""
    said: dict[str, Any] = dataclasses.asdict(told)
    if isinstance(told, FetchEnd):
        said["fault"] = told.fault.value
    return json.dumps(said) + "\n"


def read_told(line: str) -> FetchProgress | FetchEnd:
    """What a line tells. Raises ValueError, TypeError or KeyError for one that tells nothing."""
    said = json.loads(line)
    if "done" in said:
        return FetchProgress(**said)
    return FetchEnd(said["why"], said["item"], FetchFault(said["fault"]))
