"""Health checks and checks of the running tasks: clocks in the supervisor's loop, probes on workers.

Nothing waits between two checks but an entry in the supervisor's clocks. A probe that is under way when its task's
checks are stopped finishes in vain.
"""
from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from executor.admission.agreement import Agreement
from executor.life.endings import kill_grace
from executor.life.events import CheckReported, EndRequested, Event, HealthReported
from executor.life.health import Health, Result, Schedule, check_status, health, interpret, problem, schedule
from executor.life.outcomes import Cause
from executor.life.task import Task
from executor.node import cgroups, probes
from executor.supervision.engine_calls import EngineCalls
from executor.supervision.timers import Timers
from executor.supervision.workers import Workers

log = logging.getLogger(__name__)

PROBES = 8  # at once


@dataclass(slots=True)
class _Checker:
    task_id: str
    container: str
    pid: int | None
    probe: probes.Probe
    schedule: Schedule
    began: float
    health: Health | None  # None: a check, which judges nothing
    status: object = None
    active: bool = True
    seen: bool = False  # we see the container's process, and it is the only one it will have

    @property
    def vain(self) -> bool:
        """The container is ending: what is wrong with it now says nothing of its health."""
        return self.seen and self.pid is not None and cgroups.ends(self.container, self.pid)


class Checks:
    """Belongs to the supervisor's thread."""

    def __init__(self, engine: EngineCalls, timers: Timers[tuple[str, object]], post: Callable[[str, Event], None],
                 on_loop: Callable[[Callable[[], None]], None], clock: Callable[[], float], *,
                 shutdown_grace: float) -> None:
        self._engine = engine
        self._timers = timers
        self._post = post
        self._on_loop = on_loop
        self._clock = clock
        self._shutdown_grace = shutdown_grace
        self._workers = Workers("check", PROBES)
        self._checkers: dict[str, list[tuple[_Checker, Callable[[], None]]]] = {}

    def start(self, task: Task, agreed: Agreement) -> None:
        """Begin with what the task wants checked -> HealthReported, CheckReported, EndRequested(HEALTH)."""
        if task.container is None:
            return
        for check in (agreed.health_check, agreed.check):
            probe = None if check is None else probes.probe(check)
            if check is None or probe is None:
                continue
            judging = health(check) if check is agreed.health_check else None
            checker = _Checker(task.id, task.container, task.pid, probe, schedule(check), self._clock(), judging,
                               task.check_status)
            checker.seen = task.pid is not None and not task.terms.restarts and cgroups.owns(task.container, task.pid)
            self._schedule(checker, agreed, checker.schedule.delay)

    def stop(self, task_id: str) -> None:
        """No more checks of this task."""
        for checker, ring in self._checkers.pop(task_id, ()):
            checker.active = False
            self._timers.cancel((task_id, ring))

    def _schedule(self, checker: _Checker, agreed: Agreement, seconds: float) -> None:
        def ring() -> None:
            self._workers.submit(check)

        def check() -> None:
            result = probes.run(checker.probe, self._engine.runtime.containers, checker.container, checker.pid,
                                checker.schedule.timeout)
            self._on_loop(lambda: self._checked(checker, agreed, result, ring))

        self._checkers.setdefault(checker.task_id, []).append((checker, ring))
        self._timers.start((checker.task_id, ring), self._clock() + seconds)

    def _checked(self, checker: _Checker, agreed: Agreement, result: Result, ring: Callable[[], None]) -> None:
        if not checker.active or (not interpret(result) and checker.vain):
            return
        if checker.health is None:
            self._report_check(checker, result)
        else:
            self._judge(checker, agreed, result)
        if checker.active:
            self._timers.start((checker.task_id, ring), self._clock() + checker.schedule.interval)

    def _report_check(self, checker: _Checker, result: Result) -> None:
        found = check_status(checker.probe.kind, result)
        if found != checker.status:
            checker.status = found
            self._post(checker.task_id, CheckReported(found))

    def _judge(self, checker: _Checker, agreed: Agreement, result: Result) -> None:
        assert checker.health is not None  # noqa: S101 - asked before
        healthy = interpret(result)
        checker.health, verdict = checker.health.judge(healthy, self._clock() - checker.began)
        if not healthy:
            log.warning("%s health check for task '%s' failed: %s", checker.probe.kind, checker.task_id,
                        problem(result))
        if verdict is None:
            return
        self._post(checker.task_id, HealthReported(verdict.healthy))
        if verdict.kill:
            grace = kill_grace(Cause.HEALTH, override=None, policy=agreed.kill_grace,
                               shutdown_grace=self._shutdown_grace)
            why = f"{checker.health.failures} times in a row, at last: {problem(result)}"
            self._post(checker.task_id, EndRequested(Cause.HEALTH, grace, why))
