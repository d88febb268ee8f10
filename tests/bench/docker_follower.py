"""`python -m tests.bench.docker_follower SOCKET ID…`: follow these containers' output, then tell what that costs."""
from __future__ import annotations

import json
import os
import sys
from functools import partial

from executor.docker.runtime import DockerRuntime
from executor.engine.port import OutputStream
from executor.node.watcher import Watcher
from tests.bench import processes


def _read(stream: OutputStream) -> bool:
    return stream.read() is not None


def main() -> None:
    """Print rss (bytes), threads and descriptors as JSON."""
    runtime = DockerRuntime(sys.argv[1])
    watcher = Watcher()
    streams: list[OutputStream] = [runtime.containers.attach(container, tty=False) for container in sys.argv[2:]]
    for stream in streams:
        watcher.add(stream.fileno(), partial(_read, stream))
    runtime.engine.version()
    used = processes.usage(os.getpid())
    print(json.dumps({"rss": used.rss, "threads": used.threads, "descriptors": used.descriptors}))


if __name__ == "__main__":
    main()
