"""What TASK_RUNNING tells of a container, and what a look at a container means. Pure."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from executor.engine.inspection import completed, redacted
from executor.engine.port import Address
from executor.settings.labels import PREFIX
from specs.messages.containerinfo import IPAddress, NetworkInfo
from specs.words.secrecy import looks_secret


def network_infos(addresses: Sequence[Address], requested: Sequence[NetworkInfo], *,
                  strict: bool) -> tuple[NetworkInfo, ...]:
    """container_status.network_infos: the container's addresses, on the task's first NetworkInfo.

    As Mesos: executor.cpp, `launchTask`. Without an address there is none, and the agent fills in
    its own. Beyond Mesos, unless `strict`: each further network has its own entry.
    """
    if not addresses:
        return ()
    infos = [replace(requested[0] if requested else NetworkInfo(),
                     ip_addresses=_ip_addresses(addresses[0]))]
    if not strict:
        infos += (NetworkInfo(_ip_addresses(other), other.network) for other in addresses[1:])
    return tuple(infos)


def inspect_data(raw: Mapping[str, Any], *, strict: bool) -> bytes:
    """TaskStatus.data of TASK_RUNNING: what `docker inspect` prints, without what must not be
    shown.

    As Mesos a JSON array with one object. Values of environment variables are hidden: in place of
    Mesos's executor only those whose names speak of a secret, so that readers of this field find
    what they know; else all but MESOS_*. What newer engines leave out is put in, for the same
    readers.
    """
    hide = looks_secret if strict else _not_mesos
    shown = redacted(completed(raw), hide)
    config = dict(shown.get("Config") or {})
    labels = config.get("Labels") or {}
    config["Labels"] = {key: value for key, value in labels.items() if not key.startswith(PREFIX)}
    return json.dumps([{**shown, "Config": config}], separators=(",", ":")).encode() + b"\n"


def _ip_addresses(address: Address) -> tuple[IPAddress, ...]:
    """Mesos leaves the protocol of an IPv4 address at its default."""
    found = () if address.ipv4 is None else (IPAddress(ip_address=address.ipv4),)
    return found if address.ipv6 is None else (*found, IPAddress("IPv6", address.ipv6))


def _not_mesos(name: str) -> bool:
    return not name.startswith("MESOS_")
