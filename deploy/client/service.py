"""One service over HTTP, as its commands use it: plain requests, and its stream of events.

Nothing but the standard library, so that a command is there at once. Secrets come from files and
the environment, never from the command line; the token of a service that the same user started on
this machine is found by itself.
"""
from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import click

from deploy.cli.problems import FAILED, REFUSED, Problem
from deploy.cli.service_files import token_of

DEFAULT = "http://127.0.0.1:8080"
PATIENCE = 35.0  # seconds for an answer; the service itself gives up after 30
STARTING = 10.0  # seconds for a service that was started just before to listen
TOKEN = 1.0  # seconds for its token to be there then
SCALE_BACK = "apps.scaleBack"  # what is embedded to hear of apps whose count goes back by itself


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered. `body`: JSON, or the text where it is none."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def is_fine(self) -> bool:
        return self.status < 400


def given_reason(why: str | None) -> dict[str, str]:
    """The header that says why somebody changes something: UTF-8 in one line."""
    line = " ".join((why or "").split())
    return {"X-Mesos-Docker-Why": line.encode(errors="replace").decode("latin-1")} if line else {}


class Service:
    """Where it is, and who we are."""

    def __init__(self, url: str, authorization: str | None) -> None:
        """Raises Problem for what is no URL."""
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Problem(f"--service {url}: is not http://HOST:PORT", REFUSED)
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._parts = parts
        self._authorization = authorization

    @property
    def authorization(self) -> dict[str, str]:
        """What a request says of who we are."""
        return {} if self._authorization is None else {"Authorization": self._authorization}

    def ask(self, method: str, path: str, body: Any = None, *,
            query: Mapping[str, str] | None = None,
            headers: Mapping[str, str] | None = None, patience: float = PATIENCE) -> Answer:
        """One request. Raises Problem (3) if nobody answers, (2) if we may not ask. `patience`: seconds
        for an answer.
        """
        data = None if body is None else json.dumps(body).encode()
        connection = self._connection(patience)
        try:
            connection.request(method, self._path(path, query), data, self._headers(headers))
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            found = Answer(response.status, _json(text),
                           {key.lower(): value for key, value in response.getheaders()})
        except (OSError, http.client.HTTPException) as error:
            raise Problem(f"{self.url} does not answer: {_reason(error)}", FAILED) from error
        finally:
            connection.close()
        if found.status in (401, 403):
            raise Problem(f"{self.url}: {problem(found)}: give --token-file or --user-file",
                          REFUSED)
        return found

    def get(self, path: str, **query: str) -> Any:
        """The body of what is there. Raises Problem."""
        answer = self.ask("GET", path, query=query)
        if not answer.is_fine:
            raise Problem(problem(answer), FAILED if answer.status >= 500 else REFUSED)
        return answer.body

    @contextlib.contextmanager
    def events(self, *, types: str = "",
               after: int | None = None) -> Iterator[Iterator[dict[str, Any]]]:
        """Events from now on, or after a number, each as its JSON with `id`. None: a sign of life.
        Raises Problem.
        """
        headers = {"Accept": "text/event-stream"} | ({} if after is None
                                                     else {"Last-Event-ID": str(after)})
        connection = self._connection(60.0)
        try:
            connection.request("GET", self._path("/api/v1/events",
                                                 {"event_type": types} if types else None), None,
                               self._headers(headers))
            response = connection.getresponse()
            if response.status != 200:
                raise Problem(f"{self.url}: {response.status} for its events",
                              REFUSED if response.status in (401, 403) else FAILED)
            yield _events(response)
        except (OSError, http.client.HTTPException) as error:
            raise Problem(f"{self.url} does not answer any more: {_reason(error)}",
                          FAILED) from error
        finally:
            connection.close()

    @contextlib.contextmanager
    def response(self, path: str, query: Mapping[str, str], *,
                 patience: float = PATIENCE) -> Iterator[http.client.HTTPResponse]:
        """An answer that is no JSON, or has no end, to be read within the block: what is there (200),
        or 404. Raises Problem; `patience`: seconds without a byte.
        """
        connection = self._connection(patience)
        try:
            connection.request("GET", self._path(path, query), None, self._headers({"Accept": "*/*"}))
            response = connection.getresponse()
            if response.status not in (200, 404):
                answer = Answer(response.status, _json(response.read().decode("utf-8", "replace")), {})
                raise Problem(f"{self.url}: {problem(answer)}", FAILED if answer.status >= 500 else REFUSED)
            yield response
        except (OSError, http.client.HTTPException) as error:
            raise Problem(f"{self.url} does not answer any more: {_reason(error)}", FAILED) from error
        finally:
            connection.close()

    def _connection(self, patience: float) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(host, port or 443, timeout=patience,
                                               context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port or 80, timeout=patience)

    def _path(self, path: str, query: Mapping[str, str] | None) -> str:
        """`path` holds what users have typed, so all of it is quoted: no `?` begins a query."""
        asked = self._parts.path.rstrip("/") + quote(path)
        return asked + (f"?{urlencode(query)}" if query else "")

    def _headers(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {"Content-Type": "application/json", "Accept": "application/json", **(more or {}), **self.authorization}


def service(url: str | None, token_file: str | None, user_file: str | None,
            environ: Mapping[str, str] = os.environ, default: str = DEFAULT) -> Service:
    """The service that options and environment name, as whom they say. Raises Problem.

    At the default address, where `mesos-docker serve &` may have been the line before, one that is
    only starting is waited for.
    """
    where = url or environ.get("MESOS_DOCKER_SERVICE") or default
    waited = where == default and until_it_listens(default)
    token = _first_line(token_file) if token_file else environ.get("MESOS_DOCKER_TOKEN")
    user = _first_line(user_file) if user_file else environ.get("MESOS_DOCKER_USER")
    found = Service(where, None)
    if token is None and user is None:
        token = token_of(found.url, environ)
        deadline = time.monotonic() + TOKEN  # it is written right after it listens
        while waited and token is None and time.monotonic() < deadline:
            time.sleep(0.05)
            token = token_of(found.url, environ)
    if token is not None:
        return Service(where, f"Bearer {token}")
    if user is not None:
        return Service(where, "Basic " + base64.b64encode(user.encode()).decode())
    return found


def until_it_listens(url: str, seconds: float = STARTING) -> bool:
    """Wait while connections are refused there; whether that was so. Raises Problem (3)."""
    parts = urlsplit(url)
    deadline = time.monotonic() + seconds
    refused = False
    while True:
        try:
            socket.create_connection((parts.hostname or "", parts.port or 80), PATIENCE).close()
        except ConnectionRefusedError as error:
            if time.monotonic() > deadline:
                raise Problem(f"nobody listens at {url} after {seconds:g} s: `mesos-docker serve` starts a service; "
                              "--service or MESOS_DOCKER_SERVICE says where one is", FAILED) from error
            if not refused:
                click.echo(f"Waiting for a service to listen at {url} …", err=True)
            refused = True
            time.sleep(0.1)
        except OSError:
            return refused  # whoever asks will hear what is wrong
        else:
            return refused


def problem(answer: Answer) -> str:
    """What a refusal says, in one text."""
    body = answer.body
    if not isinstance(body, dict):
        return f"{answer.status} {str(body)[:200]}".strip()
    text = str(body.get("message") or body.get("detail") or answer.status)
    details = body.get("details") or body.get("errors") or []
    if isinstance(details, str):
        return f"{text}: {details}"
    lines = [f"{each.get('path')}: {', '.join(each.get('errors', ()))}" for each in details]
    return "\n  ".join([text, *lines])


def _events(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    event: dict[str, str] = {}
    while line := response.readline():
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            name, _, value = text.partition(": ")
            event[name] = value
        elif "data" in event:
            yield {**json.loads(event["data"]), "id": int(event.get("id", 0))}
            event = {}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _first_line(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip().split("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"{file}: {getattr(error, 'strerror', None) or error}", REFUSED) from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
