"""What measuring and reporting loads: the standard library, and of that nothing large that was not there before."""
from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import sys, json
import executor.program, executor.agent.driver, executor.supervision.performer
before = set(sys.modules)
import executor.supervision.reports
from executor.telemetry.counts import Counts
from executor.telemetry.reporter import Destination, Reporter
counts = Counts()
counts.observe("task_phase_seconds", 1.0, "start")
Reporter(counts, Destination(), lambda _: None).report({}, as_message=True)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_reporting_loads_nothing_but_itself() -> None:
    shown = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    loaded = {name for name in json.loads(shown.stdout) if not name.startswith(("executor.", "specs."))}
    assert loaded == set()
