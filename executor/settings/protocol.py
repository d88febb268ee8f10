"""In which of Mesos's two protocols the executor speaks to its agent.

An agent's docker containerizer hands a task to its own executor over libprocess (v0) and recovers
no other after the agent's restart; a custom executor speaks HTTP (v1) and is recovered by that.
"""
from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from specs.errors import SpecError

PROTOCOL: Final = "MESOS_DOCKER_PROTOCOL"


class Protocol(enum.Enum):
    """Mesos's names."""

    V0 = "v0"
    V1 = "v1"


def protocol(environ: Mapping[str, str], *, drop_in: bool) -> Protocol:
    """What the variable says, else what the agent expects; SpecError for anything but v0 and v1."""
    said = environ.get(PROTOCOL)
    if said is None:
        return Protocol.V0 if drop_in else Protocol.V1
    try:
        return Protocol(said)
    except ValueError:
        raise SpecError("", f"{PROTOCOL} must be v0 or v1, not '{said}'") from None
