"""Following an instance that is to end to its end: `kill`."""
from __future__ import annotations

import time
from typing import Any

import click

from deploy.client.follow import DONE
from deploy.client.options import shown_json
from deploy.client.service import Service
from deploy.client.stream import FollowedEvents, away
from specs.messages.status import is_terminal
from specs.words.printable import printable


def followed_end(service: Service, instance: dict[str, Any], output: str) -> int:
    """Comes back when it is gone, and shows how it ended. `instance`: as /api/v1/instances has it.

    Raises Problem (3) for a service that was away for too long.
    """
    began = time.monotonic()
    for batch in FollowedEvents(service, 0, away).batches():
        if batch and not _lives(service, instance):
            break
    ended = _ended(service, instance)
    if output == "json":
        shown_json({"type": "instance", **(ended or instance)})
        return DONE
    how = "" if ended is None else f": {ended['state']}" + (
        f": {printable(ended['message'])}" if ended["message"] else "")
    click.echo(f"{instance['id']} has ended{how}, after {time.monotonic() - began:.1f} s")
    return DONE


def _lives(service: Service, instance: dict[str, Any]) -> bool:
    """Whether it still has the task that was to end."""
    found = service.get("/api/v1/instances", app=instance["app"])
    return any(each["id"] == instance["id"] and each["taskId"] == instance["taskId"]
               and not is_terminal(each["state"]) for each in found)


def _ended(service: Service, instance: dict[str, Any]) -> dict[str, Any] | None:
    answer = service.ask("GET", f"/api/v1/history{instance['app']}")
    return next((each for each in (answer.body if answer.is_fine else [])
                 if each["id"] == instance["id"]), None)
