"""Who goes and how many start."""
from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from scheduler.apps.instance import Instance
from scheduler.apps.kills import propose
from scheduler.tasks.conditions import Condition


def instance(number: int, condition: Condition = Condition.RUNNING, since: float = 0.0,
             started: float | None = None, staged: float | None = None) -> Instance:
    return Instance(f"i{number}", "/app", "v", "v", condition, since, 0.0, started_at=started, staged_at=staged)


INSTANCES = st.lists(st.tuples(st.sampled_from(Condition), st.integers(0, 5), st.none() | st.integers(0, 5)),
                     max_size=10).map(lambda rows: [instance(number, condition, since, started)
                                                    for number, (condition, since, started) in enumerate(rows)])


@given(INSTANCES, st.integers(0, 12), st.sets(st.integers(0, 12).map(lambda n: f"i{n}"), max_size=4), st.booleans())
def test_what_ends_and_starts_comes_to_what_is_wanted(instances: list[Instance], wanted: int, sentenced: set[str],
                                                      oldest_first: bool) -> None:
    proposal = propose(instances, wanted, sentenced=sentenced, oldest_first=oldest_first)
    counted = [each for each in instances if each.condition is not Condition.UNREACHABLE_INACTIVE]
    ended = {each.id for each in proposal.end}
    assert len(counted) - len(proposal.end) + proposal.start == wanted
    assert len(ended) == len(proposal.end)
    assert proposal.start >= 0
    assert sentenced & {each.id for each in counted} <= ended <= {each.id for each in counted}
    assert not proposal.start or ended <= sentenced  # nobody ends only to be replaced


def test_the_order() -> None:
    instances = [instance(0, started=1.0), instance(1, started=9.0), instance(2),  # which runs and never started
                 instance(3, Condition.UNREACHABLE, started=2.0), instance(4, Condition.STAGING, 5.0, staged=7.0),
                 instance(5, Condition.STAGING, 6.0), instance(6, Condition.STARTING, 8.0),
                 instance(7, Condition.KILLING, started=1.0)]
    youngest = [each.id for each in propose(instances, 0).end]
    assert youngest == ["i3", "i4", "i5", "i6", "i2", "i1", "i0", "i7"]
    oldest = [each.id for each in propose(instances, 0, oldest_first=True).end]
    assert oldest == ["i3", "i5", "i4", "i6", "i2", "i0", "i1", "i7"]


def test_constraints_choose_among_the_others() -> None:
    seen: list[tuple[list[str], int]] = []

    def even(others: Sequence[Instance], count: int) -> list[str]:
        seen.append(([each.id for each in others], count))
        return ["i2"]

    instances = [instance(number, started=float(number)) for number in range(4)]
    proposal = propose(instances, 1, sentenced={"i0"}, even=even)
    assert [each.id for each in proposal.end] == ["i0", "i2", "i3"]
    assert seen == [(["i3", "i2", "i1"], 2)]
