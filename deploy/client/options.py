"""What all commands of a service share: how to reach it, and the form of what they print."""
from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from deploy.cli.problems import REFUSED, Problem
from deploy.client.service import Answer, Service, problem, service
from specs.words.printable import printable

CANDIDATES = 5  # apps or instances that are named where one is not found

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--service", "service_url", metavar="URL",
                 help="The service; by default MESOS_DOCKER_SERVICE, else http://127.0.0.1:8080."),
    click.option("--token-file", metavar="FILE",
                 help="A token; MESOS_DOCKER_TOKEN holds one, too."),
    click.option("--user-file", metavar="FILE",
                 help="NAME:PASSWORD; MESOS_DOCKER_USER holds one, too."),
    click.option("--output", type=click.Choice(["text", "json"]), default="text",
                 help="What to print."))


def talks_to_service(command: Command) -> Command:
    """Gives a command the options, and its function `service` and `output` in their place."""
    @functools.wraps(command)
    def call(*args: Any, service_url: str | None, token_file: str | None, user_file: str | None,
             **rest: Any) -> Any:
        found = service(service_url, token_file, user_file)
        try:
            return command(*args, service=found, **rest)
        except Problem as error:
            if error.message == f"App '{app_id(rest.get('app') or '')}' does not exist":
                raise Problem(f"{error.message}: {_candidates(found, rest['app'])}", REFUSED) from error
            raise

    found: Any = call
    for option in reversed(_OPTIONS):
        found = option(found)
    return found  # type: ignore[no-any-return]  # click's decorators return what they are given


def app_id(text: str) -> str:
    """With one slash before it."""
    return "/" + text.strip("/")


def shown_json(value: Any) -> None:
    """One line of JSON."""
    click.echo(json.dumps(value, separators=(",", ":")))


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns as wide as they need to be, the last one free; nothing but a head if there are no
    rows.
    """
    lines = [[str(each) for each in head], *([_cell(each) for each in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        click.echo("  ".join(text.ljust(width) for text,
                             width in zip(line, widths, strict=True)).rstrip())


def fine(answer: Answer) -> Any:
    """The body of an answer. Raises Problem: 2 for a refusal."""
    if answer.is_fine:
        return answer.body
    text = problem(answer)
    if answer.status == 409 and isinstance(answer.body, dict):
        ids = [each.get("id", "") for each in answer.body.get("deployments", ())]
        if ids:
            text = f"locked by deployment {', '.join(ids)}; --force cancels it"
        elif "changed" in answer.body:
            fields = ", ".join(answer.body["changed"]) or "the same fields"
            text = f"somebody else has changed it meanwhile: {fields}; its version is {answer.body.get('current')}"
    raise Problem(text, REFUSED if answer.status < 500 else 3)


def one_instance(found: Service, name: str) -> dict[str, Any]:
    """The instance or task of this id, or the only one whose id begins so. Raises Problem with the
    candidates.
    """
    instances = found.get("/api/v1/instances")
    exact = [each for each in instances if name in (each["id"], each["taskId"])]
    begun = exact or [each for each in instances if str(each["id"]).startswith(name)
                      or str(each["taskId"]).startswith(name)]
    if len(begun) == 1:
        return dict(begun[0])
    known = ", ".join(each["id"] for each in (begun or instances)[:CANDIDATES]) or "none"
    shown = name or "an empty name"
    raise Problem(f"{shown} is {'several instances' if begun else 'no instance'}: {known}", REFUSED)


def _candidates(found: Service, name: str) -> str:
    """Apps that may have been meant, those of a like name first."""
    known = [str(each["id"]) for each in found.get("/v2/apps")["apps"]]
    alike = difflib.get_close_matches(app_id(name), known, n=CANDIDATES, cutoff=0.7)
    listed = [*alike, *(each for each in known if each not in alike)]
    more = ", …" if len(listed) > CANDIDATES else ""
    return f"there is {', '.join(listed[:CANDIDATES])}{more}" if listed else "there is no app"


def _cell(value: Any) -> str:
    return "-" if value is None or value == "" else printable(str(value))
