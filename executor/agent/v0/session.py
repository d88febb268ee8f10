"""What an executor is to its agent, and what it does about what it hears: facts in, actions out.

    registering --ExecutorRegistered--> connected --the agent exited--> away
         |                                  ^                            | ReconnectExecutor
         | the agent exited                 +---ExecutorReregistered--- returning
         v                                                               |
    shutting down <------- recovery timeout, or no checkpointing --------+

As Mesos: exec/exec.cpp. An agent that is killed closes its end of our link, and that is how we know.
With checkpointing we then wait for the next agent to ask for us; a v0 executor never comes by
itself. What differs:

- a second exit before ExecutorReregistered is no reason to end: the wait goes on as it began;
- while tasks are ended, the agent is still heard: it may come back for the last updates;
- **only our agent is heard**: what comes from another pid, from another machine, or is meant for
  another framework or executor changes nothing. Another pid may ask us to reconnect, in the name of
  our agent's id, when the agent is gone, and from then on is our agent: its port may have changed.
  Another actor at our agent's address may at any time: where an agent was replaced within its
  process, nothing has closed our link.

Nothing here knows a socket, a clock or a thread. `now` is seconds of any clock.
"""
from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from executor.agent import outbox
from executor.agent.outbox import Outbox
from executor.agent.v0 import messages as m
from executor.settings.agent import AgentSettings
from specs.messages.status import TaskStatus
from specs.network.pid import Pid


class Stage(enum.Enum):
    """Where we stand with the agent."""

    REGISTERING = "registering"
    CONNECTED = "connected"
    AWAY = "away"
    RETURNING = "returning"


@dataclass(frozen=True, slots=True)
class V0Session:
    """A value; every fact makes the next one."""

    agent: Pid
    stage: Stage = Stage.REGISTERING
    box: Outbox = field(default_factory=Outbox)
    unsent: tuple[TaskStatus, ...] = ()  # of the outbox: what this agent has not been told
    peers: frozenset[str] = frozenset()  # hosts that our agent has spoken from
    lost: float | None = None  # when the agent went away
    shutdown: float | None = None  # when we were told to end
    over: bool = False  # nobody is waited for any more

    @property
    def away(self) -> bool:
        """Whether the agent is out of reach and may come back."""
        return self.stage in {Stage.AWAY, Stage.RETURNING} and not self.over


# Actions.

@dataclass(frozen=True, slots=True)
class Link:
    """Connect to this agent, instead of the connection that may be there."""

    to: Pid


@dataclass(frozen=True, slots=True)
class SendUpdate:
    """StatusUpdate."""

    status: TaskStatus


@dataclass(frozen=True, slots=True)
class SendReregister:
    """ReregisterExecutor, with the whole outbox."""

    box: Outbox


@dataclass(frozen=True, slots=True)
class SendMessage:
    """ExecutorToFramework."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Tell:
    """The executor is to know what the agent said."""

    heard: m.Heard


@dataclass(frozen=True, slots=True)
class TellLost:
    """The executor is to know that the agent is out of reach."""


@dataclass(frozen=True, slots=True)
class TellShutdown:
    """The executor is to end its tasks and itself."""

    why: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing is done, and the log says why."""

    what: str


Action: TypeAlias = (Link | SendUpdate | SendReregister | SendMessage | Tell | TellLost
                     | TellShutdown
                     | Ignored)
Step: TypeAlias = tuple[V0Session, Sequence[Action]]
_NOTHING: Final[Sequence[Action]] = ()


@dataclass(frozen=True, slots=True)
class MessageSender:
    """`pid` is what a message claims; `host` is where its connection comes from, `here` whether
    that is this machine.
    """

    pid: Pid
    host: str
    here: bool


# What we want.

def say(session: V0Session, status: TaskStatus) -> Step:
    """Report an update; ValueError as `outbox.stored`."""
    box = outbox.stored(session.box, status)
    if session.stage is Stage.CONNECTED:
        return replace(session, box=box), [SendUpdate(status)]
    return replace(session, box=box, unsent=(*session.unsent, status)), _NOTHING


def say_message(session: V0Session, data: bytes) -> Step:
    """Send a framework message, if there is an agent to take it."""
    if session.stage is Stage.CONNECTED:
        return session, [SendMessage(data)]
    return session, [Ignored("a framework message of ours: the agent is out of reach")]


# What happens.

def link_ended(session: V0Session, settings: AgentSettings, now: float) -> Step:
    """The agent closed our link, or it could not be made: the agent has exited."""
    if session.stage in {Stage.AWAY, Stage.RETURNING}:
        return replace(session, stage=Stage.AWAY), _NOTHING
    registered = session.stage is Stage.CONNECTED
    gone = replace(session, stage=Stage.AWAY, lost=now)
    told: list[Action] = [TellLost()] if registered else []
    if registered and settings.checkpoint:
        return gone, told
    why = ("the agent exited, and the framework does not checkpoint" if registered
           else "the agent exited before it registered this executor")
    return _shut_down(gone, why, now, *told)


def deadline(session: V0Session, settings: AgentSettings) -> float | None:
    """When `tick` has something to do; None: never."""
    if session.over or session.lost is None:
        return None
    if session.shutdown is None:
        return session.lost + settings.recovery_timeout
    return max(session.lost, session.shutdown) + settings.shutdown_grace


def tick(session: V0Session, settings: AgentSettings, now: float) -> Step:
    """The deadline has passed."""
    due = deadline(session, settings)
    if due is None or now < due:
        return session, _NOTHING
    if session.shutdown is None:
        return _shut_down(session, f"Recovery timeout of {settings.recovery_timeout:g} s exceeded",
                          now)
    return replace(session, over=True), _NOTHING


def heard(session: V0Session, sender: MessageSender, said: m.Heard, settings: AgentSettings,
          now: float) -> Step:
    """A message came."""
    reason = _stranger(session, sender, said, settings)
    if reason is not None:
        return session, [
            Ignored(f"{type(said).__name__} from {sender.pid} at {sender.host}: {reason}")]
    session = replace(session, peers=session.peers | {sender.host})
    match said:
        case m.Reconnect():
            return replace(session, agent=sender.pid, stage=Stage.RETURNING, unsent=(),
                           lost=now if session.lost is None else session.lost), \
                [Link(sender.pid), SendReregister(session.box)]
        case m.Registered() if session.stage is Stage.REGISTERING:
            return replace(session, stage=Stage.CONNECTED,
                           unsent=()), [Tell(said), *_unsent(session)]
        case m.Reregistered() if session.stage is Stage.RETURNING:
            return replace(session, stage=Stage.CONNECTED, lost=None, unsent=()), \
                [Tell(said), *_unsent(session)]
        case m.KillTask():
            return session, [Tell(said)]
        case m.Acknowledged():
            box = outbox.acknowledged(session.box, said.task_id, said.uuid)
            return replace(session, box=box), [Tell(said)]
        case m.Shutdown():
            return _shut_down(session, "the agent asked for it", now)
        case m.RunTask() if session.stage is Stage.CONNECTED:
            return replace(session, box=outbox.launched(session.box, said.task_id,
                                                        said.task)), [Tell(said)]
        case m.FrameworkMessage() if session.stage is Stage.CONNECTED:
            return session, [Tell(said)]
        case _:
            return session, [Ignored(f"{type(said).__name__} while {session.stage.value}")]


def _unsent(session: V0Session) -> list[Action]:
    return [SendUpdate(status) for status in session.unsent if status in session.box.updates]


def _shut_down(session: V0Session, why: str, now: float, *before: Action) -> Step:
    if session.shutdown is not None:
        return session, [*before]
    return replace(session, shutdown=now), [*before, TellShutdown(why)]


def _stranger(session: V0Session, sender: MessageSender, said: m.Heard,
              settings: AgentSettings) -> str | None:
    """Why we do not listen; None if it is our agent that speaks of us."""
    known = session.peers | {session.agent.address.host}
    if session.peers and not sender.here and sender.host not in known:
        return "it comes from another machine than the agent's"
    successor = isinstance(said, m.Reconnect) and (
        session.stage in {Stage.AWAY, Stage.RETURNING} or sender.pid.address == session.agent.address)
    if sender.pid != session.agent and not successor:
        return f"our agent is {session.agent}"
    expected = {"agent_id": settings.agent_id, "framework_id": settings.framework_id,
                "executor_id": settings.executor_id}
    for name, value in expected.items():
        found = getattr(said, name, None)
        if found is not None and found != value:
            return f"its {name} is {found:.100}, and not {value}"
    return None
