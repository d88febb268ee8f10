"""Who has to go after a change of constraints."""
from __future__ import annotations

import pytest

from scheduler.placement.location import Location
from scheduler.placement.misplaced import misplaced
from specs.marathon.app import Constraint


@pytest.mark.parametrize(("constraint", "racks", "gone"), [
    (Constraint("rack", "UNIQUE"), "aab", {0}), (Constraint("rack", "UNIQUE"), "abc", set()),
    (Constraint("rack", "UNIQUE"), "aaa", {0, 1}), (Constraint("rack", "MAX_PER", "2"), "aaab", {0}),
    (Constraint("rack", "IS", "a"), "aba", {1}), (Constraint("rack", "UNLIKE", "b|c"), "abc", {1, 2}),
    (Constraint("rack", "CLUSTER", "a"), "ab", {1}), (Constraint("rack", "GROUP_BY"), "aaab", {0}),
    (Constraint("rack", "GROUP_BY"), "aab", set()), (Constraint("zone", "LIKE", ".*"), "ab", {0, 1})])
def test_misplaced(constraint: Constraint, racks: str, gone: set[int]) -> None:
    placed = [(str(number), Location("s", "h", attributes=(("rack", rack),))) for number, rack in enumerate(racks)]
    assert misplaced([constraint], placed) == {str(number) for number in gone}
