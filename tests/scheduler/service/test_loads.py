"""What instances use of each agent is the same whether it is kept or counted."""
from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scheduler.apps.instance import Instance, Location
from scheduler.service.loads import STARTING, Loads
from scheduler.tasks.conditions import Condition
from specs.marathon.app import App

APPS = {("/a", "1"): App("/a", cpus=0.5, mem=16.0), ("/a", "2"): App("/a", cpus=1.0, mem=0.0), ("/b", "1"): App("/b")}

instances = st.builds(
    lambda kind, condition, agent: Instance("i", kind[0], kind[1], kind[1], condition, since=0.0, created=0.0,
                                            location=None if agent is None else Location(agent, agent)),
    st.sampled_from([*APPS, ("/gone", "1")]), st.sampled_from(Condition), st.sampled_from([None, "S1", "S2"]))


def app_of(instance: Instance) -> App | None:
    return APPS.get((instance.app_id, instance.version))


@given(st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), instances, st.sampled_from(Condition)))))
def test_what_is_kept_is_what_would_be_counted(steps: list[tuple[int, Instance | Condition | None]]) -> None:
    loads = Loads(app_of)
    there: dict[int, Instance | None] = {}
    for place, step in steps:
        before = there.get(place)
        after = step
        if isinstance(step, Condition):
            after = None if before is None else replace(before, condition=step)
        assert not isinstance(after, Condition)
        loads.changed(before, after)
        there[place] = after
    used: dict[str, Counter[str]] = {}
    starting: Counter[str] = Counter()
    for each in there.values():
        if each is not None and each.location is not None:
            app = app_of(each)
            amounts = {} if app is None else {"cpus": round(app.cpus * 1000), "mem": round(app.mem * 1000)}
            used.setdefault(each.location.agent_id, Counter()).update(amounts)
            starting[each.location.agent_id] += each.condition in STARTING
    assert {agent: +found for agent, found in loads.used.items()} == {
        agent: +found for agent, found in used.items() if any(found.values())}
    assert loads.starting == +starting
