"""The JSON of an app, and of a change of one. `APP` reads into a draft, and writes apps as GET
returns them.

As Marathon: docs/docs/rest-api/public/api/v2/types/app.raml.
"""
from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from specs.marathon import beyond, ids
from specs.marathon.app import (
    AppSecret,
    Constraint,
    ExecutorResources,
    Fetch,
    KillSelection,
    Residency,
    ResourceLimits,
    UnreachableStrategy,
    UpgradeStrategy,
)
from specs.marathon.forms.checks import HEALTH_CHECK, READINESS_CHECK, TASK_CHECK
from specs.marathon.forms.containers import ADDRESS, CONTAINER, NETWORK, PORT_DEFINITION
from specs.marathon.forms.draft import Draft, Unreachable
from specs.marathon.forms.kinds import (
    BOOLEAN,
    LONG,
    NATURAL,
    NOT_EMPTY,
    PORT,
    TEXT,
    TEXTS,
    WRONG,
    FormField,
    Kind,
    Notes,
    choice,
    list_of,
    map_of,
    number,
    record,
    text,
    wrapped,
)

PATH_ID = text(1, pattern=ids.PATTERN)
URI = text(1, 1024)
UNLIMITED = "unlimited"
_SHOWN_ONLY = frozenset({  # GET has them; what comes from there may be sent back
    "versionInfo", "tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "taskStats", "tasksStats",
    "deployments", "lastTaskFailure", "readinessCheckResults"})

_SECRET = wrapped("secret", TEXT, "error.path.missing")


def _read_variable(value: Any, path: str, notes: Notes) -> Any:
    if isinstance(value, str):
        return TEXT.read(value, path, notes)
    found = _SECRET.read(value, path, notes)
    return found if found is WRONG else AppSecret(found)


def _write_variable(value: str | AppSecret) -> Any:
    return value if isinstance(value, str) else {"secret": value.secret}


def _read_limit(value: Any, path: str, notes: Notes) -> Any:
    if isinstance(value, str) and value.lower() == UNLIMITED:
        return math.inf
    if isinstance(value, str):
        return notes.breaks(path,
                            f"'{value}' is an invalid resource limit. It must be 'unlimited' or a number")
    return number().read(value, path, notes)


_ENABLED = record(UnreachableStrategy, FormField("inactive_after_seconds", LONG),
                  FormField("expunge_after_seconds", LONG))


def _read_unreachable(value: Any, path: str, notes: Notes) -> Any:
    return (choice(Unreachable) if isinstance(value, str) else _ENABLED).read(value, path, notes)


def _write_constraint(constraint: Constraint) -> list[str]:
    named = [constraint.field, constraint.operator]
    return named if constraint.value is None else [*named, constraint.value]


def _read_time(value: Any, path: str, notes: Notes) -> Any:
    if not isinstance(value, str):
        return notes.wrong(path, "error.expected.jsstring")
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is not None:
            return found.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        pass
    return notes.wrong(path, "error.expected.date.isoformat")


def _read_block(value: Any, path: str, notes: Notes) -> Any:
    if not isinstance(value, dict):
        return notes.wrong(path, "error.expected.jsobject")
    labels: dict[str, str] = {}
    for key, item in ((key, item) for key, item in value.items() if item is not None):
        try:
            label, said = beyond.block_label(key, item)
            if labels.setdefault(label, said) != said:
                return notes.breaks(f"{path}/{key}", f"another key for the same label says {labels[label]!r}")
        except ValueError as error:
            return notes.breaks(f"{path}/{key}", str(error))
    return labels


TIME = Kind(_read_time)
_LIMIT = Kind(_read_limit, lambda limit: UNLIMITED if limit == math.inf else limit)
_PART = number(0, 1)
_UPGRADE = record(UpgradeStrategy, FormField("maximum_over_capacity", _PART, required=True),
                  FormField("minimum_health_capacity", _PART, required=True))
_FETCH = record(Fetch, FormField("uri", URI, required=True), FormField("extract", BOOLEAN),
                FormField("executable", BOOLEAN), FormField("cache", BOOLEAN), FormField("dest_path", URI))

_CONSTRAINTS = Kind(list_of(list_of(TEXT), unique=True).read,
                    list_of(Kind(TEXT.read, _write_constraint)).write)

_FIELDS = (
    FormField("accepted_resource_roles", list_of(TEXT, unique=True)),
    FormField("args", list_of(TEXT), omit_empty=True),
    FormField("backoff_factor", number(1)),
    FormField("backoff_seconds", NATURAL),
    FormField("cmd", NOT_EMPTY),
    FormField("constraints", _CONSTRAINTS, omit_empty=True),
    FormField("container", CONTAINER),
    FormField("cpus", number(0.001)),
    FormField("dependencies", list_of(TEXT, unique=True), omit_empty=True),
    FormField("disk", number(0)),
    FormField("env", map_of(Kind(_read_variable, _write_variable)), omit_empty=True),
    FormField("executor", TEXT),
    FormField("executor_resources", record(ExecutorResources, FormField("cpus", number(0.1)),
                                       FormField("mem", number(32)), FormField("disk", number(10)))),
    FormField("fetch", list_of(_FETCH), omit_empty=True),
    FormField("health_checks", list_of(HEALTH_CHECK, unique=True), omit_empty=True),
    FormField("check", TASK_CHECK),
    FormField("instances", NATURAL),
    FormField("labels", TEXTS),
    FormField("max_launch_delay_seconds", NATURAL),
    FormField("mem", number(0)),
    FormField("gpus", NATURAL),
    FormField("networks", list_of(NETWORK)),
    FormField("port_definitions", list_of(PORT_DEFINITION)),
    FormField("readiness_checks", list_of(READINESS_CHECK), omit_empty=True),
    FormField("residency", record(Residency, FormField("relaunch_escalation_timeout_seconds", LONG),
                              FormField("task_lost_behavior",
                                    choice(("WAIT_FOREVER", "RELAUNCH_AFTER_TIMEOUT"))))),
    FormField("resource_limits", record(ResourceLimits, FormField("cpus", _LIMIT), FormField("mem", _LIMIT))),
    FormField("require_ports", BOOLEAN),
    FormField("secrets", map_of(wrapped("source", NOT_EMPTY)), omit_empty=True),
    FormField("task_kill_grace_period_seconds", NATURAL),
    FormField("upgrade_strategy", _UPGRADE),
    FormField("user", TEXT),
    FormField("kill_selection", choice(KillSelection)),
    FormField("unreachable_strategy", Kind(_read_unreachable, _ENABLED.write)),
    FormField("tty", BOOLEAN),
    FormField("role", NOT_EMPTY),
    FormField("version", TIME, written=False),
    FormField("beyond", Kind(_read_block), key=beyond.BLOCK, written=False),
    FormField("ports", list_of(PORT), written=False),
    FormField("uris", list_of(TEXT), written=False),
    FormField("ip_address", ADDRESS, written=False))
APP = record(Draft, FormField("id", PATH_ID, required=True), *_FIELDS, passed=_SHOWN_ONLY)
APP_CHANGE = record(Draft, FormField("id", PATH_ID), *_FIELDS, passed=_SHOWN_ONLY)
