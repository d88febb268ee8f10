"""Where things are unless somebody says otherwise, as Mesos and Docker have it."""
from __future__ import annotations

from typing import Final

DOCKER_SOCKET: Final = "/var/run/docker.sock"
MAPPED_DIRECTORY: Final = "/mnt/mesos/sandbox"  # a sandbox's place in its container; the agent's --sandbox_directory
