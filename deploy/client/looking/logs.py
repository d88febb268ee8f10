"""`mesos-docker logs`: what instances write, all of an app's or one's, ended ones too.

It comes through the service, so no agent need be reachable from here. Followed output is read by a
thread for each task; who follows an app is told by the service's events when it has other tasks. A
service that goes away is asked again from where its output ended.
"""
from __future__ import annotations

import contextlib
import http.client
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import click

from deploy.cli.problems import FAILED, REFUSED, Problem
from deploy.client.looking.output import LogLines
from deploy.client.looking.sources import Source, living, sources
from deploy.client.options import talks_to_service
from deploy.client.service import Service
from deploy.run.command import duration
from specs.words.printable import printable

AGAIN: Final = 1.0  # seconds between two tries to reach a service that is away
PATIENCE: Final = 60.0  # seconds for which it may be
SIGNS: Final = 30.0  # seconds without a sign of life, after which a stream is taken for broken


def moment(value: str | None) -> str | None:
    """A time: as it is, or so long ago (10m, 2hrs). Raises BadParameter."""
    if value is None or re.match(r"\d{4}-", value):
        return value
    at = time.time() - duration(value)
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.{int(at * 1000) % 1000:03d}Z"


def pattern(value: str | None) -> re.Pattern[str] | None:
    """A regular expression. Raises BadParameter."""
    try:
        return None if value is None else re.compile(value)
    except re.error as error:
        raise click.BadParameter(f"{value!r} is no regular expression: {error}") from error


@click.command()
@click.argument("name", metavar="APP|INSTANCE")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written, until Ctrl-C or the instance's end.")
@click.option("--stderr", "errors", is_flag=True, help="What is written to stderr, not to stdout.")
@click.option("--tail", type=click.IntRange(0, 100_000), metavar="N", help="Begin with the last N lines of each.")
@click.option("--since", type=moment, metavar="TIME",
              help="Begin at a time (2026-01-31T12:00:00Z), or so long ago (10m).")
@click.option("--grep", "wanted", type=pattern, metavar="RE", help="Only lines in which RE is found.")
@talks_to_service
def logs(service: Service, name: str, output: str, tail: int | None, since: str | None,  # noqa: PLR0913 - options
         wanted: re.Pattern[str] | None, *, follow: bool, errors: bool) -> int:
    """Show what instances have written: INSTANCE, or all of APP, ended ones too."""
    found, app = sources(service, name)
    query = {"stream": "stderr" if errors else "stdout"}
    query |= {} if tail is None else {"tail": str(tail)}
    query |= {} if since is None else {"since": since}
    lines = LogLines(sys.stdout, named=app is not None and output == "text", as_json=output == "json", wanted=wanted)
    if follow:
        return Following(service, lines, query, app).run(found)
    missing = [each for each in found if not _printed(service, each, query, lines)]
    if missing and len(missing) == len(found):
        raise Problem(f"of {name} no output is there, or not any more", REFUSED)
    return 0


def _printed(service: Service, source: Source, query: Mapping[str, str], lines: LogLines) -> bool:
    """What was written when it was asked for; whether there was any output to be had. Raises Problem."""
    asked, until = dict(query), None
    while True:
        with service.response(f"{source.path}/logs", asked) as response:
            if response.status == http.client.NOT_FOUND:
                return False
            data = response.read()
            at = int(response.headers["X-Mesos-Docker-Offset"])
            until = int(response.headers["X-Mesos-Docker-End"]) if until is None else until
        lines.write(source, data[:len(data) - max(0, at - until)])
        if not data or at >= until:
            lines.end(source)
            return True
        asked = {"stream": query["stream"], "offset": str(at)}


@dataclass(slots=True)
class Following:
    """Everything that is followed by one command."""

    service: Service
    lines: LogLines
    query: Mapping[str, str]
    app: str | None
    _known: set[str] = field(default_factory=set)  # ids of tasks
    _threads: list[threading.Thread] = field(default_factory=list)
    _failure: Exception | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self, found: list[Source]) -> int:
        """Until nothing more can come; 0. Raises Problem, and OSError where nobody reads us."""
        for each in found:
            self._begin(each, self.query)
        if self.app is not None:
            self._start(self._watch)
        while not self._over.wait(0.2):
            if self.app is None and not any(each.is_alive() for each in self._threads):
                break
        if self._failure is not None:
            raise self._failure
        return 0

    def _begin(self, source: Source, query: Mapping[str, str]) -> None:
        if source.task_id not in self._known:
            self._known.add(source.task_id)
            self._start(lambda: self._follow(source, dict(query)))

    def _start(self, work: Callable[[], None]) -> None:
        def contained() -> None:
            try:
                work()
            except (Problem, OSError) as error:
                self._failure = error
                self._over.set()

        self._threads.append(threading.Thread(target=contained, daemon=True))
        self._threads[-1].start()

    def _watch(self) -> None:
        """New tasks of the app are followed from their beginning."""
        begin = {"stream": self.query["stream"]}
        while True:
            with self._patient(), self.service.events(types="status_update_event") as stream:
                for event in stream:
                    if event.get("appId", self.app) == self.app:
                        for each in living(self.service, self.app or ""):
                            self._begin(each, begin)

    def _follow(self, source: Source, query: dict[str, str]) -> None:
        """Until its task has ended and all was read."""
        ended = False
        while not ended:
            with self._patient(), self.service.response(f"{source.path}/logs", {**query, "follow": "1"},
                                                        patience=SIGNS) as response:
                if response.status == http.client.NOT_FOUND:
                    if self.app is None:
                        raise Problem(f"{source.name}: its output is not there any more", REFUSED)
                    return
                for kind, data, number in events(response):
                    if kind == "message":
                        query = {"stream": query["stream"], "offset": number}
                        self._write(source, data["data"].encode())
                    elif kind == "trouble" and data["detail"]:
                        click.echo(f"{source.name}: {printable(data['detail'])}", err=True)
                    ended = ended or kind == "end"
            if not ended:
                time.sleep(AGAIN)
        self.lines.end(source)

    def _write(self, source: Source, data: bytes) -> None:
        """Who cannot be written to is no service that is away."""
        try:
            self.lines.write(source, data)
        except OSError as error:
            self._failure = error
            self._over.set()

    @contextlib.contextmanager
    def _patient(self) -> Iterator[None]:
        """What breaks within the block is tried again, for a while. Raises Problem."""
        try:
            yield
        except (http.client.HTTPException, Problem) as error:
            if isinstance(error, Problem) and error.exit_code != FAILED:
                raise
            began = time.monotonic()
            while not self._answers():
                if time.monotonic() > began + PATIENCE:
                    raise
                time.sleep(AGAIN)

    def _answers(self) -> bool:
        with contextlib.suppress(Problem):
            return self.service.ask("GET", "/ping").is_fine
        return False


def events(response: http.client.HTTPResponse) -> Iterator[tuple[str, Any, str]]:
    """Kind, data and number of each event of a stream of output; the number is where to go on."""
    kind, number = "message", "0"
    for line in response:
        name, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "id":
            number = value
        elif name == "data":
            yield kind, json.loads(value), number
            kind = "message"
