"""`python -m tests.soak.serve`: apps come, change and go while containers, agents and the service itself are killed.

One `mesos-docker serve` process, on its embedded Mesos of two agents, or on the master that is named. Everything that
happens is drawn from the seed. When the time is over, nothing is killed any more, and in the end

- what runs is what was asked: as many containers of each app, of the right version, says Docker;
- every change that was acknowledged is in the state;
- every event number came once, over all ends of the process;
- no container is left once the apps are removed.

The exit status is 0 if all of this holds, else 1.
"""
from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import engine
from tests.e2e.served import PROGRAM, Served
from tests.images import busybox_image
from tests.soak.numbers import Numbers
from tests.soak.wishes import Wish, Wishes

APPS = [f"/soak/{name}" for name in ("a", "b", "c", "d")]
AGENTS = 2
REST = 180.0  # seconds for everything to be as it shall be, once nothing is killed any more


class Soaked(Served):
    """Its log goes to a file: it is long."""

    def __init__(self, folder: Path, master: str | None) -> None:
        super().__init__(folder)
        self.folder = folder
        self.starts = 0
        self._master = ["--master", master] if master else ["--agents", str(AGENTS)]

    def start(self, *more: str) -> None:
        self.starts += 1
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--state", f"sqlite:{self.state}", "--listen", "127.0.0.1:0", *self._master, *more],
                stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[1]
        self.until(lambda: self.ask("GET", "/readyz")[0] == 200, "ready")

    def end(self, number: int) -> str:
        self.process.send_signal(number)
        self.process.wait()
        return ""

    def running(self) -> dict[str, tuple[str, str]]:
        """Of each running container the app of its task and the version that it was given."""
        found = {}
        for each in engine.containers(framework_id=self.framework()):
            if each.running:
                environment = dict(line.split("=", 1) for line in each.raw["Config"]["Env"])
                found[each.id] = environment["MARATHON_APP_ID"], environment["VERSION"]
        return found


class Soak:
    def __init__(self, served: Soaked, chance: random.Random, agent_command: str | None, *, embedded: bool) -> None:
        self.served = served
        self.chance = chance
        self.wishes = Wishes()
        self.counts: Counter[str] = Counter()
        self.numbers = Numbers(lambda: (served.url.removeprefix("http://"), served.token()))
        self._agent_command = agent_command
        self._embedded = embedded
        self._serial = 0

    def run(self, until: float) -> None:
        acts: list[Callable[[], None]] = [
            *[self.put] * 6, *[self.scale] * 5, self.remove, *[self.kill_container] * 4, self.kill_serve,
            self.kill_agent]
        while time.monotonic() < until:
            act = self.chance.choice(acts)
            self.counts[act.__name__] += 1
            act()
            time.sleep(self.chance.choice((0.0, 0.2, 1.0, 3.0)))

    # ---- what people do

    def put(self) -> None:
        self._serial += 1
        self._want(self.chance.choice(APPS), Wish(self.chance.randrange(1, 4), f"v{self._serial}"))

    def scale(self) -> None:
        apps = self.wishes.likely()
        if apps:
            app_id = self.chance.choice(sorted(apps))
            self._want(app_id, Wish(self.chance.randrange(5), apps[app_id].version))

    def remove(self) -> None:
        self._want(self.chance.choice(APPS), None)

    def _want(self, app_id: str, wish: Wish | None) -> None:
        """One time of ten the service is killed while it answers."""
        killer = None
        if self.chance.randrange(10) == 0:
            self.counts["killed in a request"] += 1
            killer = threading.Timer(self.chance.random() * 0.1, self.served.process.kill)
            killer.start()
        try:
            if wish is None:
                status: int | None = self.served.ask("DELETE", f"/v2/apps{app_id}")[0]
            else:
                status = self.served.ask("PUT", f"/v2/apps{app_id}?force=true&partialUpdate=false",
                                         definition(app_id, wish))[0]
        except (OSError, http.client.HTTPException):
            status = None
        self.wishes.answered(app_id, wish, status)
        if killer is not None:
            killer.join()
            self.served.process.wait()
            self.served.start()

    # ---- what befalls

    def kill_container(self) -> None:
        containers = sorted(self.served.running())
        if containers:
            subprocess.run(["docker", "kill", self.chance.choice(containers)], capture_output=True, check=False)

    def kill_serve(self) -> None:
        self.served.end(self.chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)))
        time.sleep(self.chance.random() * 3)
        self.served.start()

    def kill_agent(self) -> None:
        if self._embedded:
            index = self.chance.randrange(AGENTS)
            self._agent(index, "stop")
            time.sleep(self.chance.random() * 5)
            self._agent(index, "start")
        elif self._agent_command:
            subprocess.run(shlex.split(self._agent_command), check=True)

    def _agent(self, index: int, verb: str) -> None:
        folder = self.served.state.with_name(self.served.state.name + ".mesos")
        port = json.loads((folder / "ports.json").read_text())["master"]
        known = json.loads((folder / "credential.json").read_text())
        basic = base64.b64encode(f"{known['principal']}:{known['secret']}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", f"/local/agents/{index}/{verb}", "{}", {
            "Content-Type": "application/json", "Authorization": f"Basic {basic}"})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        assert response.status == 200, answer

    # ---- the end

    def problems(self) -> list[str]:
        """What does not hold; empty is good. Removes all apps."""
        deadline = time.monotonic() + REST
        while (wrong := self._not_as_wanted()) and time.monotonic() < deadline:
            time.sleep(0.5)
        apps = {each["id"]: each for each in self.served.ask("GET", "/v2/apps")[1]["apps"]}
        wrong += self.wishes.broken(apps)
        for app_id in apps:
            self.served.ask("DELETE", f"/v2/apps{app_id}")
        framework = self.served.framework()
        while (left := engine.containers(framework_id=framework)) and time.monotonic() < deadline + REST:
            time.sleep(0.5)
        wrong += [f"the container {each.name} is left over" for each in left]
        time.sleep(2.0)  # the last events are on their way
        self.numbers.stop()
        return wrong + self.numbers.broken()

    def _not_as_wanted(self) -> list[str]:
        apps = {each["id"]: each for each in self.served.ask("GET", "/v2/apps")[1]["apps"]}
        wanted = Counter({(app_id, app["env"]["VERSION"]): app["instances"] for app_id, app in apps.items()
                          if app["instances"]})
        found = Counter(self.served.running().values())
        waiting = [f"the deployment {each['id']} goes on" for each in self.served.ask("GET", "/v2/deployments")[1]]
        return waiting + [f"{found[each]} containers of {' '.join(each)} run, and {wanted[each]} should"
                          for each in found.keys() | wanted.keys() if found[each] != wanted[each]]


def definition(app_id: str, wish: Wish) -> dict[str, Any]:
    return {"id": app_id, "cmd": "trap 'exit 0' TERM; sleep 1000000 & wait", "cpus": 0.01, "mem": 16,
            "instances": wish.instances, "env": {"VERSION": wish.version}, "backoffSeconds": 1,
            "maxLaunchDelaySeconds": 2, "container": {"type": "DOCKER", "docker": {"image": "busybox:static"}}}


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.soak.serve")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--master", default=os.environ.get("MASTER") or None, help="HOST:PORT of a real Mesos")
    parser.add_argument("--agent-command", help="kills an agent of that one, and starts it again")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    busybox_image()
    with tempfile.TemporaryDirectory(prefix="mesos-docker-soak-") as folder:
        served = Soaked(Path(folder), given.master)
        served.start()
        soak = Soak(served, random.Random(seed), given.agent_command, embedded=given.master is None)
        soak.numbers.start()
        try:
            soak.run(time.monotonic() + 60 * given.minutes)
            wrong = soak.problems()
        finally:
            if served.process.poll() is not None:
                served.start()
            served.clean()
    print(f"{dict(soak.counts)}, {served.starts} starts, {soak.wishes.acknowledged} changes acknowledged and "
          f"{soak.wishes.unanswered} not, {len(soak.numbers.seen)} events")
    for each in wrong:
        print(f"wrong: {each}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
