"""What /metrics says of a view: apps, their instances and deployments, and why instances wait.

Series are bounded by the apps that there are; no id of a task or an instance is in them.
"""
from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family

from scheduler.api.shown.tasks import counts
from scheduler.service.views import AppView, View
from scheduler.tasks.conditions import Condition
from scheduler.tasks.states import api_state
from scheduler.telemetry.meters import PREFIX
from scheduler.telemetry.samples import Samples

MESOS_API: Final = "v1"  # that this program speaks


def families(view: View, samples: Samples, now: float, subscribers: int) -> Iterator[Family]:
    """What is now. `now`: seconds since 1970; `subscribers`: who follow the events."""
    yield _single("subscribed", "Whether there is a subscription to a master.",
                  view.framework.master is not None)
    yield _single("leader", "Whether this process is the one that acts: there is no other.", True)
    yield _single("state_trouble", "Whether the state cannot be written; then nothing is done.",
                  view.trouble is not None)
    yield _single("replacements_slowed", "Whether so many instances were lost that they are replaced slowly.",
                  view.losses.is_slowed)
    yield _single("events_subscribers", "Clients that follow the events.", subscribers)
    yield _single("agents", "Agents that have offered something.", len(view.agents))
    yield _labelled("build_info", "What this is.", ("version", "python", "mesos"),
                    {(_version(), platform.python_version(), MESOS_API): 1})
    yield from _of_apps(view, samples)
    yield from _waiting(view, now)


def dropwizard(found: Iterable[Family], view: View, now: float) -> dict[str, Any]:
    """What of it Marathon has too, by its names and in its JSON form. `found`: all families; `now`:
    seconds since 1970.

    As Marathon: raml/MetricsConversion.scala, and docs/metrics.md for what each name means. Its
    histograms, meters and timers hold percentiles and rates that nobody measures here.
    """
    counters = Counter({"marathon.tasks.launched.counter": 0, **dict.fromkeys(_COUNTERS.values(), 0)})
    gauges = _gauges(view)
    for sample in (each for family in found for each in family.samples):
        name = sample.name.removeprefix(PREFIX)
        if name == "task_updates_total":
            state = sample.labels["state"].lower().replace("_", "-")
            counters[f"marathon.mesos.task-updates.{state}.counter"] += int(sample.value)
        elif name == "launch_seconds_count" and sample.labels["phase"] == "offer_wait":
            counters["marathon.tasks.launched.counter"] += int(sample.value)
        elif name in _COUNTERS:
            counters[_COUNTERS[name]] += int(sample.value)
        elif name == "process_start_time_seconds":
            for each in ("uptime", "leadership.duration"):  # there is no other leader
                gauges[f"marathon.{each}.gauge.seconds"] = max(0.0, now - sample.value)
    return {"version": "4.0.0", "counters": {name: {"count": value} for name, value in counters.items()},
            "gauges": {name: {"value": value} for name, value in gauges.items()},
            "histograms": {}, "meters": {}, "timers": {}}


_COUNTERS: Final = {"offers_received_total": "marathon.mesos.offers.incoming.counter",
                    "offers_declined_total": "marathon.mesos.offers.declined.counter"}


def _gauges(view: View) -> dict[str, float]:
    instances = [each for app in view.apps.values() for each in app.instances]
    counted = counts(instances)
    return {"marathon.apps.active.gauge": float(sum(1 for _ in view.root.all_apps())),
            "marathon.groups.active.gauge": float(sum(1 for _ in view.root.all_groups())),
            "marathon.pods.active.gauge": 0.0,
            "marathon.deployments.active.gauge": float(len(view.deployments)),
            "marathon.instances.running.gauge": float(counted["tasksRunning"]),
            "marathon.instances.staged.gauge": float(counted["tasksStaged"]),
            "marathon.instances.inflight-kills.gauge": float(
                sum(each.condition is Condition.KILLING for each in instances))}


def _of_apps(view: View, samples: Samples) -> Iterator[Family]:
    tasks: Counter[tuple[str, ...]] = Counter()
    wanted: dict[tuple[str, ...], float] = {}
    healthy: dict[tuple[str, ...], float] = {}
    cores: dict[tuple[str, ...], float] = {}
    memory: dict[tuple[str, ...], float] = {}
    for app in view.apps.values():
        tasks.update((app.id, api_state(each.shown).value) for each in app.instances)
        wanted[app.id,] = 0 if app.target is None else app.target.app.instances
        healthy[app.id,] = sum(each.is_serving for each in app.instances)
        used = [found for each in app.instances if each.condition is Condition.RUNNING
                and (found := samples.last(each.id)) is not None]
        if used:
            cores[app.id,] = sum(each.cores for each in used)
            memory[app.id,] = sum(each.memory for each in used)
    yield _labelled("tasks", "Instances by the states of their tasks.", ("app", "state"), tasks)
    yield _labelled("instances_wanted", "How many instances each app shall have.", ("app",), wanted)
    yield _labelled("instances_healthy", "How many of them serve.", ("app",), healthy)
    yield _labelled("app_cpu_usage_cores", "What the instances of an app used when it was measured last.",
                    ("app",), cores)
    yield _labelled("app_memory_usage_bytes", "Likewise, of memory, without the page cache that can be dropped.",
                    ("app",), memory)
    yield _labelled("deployments", "Deployments that change an app, by whether they go on.",
                    ("app", "phase"), Counter(
                        (app.id, "paused" if view.deployments[each].paused else "running")
                        for app in view.apps.values() for each in app.deployments
                        if each in view.deployments))


def _waiting(view: View, now: float) -> Iterator[Family]:
    waiting: dict[tuple[str, ...], float] = {}
    since = [now]
    for app in view.apps.values():
        if app.waits:
            waiting[app.id, why(app, view, now)] = app.waits
            since += [each.since for each in app.instances
                      if each.condition is Condition.SCHEDULED and each.sentence is None]
    yield _labelled("unscheduled", "Instances that wait for a place, by why.", ("app", "reason"), waiting)
    yield _single("oldest_unscheduled_seconds", "For how long the one that waits longest has waited.",
                  max(0.0, now - min(since)))


def why(app: AppView, view: View, now: float) -> str:
    """Why an app's instances wait, as a word: one of few. The commonest first shortage of the
    agents that were looked at.
    """
    if view.framework.master is None:
        return "no_master"
    if any(each.deadline > now for each in app.delays.values()):
        return "back_off"
    if app.waiting is None or not app.waiting.misfits:
        return "no_offer"
    found = Counter(str(each.reasons[0].value) if each.reasons else "other"
                    for each in app.waiting.misfits)
    return found.most_common(1)[0][0]


def _single(name: str, text: str, value: float) -> Family:
    return GaugeMetricFamily(PREFIX + name, text, value=float(value))


def _labelled(name: str, text: str, labels: tuple[str, ...],
              values: Mapping[tuple[str, ...], float]) -> Family:
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _version() -> str:
    try:
        return metadata.version("mesos-docker")
    except metadata.PackageNotFoundError:
        return "unknown"
