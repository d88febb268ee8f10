"""The other thing to stand beside: one `docker run` process per container, as Mesos's own docker executor starts."""
from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Sequence

from tests.bench.settings import LABEL


def arguments(socket: str, image: str, command: Sequence[str], *, network: str = "host") -> list[str]:
    """The command line; the name in it is new each time."""
    return ["docker", "-H", f"unix://{socket}", "run", "--name", f"bench-{uuid.uuid4()}", "--label", f"{LABEL}=1",
            "--network", network, image, *command]


def detached(socket: str, image: str, command: Sequence[str], *, network: str) -> tuple[float, str]:
    """`docker run --detach`: returns when the container runs; the seconds that took, and its id."""
    line = arguments(socket, image, command, network=network)
    line.insert(line.index("run") + 1, "--detach")
    began = time.perf_counter()
    done = subprocess.run(line, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - began, done.stdout.strip()


def attached(socket: str, image: str, command: Sequence[str], *, network: str = "host") -> subprocess.Popen[bytes]:
    """`docker run` that stays until the container ends."""
    return subprocess.Popen(
        arguments(socket, image, command, network=network),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
