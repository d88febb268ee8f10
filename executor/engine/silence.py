"""What it means that an engine does not answer a call. Pure.

An engine restarts, with its containers or without them, hangs, is killed in the middle of something,
forgets what it had. Whoever asked it learns of all that only that the call failed without an answer:
whether it was carried out is not known, and need not be while the engine is away. What it means
depends on what was asked, and is this table. No row waits for the engine alone: what cannot wait has
a clock or another way, named in it; and what has happened meanwhile is looked up once it is back.
"""
from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from executor.engine.failures import (
    DaemonUnavailable,
    DeadlineExceeded,
    Fault,
    NetworkPluginFailed,
    RuntimeFailure,
)

NO_ANSWER: Final = (DaemonUnavailable, DeadlineExceeded, Fault)  # or none that says whether it was done


class Asked(enum.Enum):
    """What an engine was asked for."""

    CREATE = "make the task's container"
    START = "start it, and say how it is"
    LOOK = "say how it is"
    CHECK = "run a check's command in it"
    OUTPUT = "say again what it wrote"
    REMOVE = "remove it, after its end"


class Meaning(enum.Enum):
    """What its silence means."""

    NEVER_RAN = "nothing runs: the task is dropped, and what may have been made is removed later"
    MAY_RUN = "it may run: it is removed by force, as often as it takes, before an end is told"
    UNKNOWN = "nothing is known of it: asked again; of a process that is gone, for ten minutes at most"
    NO_RESULT = "it says nothing of the task: no failure is counted, the next check comes in its time"
    AT_THE_END = "the output that is missing is asked for again, at the latest when it has ended"
    LATER = "nobody waits for it: done when the engine is back, or at the executor's end"


MEANINGS: Final[Mapping[Asked, Meaning]] = {
    Asked.CREATE: Meaning.NEVER_RAN,  # a create alone runs nothing
    Asked.START: Meaning.MAY_RUN,
    Asked.LOOK: Meaning.UNKNOWN,
    Asked.CHECK: Meaning.NO_RESULT,
    Asked.OUTPUT: Meaning.AT_THE_END,
    Asked.REMOVE: Meaning.LATER,
}
_ALSO: Final[Mapping[Asked, tuple[type[RuntimeFailure], ...]]] = {
    Asked.START: (NetworkPluginFailed,),  # it runs by then, and nobody has attached it
}


def meaning(asked: Asked, failure: type[RuntimeFailure]) -> Meaning | None:
    """What a failed call means; None: the engine has answered, and its words say it."""
    silent = issubclass(failure, (*NO_ANSWER, *_ALSO.get(asked, ())))
    return MEANINGS[asked] if silent else None
