"""What makes a resource valid, in the words of Mesos's Resources::validate (common/resources.cpp)
and of the master.
"""
from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from specs.messages.resource import DiskInfo, Range, ReservationInfo, Resource
from specs.resources.printed import print_resource
from specs.resources.ranges import fixed
from specs.resources.roles import is_strict_subrole, role_problem
from specs.resources.sums import Resources, upgraded
from specs.words.ids import id_problem


def resources_problem(resources: Iterable[Resource]) -> str | None:
    """The first resource that is malformed, with its text: "Resource 'cpus:-1' is invalid: …"."""
    for resource in resources:
        problem = resource_problem(resource)
        if problem is not None:
            return f"Resource '{print_resource(resource)}' is invalid: {problem}"
    return None


def resource_problem(resource: Resource) -> str | None:
    """Why one resource is malformed."""
    if not resource.name:
        return "Empty resource name"
    return _value_problem(resource) or _disk_source_problem(resource) or _reservations_problem(
        resource) \
        or _shared_problem(resource)


def _value_problem(resource: Resource) -> str | None:
    present = [name for name in ("scalar", "ranges", "set") if getattr(resource, name) is not None]
    wanted = {"SCALAR": "scalar", "RANGES": "ranges", "SET": "set"}.get(resource.type)
    if wanted is None:
        return "Unsupported resource type"
    if present != [wanted]:
        return f"Invalid {wanted} resource"
    if resource.scalar is not None and resource.scalar != 0 and fixed(resource.scalar) <= 0:
        return "Invalid scalar resource: value <= 0"
    if resource.ranges is not None:
        return _ranges_problem(resource.ranges)
    if resource.set is not None and len(set(resource.set)) < len(resource.set):
        return "Invalid set resource: duplicated elements"
    return None


def _ranges_problem(ranges: Sequence[Range]) -> str | None:
    for index, item in enumerate(ranges):
        if item.begin > item.end:
            return "Invalid ranges resource: begin > end"
        if any(item.begin <= other.begin <= item.end for other in ranges[index + 1:]):
            return "Invalid ranges resource: overlapping ranges"
    return None


def _disk_source_problem(resource: Resource) -> str | None:
    if resource.disk is None:
        return None
    if resource.name != "disk":
        return f"DiskInfo should not be set for {resource.name} resource"
    source = resource.disk.source
    if source is None or source.type in {"PATH", "MOUNT"}:
        return None
    if source.type not in {"BLOCK", "RAW"}:
        return f"Unsupported 'DiskInfo.Source.Type' in '{source.type}'"
    if source.mount is not None:
        return f"Mount should not be set for {source.type} disk source"
    return f"Path should not be set for {source.type} disk source" if source.path is not None else None


def _reservations_problem(resource: Resource) -> str | None:
    if not resource.reservations:
        return _old_reservation_problem(resource)
    for reservation in resource.reservations:
        if reservation.type is None:
            return "Invalid reservation: 'Resource.ReservationInfo.type' field must be set."
        if reservation.role is None:
            return "Invalid reservation: 'Resource.ReservationInfo.role' field must be set."
        problem = role_problem(reservation.role)
        if problem is not None:
            return problem
        if reservation.role == "*":
            return 'Invalid reservation: role "*" cannot be reserved'
    for above, below in itertools.pairwise(resource.reservations):
        if below.type == "STATIC":
            return "Invalid refined reservation: A refined reservation cannot be STATIC"
        if not is_strict_subrole(below.role or "", above.role or ""):
            return f"Invalid refined reservation: role '{below.role}' is not a refinement of '{above.role}'"
    return _mixed_forms_problem(resource, resource.reservations)


def _old_reservation_problem(resource: Resource) -> str | None:
    role = "*" if resource.role is None else resource.role
    problem = role_problem(role)
    if problem is not None or resource.reservation is None:
        return problem
    for name in ("type", "role"):
        if getattr(resource.reservation, name) is not None:
            return f"'Resource.ReservationInfo.{name}' must not be set for the 'Resource.reservation' field"
    return 'Invalid reservation: role "*" cannot be dynamically reserved' if role == "*" else None


def _mixed_forms_problem(resource: Resource, reservations: Sequence[ReservationInfo]) -> str | None:
    """`role` and `reservation` (the older form) beside `reservations` must say the same."""
    form = "Invalid resource format: "
    if len(reservations) > 1:
        for name in ("role", "reservation"):
            if getattr(resource, name) is not None:
                return (
                    f"{form}'Resource.{name}' must not be set if there is more than one reservation in "
                        "'Resource.reservations'")
        return None
    only, old = reservations[0], resource.reservation
    if resource.role is not None and resource.role != only.role:
        return (
            f"{form}'Resource.role' field with '{resource.role}' does not match the role '{only.role}' in "
                "'Resource.reservations'")
    if only.type == "STATIC":
        return None if old is None else (
            f"{form}'Resource.reservation' must not be set if the single reservation in 'Resource.reservations' is "
            "STATIC")
    if only.type != "DYNAMIC":
        return "Unsupported 'Resource.ReservationInfo.Type'"
    if (resource.role is None) != (old is None):
        return (
            f"{form}'Resource.role' and 'Resource.reservation' must either be both set or both not set if the "
                "single reservation in 'Resource.reservations' is DYNAMIC")
    if old is not None and (old.principal or "") != (only.principal or ""):
        return (
            f"{form}'Resource.reservation.principal' field with '{old.principal or ''}' does not match the "
                f"principal '{only.principal or ''}' in 'Resource.reservations'")
    return None


def _shared_problem(resource: Resource) -> str | None:
    if resource.shared is None:
        return None
    if resource.name != "disk":
        return f"Resource {resource.name} cannot be shared"
    if resource.disk is None or resource.disk.persistence is None:
        return "Only persistent volumes can be shared"
    return None


def master_problem(resources: Sequence[Resource]) -> str | None:
    """What the master has against the resources of a task or of an executor, beyond their form."""
    malformed = resources_problem(resources)
    if malformed is not None:
        return f"Invalid resources: {malformed}"
    if fixed(Resources(resources).gpus or 0.0) % 1000:
        return "Invalid 'gpus' resource: The 'gpus' resource must be an unsigned integer"
    for resource in map(upgraded, resources):
        problem = _persistence_problem(resource,
                                       resource.disk) if resource.disk is not None else None
        if problem is not None:
            return f"Invalid DiskInfo: {problem}"
    for resource in map(upgraded, resources):
        if resource.reservations and resource.reservations[
                -1].type == "DYNAMIC" and resource.revocable is not None:
            return (
                f"Invalid ReservationInfo: Dynamically reserved resource {print_resource(resource)} cannot be "
                    "created from revocable resources")
    return None


def _persistence_problem(resource: Resource, disk: DiskInfo) -> str | None:
    if disk.persistence is None:
        if disk.volume is not None:
            return "Non-persistent volume not supported"
        return "DiskInfo is set but empty" if disk.source is None else None
    if resource.revocable is not None:
        return "Persistent volumes cannot be created from revocable resources"
    if not resource.reservations:
        return "Persistent volumes cannot be created from unreserved resources"
    if disk.volume is None:
        return "Expecting 'volume' to be set for persistent volume"
    if disk.volume.host_path is not None:
        return "Expecting 'host_path' to be unset for persistent volume"
    problem = id_problem(disk.persistence.id)
    return None if problem is None else f"Invalid persistence ID for persistent volume: {problem}"


def duplicate_persistence_problem(resources: Resources) -> str | None:
    """A persistence id that occurs twice in one role."""
    seen: set[tuple[str, str]] = set()
    for resource in resources:
        if resource.disk is None or resource.disk.persistence is None:
            continue
        key = (resource.reservations[-1].role or "" if resource.reservations else "*",
               resource.disk.persistence.id)
        if key in seen and resource.shared is None:  # a shared one comes as often as it is used
            return f"Persistence ID '{key[1]}' is not unique"
        seen.add(key)
    return None


def allocation_problem(resources: Iterable[Resource]) -> str | None:
    """Resources that are not all allocated to one role."""
    first: str | None = None
    for resource in resources:
        role = None if resource.allocation_info is None else resource.allocation_info.role
        if role is None:
            return "The resources are not allocated to a role"
        if first is None:
            first = role
        elif role != first:
            return (
                f"The resources have multiple allocation roles ('{role}' and '{first}') but only one allocation "
                    "role is allowed")
    return None


def revocable_problem(resources: Resources) -> str | None:
    """A name that occurs both revocable and not."""
    for name in sorted(resources.names()):
        kinds = {resource.revocable is not None for resource in resources if resource.name == name}
        if len(kinds) == 2:
            return f"Cannot use both revocable and non-revocable '{name}' at the same time"
    return None


def overlap(*parts: Sequence[Resource]) -> bool:
    """Whether two of the parts hold the same port, or the same item of a set."""
    def counted(resources: Resources) -> dict[str, int]:
        totals: dict[str, int] = {}
        for resource in resources:
            if resource.type == "RANGES":
                amount = sum(item.end - item.begin + 1 for item in resource.ranges or ())
            elif resource.type == "SET":
                amount = len(resource.set or ())
            else:
                continue
            totals[resource.name] = totals.get(resource.name, 0) + amount
        return totals

    single: dict[str, int] = {}
    total = Resources()
    for part in parts:
        resources = Resources(part)
        total = total + resources
        for name, amount in counted(resources).items():
            single[name] = single.get(name, 0) + amount
    return single != counted(total)
