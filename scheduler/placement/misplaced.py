"""Which instances stand where their app's constraints do not allow them any more, after a change of
constraints.

Each is looked at as if it came anew, next to all others that stay; so of two on a host that is to
be UNIQUE one goes, and of racks with three and one, which GROUP_BY wants even, one of the three.
The first ones are looked at first.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from scheduler.placement.constraints import Placed
from scheduler.placement.location import Location
from specs.marathon.app import Constraint


def misplaced(constraints: Sequence[Constraint],
              placed: Iterable[tuple[str, Location]]) -> set[str]:
    """Ids of those that have to go, of the placed instances (id, where it is)."""
    standing = list(placed)
    stays = Placed(constraints, [location for _, location in standing], instances=len(standing))
    found = set()
    for instance_id, location in standing:
        stays.remove(location)
        if stays.accepts(location):
            stays.add(location)
        else:
            found.add(instance_id)
    return found
