"""`mesos-docker debug`: one archive for a bug report, without secrets.

What the service says of itself is asked for over its API, a file for each answer. What cannot be
had stands in about.json, and keeps nothing else back. The archive is 0600: what is in it is still
about somebody's cluster.
"""
from __future__ import annotations

import base64
import contextlib
import importlib.metadata
import io
import json
import os
import platform
import tarfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from deploy.cli.problems import REFUSED, Problem
from deploy.client.options import shown_json, talks_to_service
from deploy.client.service import Service, problem
from specs.words.redaction import Redaction, found

EVENTS: Final = 2000  # the last ones
APPS: Final = 200  # of which history and versions are asked for
VERSIONS: Final = 5  # of each, the newest: their environments are looked through for secrets
ANSWERS: Final[Mapping[str, tuple[str, dict[str, str]]]] = {
    "info.json": ("/v2/info", {}), "ready.json": ("/readyz", {}),
    "configuration.json": ("/api/v1/configuration", {}),
    "apps.json": ("/v2/apps", {"embed": "apps.lastTaskFailure"}), "groups.json": ("/v2/groups", {}),
    "instances.json": ("/api/v1/instances", {"stats": "true"}),
    "deployments.json": ("/v2/deployments", {}),
    "queue.json": ("/v2/queue", {"embed": "lastUnusedOffers"}), "why.json": ("/api/v1/why", {}),
    "agents.json": ("/api/v1/agents", {}), "losses.json": ("/api/v1/losses", {}),
    "metrics.txt": ("/metrics", {})}


@click.command()
@click.option("-o", "out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to; by default a file of its own here. It must not be there yet.")
@talks_to_service
def debug(service: Service, output: str, *, out: Path | None) -> None:
    """Write an archive for a bug report: versions, configuration, apps, reasons, events, agents.

    Values of environments, tokens and passwords are left out.
    """
    now = time.gmtime()
    name = time.strftime("mesos-docker-debug-%Y%m%dT%H%M%SZ", now)
    path = out or Path(f"{name}.tar.gz")
    with _created(path) as write:
        answers, failures = collected(service)
        answers["about.json"] = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", now), "service": service.url,
                                 "client": _client(), "failures": failures}
        write(archive(name, answers, Redaction({*_credentials(service), *found(list(answers.values()))}),
                      time.time()))
    if output == "json":
        shown_json({"file": str(path), "failures": failures})
        return
    click.echo(f"{path}: without values of environments, tokens and passwords; look through it before you give it away")
    for what, why in failures.items():
        click.echo(f"  not in it: {what}: {why}", err=True)


def collected(service: Service) -> tuple[dict[str, Any], dict[str, str]]:
    """The answers by the names of their files, and why some are missing. Raises Problem if nobody
    answers.
    """
    answers: dict[str, Any] = {}
    failures: dict[str, str] = {}

    def ask(name: str, path: str, **query: str) -> Any:
        answer = service.ask("GET", path, query=query,
                             headers={"Accept": "*/*"} if name.endswith(".txt") else None)
        if answer.is_fine or path == "/readyz":
            answers[name] = answer.body
        else:
            failures[name] = problem(answer)
        return answers.get(name)

    for name, (path, query) in ANSWERS.items():
        ask(name, path, **query)
    for app in ((answers.get("apps.json") or {}).get("apps") or [])[:APPS]:
        app_id = str(app["id"])
        file = app_id.strip("/").replace("/", "_")
        ask(f"history/{file}.json", f"/api/v1/history{app_id}")
        versions = ask(f"versions/{file}.json", f"/api/v1/versions{app_id}") or []
        for each in versions[:VERSIONS]:
            version = str(each["version"])
            ask(f"definitions/{file}/{version}.json", f"/v2/apps{app_id}/versions/{version}")
    try:
        answers["events.jsonl"] = list(_events(service))
    except Problem as error:
        failures["events.jsonl"] = error.message
    return answers, failures


def archive(name: str, answers: Mapping[str, Any], redaction: Redaction, at: float) -> bytes:
    """A .tar.gz with a folder of this name. `at`: seconds since 1970, of all files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for file, value in sorted(answers.items()):
            content = _content(file, value, redaction).encode(errors="replace")
            member = tarfile.TarInfo(f"{name}/{redaction.text(file)}")
            member.size, member.mtime, member.mode = len(content), int(at), 0o600
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _content(file: str, value: Any, redaction: Redaction) -> str:
    if isinstance(value, str):
        return "".join(f"{redaction.text(line)}\n" for line in value.splitlines())
    clean = redaction.json(value)
    if file.endswith(".jsonl"):
        return "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in clean)
    return json.dumps(clean, indent=1, ensure_ascii=False) + "\n"


def _events(service: Service) -> Iterator[dict[str, Any]]:
    """The last EVENTS."""
    with service.events() as stream:
        last = int(next(stream).get("last", 0))
    if not last:
        return
    kept: deque[dict[str, Any]] = deque(maxlen=EVENTS)
    with service.events(after=max(0, last - EVENTS)) as stream:
        for event in stream:
            if "last" not in event:
                kept.append(event)
            if event["id"] >= last:
                break
    yield from kept


def _client() -> dict[str, str]:
    try:
        version = importlib.metadata.version("mesos-docker")
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"
    return {"version": version, "python": platform.python_version(), "system": platform.platform()}


def _credentials(service: Service) -> Iterator[str]:
    """What we prove who we are by."""
    for value in service.authorization.values():
        kind, _, said = value.partition(" ")
        yield said
        if kind == "Basic":
            yield base64.b64decode(said).decode(errors="replace").partition(":")[2]


@contextlib.contextmanager
def _created(path: Path) -> Iterator[Callable[[bytes], int]]:
    """A new file that only its owner reads; gone again if it cannot be filled. Raises Problem."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}", REFUSED) from error
    with os.fdopen(descriptor, "wb") as file:
        try:
            yield file.write
        except BaseException:
            path.unlink(missing_ok=True)
            raise
