"""Commands that change what runs: scale, restart, revert, rm, kill; and those that steer a
deployment.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from deploy.cli.problems import REFUSED, Problem
from deploy.client.deploy import followed
from deploy.client.ending import followed_end
from deploy.client.follow import DONE
from deploy.client.options import app_id, fine, one_instance, shown_json, talks_to_service
from deploy.client.service import Service, given_reason
from deploy.run.command import duration


def changes(command: Callable[..., Any]) -> Callable[..., Any]:
    """What all commands have that make a deployment."""
    for option in (click.option("-m", "why", metavar="WHY", help="Why; kept with the change."),
                   click.option("--detach", is_flag=True, help="Do not follow it."),
                   click.option("--force", is_flag=True,
                                help="Cancel deployments that are in the way.")):
        command = option(command)
    return talks_to_service(command)


class CountCommand(click.Command):
    """Knows a number below zero from an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if not error.option_name.strip("-").isdecimal():
                raise
            raise click.UsageError("INSTANCES is a whole number from 0 on", ctx) from error


@click.command(cls=CountCommand)
@click.argument("app")
@click.argument("instances", type=click.IntRange(min=0))
@click.option("--for", "limited", type=duration, metavar="DURATION",
              help="Then go back to as many as now (2h, 30m).")
@changes
def scale(service: Service, app: str, instances: int, limited: float | None, output: str, why: str | None, *,  # noqa: PLR0913 - options
          force: bool, detach: bool) -> int:
    """Have so many INSTANCES of APP."""
    body = {"instances": instances} | ({} if limited is None else {"seconds": limited})
    answer = service.ask("POST", f"/api/v1/scale{app_id(app)}", body, query=_force(force),
                         headers=given_reason(why))
    return followed(service, output, fine(answer), [app_id(app)], detach=detach)


@click.command()
@click.argument("app")
@changes
def restart(service: Service, app: str, output: str, why: str | None, *, force: bool,
            detach: bool) -> int:
    """Replace all instances of APP, as an upgrade does."""
    answer = service.ask("POST", f"/v2/apps{app_id(app)}/restart", {}, query=_force(force),
                         headers=given_reason(why))
    return followed(service, output, fine(answer), [app_id(app)], detach=detach)


@click.command()
@click.argument("app")
@click.argument("version", required=False)
@changes
def revert(service: Service, app: str, version: str | None, output: str, why: str | None, *,
           force: bool, detach: bool) -> int:
    """Make APP what it was at VERSION, by default the one before."""
    if version is None:
        known = service.get(f"/v2/apps{app_id(app)}/versions")["versions"]
        if len(known) < 2:
            raise Problem(f"{app_id(app)} has no version before", REFUSED)
        version = known[1]
    answer = service.ask("PUT", f"/v2/apps{app_id(app)}", {"version": version}, query=_force(force),
                         headers=given_reason(why))
    return followed(service, output, fine(answer), [app_id(app)], detach=detach)


@click.command()
@click.argument("app")
@changes
def rm(service: Service, app: str, output: str, why: str | None, *, force: bool,
       detach: bool) -> int:
    """Remove APP, and end its instances, whatever deployments are at it."""
    answer = service.ask("DELETE", f"/v2/apps{app_id(app)}", query=_force(force), headers=given_reason(why))
    return followed(service, output, fine(answer), [app_id(app)], detach=detach)


@click.command()
@click.argument("instance")
@click.option("--replace-first", is_flag=True, help="Only when another one serves in its stead.")
@changes
def kill(service: Service, instance: str, output: str, why: str | None, *, replace_first: bool,
         force: bool, detach: bool) -> int:
    """End INSTANCE, by its id or its task's; another one takes its place."""
    found = one_instance(service, instance)
    if found["taskId"] is None:
        raise Problem(f"{found['id']} has no task: it waits for a place", REFUSED)
    query = _force(force) | ({"replaceFirst": "true"} if replace_first else {})
    body = fine(service.ask("POST", "/v2/tasks/delete", {"ids": [found["taskId"]]}, query=query,
                            headers=given_reason(why)))
    if output == "json":
        shown_json(body)
    else:
        click.echo(f"{found['taskId']} is to end")
    return DONE if detach else followed_end(service, found, output)


@click.command()
@click.argument("deployment")
@click.option("--detach", is_flag=True, help="Do not follow it.")
@talks_to_service
def rollback(service: Service, deployment: str, output: str, *, detach: bool) -> int:
    """Take DEPLOYMENT back: its apps become again what they were."""
    found = _deployment(service, deployment)
    body = fine(service.ask("DELETE", f"/v2/deployments/{found['id']}"))
    return followed(service, output, body, found["affectedApps"], detach=detach)


@click.command()
@click.argument("deployment")
@talks_to_service
def stop(service: Service, deployment: str, output: str) -> None:
    """Let DEPLOYMENT go no further; everything stays as it is now."""
    _steered(service, deployment, output, "DELETE", "/v2/deployments/{id}", {"force": "true"},
             "is stopped")


@click.command()
@click.argument("deployment")
@talks_to_service
def pause(service: Service, deployment: str, output: str) -> None:
    """Let DEPLOYMENT wait until it is resumed."""
    _steered(service, deployment, output, "POST", "/api/v1/deployments/{id}/pause", {}, "is paused")


@click.command()
@click.argument("deployment", required=False)
@click.option("--losses", is_flag=True, help="Replace instances that were lost in a mass at once.")
@click.option("--backoff", "app", metavar="APP",
              help="Start APP's instances now, though some have failed.")
@talks_to_service
def resume(service: Service, deployment: str | None, app: str | None, output: str, *,
           losses: bool) -> None:
    """Let what waits go on: a paused DEPLOYMENT, or what an option says."""
    if (deployment is not None) + (app is not None) + losses != 1:
        raise Problem("one of DEPLOYMENT, --losses and --backoff APP is needed", REFUSED)
    if deployment is not None:
        _steered(service, deployment, output, "POST", "/api/v1/deployments/{id}/resume", {},
                 "goes on")
    elif app is not None:
        fine(service.ask("DELETE", f"/v2/queue{app_id(app)}/delay"))
        _said(output, {"app": app_id(app), "delayed": False}, f"{app_id(app)} starts now")
    else:
        fine(service.ask("POST", "/api/v1/losses/lift"))
        _said(output, {"slowed": False}, "lost instances are replaced at once")


@click.command()
@click.argument("app")
@talks_to_service
def promote(service: Service, app: str, output: str) -> None:
    """APP's canaries are good: the other instances follow."""
    fine(service.ask("POST", f"/api/v1/promote{app_id(app)}"))
    _said(output, {"app": app_id(app), "promoted": True}, f"{app_id(app)} is promoted")


def _steered(service: Service, name: str, output: str, method: str, path: str,
             query: dict[str, str], done: str) -> None:
    found = _deployment(service, name)
    fine(service.ask(method, path.format(id=found["id"]), query=query))
    _said(output, {"deployment": found["id"], "state": done}, f"deployment {found['id']} {done}")


def _said(output: str, value: Any, text: str) -> None:
    if output == "json":
        shown_json(value)
    else:
        click.echo(text)


def _deployment(service: Service, name: str) -> dict[str, Any]:
    """The deployment of this id, or the only one whose id begins so. Raises Problem with the
    candidates.
    """
    running = service.get("/v2/deployments")
    found = [each for each in running if each["id"] == name] or [each for each in running
                                                                 if each["id"].startswith(name)]
    if len(found) == 1:
        return dict(found[0])
    known = ", ".join(each["id"] for each in (found or running)) or "none is running"
    raise Problem(
        f"{name} is {'several deployments' if found else 'no running deployment'}: {known}",
        REFUSED)


def _force(force: bool) -> dict[str, str]:
    return {"force": "true"} if force else {}
