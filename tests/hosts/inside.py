"""What runs inside a host, with nothing but Python's own library: sets the project up as README says, runs it, reports.

It reads /run/source/job.json: {"suites": {name: [words for pytest]}, "engine": "docker" or "podman",
"settings": what Docker's daemon.json gets, "where": said behind the system's name, "slow": how many
times as long as elsewhere a test may take, "seconds": how long a suite may take, "mesos": flags
of the agent in /run/source/mesos, on which the tests run, if there is one}. It leaves in
/run/results: facts.json (what host this is), steps.json (each step's exit status and seconds),
NAME.xml (JUnit, of each suite) and NAME.log. It ends where the host's image has the machine turned
off.
"""
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SOURCE, RESULTS, HOME = Path("/run/source"), Path("/run/results"), Path("/root")
PROJECT = HOME / "mesos-docker"
STEP_SECONDS, TEST_SECONDS = 3000, 180
LAST_SECONDS = 300  # for a suite that is out of time, to say what has passed
SUITE = ("-v", "-n", "2", "--dist", "loadfile", "-o", "junit_family=xunit2")


def main() -> None:
    job = json.loads((SOURCE / "job.json").read_text())
    words = (*SUITE, f"--timeout={TEST_SECONDS * job['slow']}")
    steps: dict[str, dict[str, Any]] = {}
    prepare()
    if job["settings"]:
        set_docker(job["settings"])
    if job["engine"] == "podman":  # what Docker does without being told: no TLS on loopback
        Path("/etc/containers/registries.conf.d/tests.conf").write_text("".join(
            f'[[registry]]\nlocation = "{host}"\ninsecure = true\n' for host in ("127.0.0.1", "localhost")))
    os.environ["TESTS_SLOW"] = str(job["slow"])
    setup = ["deploy/setup.sh", "tests"] if job["engine"] == "docker" else ["sh", "-ec", WITHOUT_DOCKER]
    ok = step(steps, "setup", setup)
    record("facts.json", facts(job["engine"], job["where"]))
    if ok and job["engine"] == "docker":
        step(steps, "make run", ["make", "run"])
    elif ok:
        step(steps, "make run", [".venv/bin/python", "-m", "deploy.demo"])
    if ok and job["mesos"] is not None:
        ok = started(steps, job["mesos"])
    for name, chosen in job["suites"].items() if ok else ():
        step(steps, name, [".venv/bin/python", "-m", "pytest", *words, f"--junitxml={RESULTS}/{name}.xml", *chosen],
             job["seconds"])


WITHOUT_DOCKER = """\
[ ! -e ".venv/.set-up .[dev]" ] || exit 0
python3 -m venv .venv
.venv/bin/python -m pip install -q -c deploy/constraints.txt ./deploy/http-parser -e '.[dev]'
"""


def started(steps: dict[str, dict[str, Any]], flags: list[str]) -> bool:
    """A master and an agent, as on a host of today: without its docker containerizer, which wants cgroup v1 or lacks
    what newer images have not. Whether the agent is there."""
    shutil.copytree(SOURCE / "mesos", MESOS, symlinks=True)
    for cgroup in (CGROUPS, CGROUPS / "mesos"):  # which its isolators of cgroup v2 want to be there
        cgroup.mkdir(exist_ok=True)
        (cgroup / "cgroup.subtree_control").write_text("+cpu +memory")
    for name, words in PROGRAMS.items():
        Path("/var/lib", name).mkdir()
        log = (RESULTS / f"{name}.log").open("wb")
        own = flags if name == "mesos-agent" else []
        subprocess.Popen([MESOS / "sbin" / name, *words, "--ip=127.0.0.1", "--hostname=127.0.0.1",
                          f"--work_dir=/var/lib/{name}", *own], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                         start_new_session=True)
    os.environ.update(MESOS_MASTER="127.0.0.1:5050", MESOS_EXECUTORS="custom")
    return step(steps, "Mesos", [sys.executable, "-c", AGENT_IS_THERE, f"http://{os.environ['MESOS_MASTER']}/state"])


MESOS, CGROUPS = Path("/opt/mesos"), Path("/sys/fs/cgroup")
PROGRAMS = {
    "mesos-master": ("--port=5050", "--registry=in_memory", "--allocation_interval=200ms",
                     "--agent_ping_timeout=60secs"),
    "mesos-agent": ("--port=5051", "--master=127.0.0.1:5050", "--runtime_dir=/run/mesos", "--containerizers=mesos",
                    "--no-systemd_enable_support", f"--launcher_dir={MESOS}/libexec/mesos",
                    "--resources=cpus:32;mem:8192;disk:8192;ports:[20000-20100]",
                    "--executor_registration_timeout=10mins", "--executor_shutdown_grace_period=60secs")}
AGENT_IS_THERE = """\
import json, sys, time, urllib.request
for _ in range(120):
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=20) as answer:
            state = json.load(answer)
        print(state["version"], [agent["version"] for agent in state["slaves"]], flush=True)
        if state["slaves"]:
            sys.exit(0)
    except OSError as error:
        print(error, flush=True)
    time.sleep(2)
sys.exit("no agent")
"""


def prepare() -> None:
    for name in ("mesos-docker", "shared"):
        shutil.copytree(SOURCE / name, HOME / name, symlinks=True, dirs_exist_ok=True)
    if (SOURCE / "pip.conf").exists():
        shutil.copy(SOURCE / "pip.conf", "/etc/pip.conf")
    os.environ.update(HOME=str(HOME), CI="true", PIP_CACHE_DIR=str(RESULTS / "pip"), LANG="C.UTF-8",
                      PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")


def set_docker(settings: dict[str, Any]) -> None:
    """Where a service has started it already, it starts again with these; else it finds them."""
    Path("/etc/docker").mkdir(exist_ok=True)
    Path("/etc/docker/daemon.json").write_text(json.dumps(settings))
    if Path("/run/systemd/system").exists():
        subprocess.run(["systemctl", "restart", "docker"], check=True)


def step(steps: dict[str, dict[str, Any]], name: str, command: list[str], seconds: float = STEP_SECONDS) -> bool:
    """Run it, its output in a file; whether it succeeded."""
    began = time.monotonic()
    print(f"{name}: {' '.join(command)}", flush=True)
    with (RESULTS / f"{name.replace(' ', '-')}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        status = ended(process, seconds)
    steps[name] = {"status": status, "seconds": round(time.monotonic() - began, 1)}
    record("steps.json", steps)
    print(f"{name}: {status} after {steps[name]['seconds']} s", flush=True)
    return status == 0


def ended(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Its exit status. If it is out of time it is asked to end, as by Ctrl-C, which has pytest say what it knows."""
    for number, patience in ((signal.SIGINT, seconds), (signal.SIGKILL, LAST_SECONDS)):
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
    return process.wait()


def facts(engine: str, where: str) -> dict[str, str]:
    """What host this is, in words for the table."""
    system = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return {"system": system["PRETTY_NAME"].strip('"') + where, "kernel": os.uname().release,
            **(of_docker() if engine == "docker" else of_podman(said("podman", "info", "--format", "json"))),
            "python": sys.version.split()[0]}


def of_docker() -> dict[str, str]:
    told = said("docker", "version", "--format", "{{json .Server}}")
    info = said("docker", "info", "--format", "{{json .}}")
    return {
        "engine": f"docker {told.get('Version', '?')}",
        "api": f"{told.get('MinAPIVersion', '?')} to {told.get('ApiVersion', '?')}",
        "storage": str(info.get("Driver", "?")), "cgroups": f"v{info.get('CgroupVersion', '?')}",
        "cgroup_driver": str(info.get("CgroupDriver", "?")), "runtime": str(info.get("DefaultRuntime", "?"))}


def of_podman(info: dict[str, Any]) -> dict[str, str]:
    """Podman's Docker command has no word of its own for most of these."""
    host, version = info.get("host", {}), info.get("version", {})
    return {
        "engine": f"podman {version.get('Version', '?')}", "api": f"podman's {version.get('APIVersion', '?')}",
        "storage": str(info.get("store", {}).get("graphDriverName", "?")),
        "cgroups": str(host.get("cgroupVersion", "?")),
        "cgroup_driver": str(host.get("cgroupManager", "?")),
        "runtime": str(host.get("ociRuntime", {}).get("name", "?"))}


def said(*command: str) -> dict[str, Any]:
    for _ in range(60):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.startswith("{"):
            return dict(json.loads(done.stdout))
        time.sleep(1)
    print(f"{command}: {done.stderr or done.stdout}", flush=True)
    return {}


def record(name: str, value: object) -> None:
    (RESULTS / name).write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    main()
