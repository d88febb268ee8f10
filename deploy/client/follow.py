"""Following a deployment to its end: what phase each instance is in, and in the end the cause of a
failure.

The stream of events says when to look; what is shown is read anew each time, so nothing is missed
if an event is.
"""
from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from deploy.cli.problems import Problem
from deploy.client.options import shown_json
from deploy.client.service import Service
from specs.words.printable import printable

DONE, FAILED_STATUS = 0, 1
_FAILURES = frozenset({"TASK_FAILED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_GONE"})


@dataclass(slots=True)
class DeploymentFollower:
    """One deployment. `lines` are printed as they come; json: one object for each."""

    service: Service
    output: str
    deployment_id: str
    apps: Collection[str] = ()  # those that are known; the deployment's own are found in its events
    shown: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    sums: dict[str, tuple[int, int]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def follow(self) -> int:
        """0 when it is done, 1 when it is not: failed, rolled back, cancelled."""
        with self.service.events(after=0) as stream:
            ending = None
            last = int(next(stream).get("last", 0))
            if last == 0:
                self._look()
            for event in stream:
                self._find_apps(event)
                if event.get("id", 0) >= last:
                    self._failed(event)
                    self._look()
                ending = self._ending(event)
                if ending is not None:
                    break
            else:
                raise Problem(f"{self.service.url} ended its events")
        self._look()
        return self._told(*ending)

    def _find_apps(self, event: dict[str, Any]) -> None:
        if _deployment(event) == self.deployment_id:
            named = (action["app"] for step in event["plan"]["steps"] for action in step["actions"])
            self.apps = tuple(dict.fromkeys((*self.apps, *named)))

    def _failed(self, event: dict[str, Any]) -> None:
        """A task has ended by itself: why, with its last words, while it is being followed."""
        if event["eventType"] != "status_update_event" or event["appId"] not in self.apps \
                or event["taskStatus"] not in _FAILURES:
            return
        if self.output == "json":
            shown_json({"type": "failure", **{key: event[key] for key in (
                "appId", "taskId", "taskStatus", "host", "message")}})
        else:
            click.echo(f"{self._seconds()}  {_short(event['taskId'].partition('._app')[0])}  "
                       f"{event['taskStatus']} on {event['host']}: {_words(event['message'])}")

    def _seconds(self) -> str:
        return f"{time.monotonic() - self.began:6.1f} s"

    def _look(self) -> None:
        instances = [each for each in self.service.get("/api/v1/instances") if each["app"] in self.apps]
        for instance in instances:
            now = (instance["phase"], instance["host"], instance["reason"])
            if self.shown.get(instance["id"]) == now:
                continue
            self.shown[instance["id"]] = now
            if self.output == "json":
                shown_json({"type": "instance", **instance})
            else:
                rest = [instance["host"], instance["reason"] and printable(instance["reason"])]
                click.echo(f"{self._seconds()}  {_short(instance['id'])}  {instance['phase']}  "
                           + "  ".join(each for each in rest if each))
        if self.output != "json":
            self._sum_up(instances)

    def _sum_up(self, instances: Sequence[dict[str, Any]]) -> None:
        """How many of each app serve, whenever that changes."""
        for app in self.apps:
            mine = [each for each in instances if each["app"] == app]
            serve = sum(each["phase"] in ("running", "healthy") for each in mine)
            if mine and self.sums.get(app) != (serve, len(mine)):
                self.sums[app] = (serve, len(mine))
                click.echo(f"{self._seconds()}  {app}  {serve}/{len(mine)} serve")

    def _ending(self, event: dict[str, Any]) -> tuple[bool, str | None] | None:
        if event["eventType"] not in ("deployment_success", "deployment_failed") \
                or _deployment(event) != self.deployment_id:
            return None
        return event["eventType"] == "deployment_success", event.get("reason")

    def _told(self, done: bool, reason: str | None) -> int:
        if self.output == "json":
            shown_json({"type": "deployment", "id": self.deployment_id,
                        "state": "done" if done else "failed", "reason": reason})
        elif done:
            click.echo(
                f"deployment {self.deployment_id} is done, after {time.monotonic() - self.began:.1f} s")
        if not done:
            if self.output != "json":
                click.echo(f"deployment {self.deployment_id} did not come to its end: {reason}",
                           err=True)
            self._causes()
        return DONE if done else FAILED_STATUS

    def _causes(self) -> None:
        """The last instances that ended by themselves, with their last words."""
        for app in self.apps:
            ended = self.service.ask("GET", f"/api/v1/history{app}")
            for each in (ended.body if ended.is_fine else [])[:3]:
                if each["asked"] is None and self.output != "json":
                    words = _words(each["message"] or each["reason"] or "")
                    click.echo(
                        f"  {_short(each['id'])} on {each['host']}: {each['state']}: {words}",
                        err=True)


def _words(message: str) -> str:
    """What a task's status says, its lines below each other."""
    return printable(message).replace("\\n", "\n    ")


def _deployment(event: dict[str, Any]) -> str:
    return str((event.get("plan") or {}).get("id", ""))


def _short(instance_id: str) -> str:
    """An instance's id without the part that is the same for all that were made within minutes."""
    head, _, uuid = instance_id.partition(".instance-")
    return f"{head}.{uuid[:8]}" if uuid else instance_id
