"""Whether what bears our labels is left over: its executor is gone for good. Pure.

An executor is gone for good when its agent says that it has it no more; or, where that agent cannot
be asked, when the work directory says that the agent was followed by another one, or that the
executor has ended. And in each case only if no process of the executor runs, its launcher included.
Age proves nothing: `grace` only keeps hands off what has changed a moment ago.
"""
from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from executor.settings import labels as names

AGENTS_PREFIX: Final = "mesos-"  # of containers that an agent named; as Mesos: slave/containerizer/docker.hpp


class Kind(enum.Enum):
    """What it is, in the order in which they are removed."""

    CONTAINER = "container"
    NETWORK = "network"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class ExecutorId:
    """One executor of an agent's. All its processes have these ids."""

    framework: str
    executor: str
    agent: str

    @property
    def known(self) -> bool:
        """Whether it is said at all."""
        return bool(self.framework and self.executor and self.agent)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A thing of the engine's with our labels. `changed`: when it was made, started or ended last,
    seconds since the epoch.
    """

    kind: Kind
    id: str
    name: str
    executor: ExecutorId
    changed: float
    task: str = ""
    running: bool = False
    users: frozenset[str] = frozenset()  # ids of containers that are on a network, or have a volume


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of executors. `answers`: by agent id, the executors it has (framework, executor).
    """

    answers: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    processes: Mapping[ExecutorId, int] = field(default_factory=dict)  # and the pid of one of them
    sees_all: bool = True  # whether these are all the machine's
    followed: Mapping[str, str] = field(default_factory=dict)  # by agent id: the one after it
    ended: frozenset[ExecutorId] = frozenset()  # as work directories have it


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of a thing, and why."""

    thing: Labelled
    remove: bool
    why: str


def judge(things: Iterable[Labelled], evidence: Evidence, now: float, grace: float) -> list[Verdict]:
    """For each one, in the order in which they are to be removed. `grace`: seconds."""
    ordered = sorted(things, key=lambda each: (list(Kind).index(each.kind), each.name))
    verdicts: list[Verdict] = []
    for thing in ordered:
        gone = {each.thing.id for each in verdicts if each.remove}
        verdicts.append(_verdict(thing, evidence, now - thing.changed, grace, gone))
    return verdicts


def _verdict(thing: Labelled, evidence: Evidence, age: float, grace: float, gone: set[str]) -> Verdict:
    reason = _kept(thing, evidence)
    if reason is not None:
        return Verdict(thing, False, reason)
    proof = _proof(thing.executor, evidence)
    if proof is None:
        return Verdict(thing, False, f"its agent {thing.executor.agent} could not be asked")
    if thing.users - gone:
        return Verdict(thing, False, "a container that stays uses it")
    if age < grace:
        return Verdict(thing, False, f"{proof}; but it has changed {max(age, 0):.0f} s ago, and may "
                                     f"stay for {grace:g} s")
    return Verdict(thing, True, proof)


def _kept(thing: Labelled, evidence: Evidence) -> str | None:
    """Why it is not touched, whatever else is known; None: it may be."""
    whose = thing.executor
    if not whose.known:
        return "its labels do not say whose it is"
    if whose in evidence.processes:
        return f"a process of its executor runs: {evidence.processes[whose]}"
    if not evidence.sees_all:
        return "not all of the machine's processes can be seen from here"
    has = evidence.answers.get(whose.agent)
    if has is not None and (whose.framework, whose.executor) in has:
        return f"agent {whose.agent} has its executor"
    if has is not None and thing.kind is Kind.CONTAINER and thing.name.startswith(AGENTS_PREFIX):
        return f"agent {whose.agent} has named it and removes it"
    return None


def _proof(whose: ExecutorId, evidence: Evidence) -> str | None:
    """Why its executor is gone for good; None: that is not known."""
    if whose.agent in evidence.answers:
        return f"agent {whose.agent} does not have executor {whose.executor}"
    if whose.agent in evidence.followed:
        return f"agent {whose.agent} is gone: {evidence.followed[whose.agent]} came after it"
    if whose in evidence.ended:
        return f"executor {whose.executor} has ended, says the agent's work directory"
    return None


def executor_of(labels: Mapping[str, str]) -> ExecutorId:
    """Whose a thing with these labels is."""
    return ExecutorId(labels.get(names.FRAMEWORK, ""), labels.get(names.EXECUTOR, ""),
                      labels.get(names.AGENT, ""))
