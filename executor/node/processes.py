"""Processes of this machine, watched by pidfd."""
from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import threading
from collections.abc import Callable

from executor.node import cgroups
from executor.node.cgroups import owns
from executor.node.watcher import Watcher

log = logging.getLogger(__name__)


def end_processes(container: str) -> bool:
    """Of a container that the engine has killed or removed: one that was killed itself while it
    started it takes it for one that never ran. Whether there were any.
    """
    found = cgroups.processes(container)
    for pid in found:
        log.warning("Process %s of container %s runs, whatever the engine says; killing it", pid,
                    container)
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return bool(found)


class Processes:
    """Tells when processes end that are not our children, and kills them without mistaking one for
    another.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._lock = threading.Lock()
        self._descriptors: dict[int, int] = {}  # pid -> pidfd

    def watch(self, pid: int, container: str, gone: Callable[[], None]) -> None:
        """Call `gone` on the watcher's thread when the container's process ends; at once if it has
        ended.

        Where we do not see the host's processes (a pid namespace of our own) nothing is watched.
        """
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            gone()
            return
        except OSError as error:
            log.warning("Cannot watch process %s: %s", pid, error.strerror)
            return
        if not owns(container, pid):
            os.close(descriptor)
            return
        self.forget(pid)
        with self._lock:
            self._descriptors[pid] = descriptor
        self._watcher.add(descriptor, lambda: self._ended(pid, descriptor, gone))

    def kill(self, pid: int, number: int = signal.SIGKILL) -> None:
        """Signal the watched process, and no other that may have its number by now."""
        with self._lock:
            descriptor = self._descriptors.get(pid)
            if descriptor is None:
                return
            try:
                signal.pidfd_send_signal(descriptor, number)
            except ProcessLookupError:
                return
            except OSError as error:
                log.warning("Cannot kill process %s: %s", pid, error.strerror)

    def runs(self, pid: int) -> bool:
        """Whether the watched process has not ended, in the kernel's word at this moment."""
        with self._lock:
            descriptor = self._descriptors.get(pid)
            if descriptor is None:
                return False
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            return not poll.poll(0)

    def forget(self, pid: int) -> None:
        """Watch no more."""
        with self._lock:
            descriptor = self._descriptors.pop(pid, None)
            if descriptor is not None:
                self._watcher.remove(descriptor)
                os.close(descriptor)

    def _ended(self, pid: int, descriptor: int, gone: Callable[[], None]) -> bool:
        """A container with a restart policy may have any number of processes in its life: keep none
        that is gone.
        """
        with self._lock:
            ours = self._descriptors.get(pid) == descriptor
        if ours:
            self.forget(pid)
            gone()
        return False
