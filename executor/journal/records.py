"""What is written into the journal, as values; each becomes a line: its word, then its fields.

Times are seconds of the monotonic clock, which goes on while the host is up, whatever process asks.
A record of a word that is not known was written by a newer executor, and is left out; so are fields
behind those that are known.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from executor.journal.lines import JournalRefused


@dataclass(frozen=True, slots=True)
class TaskBegan:
    """A LAUNCH came. `info`: its TaskInfo, JSON without secrets; `blanked`: it had some.

    `capabilities`: the framework's, then. Its step is "admission".
    """

    task_id: str
    info: str
    at: float
    capabilities: tuple[str, ...] = ()
    blanked: bool = False


@dataclass(frozen=True, slots=True)
class TaskNamed:
    """Its container shall have this name; its output begins in the files of its sandbox there."""

    task_id: str
    name: str
    secrets: str | None = None  # the folder with its secret files
    begin: tuple[int, ...] = (0, 0)  # bytes of stdout and stderr, that an earlier task of its id left


@dataclass(frozen=True, slots=True)
class StepBegan:
    """What is done now for the task might bring us down."""

    task_id: str
    step: str


@dataclass(frozen=True, slots=True)
class StepOver:
    """It has not."""

    task_id: str


@dataclass(frozen=True, slots=True)
class ContainerMade:
    """It is about to be started."""

    task_id: str
    container: str


@dataclass(frozen=True, slots=True)
class EndNoted:
    """The task shall end. `until`: when its grace is over; None as long as nothing was stopped."""

    task_id: str
    cause: str
    why: str
    grace: float
    until: float | None = None


@dataclass(frozen=True, slots=True)
class StopSent:
    """The engine has sent the stop signal."""

    task_id: str


@dataclass(frozen=True, slots=True)
class HealthCounted:
    """How one of its health checks has been doing; `place` counts its checks."""

    task_id: str
    place: int
    failures: int
    ever_healthy: bool
    began: float


@dataclass(frozen=True, slots=True)
class UpdateKept:
    """An update that the agent has not acknowledged. `status`: JSON; `uuid`: hexadecimal."""

    task_id: str
    uuid: str
    state: str
    status: str


@dataclass(frozen=True, slots=True)
class UpdateDone:
    """The agent has acknowledged it."""

    task_id: str
    uuid: str


@dataclass(frozen=True, slots=True)
class TaskKnown:
    """What updates have said, once they are acknowledged and gone."""

    task_id: str
    told: bool
    running: bool
    killing: bool
    acknowledged: bool
    healthy: bool | None = None
    check_status: str | None = None  # JSON


@dataclass(frozen=True, slots=True)
class TaskDoomed:
    """It is left out: the executor crashed in this step of it, twice; empty: the host was rebooted."""

    task_id: str
    step: str


@dataclass(frozen=True, slots=True)
class StartUnsaid:
    """The engine has not said whether it has started its container, which goes before that is told.
    `kind`: the failure's class; `text`: its words.
    """

    task_id: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class TaskOver:
    """It has ended. `info`: as long as the agent has acknowledged nothing of it."""

    task_id: str
    info: str | None = None


@dataclass(frozen=True, slots=True)
class Crashed:
    """An executor ended without a word, in this step of this task; empty: in none."""

    at: float
    task_id: str
    step: str


Record = (TaskBegan | TaskNamed | StepBegan | StepOver | ContainerMade | EndNoted | StopSent
          | HealthCounted | UpdateKept | UpdateDone | TaskKnown | TaskDoomed | StartUnsaid | TaskOver | Crashed)

_WORDS: Final[Mapping[str, type[Record]]] = {
    "task": TaskBegan, "name": TaskNamed, "step": StepBegan, "step-over": StepOver,
    "container": ContainerMade, "end": EndNoted, "stop": StopSent, "health": HealthCounted,
    "doomed": TaskDoomed, "update": UpdateKept, "acknowledged": UpdateDone, "known": TaskKnown,
    "unsaid": StartUnsaid, "over": TaskOver, "crash": Crashed,
}
_WORD_OF: Final = {kind: word for word, kind in _WORDS.items()}
_FIELDS: Final = {kind: tuple(each.name for each in fields(kind)) for kind in _WORD_OF}
_TUPLES: Final = frozenset({"capabilities", "begin"})


def value(record: Record) -> list[Any]:
    """Its form in JSON."""
    kind = type(record)
    return [_WORD_OF[kind], *(getattr(record, name) for name in _FIELDS[kind])]


def record_of(said: Sequence[Any]) -> Record | None:
    """The record; None for a word that is not known. Raises JournalRefused for too few fields."""
    kind = _WORDS.get(said[0])
    if kind is None:
        return None
    names = _FIELDS[kind]
    known = {name: tuple(each) if name in _TUPLES else each
             for name, each in zip(names, said[1:], strict=False)}
    make: Callable[..., Record] = kind
    try:
        return make(**known)
    except TypeError as error:
        raise JournalRefused(f"a record {said[0]!r} says too little") from error
