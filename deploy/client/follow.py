"""Following a deployment to its end: what phase each instance is in, and in the end the cause of a
failure.

The stream of events says when to look; what is shown is read anew each time, so nothing is missed
if an event is. A service that is started again in between is waited for, and what happened to the
deployment meanwhile is found in the events that it has kept.
"""
from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from deploy.cli.problems import FAILED, Problem
from deploy.client.looking.sources import short
from deploy.client.options import shown_json
from deploy.client.service import Service
from deploy.client.stream import PATIENCE, Event, FollowedEvents, away
from specs.words.printable import printable

DONE, FAILED_STATUS = 0, 1
WAITING = "waiting for an offer"
AGAIN = (3.0, 10.0, 30.0)  # seconds of waiting at which it is shown again; then each minute
MOST_HINTS = 10  # apps of a deployment that are asked after what they wait for
_FAILURES = frozenset({"TASK_FAILED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_GONE"})


@dataclass(slots=True)
class Waited:
    """An instance that waits for an offer. Times are seconds of a clock that only goes forward."""

    since: float
    shown: int = -1  # how often it was shown again

    def is_due(self, now: float) -> bool:
        """Whether it is shown now."""
        seconds = now - self.since
        due = sum(seconds >= each for each in AGAIN) + int(seconds // 60)
        is_due, self.shown = due > self.shown, max(due, self.shown)
        return is_due


@dataclass(slots=True)
class DeploymentFollower:
    """One deployment. `lines` are printed as they come; json: one object for each."""

    service: Service
    output: str
    deployment_id: str
    apps: Collection[str] = ()  # those that are known; the deployment's own are found in its events
    patience: float = PATIENCE  # seconds for which the service may be away
    begun: bool = False  # its first event was heard
    missed: bool = False  # some events were not kept
    gone: bool = False  # it was not among the running ones
    shown: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    waited: dict[str, Waited] = field(default_factory=dict)
    sums: dict[str, tuple[int, int]] = field(default_factory=dict)
    hints: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)  # last ones, by task: of apps that are gone nobody keeps them
    began: float = field(default_factory=time.monotonic)

    def follow(self) -> int:
        """0 when it is done, 1 when it is not: failed, rolled back, cancelled. Raises Problem."""
        stream = FollowedEvents(self.service, 0, away, self.patience)
        for batch in stream.batches():
            ending = self._heard(batch, stream.last)
            if ending is not None or stream.after >= stream.last:  # what was before has been told
                self._look()
            if ending is not None:
                return self._told(*ending)
            if not batch and self.missed:
                self._still_there()
        raise AssertionError("the stream has no end of its own")

    def _heard(self, batch: Sequence[Event], last: int) -> tuple[bool, str | None] | None:
        for event in batch:
            self.missed |= event["eventType"] == "mesos_docker_gap"
            self._find_apps(event)
            if self.begun or event["id"] >= last:
                self._failed(event)
            ending = self._ending(event)
            if ending is not None:
                return ending
        return None

    def _still_there(self) -> None:
        """Events are missing, its end perhaps among them. Raises Problem if it is over, and nothing
        has said so since the last look.
        """
        if self.gone:
            raise Problem(f"deployment {self.deployment_id} is over, and how it ended is not known "
                          "any more; mesos-docker ps and why show what is")
        found = self.service.ask("GET", "/v2/deployments")
        self.gone = found.is_fine and all(each["id"] != self.deployment_id for each in found.body)

    def _find_apps(self, event: Event) -> None:
        if _deployment(event) == self.deployment_id:
            self.begun = True
            named = (action["app"] for step in event["plan"]["steps"] for action in step["actions"])
            self.apps = tuple(dict.fromkeys((*self.apps, *named)))

    def _failed(self, event: Event) -> None:
        """A task has ended by itself: why, with its last words, while it is being followed."""
        if event["eventType"] != "status_update_event" or event["appId"] not in self.apps \
                or event["taskStatus"] not in _FAILURES:
            return
        self.words[event["taskId"]] = event["message"]
        if self.output == "json":
            shown_json({"type": "failure", **{key: event[key] for key in (
                "appId", "taskId", "taskStatus", "host", "message")}})
        else:
            click.echo(f"{self._seconds()}  {short(event['taskId'].partition('._app')[0])}  "
                       f"{event['taskStatus']} on {event['host']}: {_words(event['message'])}")

    def _seconds(self) -> str:
        return f"{time.monotonic() - self.began:6.1f} s"

    def _look(self) -> None:
        try:
            instances = [each for each in self.service.get("/api/v1/instances")
                         if each["app"] in self.apps]
            for instance in instances:
                self._show(instance)
            if self.output != "json":
                self._sum_up(instances)
                self._hint()
        except Problem as problem:
            if problem.exit_code != FAILED:
                raise
            # else it goes away: the stream says so, or the next look comes

    def _show(self, instance: dict[str, Any]) -> None:
        """Where it is, if that is new; how long it waits, now and then."""
        phase, waits = instance["phase"], ""
        known = (phase, instance["host"], instance["reason"])
        again = False
        if phase == WAITING:
            waited = self.waited.setdefault(instance["id"], Waited(time.monotonic()))
            waits = f" {time.monotonic() - waited.since:.0f} s"
            again = waited.is_due(time.monotonic())
        else:
            self.waited.pop(instance["id"], None)
        if self.shown.get(instance["id"]) == known and not again:
            return
        self.shown[instance["id"]] = known
        if self.output == "json":
            shown_json({"type": "instance", **instance})
        else:
            rest = [instance["host"], instance["reason"] and printable(instance["reason"])]
            click.echo(f"{self._seconds()}  {short(instance['id'])}  {phase}{waits}  "
                       + "  ".join(each for each in rest if each))

    def _sum_up(self, instances: Sequence[dict[str, Any]]) -> None:
        """How many of each app serve, whenever that changes."""
        for app in self.apps:
            mine = [each for each in instances if each["app"] == app]
            serve = sum(each["phase"] in ("running", "healthy") for each in mine)
            if mine and self.sums.get(app) != (serve, len(mine)):
                self.sums[app] = (serve, len(mine))
                click.echo(f"{self._seconds()}  {app}  {serve}/{len(mine)} serve")

    def _hint(self) -> None:
        """What a deployment waits for that somebody else has to do, whenever that changes: to promote
        canaries, to resume it, to make room.
        """
        for app in tuple(self.apps)[:MOST_HINTS]:
            found = self.service.ask("GET", "/api/v1/why", query={"app": app})
            hints = tuple((reason["reason"], reason["hint"]) for row in (
                found.body if found.is_fine else []) if row["instance"] is None
                for reason in row["reasons"] if reason["hint"])
            if hints != self.hints.get(app, ()):
                self.hints[app] = hints
                for reason, hint in hints:
                    click.echo(f"{self._seconds()}  {app}  {printable(reason)}\n"
                               f"            {printable(hint)}")

    def _ending(self, event: Event) -> tuple[bool, str | None] | None:
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
                    words = _words(each["message"] or self.words.get(each["taskId"])
                                   or each["reason"] or "")
                    click.echo(
                        f"  {short(each['id'])} on {each['host']}: {each['state']}: {words}",
                        err=True)


def _words(message: str) -> str:
    """What a task's status says, its lines below each other."""
    return printable(message).replace("\\n", "\n    ")


def _deployment(event: Event) -> str:
    return str((event.get("plan") or {}).get("id", ""))
