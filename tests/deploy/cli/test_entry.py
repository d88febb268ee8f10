"""A Ctrl-C at the very beginning."""
from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("mesos-docker")
START = """
import sys
from deploy.{module} import main
sys.argv[1:] = {arguments}
print("up", flush=True)
main()
"""


@pytest.mark.parametrize(("module", "arguments"),
                         [("cli.entry", ["run", "--help"]), ("demo.__main__", ["--help"])])
def test_an_interrupt_while_modules_are_imported_shows_no_stack(module: str,
                                                                arguments: list[str]) -> None:
    """Many moments, because none can be hit for certain; by the last one the command has ended."""
    for moment in range(10):
        process = subprocess.Popen([sys.executable, "-c",
                                    START.format(module=module, arguments=arguments)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        time.sleep(0.02 * (moment + 1))
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
        assert "Traceback" not in stderr
        assert process.returncode in (0, -signal.SIGINT)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_as_good_as_empty_ones(closed: str) -> None:
    script = f"exec '{PROGRAM}' explain /no/such/file {closed}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.endswith("" if "2>&-" in closed
                                else "'/no/such/file': No such file or directory\n")
    assert "Traceback" not in done.stderr
