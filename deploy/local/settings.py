"""What the embedded Mesos offers when nobody says otherwise, and the texts that say otherwise. Pure
but for the machine's own numbers.

As Mesos: slave/containerizer/containerizer.cpp (`Containerizer::resources`), common/attributes.cpp.
"""
from __future__ import annotations

import ipaddress
import os
import re
import shutil
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from deploy.local.records.messages import resource_messages
from specs.errors import SpecError
from specs.forms import Json
from specs.resources.parsed import parse_resources
from specs.resources.sums import Resources
from specs.words.sizes import MEGABYTE

DEFAULT_PORTS: Final = ((31000, 32000),)
_GIGABYTE: Final = 1 << 30
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", re.ASCII)


def shown_address(ip: str, *, known: bool) -> str | None:
    """The address that others are told, where `ip` is all of the machine's; else None. Raises
    SpecError for what is no address, or is one that others reach, unless it is known who asks (or
    does not matter)."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        raise SpecError("ip", f"'{ip}' is not an IP address") from None
    if not address.is_loopback and not known:
        raise SpecError("insecure",
                        f"whoever reaches {ip} from another machine could run anything as you: authenticate"
                                    " them, or say that it shall be insecure")
    if not address.is_unspecified:
        return None
    return _own_address(address.version)


def _own_address(version: int) -> str:
    """That from which this machine would talk to the world; loopback's, if it cannot. Nothing is
    sent.
    """
    family, elsewhere, alone = ((socket.AF_INET, "192.0.2.1", "127.0.0.1") if version == 4 else
                                (socket.AF_INET6, "2001:db8::1", "::1"))
    with socket.socket(family, socket.SOCK_DGRAM) as route:
        try:
            route.connect((elsewhere, 9))
            return str(route.getsockname()[0])
        except OSError:
            return alone


def machine_resources(work_dir: Path, ports: Iterable[tuple[int, int]] = DEFAULT_PORTS, *,
                      share: int = 1) -> Resources:
    """The machine's cpus, memory and disk (as Mesos: half of it, or all but 1 GB of memory and 5 GB
    of disk), and the ports. `share`: of how many agents each gets its part."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    disk = shutil.disk_usage(work_dir).total
    amounts = (
        f"cpus:{max(1, (os.cpu_count() or 1) // share)};mem:{_most_of(memory, _GIGABYTE) // share};"
               f"disk:{_most_of(disk, 5 * _GIGABYTE) // share};")
    ranges = ",".join(f"{begin}-{end}" for begin, end in ports)
    return parse_resources(f"{amounts}ports:[{ranges}]")


def _most_of(total: int, kept: int) -> int:
    """Megabytes: all but `kept` bytes, or half where that is little."""
    usable = total - kept if total > 2 * kept else total // 2
    return usable // MEGABYTE


def agent_resources(text: str | None, work_dir: Path, ports: Iterable[tuple[int, int]] | None, *,
                    share: int = 1) -> list[Json]:
    """Resource messages from a text as of --resources; what it does not name is the machine's.
    Raises SpecError.
    """
    machine = machine_resources(work_dir, ports or DEFAULT_PORTS, share=share)
    if text is None:
        return resource_messages(machine)
    named = parse_resources(text)
    return resource_messages(machine.filter(lambda item: item.name not in named.names()) + named)


def parse_attributes(text: str) -> list[Json]:
    """Attribute messages from "rack:r1;zone:z1;level:10;ports:[1-2]". Raises SpecError with Mesos's
    text.
    """
    return [_attribute(token) for token in re.split(r"[;\n]", text) if token]


def _attribute(token: str) -> Json:
    name, separator, value = token.partition(":")
    if not separator or not name or not value:
        raise SpecError("", f"Invalid attribute key:value pair '{token}'")
    value = value.strip()
    if value.startswith("["):
        items = [item.split("-") for item in value.strip("[]").split(",")]
        ranges = [{"begin": int(begin), "end": int(end)} for begin, end in items]
        return {"name": name, "type": "RANGES", "ranges": {"range": ranges}}
    if _NUMBER.fullmatch(value):
        return {"name": name, "type": "SCALAR", "scalar": {"value": float(value)}}
    return {"name": name, "type": "TEXT", "text": {"value": value}}
