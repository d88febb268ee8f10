"""Finds out once below which cgroup containers are made, and says so in the log."""
from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from executor.engine.cgroup_parent import CgroupParent, allowed, executors_cgroup, placed
from executor.engine.failures import RuntimeFailure
from executor.engine.port import Engine
from executor.node.cgroups import groups

log = logging.getLogger(__name__)


class Parents:
    """Safe for threads. The engine is asked with the first container, and only where it matters."""

    def __init__(self, container: str, own: Path = Path("/proc/self/cgroup")) -> None:
        """`container`: the executor's, as the agent calls it; empty: none is made below its cgroup."""
        self._container = container
        self._own = own
        self._lock = threading.Lock()
        self._known: CgroupParent | None = None

    def placed(self, payload: Mapping[str, Any], engine: Callable[[], Engine]) -> Mapping[str, Any]:
        """The payload of a container to be; may ask the engine."""
        if not self._container:
            return payload
        with self._lock:
            known = self._known = self._known or self._found(engine)
        return placed(payload, known)

    def _found(self, engine: Callable[[], Engine]) -> CgroupParent:
        try:
            found = executors_cgroup(groups(self._own.read_text(encoding="utf-8")), self._container)
            if found.path is not None:
                found = allowed(found, engine().cgroup_driver())
        except (OSError, ValueError, RuntimeFailure) as error:
            found = CgroupParent(None, str(error))
        if found.path is None:
            log.info("Containers are in cgroups of the engine's choice: %s", found.why)
        else:
            log.info("Containers are in cgroups below %s", found.path)
        return found
