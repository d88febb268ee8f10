"""`serve` that ends itself by SIGKILL right before or after a commit of a kind, once a file beside its state says so:

    python -m tests.deploy.serve.killing_serve ARGUMENTS OF SERVE
"""
from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy.serve.command import judged, serve
from deploy.serve.start import start
from scheduler.storage.sqlite import SqliteStorage

_TABLE = re.compile(r"(?:INTO|FROM) (\w+)")
FIRST = ("framework", "executor")  # written once in a state's life
LATER = ("definition", "waiting", "launch", "running", "sentence", "ended", "progress", "deployment over", "task over",
         "instance gone", "app gone", "events")


def armed(state: Path) -> Path:
    """The file that says which: `KIND WHEN`."""
    return state.with_name(state.name + ".kill")


class KillingStorage(SqliteStorage):
    """A storage that is the end of its process."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._armed = armed(Path(path))

    def flush(self) -> None:
        wanted = self._armed.read_text().rpartition(" ") if self._armed.exists() else None
        meant = wanted is not None and wanted[0] in set(self._kinds())
        if meant and wanted is not None and wanted[2] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super().flush()
        if meant:
            os.kill(os.getpid(), signal.SIGKILL)

    def _kinds(self) -> Iterator[str]:
        """What is about to be written."""
        for statement, values in self._writes:
            table = _TABLE.findall(statement)[0]
            if table in ("framework", "executors", "tasks", "events"):
                yield {"framework": "framework", "executors": "executor", "events": "events",
                       "tasks": "task over" if statement.startswith("DELETE") else "task"}[table]
            elif statement.startswith("DELETE"):
                yield {"deployment": "deployment over", "instance": "instance gone",
                       "state": "app gone"}.get(str(values[0]), "")
            elif values[0] == "instance":
                instance = json.loads(values[2])
                kinds = {"Scheduled": "waiting", "Provisioned": "launch", "Running": "running"}
                yield "sentence" if instance.get("sentence") else kinds.get(instance["condition"], "")
            elif values[0] == "state":
                yield "progress" if json.loads(values[2]).get("progress") else ""
            else:
                yield str(values[0])


if __name__ == "__main__":
    context = serve.make_context("serve", sys.argv[1:])
    sys.exit(start(judged(context, context.params), KillingStorage))
