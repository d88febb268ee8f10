"""An agent that went away without a word, in a network of the test's own."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_defect_5_a_connection_whose_other_end_fell_silent_is_found_and_made_anew() -> None:
    """pymesos waits for ever: nobody tells it that packets go nowhere."""
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    root = Path(__file__).parents[3]
    ran = subprocess.run([*unshare, sys.executable, "-m", "tests.executor.agent.half_open"], cwd=root,
                         capture_output=True, text=True, timeout=120, check=False)
    assert ran.stdout.splitlines() == ["registered", "disconnected", "reregistered", "TASK_STARTING"], ran.stderr
    assert ran.returncode == 0, ran.stderr
