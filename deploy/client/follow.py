"""Following a deployment to its end: what phase each instance is in, and in the end the cause of a
failure.

The stream of events says when to look; what is shown is read anew each time, so nothing is missed
if an event is.
"""
from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import click

from deploy.cli.problems import Problem
from deploy.client.options import printable, shown_json
from deploy.client.service import Service

DONE, FAILED_STATUS = 0, 1


@dataclass(slots=True)
class Follower:
    """One deployment. `lines` are printed as they come; json: one object for each."""

    service: Service
    output: str
    deployment_id: str
    apps: Collection[str] = ()
    shown: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def follow(self) -> int:
        """0 when it is done, 1 when it is not: failed, rolled back, cancelled."""
        with self.service.events(after=0) as stream:
            ending = None
            last = int(next(stream).get("last", 0))
            if last == 0:
                self._look()
            for event in stream:
                if event.get("id", 0) >= last:
                    self._look()
                ending = self._ending(event)
                if ending is not None:
                    break
            else:
                raise Problem(f"{self.service.url} ended its events")
        self._look()
        return self._told(*ending)

    def _look(self) -> None:
        for instance in self.service.get("/api/v1/instances"):
            if instance["app"] not in self.apps:
                continue
            now = (instance["phase"], instance["host"], instance["reason"])
            if self.shown.get(instance["id"]) == now:
                continue
            self.shown[instance["id"]] = now
            if self.output == "json":
                shown_json({"type": "instance", **instance})
            else:
                seconds = time.monotonic() - self.began
                rest = [instance["host"], instance["reason"] and printable(instance["reason"])]
                click.echo(f"{seconds:6.1f} s  {_short(instance['id'])}  {instance['phase']}  "
                           + "  ".join(each for each in rest if each))

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
                    words = printable(each["message"] or each["reason"]
                                      or "").replace("\\n", "\n    ")
                    click.echo(
                        f"  {_short(each['id'])} on {each['host']}: {each['state']}: {words}",
                        err=True)


def _deployment(event: dict[str, Any]) -> str:
    return str((event.get("plan") or {}).get("id", ""))


def _short(instance_id: str) -> str:
    """An instance's id without the part that is the same for all that were made within minutes."""
    head, _, uuid = instance_id.partition(".instance-")
    return f"{head}.{uuid[:8]}" if uuid else instance_id
