"""Makes a report: messages for the service, and the textfile, as the settings want them."""
from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from executor.settings import labels
from executor.settings.settings import Settings
from executor.telemetry import textfile
from executor.telemetry.counts import Counts
from executor.telemetry.usage import UsageReader
from specs.between.reports import MAX_BYTES, MAX_TASKS, ExecutorReport, Usage, report_text

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to, besides messages. `folder`: of node_exporter's textfiles; the ids are its labels."""

    folder: Path | None = None
    framework_id: str = ""
    executor_id: str = ""


def reporter(settings: Settings, counts: Counts, send: Callable[[bytes], None], run: str) -> Reporter:
    """As the settings want it. `send` takes a framework message; `run` names this process."""
    folder, ids = settings.reports.folder, settings.labels
    return Reporter(counts, Destination(
        None if folder is None else Path(folder),
        ids.get(labels.FRAMEWORK, ""), ids.get(labels.EXECUTOR, "")), send, run=run)


class Reporter:
    """One thread's, save `clean`."""

    def __init__(self, counts: Counts, destination: Destination, send: Callable[[bytes], None],
                 read: Callable[[Mapping[str, int]], dict[str, Usage]] | None = None, run: str = "") -> None:
        """`send` takes a framework message; `run` names this process."""
        self._counts = counts
        self._to = destination
        self._send = send
        self._read = read or UsageReader().read
        self._run = run
        self._number = 0
        self._version = ""

    def report(self, running: Mapping[str, int], /, *, as_message: bool) -> None:
        """Tell how it is. `running`: the first processes of containers, by task; `as_message`: the
        framework wants to know.
        """
        if as_message and self._counts.get("subscribed") != 0:  # else nobody takes it, and the log says so
            for part in self._reports(self._read(running)):
                data = report_text(part)
                if len(data) <= MAX_BYTES:
                    self._send(data)
        if self._to.folder is not None:
            self._write(self._to.folder)

    def clean(self) -> None:
        """The executor ends: its file would say for ever what is no more."""
        if self._to.folder is not None:
            textfile.file(self._to.folder, self._name).unlink(missing_ok=True)

    def _reports(self, usage: dict[str, Usage]) -> Iterator[ExecutorReport]:
        """One, and more for usage that does not fit."""
        self._version = self._version or _version()
        names = list(usage)
        whole: dict[str, Any] = {"samples": self._counts.samples(),
                                 "distributions": self._counts.distributions()}
        for first in range(0, max(1, len(names)), MAX_TASKS):
            self._number += 1
            yield ExecutorReport(
                self._run, self._number, self._version, time.time(), **whole,
                usage={name: usage[name] for name in names[first:first + MAX_TASKS]})
            whole = {}

    def _write(self, folder: Path) -> None:
        ids = {"framework": self._to.framework_id, "executor": self._to.executor_id}
        content = textfile.text(self._counts.samples(), self._counts.distributions(), ids)
        try:
            textfile.write(folder, self._name, content)
        except OSError as error:
            log.warning("Cannot write the textfile in %s: %s", folder, error.strerror)

    @property
    def _name(self) -> str:
        return f"{self._to.framework_id}-{self._to.executor_id}"


def _version() -> str:
    """The installed one, by the name of its folder: importlib.metadata would take 0.8 MB for that."""
    for folder in sys.path:
        with contextlib.suppress(OSError):
            for found in Path(folder or ".").glob("mesos_docker-*.dist-info"):
                return found.stem.removeprefix("mesos_docker-")
    return "unknown"
