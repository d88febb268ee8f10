"""Resources in Mesos's text form: cpus(allocated: *):0.1, ports:[31000-31099]. As Mesos:
v1/resources.cpp.
"""
from __future__ import annotations

from specs.messages.resource import DiskInfo, ReservationInfo, Resource
from specs.resources.ranges import print_ranges, print_scalar


def print_resource(resource: Resource) -> str:
    """Mesos's text: cpus(allocated: *):0.1, ports:[31000-31099]."""
    text = resource.name
    if resource.allocation_info is not None:
        text += f"(allocated: {resource.allocation_info.role or ''})"
    if resource.reservations:
        text += "(reservations: [" + ", ".join(_print_reservation(item)
                                               for item in resource.reservations) + "])"
    if resource.disk is not None:
        text += f"[{_print_disk(resource.disk)}]"
    text += "{REV}" if resource.revocable is not None else ""
    text += "<SHARED>" if resource.shared is not None else ""
    if resource.type == "SCALAR":
        return f"{text}:{print_scalar(resource.scalar)}"
    if resource.type == "RANGES":
        return f"{text}:{print_ranges(resource.ranges)}"
    return f"{text}:{{{', '.join(resource.set or ())}}}"


def _print_reservation(reservation: ReservationInfo) -> str:
    text = f"({reservation.type or 'UNKNOWN'},{reservation.role or ''}"
    if reservation.principal is not None:
        text += f",{reservation.principal}"
    if reservation.labels:
        pairs = (label.key if label.value is None else f"{label.key}: {label.value}"
                 for label in reservation.labels)
        text += ",{" + ", ".join(pairs) + "}"
    return f"{text})"


def _print_disk(disk: DiskInfo) -> str:
    parts = []
    source = disk.source
    if source is not None:
        root = {"MOUNT": source.mount, "PATH": source.path}.get(source.type)
        if source.id is not None or source.profile is not None:
            parts.append(
                f"{source.type}({source.vendor or ''},{source.id or ''},{source.profile or ''})")
        else:
            parts.append(source.type + (f":{root.root}" if root is not None
                                        and root.root is not None else ""))
    if disk.persistence is not None:
        parts.append(disk.persistence.id)
    text = ",".join(parts)
    volume = disk.volume
    if volume is not None:
        text += ":" + (f"{volume.host_path}:{volume.container_path}:{volume.mode.lower()}"
                       if volume.host_path is not None else volume.container_path)
    return text
