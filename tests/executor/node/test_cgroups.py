"""What the kernel says of processes."""
from __future__ import annotations

import os
import subprocess
import sys

from executor.node.cgroups import ends, owns

ANY = ""  # stands in every process's cgroup


def test_a_process_ends_before_it_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert owns(ANY, process.pid)
        assert not ends(ANY, process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still there
        assert ends(ANY, process.pid)
    assert ends(ANY, process.pid)


def test_a_number_that_belongs_to_somebody_else_by_now() -> None:
    assert not owns("no-such-container", os.getpid())
    assert ends("no-such-container", os.getpid())
