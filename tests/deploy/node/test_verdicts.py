"""Whose things are left over: what proves it, and what keeps hands off."""
from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.node.verdicts import Evidence, ExecutorId, Kind, Labelled, executor_of, judge

HOUR = 3600.0
NOW = 1_000_000.0
OURS = ExecutorId("F", "E", "A")
LEFT = Labelled(Kind.CONTAINER, "c1", "mdx-1", OURS, NOW - 2 * HOUR, "t", running=True)
DOES_NOT_KNOW = Evidence(answers={"A": frozenset({("F", "another"), ("another", "E")})})
KNOWS = Evidence(answers={"A": frozenset({("F", "E")})})
SILENT = Evidence()


@pytest.mark.parametrize(("evidence", "thing", "removed", "why"), [
    (DOES_NOT_KNOW, LEFT, True, "agent A does not have executor E"),
    (DOES_NOT_KNOW, replace(LEFT, running=False), True, "agent A does not have executor E"),
    (KNOWS, LEFT, False, "agent A has its executor"),
    (KNOWS, replace(LEFT, running=False), False, "agent A has its executor"),
    (SILENT, LEFT, False, "its agent A could not be asked"),
    (Evidence(answers={"B": frozenset()}), LEFT, False, "its agent A could not be asked"),
    (Evidence(answers={"B": frozenset()}, followed={"A": "B"}), LEFT, True, "agent A is gone: B came after it"),
    (Evidence(followed={"C": "B"}), LEFT, False, "its agent A could not be asked"),
    (Evidence(ended=frozenset({OURS})), LEFT, True, "executor E has ended, says the agent's work directory"),
    (Evidence(ended=frozenset({ExecutorId("F", "E", "B")})), LEFT, False, "its agent A could not be asked"),
    # a process of it runs: whatever anybody says
    (replace(DOES_NOT_KNOW, processes={OURS: 77}), LEFT, False, "a process of its executor runs: 77"),
    (Evidence(followed={"A": "B"}, processes={OURS: 77}), LEFT, False, "a process of its executor runs: 77"),
    (replace(DOES_NOT_KNOW, processes={ExecutorId("F", "E", "B"): 77}), LEFT, True,
     "agent A does not have executor E"),
    (replace(DOES_NOT_KNOW, sees_all=False), LEFT, False, "not all of the machine's processes can be seen from here"),
    (DOES_NOT_KNOW, replace(LEFT, changed=NOW - 60), False,
     "agent A does not have executor E; but it has changed 60 s ago, and may stay for 3600 s"),
    (SILENT, replace(LEFT, changed=0.0), False, "its agent A could not be asked"),  # age proves nothing
    (DOES_NOT_KNOW, replace(LEFT, executor=ExecutorId("F", "", "A")), False, "its labels do not say whose it is"),
    (DOES_NOT_KNOW, replace(LEFT, name="mesos-1"), False, "agent A has named it and removes it"),
    (Evidence(followed={"A": "B"}), replace(LEFT, name="mesos-1"), True, "agent A is gone: B came after it"),
    (DOES_NOT_KNOW, Labelled(Kind.NETWORK, "n", "net", OURS, 0.0), True, "agent A does not have executor E"),
    (DOES_NOT_KNOW, Labelled(Kind.NETWORK, "n", "net", OURS, 0.0, users=frozenset({"other"})), False,
     "a container that stays uses it"),
    (KNOWS, Labelled(Kind.VOLUME, "v", "v", OURS, 0.0), False, "agent A has its executor"),
])
def test_one_thing(evidence: Evidence, thing: Labelled, why: str, *, removed: bool) -> None:
    (verdict,) = judge([thing], evidence, NOW, HOUR)
    assert (verdict.remove, verdict.why) == (removed, why)


def test_a_network_goes_after_the_containers_that_go() -> None:
    network = Labelled(Kind.NETWORK, "n", "net", OURS, 0.0, users=frozenset({"c1"}))
    for things in ([network, LEFT], [LEFT, network]):
        verdicts = judge(things, DOES_NOT_KNOW, NOW, HOUR)
        assert [(each.thing.id, each.remove) for each in verdicts] == [("c1", True), ("n", True)]
    stays = judge([network, replace(LEFT, changed=NOW)], DOES_NOT_KNOW, NOW, HOUR)
    assert [each.remove for each in stays] == [False, False]


def test_whose_a_thing_is() -> None:
    labels = {"mesos-docker.framework-id": "F", "mesos-docker.executor-id": "E", "mesos-docker.agent-id": "A"}
    assert executor_of({**labels, "other": "x"}) == OURS
    for missing in labels:
        assert not executor_of({name: text for name, text in labels.items() if name != missing}).known


NAMES = st.sampled_from(["", "a", "b"])
IDS = st.builds(ExecutorId, NAMES, NAMES, NAMES)
PAIRS = st.frozensets(st.tuples(NAMES, NAMES), max_size=3)
EVIDENCE = st.builds(Evidence, st.dictionaries(NAMES, PAIRS, max_size=3),
                     st.dictionaries(IDS, st.integers(1, 9), max_size=3), st.booleans(),
                     st.dictionaries(NAMES, NAMES, max_size=2), st.frozensets(IDS, max_size=3))
THINGS = st.lists(st.builds(Labelled, st.sampled_from(Kind), st.text("0123456789", min_size=1, max_size=2),
                            st.sampled_from(["mdx-1", "mesos-1", "x"]), IDS, st.floats(0, NOW), st.just("t"),
                            st.booleans(),
                            st.frozensets(st.text("0123456789", min_size=1, max_size=2), max_size=2)),
                  max_size=6, unique_by=lambda thing: thing.id)


@given(THINGS, EVIDENCE, st.floats(0, NOW))
def test_nothing_goes_whose_executor_may_be_there(things: list[Labelled], evidence: Evidence, grace: float) -> None:
    verdicts = judge(things, evidence, NOW, grace)
    assert sorted(each.thing.id for each in verdicts) == sorted(each.id for each in things)
    kept = {each.thing.id for each in verdicts if not each.remove}
    for verdict in verdicts:
        whose = verdict.thing.executor
        assert verdict.why
        if not verdict.remove:
            continue
        assert whose.known
        assert whose not in evidence.processes
        assert evidence.sees_all
        assert NOW - verdict.thing.changed >= grace
        assert (whose.framework, whose.executor) not in evidence.answers.get(whose.agent, frozenset())
        assert whose.agent in evidence.answers or whose.agent in evidence.followed or whose in evidence.ended
        assert not verdict.thing.users & kept


@given(THINGS, EVIDENCE)
def test_without_any_word_of_agents_nothing_goes(things: list[Labelled], evidence: Evidence) -> None:
    nothing = replace(evidence, answers={}, followed={}, ended=frozenset())
    assert not any(each.remove for each in judge(things, nothing, NOW, 0.0))
