"""Names of containers: which of them a Mesos agent takes for its own. As Mesos:
slave/containerizer/docker.cpp, `parse`.

An agent with the docker containerizer stops and removes every container whose name it recognises
and does not know. So only what runs on its behalf may be called so.
"""
from __future__ import annotations

import re
from typing import Final

PREFIX: Final = "mesos-"
_UUID: Final = re.compile(
    r"\{?[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}\}?",
                          re.ASCII | re.IGNORECASE)


def container_id(name: str) -> str | None:
    """The Mesos ContainerID in a container's name, with or without the leading slash; None if it is
    not an agent's.

    mesos-UUID; from 0.23 to 1.3 mesos-AGENT.UUID, and with a third part for an executor's own
    container.
    """
    bare = name.removeprefix("/")
    if not bare.startswith(PREFIX):
        return None
    parts = bare.removeprefix(PREFIX).split(".")
    if len(parts) > 3:
        return None
    found = parts[0] if len(parts) == 1 else parts[1]
    return found if _UUID.fullmatch(found) else None
