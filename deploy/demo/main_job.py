"""The main job: what `make run` shows. nginx as a task, a batch, and an app that is kept running,
with real containers.

The task is nginx: its image is built here, it runs on a network of its own behind a host port that
was offered, gets another index page through a volume in its sandbox, is asked for that page, and is
killed. The batch is five short tasks, of which one fails and one can never run. The app is in
kept_service.py. Everything is checked as it happens; what differs from what it should be is said,
and the exit status is 1. Nothing stays behind but the two images, which the next run uses again.
"""
from __future__ import annotations

import contextlib
import http.client
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from deploy.cli.docker_socket import ping
from deploy.cli.problems import Problem
from deploy.cli.signals import cleaned_up, orderly, unbroken
from deploy.demo import busybox, nginx
from deploy.demo.kept_service import KeptService, served
from deploy.demo.tasks import BATCH, NGINX, PAGE, PORT, batch_tasks, nginx_task
from deploy.run.clusters import Embedded, embedded
from deploy.run.command import default_executor
from deploy.run.logs import read
from deploy.run.report import Report, report
from deploy.run.session import Patience, Running, Session
from deploy.run.start import follow
from executor.docker.door.api import Api
from executor.docker.mesos_docker import Docker
from executor.docker.networks import NewNetwork
from executor.engine.failures import RuntimeFailure
from executor.settings.labels import FRAMEWORK
from scheduler.config import Config
from scheduler.tasks.launching import CustomExecutor, Task, task
from specs.errors import SpecError
from specs.messages.command import CommandInfo
from specs.words.defaults import DOCKER_SOCKET

LABEL = "mesos-docker.demo"
PATIENCE = 90.0  # seconds for a page, a log line, an offer


class Demo:
    """One run of it. `wrong` collects what was not as it should be."""

    def __init__(self, docker: Docker, shown: Report) -> None:
        self._docker = docker
        self._shown = shown
        self._network = f"mesos-docker-demo-{secrets.token_hex(3)}"
        self._frameworks: list[str] = []
        self._folders: list[Path] = []
        self._port = free_port(PORT)
        self.wrong: list[str] = []

    def run(self) -> None:
        """All of it. Raises Problem where it cannot go on."""
        self._title("Images")
        nginx.ensure(self._docker, self._step)
        busybox.ensure(self._docker)
        self._title("A network, and an embedded Mesos: a master and an agent over HTTP on loopback")
        with cleaned_up(lambda: self._docker.networks.rm(self._network)):
            with unbroken():
                self._docker.networks.create(NewNetwork(self._network, labels={LABEL: "1"}))
            self._step(f"created the bridge network {self._network}")
            with embedded(docker_socket=DOCKER_SOCKET,
                          ports=((self._port, self._port), (31000, 32000))) as found:
                self._step(f"the master listens at {found.master}")
                self._folders.append(found.work_dir)
                if self._service(found):
                    self._batch(found)
                    self._keep(found)
        self._title("What is left behind")
        self._look_for_leftovers()

    def _service(self, found: Embedded) -> bool:
        """Whether to go on."""
        self._title(f"The first service: nginx on {self._network}, host port {self._port} → 80")
        if self._port != PORT:
            self._step(f"host port {PORT} is taken on this machine, so it is {self._port}")
        visitor = Visitor(found, self._port, self._step)
        session = self._follow(found, [self._task(nginx_task(nginx.REFERENCE, self._network,
                                                             self._port))], visitor)
        visitor.wait()
        self._expect(session, {NGINX: "TASK_KILLED"})
        if not session.interrupted:
            self.wrong += visitor.wrong
        return not session.interrupted

    def _batch(self, found: Embedded) -> None:
        self._title(
            "The batch: five tasks, of which one exits with 3 and one names a program that does not exist")
        tasks = [self._task(info) for info in batch_tasks(busybox.REFERENCE)]
        self._expect(self._follow(found, tasks, None), BATCH)

    def _keep(self, found: Embedded) -> None:
        self._title("An app that is kept running: `mesos-docker serve` on the same Mesos")
        with served(found, found.work_dir) as service:
            shown = KeptService(service, self._docker, busybox.REFERENCE, self._step)
            self._frameworks.append(shown.framework_id)
            shown.run()
        self.wrong += shown.wrong

    def _follow(self, found: Embedded, tasks: Sequence[Task], visitor: Visitor | None) -> Session:
        def told(running: Running) -> None:
            if visitor is not None:
                visitor.begin(session, running)
        session = Session(tasks, self._shown, Patience(offers=PATIENCE), told)
        follow(session, found, Config(name="mesos-docker demo"))
        self._frameworks.append(session.framework_id)
        if session.problem is not None:
            raise Problem(session.problem)
        return session

    def _task(self, info: dict[str, Any]) -> Task:
        executor = CustomExecutor(CommandInfo(default_executor(DOCKER_SOCKET)))
        try:
            return task(info, executor)
        except SpecError as error:
            raise Problem(str(error)) from error

    def _expect(self, session: Session, states: dict[str, str]) -> None:
        if session.interrupted:
            raise click.Abort
        for task_id, state in states.items():
            found = session.rows[task_id].state
            if found != state:
                self.wrong.append(
                    f"{task_id} should have ended with {state}, and ended with {found}")

    def _look_for_leftovers(self) -> None:
        left = [f"container {container.name}" for framework in self._frameworks if framework
                for container in self._docker.containers.ls({FRAMEWORK: framework})]
        left += [f"network {network.name}"
                 for network in self._docker.networks.ls({"label": [f"{LABEL}=1"]})
                 if network.name == self._network]
        left += [f"process {number}" for framework in self._frameworks if framework
                 for number in processes(framework)]
        left += [f"folder {folder}" for folder in self._folders if folder.exists()]
        self._step(", ".join(left) if left else "no container, no network, no process, no sandbox")
        self.wrong += [f"{each} is left behind" for each in left]

    def _title(self, text: str) -> None:
        self._shown.note(f"\n{text}")

    def _step(self, text: str) -> None:
        self._shown.note(f"  {text}")


def processes(framework_id: str) -> list[int]:
    """What agents on this machine started for a framework and still runs, by the environment that
    they give.
    """
    wanted = f"MESOS_FRAMEWORK_ID={framework_id}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ends just now, or is somebody else's
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def free_port(wanted: int) -> int:
    """The port that is wanted, or another one where something listens there already."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.create_server(("", port)) as listening:
            number: int = listening.getsockname()[1]
            return number
    raise Problem("no port of this machine is free")


class Visitor:
    """Uses the service once it runs, on a thread of its own, and has it killed in the end, whatever
    happened.
    """

    def __init__(self, found: Embedded, port: int, say: Callable[[str], None]) -> None:
        self._found = found
        self._port = port
        self._say = say
        self._thread: threading.Thread | None = None
        self.wrong: list[str] = []

    def begin(self, session: Session, running: Running) -> None:
        """The task runs."""
        self._thread = threading.Thread(target=self._visit, args=(session, running),
                                        name="visitor", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """For the end of the visit."""
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def _visit(self, session: Session, running: Running) -> None:
        try:
            self._replace_page(running)
            page = _until(lambda: _fetch(self._port),
                          lambda text: text is not None and "Mesos" in text)
            if page is None or page != PAGE:
                self.wrong.append(f"the page at port {self._port} is not ours: {page!r}")
            self._say(f"GET http://127.0.0.1:{self._port}/ → {page!r}")
            line = _until(lambda: self._last_line(running),
                          lambda text: bool(text) and "GET / " in str(text))
            if not line or "GET / " not in line:
                self.wrong.append(f"the access log does not tell of the visit: {line!r}")
            self._say(f"the last line of stdout in the task's sandbox: {line}")
        except OSError as error:
            self.wrong.append(f"the visit failed: {error}")
        finally:
            self._say("killing it, with its grace period of 5 s")
            session.kill(running.task_id)

    def _last_line(self, running: Running) -> str | None:
        data = read(self._found.agents, running.agent, f"{running.folder}/stdout", 0) or b""
        lines = data.decode(errors="replace").splitlines()
        return lines[-1] if lines else None

    def _replace_page(self, running: Running) -> None:
        """The agent is on this machine, so the sandbox is a folder here; its end is the same as the
        served one's.
        """
        tail = Path(*Path(running.folder).parts[1:])  # frameworks/F/executors/E/runs/latest/tasks/T
        sandbox = next(iter(self._found.work_dir.glob(f"**/slaves/*/{tail}")), None)
        if sandbox is None:
            raise FileNotFoundError(f"no sandbox {tail}")
        (sandbox / "html" / "index.html").write_text(PAGE)
        self._say(f"wrote another index page into the sandbox, {tail}/html")


def _fetch(port: int) -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):  # it runs, but does not listen yet
        return None
    finally:
        connection.close()
    return text if response.status == 200 else None


def _until(look: Callable[[], str | None], enough: Callable[[str | None], bool]) -> str | None:
    """Look again and again, until it is enough or the patience ends."""
    deadline = time.monotonic() + PATIENCE
    found = look()
    while not enough(found) and time.monotonic() < deadline:
        time.sleep(0.05)
        found = look()
    return found


@click.command()
def demo() -> int:
    """Show the whole product at work: a task, a batch and an app, on an embedded Mesos and real
    containers.
    """
    began = time.monotonic()
    shown = report("text", logs=False, notes=sys.stdout)
    try:
        with orderly("Interrupted: ending what was started, so that nothing stays behind."), \
                contextlib.closing(Docker(Api(DOCKER_SOCKET))) as docker:
            ping(DOCKER_SOCKET)
            show = Demo(docker, shown)
            show.run()
    except RuntimeFailure as error:
        raise Problem(str(error)) from error
    finally:
        shown.close()
    for problem in show.wrong:
        click.echo(f"error: {problem}", err=True)
    click.echo(f"\nDone in {time.monotonic() - began:.1f} s." if not show.wrong
               else "\nNot as it should be.")
    return 1 if show.wrong else 0
