"""Commands that look into one app: show, why; the events of all; and the web page."""
from __future__ import annotations

import json
from typing import Any

import click

from deploy.client.options import app_id, fine, shown_json, talks_to_service
from deploy.client.service import SCALE_BACK, Service
from deploy.client.stream import FollowedEvents, away
from specs.words.printable import printable


@click.command()
@click.argument("app")
@talks_to_service
def show(service: Service, app: str, output: str) -> None:
    """Show APP: its definition, its tasks, and what ended last."""
    found = service.get(f"/v2/apps{app_id(app)}", embed=SCALE_BACK)["app"]
    if output == "json":
        shown_json(found)
        return
    failure = found.pop("lastTaskFailure", None)
    tasks = found.pop("tasks", [])
    click.echo(json.dumps(found, indent=2))
    for task in tasks:
        click.echo(
            f"{task['id']}  {task['state']}  {task['host']}  {','.join(map(str, task['ports']))}")
    if failure is not None:
        click.echo(
            f"last failure: {failure['timestamp']} on {failure['host']}: {printable(failure['message'])}")


@click.command()
@click.argument("app", required=False)
@talks_to_service
def why(service: Service, app: str | None, output: str) -> None:
    """Say why instances do not serve, and why apps do not change."""
    found = service.get("/api/v1/why", **({"app": app_id(app)} if app else {}))
    if output == "json":
        shown_json(found)
        return
    if not found:
        click.echo("everything serves")
    for each in found:
        click.echo(f"{each['instance'] or each['app']}, since {each['since']}")
        for reason in each["reasons"]:
            where = f"{reason['agent']}: " if reason["agent"] else ""
            amounts = f": {reason['wanted']} wanted, {reason['offered']} offered" if reason[
                "wanted"] else ""
            click.echo(f"  {where}{printable(reason['reason'])}{amounts}")
            if reason["hint"]:
                click.echo(f"    {reason['hint']}")


@click.command()
@click.argument("app", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on; otherwise what is remembered is shown.")
@talks_to_service
def events(service: Service, app: str | None, output: str, *, follow: bool) -> None:
    """Show events, of all or of APP."""
    wanted = app_id(app) if app else None
    stream = FollowedEvents(service, 0, away)
    known = wanted is None
    for batch in stream.batches():
        for event in batch:
            if "last" not in event and (wanted is None or wanted in _apps(event)):
                known = True
                if output == "json":
                    shown_json(event)
                else:
                    click.echo(_line(event))
        if batch and stream.after >= stream.last:
            if not known:  # nothing is remembered of it
                service.get("/api/v1/instances", app=wanted or "")
                known = True
            if not follow:
                return


@click.command()
@talks_to_service
def ui(service: Service, output: str) -> None:
    """Print a link to the web page that logs you in; it is good once, for a minute."""
    answer = fine(service.ask("POST", "/api/v1/session/links"))
    url = f"{service.url}{answer['path']}"
    if output == "json":
        shown_json({"url": url, "until": answer["until"]})
    else:
        click.echo(url)


def _apps(event: dict[str, Any]) -> set[str]:
    """The apps that an event is about."""
    found = {event.get("appId"), event.get("runSpecId"),
             (event.get("appDefinition") or {}).get("id")}
    for step in (event.get("plan") or {}).get("steps", ()):
        found |= {action["app"] for action in step["actions"]}
    return {each for each in found if each}


_OF_CLOUD_EVENTS = ("specversion", "source", "type", "time", "datacontenttype", "subject")  # said by the others


def _line(event: dict[str, object]) -> str:
    rest = {key: value for key, value in event.items()
            if key not in ("eventType", "timestamp", "id", "plan", *_OF_CLOUD_EVENTS)}
    words = " ".join(f"{key}={printable(str(value))}" for key,
                     value in rest.items() if not isinstance(value, dict))
    return f"{event['id']:>6} {event['timestamp']} {event['eventType']} {words}"
