"""Runs conformance scenarios, each against a `mesos-docker local` of its own, several at a time.

A scenario is mostly waiting, and needs an idle cluster; so each gets a fresh one, as a process with the flags that the
recorded agent had, and only those that run Docker containers go one after the other: they use the machine's ports.
"""
from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("MESOS_CONFORMANCE") or ROOT / ".." / "shared" / "conformance").resolve()
RECORDINGS = FOLDER / "recordings" / "real"

AT_A_TIME = 5
SCENARIO_SECONDS = 600  # a scenario about re-sent updates waits for minutes

# As the README of the folder says of the recorded agent.
FLAGS = ("--resources=cpus:4;mem:4096;disk:10240;ports:[31000-31099]", "--attributes=rack:r1;zone:z1",
         "--executor_registration_timeout=6secs", "--executor_shutdown_grace_period=3secs",
         "--docker_stop_timeout=1secs", "--docker_remove_delay=1secs", "--allocation_interval=200ms")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One line of `conformance.py --list`."""

    name: str
    needs_docker: bool
    needs_agent_control: bool

    @property
    def recorded(self) -> Path:
        return RECORDINGS / f"{self.name}.norm.jsonl"


@dataclass(frozen=True, slots=True)
class Run:
    """How a scenario went: the normalised transcript and what conformance.py said."""

    transcript: Path
    output: str


def scenarios() -> list[Scenario]:
    """What the folder can do and has a recording of; none if there is no folder."""
    if not (FOLDER / "conformance.py").exists():
        return []
    listed = subprocess.run([sys.executable, "-B", "conformance.py", "--list"], cwd=FOLDER, check=True, timeout=60,
                            capture_output=True, text=True).stdout
    found = [_scenario(line) for line in listed.splitlines() if line.strip()]
    return [scenario for scenario in found if scenario.recorded.exists()]


def _scenario(line: str) -> Scenario:
    needs = re.search(r" \[([a-z, -]+)\]$", line)
    words = needs.group(1).split(", ") if needs else []
    return Scenario(line.split(maxsplit=1)[0], "docker" in words, "agent-control" in words)


def unstable() -> frozenset[str]:
    """Scenarios that differ from one run to the next on the real Mesos too."""
    path = FOLDER / "recordings" / "unstable.txt"
    return frozenset(path.read_text(encoding="utf-8").split()) if path.exists() else frozenset()


@contextmanager
def local_mesos(work_dir: Path) -> Iterator[str]:
    """A `mesos-docker local` process; gives its master's address, and ends it as Ctrl-C would."""
    command = [sys.executable, "-c", "from deploy.cli.main import main; main()", "local", "--port=0",
               f"--work-dir={work_dir}", *FLAGS]
    with (work_dir / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True,
                                   start_new_session=True)
    try:
        line = process.stdout.readline() if process.stdout is not None else ""
        match = re.match(r"Mesos master at (\S+),", line)
        if match is None:
            raise RuntimeError(f"mesos-docker local did not start: {line!r} {(work_dir / 'log').read_text()}")
        yield match.group(1)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


class Runner:
    """Starts scenarios when it is made; `result` waits for one."""

    def __init__(self, wanted: list[Scenario], folder: Path) -> None:
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="conformance")
        self._docker = threading.Lock()
        self._folder = folder
        # Docker first: they wait for each other.
        ordered = sorted(wanted, key=lambda scenario: not scenario.needs_docker)
        self._runs: dict[str, Future[Run]] = {
            scenario.name: self._pool.submit(self._run, scenario) for scenario in ordered}

    def result(self, scenario: Scenario) -> Run:
        return self._runs[scenario.name].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _run(self, scenario: Scenario) -> Run:
        if not scenario.needs_docker:
            return self._run_alone(scenario)
        with self._docker:
            return self._run_alone(scenario)

    def _run_alone(self, scenario: Scenario) -> Run:
        out, work_dir = self._folder / scenario.name, self._folder / f"{scenario.name}-work"
        temporary = self._folder / f"{scenario.name}-tmp"  # the client leaves a folder there
        work_dir.mkdir()
        temporary.mkdir()
        with local_mesos(work_dir) as address:
            control = f"{sys.executable} -m deploy.cli.local_control {address}"
            finished = subprocess.run(
                [sys.executable, "-B", str(FOLDER / "conformance.py"), f"--master={address}", "--scenario",
                 scenario.name, f"--out={out}", f"--against={RECORDINGS}",
                 "--agent-control", f"{control} start-agent", f"{control} stop-agent"],
                cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
                timeout=SCENARIO_SECONDS, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return Run(out / f"{scenario.name}.norm.jsonl", finished.stdout)
