"""The units for systemd are such that systemd takes them, and what they start takes its options."""
from __future__ import annotations

import configparser
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "deploy/node"
UNITS = ("mesos-docker-reap.service", "mesos-docker-reap.timer")
PROGRAM = str(Path(sys.executable).with_name("mesos-docker"))
INSTALLED = "/usr/local/bin/mesos-docker"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with all of them, as if the command were where they say."""
    for unit in UNITS:
        (tmp_path / unit).write_text((FOLDER / unit).read_text().replace(INSTALLED, PROGRAM))
    return tmp_path


def verified(unit: Path) -> str:
    """What systemd has to say; without man pages, which nothing here has."""
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False,
                          env={"SYSTEMD_UNIT_PATH": f"{unit.parent}:", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"})
    return "\n".join(line for line in done.stderr.splitlines() if unit.name.partition(".")[0] in line)


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_takes_it(installed: Path, unit: str) -> None:
    assert verified(installed / unit) == ""


def test_systemd_would_say_what_is_wrong(installed: Path) -> None:
    timer = installed / UNITS[1]
    timer.write_text(timer.read_text().replace("OnBootSec=15min", "OnBootSec=soon"))
    assert "Failed to parse timer value, ignoring: soon" in verified(timer)


def test_what_it_starts_is_a_command_of_ours() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.read_string((FOLDER / UNITS[0]).read_text())
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert program == INSTALLED
    done = subprocess.run([PROGRAM, *words, "--dry-run", "--agent", "127.0.0.1:1"], capture_output=True, text=True,
                          check=False, timeout=120)
    assert done.returncode == 3  # no agent answers there; 2 would be a wrong option
    assert "127.0.0.1:1" in done.stderr
