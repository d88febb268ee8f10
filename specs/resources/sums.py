"""Resources: sums, differences, and what contains what. As Mesos: v1/resources.cpp.

An agent's cpus, mem, ports and so on are Resource messages; *Resources* is a sum of them. Two
entries are one thing, and add up, only if name, type, role of allocation, reservations, disk,
provider and revocability are the same. Adding keeps the order of first appearance, and taking away
moves the last entry into a gap, because Mesos does and its texts show it. Scalars are in
thousandths (see `ranges`). A shared resource (a persistent volume for several tasks) is counted,
not added. Everything here is in the form after reservation refinement: a role stands in
`reservations`. `upgraded` brings the older form, where it stands in `role`, into the new one; the
constructor does that by itself.
"""
from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace

from specs.messages.resource import AllocationInfo, DiskInfo, Persistence, Range, ReservationInfo, Resource
from specs.resources.printed import print_resource
from specs.resources.ranges import coalesce, fixed, floating, ranges_within, subtract_ranges
from specs.words.sizes import MEGABYTE


def upgraded(resource: Resource) -> Resource:
    """With `role` and `reservation`, the older form, turned into an entry of `reservations`."""
    if resource.role is None and resource.reservation is None:
        return resource
    if resource.reservations or resource.role in (None, "*"):
        return replace(resource, role=None, reservation=None)
    if resource.reservation is None:
        reservation = ReservationInfo(type="STATIC", role=resource.role)
    else:
        reservation = replace(resource.reservation, type="DYNAMIC", role=resource.role)
    return replace(resource, role=None, reservation=None, reservations=(reservation,))


def _kind(resource: Resource) -> Hashable:
    """What must be the same in two resources that are one thing. How a disk is mounted does not
    make it another one.
    """
    disk = resource.disk
    if disk is not None:
        persistence = disk.persistence
        disk = DiskInfo(source=disk.source,
                        persistence=None if persistence is None else Persistence(id=persistence.id))
    return (resource.name, resource.type, resource.allocation_info, resource.reservations, disk,
            resource.revocable, resource.provider_id, resource.shared)


def is_exclusive(resource: Resource) -> bool:
    """A disk that cannot be joined with another, and is only given as a whole."""
    disk = resource.disk
    if disk is None:
        return False
    source = disk.source
    return disk.persistence is not None or (source is not None and (
        source.type in {"MOUNT", "BLOCK"} or (source.type == "RAW" and source.id is not None)))


def _canonical(resource: Resource) -> Hashable:
    """The value, in a form that compares."""
    if resource.type == "SCALAR":
        return fixed(resource.scalar or 0.0)
    if resource.type == "RANGES":
        return coalesce(resource.ranges or ())
    return frozenset(resource.set or ())


def is_empty(resource: Resource) -> bool:
    """Nothing at all of it."""
    return resource.type in {"SCALAR", "RANGES", "SET"} and not _canonical(resource)


def _added(left: Resource, right: Resource) -> Resource:
    if left.type == "SCALAR":
        return replace(left, scalar=floating(fixed(left.scalar
                                                   or 0.0) + fixed(right.scalar or 0.0)))
    if left.type == "RANGES":
        return replace(left, ranges=coalesce((*(left.ranges or ()), *(right.ranges or ()))))
    return replace(left, set=tuple(dict.fromkeys((*(left.set or ()), *(right.set or ())))))


def _subtracted(left: Resource, right: Resource) -> Resource:
    if left.type == "SCALAR":
        return replace(left, scalar=floating(fixed(left.scalar
                                                   or 0.0) - fixed(right.scalar or 0.0)))
    if left.type == "RANGES":
        return replace(left, ranges=subtract_ranges(left.ranges or (), right.ranges or ()))
    gone = set(right.set or ())
    return replace(left, set=tuple(item for item in left.set or () if item not in gone))


def _within(inner: Resource, outer: Resource) -> bool:
    if inner.type == "SCALAR":
        return fixed(inner.scalar or 0.0) <= fixed(outer.scalar or 0.0)
    if inner.type == "RANGES":
        return ranges_within(inner.ranges or (), outer.ranges or ())
    return set(inner.set or ()) <= set(outer.set or ())


@dataclass(frozen=True, slots=True)
class _Entry:
    """A part of a sum: equal kinds are added up."""

    resource: Resource
    kind: Hashable
    count: int | None  # how often a shared resource is used; None if it is not shared

    def contains(self, other: _Entry) -> bool:
        if self.kind != other.kind:
            return False
        same = _canonical(self.resource) == _canonical(other.resource)
        if self.count is not None and other.count is not None:
            return same and self.count >= other.count
        return same if is_exclusive(self.resource) else _within(other.resource, self.resource)


def _entry(resource: Resource) -> _Entry:
    resource = upgraded(resource)
    return _Entry(resource, _kind(resource), None if resource.shared is None else 1)


class Resources:
    """A sum of resources; a value. Iterating gives Resource messages, `str` gives Mesos's text."""

    __slots__ = ("_entries",)

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        entries: list[_Entry] = []
        for resource in resources:
            _add(entries, _entry(resource))
        self._entries = tuple(entries)

    @classmethod
    def _of(cls, entries: Iterable[_Entry]) -> Resources:
        result = cls()
        result._entries = tuple(entries)
        return result

    def __iter__(self) -> Iterator[Resource]:
        for entry in self._entries:
            for _ in range(entry.count or 1):
                yield entry.resource

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resources) and self.contains(other) and other.contains(self)

    __hash__ = None  # type: ignore[assignment] # equal sums may differ in order: not a key

    def __add__(self, other: Iterable[Resource]) -> Resources:
        entries = list(self._entries)
        for entry in _entries_of(other):
            _add(entries, entry)
        return self._of(entries)

    def __sub__(self, other: Iterable[Resource]) -> Resources:
        """What is left; taking away what is not there changes nothing, taking too much leaves none
        of it.
        """
        entries = list(self._entries)
        for entry in _entries_of(other):
            _subtract(entries, entry)
        return self._of(entries)

    def contains(self, other: Iterable[Resource]) -> bool:
        """Whether all of `other` could be taken from this."""
        remaining = list(self._entries)
        for entry in _entries_of(other):
            if not any(mine.contains(entry) for mine in remaining):
                return False
            if entry.resource.disk is not None and entry.resource.disk.persistence is not None:
                _subtract(remaining, entry)
        return True

    def __str__(self) -> str:
        return "; ".join(print_resource(entry.resource) + ("" if entry.count is None
                                                           else f"<{entry.count}>")
                         for entry in self._entries) or "{}"

    __repr__ = __str__

    def filter(self, wanted: Callable[[Resource], bool]) -> Resources:
        """Only those that `wanted` says yes to."""
        return self._of(entry for entry in self._entries if wanted(entry.resource))

    def allocated(self, role: str) -> Resources:
        """All of it allocated to this role."""
        return Resources(replace(resource, allocation_info=AllocationInfo(role=role))
                         for resource in self)

    def unallocated(self) -> Resources:
        """Without roles of allocation."""
        return Resources(replace(resource, allocation_info=None) for resource in self)

    def names(self) -> tuple[str, ...]:
        """The names that occur, in order."""
        return tuple(dict.fromkeys(entry.resource.name for entry in self._entries))

    def scalar(self, name: str) -> float | None:
        """The sum of that name over all roles and kinds; None if there is none."""
        found = [entry.resource for entry in self._entries
                 if entry.resource.name == name and entry.resource.type == "SCALAR"]
        return floating(sum(fixed(resource.scalar or 0.0) for resource in found)) if found else None

    def ranges(self, name: str) -> tuple[Range, ...] | None:
        """The ranges of that name over all roles and kinds; None if there are none."""
        found = [entry.resource for entry in self._entries
                 if entry.resource.name == name and entry.resource.type == "RANGES"]
        return coalesce(item for resource in found for item in resource.ranges
                        or ()) if found else None

    @property
    def cpus(self) -> float | None:
        """CPUs."""
        return self.scalar("cpus")

    @property
    def gpus(self) -> float | None:
        """GPUs."""
        return self.scalar("gpus")

    @property
    def mem(self) -> int | None:
        """Memory in bytes, cut to whole MB, as Mesos cuts it."""
        return _whole_megabytes(self.scalar("mem"))

    @property
    def disk(self) -> int | None:
        """Disk in bytes, cut to whole MB."""
        return _whole_megabytes(self.scalar("disk"))

    @property
    def ports(self) -> tuple[Range, ...] | None:
        """Host ports."""
        return self.ranges("ports")


def _whole_megabytes(value: float | None) -> int | None:
    return None if value is None else int(value) * MEGABYTE


def _entries_of(other: Iterable[Resource]) -> Iterable[_Entry]:
    return other._entries if isinstance(other, Resources) else Resources(other)._entries


def _add(entries: list[_Entry], entry: _Entry) -> None:
    if is_empty(entry.resource):
        return
    for index, mine in enumerate(entries):
        if mine.kind != entry.kind:
            continue
        if mine.count is not None and entry.count is not None:
            if _canonical(mine.resource) == _canonical(entry.resource):
                entries[index] = replace(mine, count=mine.count + entry.count)
                return
        elif not is_exclusive(mine.resource):
            entries[index] = replace(mine, resource=_added(mine.resource, entry.resource))
            return
    entries.append(entry)


def _subtract(entries: list[_Entry], entry: _Entry) -> None:
    if is_empty(entry.resource):
        return
    for index, mine in enumerate(entries):
        if mine.kind != entry.kind:
            continue
        if (mine.count is not None or is_exclusive(mine.resource)) and (
                _canonical(mine.resource) != _canonical(entry.resource)):
            continue
        if mine.count is not None and entry.count is not None:
            rest = replace(mine, count=mine.count - entry.count)
            gone = (rest.count or 0) <= 0
        else:
            rest = replace(mine, resource=_subtracted(mine.resource, entry.resource))
            gone = is_empty(rest.resource) or (rest.resource.scalar or 0.0) < 0
        if gone:
            last = entries.pop()
            if index < len(entries):
                entries[index] = last
        else:
            entries[index] = rest
        return
