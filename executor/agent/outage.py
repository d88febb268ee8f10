"""How long to wait for an agent that is out of reach, and what to do when it stays away.

    connected --loss--> waiting --recovery timeout, or at once without checkpointing--> shutting down
                           |                                                            |
                           +--SUBSCRIBED--> connected <--SUBSCRIBED---------------------+--grace period--> given up

As Mesos: src/executor/executor.cpp. Unlike Mesos we go on trying while our containers shut down: an
agent that comes back within the grace period still gets the terminal updates. It differs too where
the agent was never reached: with checkpointing we are as patient as after a loss. An agent that
answers "not yet" (503, 404) is not out of reach.
"""
from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Final

from executor.settings.agent import AgentSettings

_NOT_YET: Final = frozenset({404, 503})  # routes not set up; recovery not finished
_UNKNOWN: Final = frozenset({"Framework cannot be found", "Executor cannot be found"})  # slave.cpp, `executor`
ASK_AGAIN: Final = 1.0  # seconds between two SUBSCRIBE at an agent that answers, as Mesos's built-in executors
RETURN_WAIT: Final = 10.0  # seconds that an agent which is back has to acknowledge what it had missed
_SHORT_SESSION: Final = 1.0  # seconds; an agent that breaks off sooner is not asked again at once


class Reaction(enum.Enum):
    """What an outage asks for now."""

    TRY_AGAIN = "try again"
    SHUT_DOWN = "shut down"  # told once; tries go on
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Outage:
    """`since` is the time of the loss, seconds of any clock.

    None: the agent is in reach, or says that it soon is.
    """

    since: float | None = None
    disowned: bool = False  # the agent has no such executor; it will never have
    shutdown: float | None = None  # when AgentEvents.shutdown was called, for this or any other reason
    back: float | None = None  # when the last outage ended


def found(outage: Outage, now: float) -> Outage:
    """The agent is there and has taken us."""
    back = outage.back if outage.since is None else now
    return replace(outage, since=None, disowned=False, back=back)


def lost(outage: Outage, now: float) -> Outage:
    """After a loss; the first of several counts."""
    return outage if outage.since is not None else replace(outage, since=now)


def refused(outage: Outage, status: int, text: str, now: float) -> Outage:
    """After an answer other than 200 to SUBSCRIBE: "not yet" ends an outage, any other refusal is
    one.

    An agent answers "not yet" until it has recovered all that it will ever know of. One that does
    not know us then has told the end of our tasks, or is another agent at the same address; by and
    by it might take us for a new executor of our name.
    """
    if status in _NOT_YET:
        return replace(outage, since=None)
    return replace(lost(outage, now), disowned=status == 400 and text.strip() in _UNKNOWN)


def reaction(outage: Outage, settings: AgentSettings, now: float) -> Reaction:
    """What to do at this time."""
    if outage.since is None:
        return Reaction.TRY_AGAIN
    if outage.shutdown is None:
        patience = settings.recovery_timeout if settings.checkpoint and not outage.disowned else 0.0
        return Reaction.SHUT_DOWN if now - outage.since >= patience else Reaction.TRY_AGAIN
    missed = now - max(outage.since, outage.shutdown)
    return Reaction.GIVE_UP if missed >= settings.shutdown_grace else Reaction.TRY_AGAIN


def awaited(outage: Outage, settings: AgentSettings, now: float) -> float:
    """Seconds for which it is worth waiting for acknowledgements because of the outage.

    0 where there is none, or nobody who would come back.
    """
    if outage.since is not None and settings.checkpoint and not outage.disowned:
        return max(0.0, outage.since + settings.recovery_timeout - now)
    return max(0.0, outage.back + RETURN_WAIT - now) if outage.back is not None else 0.0


def reason(outage: Outage, settings: AgentSettings) -> str:
    """Why it is to shut down."""
    if outage.disowned:
        return "the agent does not know this executor any more"
    if settings.checkpoint:
        return f"Recovery timeout of {settings.recovery_timeout:g} s exceeded"
    return "the connection to the agent is lost, and the framework does not checkpoint"


def pause(settings: AgentSettings, *, answered: bool, session: float, chance: float) -> float:
    """Seconds until the next try. `session`: how long the last one was subscribed; `chance` in [0,
    1) spreads tries.

    What Mesos gives as the most to wait is the very time after which an agent that has come back
    kills an executor that it has not heard of (--executor_reregistration_timeout). Half of it
    leaves time to be heard.
    """
    most = settings.subscription_backoff_max / 2
    if answered:
        return min(ASK_AGAIN, most)
    if session >= _SHORT_SESSION:
        return 0.0
    return most * chance
