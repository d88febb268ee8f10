"""The name of a libprocess actor: "executor(1)@10.0.0.7:34557", an id at an address.

As Mesos: process/pid.hpp, UPID. Mesos reads IPv4 only; we read IPv6 too, in brackets.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from specs.errors import SpecError
from specs.network.address import HostPort

_PID: Final = re.compile(
    r"(?P<id>[^@/\s]+)@(?P<host>\[[0-9a-fA-F:.%\w]+\]|[^:\[\]\s]+):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Pid:
    """`id` is unique within the process that listens at `address`."""

    id: str
    address: HostPort

    def __str__(self) -> str:
        """As it stands in Libprocess-From."""
        return f"{self.id}@{self.address}"


def parse_pid(text: str) -> Pid:
    """The actor that is named; SpecError if it is no such name."""
    match = _PID.fullmatch(text.strip())
    if match is None or not 0 < int(match["port"]) < 1 << 16:
        raise SpecError("", f"must be ID@HOST:PORT, not {text:.100}")
    return Pid(match["id"], HostPort(match["host"].strip("[]"), int(match["port"])))
