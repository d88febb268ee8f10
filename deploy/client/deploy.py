"""Commands about definitions: init, validate, plan, deploy."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from deploy.cli.problems import REFUSED, Problem
from deploy.client import definitions
from deploy.client.follow import DeploymentFollower
from deploy.client.options import fine, shown_json, talks_to_service
from deploy.client.service import Service, given_reason
from deploy.client.stream import PATIENCE
from specs.words.printable import printable

WARNINGS = "x-mesos-docker-warnings"
NOTHING, CHANGES = 0, 1  # exit statuses of plan


@click.command()
@click.argument("file", default="app.json")
def init(file: str) -> None:
    """Write an app definition with comments to FILE, - for stdout; never over another file."""
    if file == "-":
        click.echo(definitions.TEMPLATE, nl=False)
        return
    try:
        with Path(file).open("x", encoding="utf-8") as made:
            made.write(definitions.TEMPLATE)
    except FileExistsError as error:
        raise Problem(f"{file} is there already, and stays as it is: name another file, as in "
                      "mesos-docker init other.json, or - for stdout", REFUSED) from error
    except OSError as error:
        raise Problem(f"{file}: {error.strerror}", REFUSED) from error
    click.echo(f"{file}: change it, then: mesos-docker deploy {file}")


@click.command()
@click.argument("file")
@click.option("--output", type=click.Choice(["text", "json"]), default="text",
              help="What to print.")
@click.option("--enable-features", default="secrets,external_volumes,gpu_resources",
              metavar="NAME,…", help="The features that the service has.")
def validate(file: str, output: str, enable_features: str) -> int:
    """Say whether the definition in FILE would be accepted, without a service."""
    from deploy.client.validation import verdict

    error, warnings = verdict(definitions.read(file),
                              frozenset(filter(None, enable_features.split(","))))
    if output == "json":
        shown_json({"accepted": error is None, "error": error, "warnings": warnings})
    else:
        for path in warnings:
            click.echo(f"warning: {path} is not known, and is passed over", err=True)
        if error is None:
            click.echo("accepted")
        else:
            click.echo(f"refused: {json.dumps(error)}", err=True)
    return REFUSED if error is not None else 0


@click.command()
@click.argument("file")
@talks_to_service
def plan(service: Service, file: str, output: str) -> int:
    """Show what `deploy FILE` would change. 0: nothing, 1: something, or it would wait for ever."""
    found = fine(service.ask("POST", "/api/v1/plan", definitions.read(file)))
    return shown_plan(found, output)


@click.command()
@click.argument("file")
@click.option("--plan", "only_plan", is_flag=True, help="Only show what would change.")
@click.option("--force", is_flag=True, help="Cancel deployments that are in the way.")
@click.option("--detach", is_flag=True, help="Do not follow it.")
@click.option("--if-version", metavar="VERSION", help="Only if the app is at this version still.")
@click.option("-m", "why", metavar="WHY", help="Why; kept with the change.")
@talks_to_service
def deploy(service: Service, file: str, output: str, why: str | None, if_version: str | None, *,  # noqa: PLR0913 - options
           only_plan: bool, force: bool, detach: bool) -> int:
    """Make the definition in FILE so: an app, an array of apps, or a group. Follows until it is
    really done.
    """
    value = definitions.read(file)
    if only_plan:
        return shown_plan(fine(service.ask("POST", "/api/v1/plan", value)), output)
    method, path, query = _where(value)
    if definitions.is_group(value) and not definitions.app_ids(value):
        click.echo(f"{file} has no apps: all that are in its group go", err=True)
    query |= {"force": "true"} if force else {}
    headers = given_reason(why) | ({"If-Match": f'"{if_version}"'} if if_version else {})
    answer = service.ask(method, path, value, query=query, headers=headers)
    body = fine(answer)
    for each in json.loads(answer.headers.get(WARNINGS, "[]")):
        click.echo(f"warning: {each} is not known, and is passed over", err=True)
    return followed(service, output, body, definitions.app_ids(value), detach=detach)


def followed(service: Service, output: str, body: dict[str, Any], apps: list[str], *,
             detach: bool, patience: float = PATIENCE) -> int:
    """Follow the deployment that a change has answered, unless it is detached. `patience`: seconds
    for which the service may be away.
    """
    deployment_id = body["deploymentId"]
    if detach:
        if output == "json":
            shown_json(body)
        else:
            click.echo(f"deployment {deployment_id}")
        return 0
    try:
        return DeploymentFollower(service, output, deployment_id, apps, patience).follow()
    except KeyboardInterrupt:
        click.echo(
            f"deployment {deployment_id} goes on; mesos-docker rollback {deployment_id} takes it back", err=True)
        return 130
    except Problem as problem:
        raise Problem(f"{problem.message}; deployment {deployment_id} goes on with the service, and "
                      "mesos-docker deployments shows it while it lasts",
                      problem.exit_code) from problem


def shown_plan(found: dict[str, Any], output: str) -> int:
    """Print a plan; the exit status."""
    stuck = found["stuck"]
    if output == "json":
        shown_json(found)
        return CHANGES if found["steps"] or stuck else NOTHING
    for path in found["warnings"]:
        click.echo(f"warning: {path} is not known, and is passed over", err=True)
    for app in found["apps"]:
        count = app["instances"]
        click.echo(f"{app['action'].removesuffix('Application').lower()} {app['id']}: "
                   f"{count['before']} -> {count['after']} instances")
        for change in app["changes"]:
            click.echo(
                f"  {change['path']}: {_brief(change['before'])} -> {_brief(change['after'])}")
    for number, step in enumerate(found["steps"], 1):
        actions = ", ".join(f"{each['action'].removesuffix('Application')} {each['app']}"
                            for each in step["actions"])
        click.echo(f"step {number}: {actions}")
    for place in found["places"]:
        _show_places(place)
    for each in stuck:
        click.echo(f"{each['app']} would wait for ever: {each['reason']}; {each['hint']}", err=True)
    if found["conflicts"]:
        click.echo(f"in the way: deployment {', '.join(found['conflicts'])} (--force cancels it)",
                   err=True)
    if not found["steps"]:
        click.echo("nothing to do")
    return CHANGES if found["steps"] or stuck else NOTHING


def _show_places(place: dict[str, Any]) -> None:
    """Where an app's new instances would go, and why not where they would not."""
    for number, host in enumerate(place["hosts"], 1):
        if host is not None:
            click.echo(f"  new instance {number} of {place['app']}: on {printable(host)}")
    nowhere = place["hosts"].count(None)
    if nowhere:
        click.echo(f"  {nowhere} of {place['app']} would wait: no agent has room for "
                   f"{'it' if nowhere == 1 else 'them'} now")
    for reason in place["reasons"]:
        amounts = f": {reason['wanted']} wanted, {reason['offered']} offered" if reason[
            "wanted"] else ""
        click.echo(
            f"    {printable(reason['agent'] or '')}: {printable(reason['reason'])}{amounts}")


def _where(value: Any) -> tuple[str, str, dict[str, str]]:
    if isinstance(value, list):
        if not value:
            raise Problem("the array is empty: there is no app in it, and nothing is changed",
                          REFUSED)
        return "PUT", "/v2/apps", {"partialUpdate": "false"}
    if definitions.is_group(value):
        return "PUT", "/v2/groups", {}
    if not isinstance(value, dict) or not isinstance(value.get("id"),
                                                     str) or not value["id"].strip("/"):
        raise Problem("/id: is needed: the app's id, such as /web", REFUSED)
    return "PUT", "/v2/apps/" + value["id"].strip("/"), {"partialUpdate": "false"}


def _brief(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value)
    return printable(text if len(text) <= 100 else text[:97] + "...")
