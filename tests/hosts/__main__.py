"""`make test-hosts HOSTS="debian12 debian13"`: proves that the product works on these hosts, and writes it into README.

Each host is a virtual machine of Debian's packages (hosts.py). The project as it is in git's index
and work tree is installed there as README says; it runs the main job and the suites; what comes back
is printed as one table, and stands in README ("Proved on") with its date. HOSTS_TESTS chooses tests,
as words for pytest; the table then says so. With HOSTS_KEEP=1 the results of the host's earlier runs
stay, and each test counts by its last one. HOSTS_SECONDS is how long a suite may take; what has not
run by then is counted, and the next one begins. HOSTS_IN=uml has hosts on a kernel that is a program
(uml.py), HOSTS_IN=namespaces hosts without their kernel (namespaces.py), HOSTS_EMULATED=1 machines
without KVM. HOSTS_MESOS and HOSTS_CLUSTERD name folders where such a one was installed that was built
outside the project (sbin/, libexec/mesos/, and libraries that its programs find by themselves). The exit
status is 0 if everything passed, 1 if anything did not, or no machine can be had.
"""
from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from tests.hosts import machine, namespaces, results, uml
from tests.hosts.hosts import HOSTS, Host
from tests.hosts.images import ImageError, image
from tests.hosts.machine import MachineError

ROOT: Final = Path(__file__).parents[2]
BUILD: Final = ROOT / "build/hosts"
SUITES: Final = {name: [f"tests/{name}"] for name in ("contract", "docker", "e2e")}
SECONDS: Final = 4 * 3600.0  # for one host
ROOMS: Final[Mapping[str, ModuleType]] = {"": machine, "emulated": machine, "namespaces": namespaces, "uml": uml}
SAID: Final = {"": "", "emulated": ", emulated", "namespaces": ", in namespaces on this machine's kernel",
               "uml": ", on user-mode Linux"}  # behind a host's name, in the table
SLOW: Final = {"uml": 10}  # how many times as long as elsewhere a test may take, by a host's own clock
PIP: Final = ("index-url", "extra-index-url", "trusted-host", "constraint")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make test-hosts", description=__doc__)
    parser.add_argument("hosts", nargs="*", choices=list(HOSTS), help="default: all")
    names = parser.parse_args().hosts or list(HOSTS)
    for number in (signal.SIGINT, signal.SIGTERM):  # also where our parent had us ignore them: a machine ends with us
        signal.signal(number, lambda told, _: sys.exit(128 + told))
    part = os.environ.get("HOSTS_TESTS", "")
    done, broken = [], False
    try:
        room().check()
    except MachineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name in names:
        try:
            done.append(proved(HOSTS[name], part or HOSTS[name].tests))
        except (ImageError, MachineError) as error:
            broken = True
            print(f"error: {name}: {error}", file=sys.stderr)
    print(results.table(done))
    for each in done:
        for name, suite in each.suites.items():
            for failed in suite.failed:
                print(f"{each.name}: {name}: {failed}")
    return 0 if not broken and all(each.complete for each in done) else 1


def place(words: Mapping[str, str] = os.environ) -> str:
    """Where hosts run, a key of ROOMS; raises MachineError."""
    wanted = words.get("HOSTS_IN", "") or ("emulated" if words.get("HOSTS_EMULATED") == "1" else "")
    if wanted not in ROOMS:
        raise MachineError(f"HOSTS_IN is one of {', '.join(filter(None, ROOMS))}, not {wanted}")
    return wanted


def room() -> ModuleType:
    return ROOMS[place()]


def kept(name: str, where: str) -> str:
    """The folder of a host's results: where it ran elsewhere before, those stay."""
    return f"{name}-{where}" if where else name


def proved(host: Host, part: str) -> results.Proved:
    """Run one host; raises ImageError, MachineError."""
    mesos = installed(host) if host.mesos else None
    made = image(host, BUILD)
    source, back = BUILD / "source" / host.name, BUILD / "results" / kept(host.name, place())
    parts = [*earlier(back), part]
    (back / "pip").mkdir(parents=True)
    lay(source, {"suites": suites(part), "engine": host.engine,
                 "settings": dict(host.settings), "where": host.said + SAID[place()], "slow": SLOW.get(place(), 1),
                 "seconds": float(os.environ.get("HOSTS_SECONDS", SECONDS)), "mesos": mesos and [*host.flags]})
    if mesos is not None:
        shutil.copytree(mesos, source / "mesos", symlinks=True)
    print(f"{host.name}: running; its console is {back / 'console'}", file=sys.stderr)
    try:
        room().run(host, made, source, back, SECONDS)
    finally:  # what it has brought back until it was stopped stands there, too
        shutil.rmtree(back / "pip")
        today = dt.datetime.now(dt.UTC).date().isoformat()
        (back / "proved.json").write_text(json.dumps({"date": today, "parts": parts}) + "\n")
        write_readme()
    return read(host.name, back)


def installed(host: Host, words: Mapping[str, str] = os.environ) -> Path:
    """Where the host's Mesos is; raises MachineError."""
    folder = Path(words.get(host.mesos) or "/nowhere")
    if not all((folder / name).is_file() for name in ("sbin/mesos-master", "sbin/mesos-agent")):
        raise MachineError(f"{host.mesos} names no folder with sbin/mesos-master and sbin/mesos-agent, which are "
                           "built outside the project")
    return folder


def earlier(back: Path) -> list[str]:
    """Which tests of earlier runs stay: those runs' words. What they have left is in folders with their numbers."""
    if os.environ.get("HOSTS_KEEP") != "1" or not (back / "proved.json").exists():
        shutil.rmtree(back, ignore_errors=True)
        return []
    parts: list[str] = json.loads((back / "proved.json").read_text())["parts"]
    own = [path for path in back.iterdir() if not path.name.isdecimal()]
    (back / str(len(parts))).mkdir()
    for path in own:
        path.rename(back / str(len(parts)) / path.name)
    return parts


def suites(part: str) -> dict[str, list[str]]:
    """What is run, one after the other, by the tests' folders. Words that name no test are meant for all of them."""
    words = part.split()
    named = {word: Path(word).parts[1] for word in words if word.startswith("tests/")}
    rest = [word for word in words if word not in named]
    return {folder: [*(word for word in named if named[word] == folder), *rest]
            for folder in dict.fromkeys(named.values())} if named else {
        name: [*chosen, *rest] for name, chosen in SUITES.items()}


def lay(source: Path, job: dict[str, Any]) -> None:
    """What the machine is handed."""
    shutil.rmtree(source, ignore_errors=True)
    (source / "mesos-docker").mkdir(parents=True)
    listed = subprocess.run(["git", "ls-files", "-z", "-c", "-o", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True).stdout.decode().split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (source / "mesos-docker" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / "mesos-docker" / name)
    shared = source / "shared"
    shared.mkdir()
    for folder, variable in (("vectors", "MESOS_VECTORS"), ("conformance", "MESOS_CONFORMANCE"),
                             ("vectors-marathon", "MARATHON_VECTORS"), ("marathon-apps", "MARATHON_APPS")):
        here = Path(os.environ.get(variable, ROOT.parent / "shared" / folder))
        if here.exists():
            shutil.copytree(here, shared / folder)
    shutil.copy(Path(__file__).with_name("inside.py"), source)
    (source / "job.json").write_text(json.dumps(job))
    (source / "pip.conf").write_text(pip_configuration())


def pip_configuration() -> str:
    """Where this machine's pip has its packages from; what lies on its own disk is left out."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True)
    said = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        option = name.rpartition(".")[2]
        if option in PIP and "://" in value and "file:" not in value:
            said[option] = value.strip("'")
    return "".join(["[global]\n", *(f"{option} = {value}\n" for option, value in said.items()),
                    "cert = /etc/ssl/certs/ca-certificates.crt\n", "disable-pip-version-check = true\n"])


def read(name: str, back: Path) -> results.Proved:
    """What a machine has left, in all runs that are kept."""
    def text(file: Path) -> str | None:
        return file.read_text(errors="replace") if file.exists() else None

    told = json.loads((back / "proved.json").read_text())
    skips = results.allowed((ROOT / "README.md").read_text())
    job = json.loads(text(back / "steps.json") or "{}").get("make run", {})
    runs = [*(back / str(number) for number in range(1, len(told["parts"]))), back]
    found = {"main job": results.step(job.get("status"), job.get("seconds"))}
    for suite in sorted({each for part in told["parts"] for each in suites(part)}):
        found[suite] = results.suite([(text(run / f"{suite}.xml"), text(run / f"{suite}.log") or "") for run in runs],
                                     skips)
    facts = json.loads(text(back / "facts.json") or "{}")
    return results.Proved(name, told["date"], facts, found, tuple(told["parts"]))


def write_readme() -> None:
    """Of all hosts, wherever they ran, the last run: that in build/hosts, else the one that it has already.

    A machine that was stopped before it said what it is has proved nothing.
    """
    found = []
    for name, where in itertools.product(HOSTS, ROOMS):
        back = BUILD / "results" / kept(name, where)
        if (back / "proved.json").exists() and (back / "facts.json").exists():
            found.append(read(name, back))
    readme = ROOT / "README.md"
    text = readme.read_text()
    readme.write_text(results.written(text, results.table(found, results.present(text))))


if __name__ == "__main__":
    sys.exit(main())
