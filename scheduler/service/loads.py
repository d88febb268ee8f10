"""What instances use of each agent, and how many each agent is starting.

A match asks this of all agents, every second, and an instance changes its place once: so it is kept
with every change, and not counted over all instances each time.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from scheduler.apps.demands import need
from scheduler.apps.instance import Instance
from scheduler.placement.spread import Amounts
from scheduler.tasks.conditions import Condition
from specs.marathon.app import App

STARTING: Final = frozenset({Condition.PROVISIONED, Condition.STAGING, Condition.STARTING})


class Loads:
    """Belongs to one thread; others may not read it."""

    def __init__(self, app: Callable[[Instance], App | None]) -> None:
        """`app`: the definition that an instance runs; None if it is not known any more."""
        self._app = app
        self.used: dict[str, Counter[str]] = {}  # of each agent, so many thousandths
        self.starting: Counter[str] = Counter()  # on each agent
        self._needs: dict[tuple[str, str], tuple[int, Amounts]] = {}  # by app and version: of so many instances

    def changed(self, before: Instance | None, after: Instance | None) -> None:
        """An instance is another thing now; None: there was none, or there is none."""
        if before is not None and after is not None and before.location is after.location:
            if after.location is not None:
                starts = (after.condition in STARTING) - (before.condition in STARTING)
                self._start(after.location.agent_id, starts)
            return
        for instance, sign in ((before, -1), (after, 1)):
            if instance is not None and instance.location is not None:
                agent_id = instance.location.agent_id
                self._start(agent_id, sign * (instance.condition in STARTING))
                self._use(agent_id, sign, self._counted(instance, sign))

    def clear(self) -> None:
        """There are no instances."""
        self.used.clear()
        self.starting.clear()
        self._needs.clear()

    def _start(self, agent_id: str, count: int) -> None:
        if count:
            self.starting[agent_id] += count
            if not self.starting[agent_id]:
                del self.starting[agent_id]

    def _use(self, agent_id: str, sign: int, scalars: Amounts) -> None:
        here = self.used.setdefault(agent_id, Counter())
        for name, amount in scalars.items():
            here[name] += sign * amount
        if not any(here.values()):
            del self.used[agent_id]

    def _counted(self, instance: Instance, sign: int) -> Amounts:
        """What the instance needs. It is one more, or one less, of its kind."""
        kind = instance.app_id, instance.version
        count, scalars = self._needs.pop(kind, (0, None))
        if scalars is None:
            app = self._app(instance)
            scalars = {} if app is None else need(app).scalars
        if count + sign > 0:
            self._needs[kind] = count + sign, scalars
        return scalars
