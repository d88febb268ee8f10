"""Tasks that a process of this executor before this one has left, taken over.

Each becomes an entry at once, from the journal: so a kill finds it, whatever the engine does. Then
the engine is asked for its container, again until it answers, and what it says happens to the task:
which of the two is right where they differ is life/recovery.py's to say. What else the engine has
of ours belongs to tasks that are over, and is removed.
"""
from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from executor.admission.admission import Admission, Admitted
from executor.admission.agreement import Agreement
from executor.admission.entry import Entry
from executor.engine.failures import NoSuchContainer, RuntimeFailure, kind_named
from executor.engine.port import Inspection, Listed
from executor.life.events import Recovered
from executor.life.health import Counters
from executor.life.outcomes import BroughtDown, Cause, Failure, HostRebooted, NotRun, Outcome, Refused
from executor.life.recovery import revive
from executor.life.sightings import whereabouts
from executor.life.task import Known, Phase, Step, Terms
from executor.settings import labels as names
from executor.supervision.blocking.engine_calls import EngineCalls
from executor.supervision.blocking.workers import Workers
from executor.supervision.loop import Loop
from specs.errors import SpecError
from specs.forms import Message, codec
from specs.messages.check import CheckStatusInfo

if TYPE_CHECKING:
    from executor.journal.journal import Journal
    from executor.journal.state import KnownTask

log = logging.getLogger(__name__)

READOPTION: Final = "re-adoption"
AT_ONCE: Final = 4
ASK_AGAIN: Final = 1.0  # seconds, while the engine does not answer


class Recovery:
    """`entries` and `look` are the loop's, once each."""

    def __init__(self, loop: Loop, engine: EngineCalls, admission: Admission, journal: Journal,
                 labels: Mapping[str, str]) -> None:
        """`labels`: of our containers, those of the process before this one too."""
        self._loop = loop
        self._engine = engine
        self._admission = admission
        self._journal = journal
        self._labels = labels
        self._workers = Workers("recovery", AT_ONCE)
        self._silent = False  # the engine does not answer
        self._unknown = 0  # tasks of which it has not said how they are
        self._happened: Callable[[Entry, Recovered], None]  # from `look` on

    @property
    def over(self) -> Iterable[str]:
        """The ids of tasks that had ended by then."""
        return list(self._journal.state.over)

    @property
    def capabilities(self) -> frozenset[str]:
        """The framework's, when it launched the last of them."""
        tasks = list(self._journal.state.tasks.values())
        return frozenset(tasks[-1].began.capabilities) if tasks else frozenset()

    def launches(self) -> Iterator[tuple[str, Message]]:
        """Of tasks that were not admitted yet: they begin anew."""
        for task_id, task in list(self._journal.state.tasks.items()):
            if task.named is None and task.doomed is None and not task.told:
                yield task_id, json.loads(task.began.info)

    def entries(self) -> Iterator[tuple[Entry, Step]]:
        """The others, each with its second birth."""
        anew = dict(self.launches())
        for task_id, task in list(self._journal.state.tasks.items()):
            if task_id in anew:
                continue
            with self._journal.step(task_id, READOPTION):
                yield self._entry(task_id, task)

    def look(self, entries: Mapping[str, Entry],
             happened: Callable[[Entry, Recovered], None]) -> None:
        """Ask for the containers of those that are to be taken over -> Recovered. `entries`: all of the
        loop's; `happened` is the loop's, too.
        """
        self._happened = happened
        asked = [entry for entry in entries.values() if entry.task.phase is Phase.RECOVERING]
        self._unknown = len(asked)  # the others are left out, or begin anew
        if asked:
            self._engine.outputs.hold()
        for entry in asked:
            self._workers.submit(partial(self._ask, entry))
        self._workers.submit(partial(self._sweep, entries))

    def _entry(self, task_id: str, task: KnownTask) -> tuple[Entry, Step]:
        try:
            admitted = self._readmitted(task)
        except (SpecError, RuntimeFailure, OSError) as error:
            log.warning("Task %s cannot be taken over: %s", task_id, error)
            terms = Terms(partition_aware="PARTITION_AWARE" in task.began.capabilities)
            known = known_of(task, terms, self._loop.now())
            step = revive(task_id, terms, known, _doom(task) or Refused(str(error)))
            return Entry(step.task, Agreement(terms), _name(task)), step
        agreed = admitted.agreement
        step = revive(task_id, agreed.terms, known_of(task, agreed.terms, self._loop.now()),
                      _doom(task))
        entry = Entry(step.task, agreed, _name(task), admitted.plan, admitted.secrets)
        entry.health = {place: Counters(each.failures, each.ever_healthy, each.began)
                        for place, each in task.health.items()}
        return entry, step

    def _readmitted(self, task: KnownTask) -> Admitted:
        named = task.named
        if named is None:
            raise SpecError("", "it was not admitted")
        secrets = None if named.secrets is None else Path(named.secrets)
        return self._admission.readmit(json.loads(task.began.info),
                                       frozenset(task.began.capabilities),
                                       named.name, secrets, named.begin)

    def _ask(self, entry: Entry) -> None:
        """On a worker."""
        container = entry.task.container or entry.name
        requested = () if entry.plan is None else entry.plan.network_infos
        found = self._answer(container) if container else None
        if found is not None and not self._ours(found, entry.task.id):
            log.warning("Container %s is not that of task %s", container, entry.task.id)
            found = None
        event = whereabouts(found, requested)
        self._loop.call(partial(self._tell, entry, event))

    def _tell(self, entry: Entry, event: Recovered) -> None:
        log.info("Task %s: %s", entry.task.id, event.where.value)
        with self._journal.step(entry.task.id, READOPTION):
            entry.lost = event.exit is not None
            self._happened(entry, event)
        self._unknown -= 1
        if not self._unknown:
            self._engine.outputs.go_on()

    def _answer(self, container: str) -> Inspection | None:
        while True:
            try:
                found = self._engine.runtime.containers.inspect(container)
            except NoSuchContainer:
                return None
            except RuntimeFailure as failure:
                if not self._silent:
                    log.warning("Waiting for the engine, to take over its containers: %s", failure)
                self._silent = True
                time.sleep(ASK_AGAIN)
            else:
                self._silent = False
                return found

    def _ours(self, found: Inspection, task_id: str) -> bool:
        wanted = {**self._labels, names.TASK: task_id}
        return wanted.items() <= found.labels.items()

    def _sweep(self, entries: Mapping[str, Entry]) -> None:
        try:
            found = self._engine.runtime.containers.listed(self._labels)
        except RuntimeFailure as failure:
            log.warning("Cannot look for containers of tasks that are over: %s", failure)
            return
        self._loop.call(partial(self._remove, found, entries))

    def _remove(self, found: Iterable[Listed], entries: Mapping[str, Entry]) -> None:
        kept = {entry.name for entry in entries.values()}
        for each in found:
            if each.name not in kept:
                log.info("Removing container %s of a task that is over", each.name)
                self._engine.remove(each.id)
                self._engine.forget(each.id, names.cni_networks(each.labels))


def _name(task: KnownTask) -> str:
    return "" if task.named is None else task.named.name


def _doom(task: KnownTask) -> Outcome | None:
    if task.doomed is None:
        unsaid = task.unsaid
        return None if unsaid is None else NotRun(Failure(kind_named(unsaid.kind), unsaid.text))
    return BroughtDown(task.doomed) if task.doomed else HostRebooted()


def known_of(task: KnownTask, terms: Terms, now: float) -> Known:
    """What the journal says of a task, as of now: seconds of the monotonic clock."""
    end, status = task.end, task.check_status
    left = 0.0
    if end is not None:
        left = end.grace if end.until is None else max(0.0, end.until - now)
    return Known(
        container=task.container, told=task.told, running=task.running, killing=task.killing,
        cause=None if end is None else Cause[end.cause], why="" if end is None else end.why,
        grace=left, stop_sent=task.stop_sent,
        completion=None if terms.max_completion is None
        else task.began.at + terms.max_completion - now, healthy=task.healthy,
        check_status=None if status is None
        else codec.read(CheckStatusInfo, json.loads(status), strict=False),
        blanked=task.began.blanked, named=task.named is not None)
