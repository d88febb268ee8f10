"""Commands in containers that somebody at the service wants: a thread for each, a few at a time.

What a session is made of (sockets, TLS, WebSocket) is loaded with the first one: most executors
never have any.
"""
from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from executor.engine.port import Containers
from specs.between.executor_request import ExecRequest

log = logging.getLogger(__name__)

MOST: Final = 20  # at once


class Execs:
    """For any thread; the methods return at once."""

    def __init__(self, containers: Callable[[], Containers]) -> None:
        """`containers` may block."""
        self._containers = containers
        self._lock = threading.Lock()
        self._running: set[str] = set()  # ids

    def begin(self, request: ExecRequest, container: str | None) -> None:
        """Dial back, and run the command in this container; None: its task does not run here, which
        is told. A request that comes twice is one.
        """
        with self._lock:
            if request.id in self._running:
                return
            full = len(self._running) >= MOST
            if not full:
                self._running.add(request.id)
        why = f"its executor has {MOST} such commands already" if full else None
        if container is None:
            why = f"the task {request.task_id} does not run"
        threading.Thread(target=self._run, args=(request, container or "", why), name="exec",
                         daemon=True).start()

    def _run(self, request: ExecRequest, container: str, refusal: str | None) -> None:
        from executor.endpoint.session import refuse, run

        try:
            if refusal is not None:
                refuse(request, refusal)
            else:
                ended = run(request, lambda: self._containers().interact(
                    container, request.command, tty=bool(request.tty)))
                log.info("Exec %s in task %s: %s", request.id, request.task_id, ended)
        except OSError as error:
            log.warning("Exec %s in task %s: %s cannot be reached: %s", request.id, request.task_id,
                        request.url, error)
        except Exception:
            log.exception("A fault in exec %s", request.id)
        finally:
            with self._lock:
                self._running.discard(request.id)
