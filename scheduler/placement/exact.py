"""Resources that are more than amounts: which of those that are offered is one that a task asks for.

A task that says of a resource for whom it is reserved, that it is a persistent volume, of which disk it comes, that it
is shared or may be taken back, gets exactly that or waits: on a plain resource it would run and lose its data. What is
said must be so (a reservation with its type, principal and labels; a volume's id; a disk's type, and root, id, profile
if they are said). Revocable and shared ones are only for those who say so. How a volume is mounted makes no difference.

As Mesos: v1/resources.cpp, `operator==` of DiskInfo and of ReservationInfo, `Resources::contains`.
"""
from __future__ import annotations

from dataclasses import dataclass, field, replace

from specs.messages.resource import DiskInfo, DiskPath, DiskSource, Resource
from specs.resources.printed import print_resource
from specs.resources.sums import upgraded


@dataclass(frozen=True, slots=True)
class Exact:
    """One such need. `text` tells needs apart, and is what people read."""

    text: str  # as Mesos writes resources, with the amount
    amount: int = 0  # of a scalar, in thousandths
    ports: tuple[int, ...] = ()
    wanted: Resource = field(default_factory=lambda: Resource("", "SCALAR"), compare=False)

    @property
    def name(self) -> str:
        return self.wanted.name

    @property
    def label(self) -> str:
        """The text without the amount."""
        return self.text.rpartition(":")[0]


def exact(resource: Resource, amount: int, ports: tuple[int, ...]) -> Exact | None:
    """The need that a task's resource is; None if it is an amount and nothing else."""
    wanted = replace(upgraded(resource), allocation_info=None)
    if (not wanted.reservations and wanted.disk is None and wanted.provider_id is None
            and wanted.revocable is None and wanted.shared is None):
        return None
    return Exact(print_resource(wanted), amount, ports, wanted)


def fits(offered: Resource, wanted: Resource) -> bool:
    """Whether what is offered is of the kind that is wanted, both in the form of today (`upgraded`)."""
    return (offered.name == wanted.name and offered.type == wanted.type
            and (offered.revocable is None) == (wanted.revocable is None)
            and (offered.shared is None) == (wanted.shared is None)
            and (not wanted.reservations or offered.reservations == wanted.reservations)
            and wanted.provider_id in (None, offered.provider_id)
            and (wanted.disk is not None or offered.provider_id == wanted.provider_id)
            and _disk_fits(offered.disk or DiskInfo(), wanted.disk or DiskInfo()))


def taken(offered: Resource, amount: int, need: Exact) -> Resource:
    """So many thousandths of an offered resource: as it was offered, but mounted where the need says."""
    volume = None if need.wanted.disk is None else need.wanted.disk.volume
    disk = offered.disk if offered.disk is None or volume is None else replace(offered.disk, volume=volume)
    return replace(offered, scalar=amount / 1000, disk=disk)


def _disk_fits(offered: DiskInfo, wanted: DiskInfo) -> bool:
    ids = [None if disk.persistence is None else disk.persistence.id for disk in (offered, wanted)]
    if ids[0] != ids[1]:
        return False
    if wanted.source is None:  # a volume is known by its id, wherever it is
        return offered.source is None or wanted.persistence is not None
    return offered.source is not None and _source_fits(offered.source, wanted.source)


def _source_fits(offered: DiskSource, wanted: DiskSource) -> bool:
    return offered.type == wanted.type and all(
        said in (None, (), found) for said, found in zip(_said(wanted), _said(offered), strict=True))


def _said(source: DiskSource) -> tuple[object, ...]:
    place = source.path or source.mount or DiskPath()
    return (place.root, source.id, source.profile, source.vendor, source.metadata)
