"""Health checks and checks of the running tasks: clocks in the loop, probes on workers.

Nothing waits between two checks but a clock of the loop. A probe that is under way when its task's
checks are stopped finishes in vain.
"""
from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from executor.admission.entry import Entry
from executor.journal.port import NoNotes, Notes
from executor.journal.records import HealthCounted
from executor.life.events import CheckReported, EndRequested, HealthReported
from executor.life.health import Health, Result, Schedule, check_status, health, interpret, problem, schedule
from executor.life.outcomes import Cause
from executor.life.stopping import kill_grace
from executor.node import cgroups, probes
from executor.supervision.blocking.engine_calls import EngineCalls
from executor.supervision.blocking.workers import Workers
from executor.supervision.loop import Loop
from executor.supervision.timers import CheckClock
from specs.messages.check import CheckInfo, CheckStatusInfo, HealthCheck

log = logging.getLogger(__name__)

PROBES = 8  # at once


@dataclass(slots=True)
class _Checker:
    """One of a task's checks, from its start to its stop."""

    entry: Entry
    clock: CheckClock
    container: str
    pid: int | None
    probe: probes.Probe
    schedule: Schedule
    began: float
    health: Health | None  # None: a check, which judges nothing
    status: CheckStatusInfo | None
    seen: bool  # we see the container's process, and it is the only one it will have

    @property
    def vain(self) -> bool:
        """The container is ending: what is wrong with it now says nothing of its health."""
        return self.seen and self.pid is not None and cgroups.ends(self.container, self.pid)


class Checks:
    """Belongs to the loop's thread."""

    def __init__(self, loop: Loop, engine: EngineCalls, *, shutdown_grace: float,
                 journal: Notes | None = None) -> None:
        """`shutdown_grace`: seconds, the agent's, for a task without a kill policy."""
        self._loop = loop
        self._engine = engine
        self._journal: Notes = NoNotes() if journal is None else journal
        self._shutdown_grace = shutdown_grace
        self._workers = Workers("check", PROBES)
        self._checkers: dict[CheckClock, _Checker] = {}
        self._verdicts: dict[str, list[bool | None]] = {}  # by task: of each of its health checks the last one

    def start(self, entry: Entry) -> None:
        """Begin what the task wants checked -> HealthReported, CheckReported, EndRequested."""
        agreed = entry.agreement
        wanted = [each for each in (agreed.health_check, *agreed.more_health_checks, agreed.check)
                  if each is not None]
        self._verdicts[entry.task.id] = [None] * sum(isinstance(each, HealthCheck)
                                                     for each in wanted)
        for place, check in enumerate(wanted):
            probe = probes.probe(check, strict=entry.task.terms.strict)
            if probe is not None and isinstance(check,
                                                CheckInfo) and agreed.check_scheme is not None:
                probe = replace(probe, scheme=agreed.check_scheme)
            if probe is not None and entry.task.container is not None:
                self._start(entry, check, probe, entry.task.container, place)

    def _start(self, entry: Entry, check: HealthCheck | CheckInfo, probe: probes.Probe,
               container: str, place: int) -> None:
        task = entry.task
        judging = health(check) if isinstance(check, HealthCheck) else None
        clock = CheckClock(task.id, judging is not None, place)
        known = entry.health.pop(place, None)
        if judging is not None and known is not None:
            judging = replace(judging, failures=known.failures, ever_healthy=known.ever_healthy)
            if known.ever_healthy or known.failures:
                self._verdicts[task.id][place] = known.failures == 0
        sees = (task.run.pid is not None and not task.terms.restarts
                and cgroups.owns(container, task.run.pid))
        checker = _Checker(entry, clock, container, task.run.pid, probe, schedule(check),
                           self._loop.now() if known is None else known.began, judging,
                           task.check_status, sees)
        self._checkers[clock] = checker
        self._loop.timers.start(clock, checker.schedule.delay if known is None
                                else checker.schedule.interval)
        if judging is not None and known is None:
            self._note(checker, judging)

    def stop(self, task_id: str) -> None:
        """No more checks of this task."""
        self._verdicts.pop(task_id, None)
        for clock in [each for each in self._checkers if each.task_id == task_id]:
            del self._checkers[clock]
            self._loop.timers.cancel(clock)

    def due(self, clock: CheckClock) -> None:
        """The clock rang: have the check made."""
        checker = self._checkers.get(clock)
        if checker is not None:
            self._workers.submit(partial(self._probe, checker))

    def _probe(self, checker: _Checker) -> None:
        containers = self._engine.runtime.containers
        result = probes.run(checker.probe, containers, checker.container, checker.pid,
                            checker.schedule.timeout)
        self._loop.call(partial(self._checked, checker, result))

    def _checked(self, checker: _Checker, result: Result) -> None:
        if self._checkers.get(checker.clock) is not checker:
            return
        if not interpret(result) and checker.vain:
            return
        if result.unasked or (checker.health is not None and _says_nothing(checker, result)):
            self._loop.timers.start(checker.clock, checker.schedule.interval)
            return
        if checker.health is None:
            self._report(checker, result)
        else:
            self._judge(checker, checker.health, result)
        self._loop.timers.start(checker.clock, checker.schedule.interval)

    def _report(self, checker: _Checker, result: Result) -> None:
        found = check_status(checker.probe.kind, result)
        if found != checker.status:
            checker.status = found
            self._loop.tell(checker.entry, CheckReported(found))

    def _judge(self, checker: _Checker, before: Health, result: Result) -> None:
        healthy = interpret(result)
        checker.health, verdict = before.judge(healthy, self._loop.now() - checker.began)
        if checker.health != before:
            self._note(checker, checker.health)
        if not healthy:
            log.warning("%s health check for task '%s' failed: %s",
                        checker.probe.kind, checker.entry.task.id, problem(result))
        if verdict is None:
            return
        verdicts = self._verdicts[checker.entry.task.id]
        verdicts[checker.clock.place] = verdict.healthy
        self._loop.tell(checker.entry, _all_in_all(verdicts))
        if verdict.kill:
            grace = kill_grace(Cause.HEALTH, shutdown_grace=self._shutdown_grace,
                               policy=checker.entry.agreement.kill_grace)
            why = f"{checker.health.failures} times in a row, at last: {problem(result)}"
            self._loop.tell(checker.entry, EndRequested(Cause.HEALTH, grace, why))

    def _note(self, checker: _Checker, said: Health) -> None:
        self._journal.note(HealthCounted(checker.clock.task_id, checker.clock.place, said.failures,
                                         said.ever_healthy, checker.began))


def _all_in_all(verdicts: Sequence[bool | None]) -> HealthReported:
    """What a task's checks say together."""
    if False in verdicts or None not in verdicts:
        return HealthReported(False not in verdicts)
    return HealthReported(None, f"{verdicts.count(True)} of {len(verdicts)} health checks succeed")


def _says_nothing(checker: _Checker, result: Result) -> bool:
    """As Marathon's `ignoreHttp1xx`."""
    return (checker.entry.agreement.ignores_1xx and result.status_code is not None
            and 100 <= result.status_code < 200)
