"""What goes beyond Marathon, opt-in by labels `MESOS_DOCKER_*` of an app: read into one frozen value.

An `x-mesos-docker` block, `{"canary": 2, "autoRollback": true}`, is another way to write the same labels: it is
rewritten into them before anything else is read. A label of this family that nobody knows is refused, since a typing
error in it would be a safety that is not there.

    MESOS_DOCKER_DRAIN_SECONDS=10         between leaving the endpoints and SIGTERM
    MESOS_DOCKER_RESTART_POLICY=never     always (as usual), on-failure, never
    MESOS_DOCKER_CANARY=2                 so many new instances first; the others follow when they are promoted
    MESOS_DOCKER_PROMOTE_AFTER=5mins      canaries that have served so long are promoted by themselves
    MESOS_DOCKER_BATCH=3                  at most so many at once that do not serve yet
    MESOS_DOCKER_FAILURE_LIMIT=3          after more failures of new instances the deployment has failed
    MESOS_DOCKER_PROGRESS_DEADLINE=10mins so long without progress, and the deployment has failed
    MESOS_DOCKER_AUTO_ROLLBACK=true       then what was before comes back
    MESOS_DOCKER_EXEC=false               nobody may run commands in its containers
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from specs.errors import SpecError
from specs.forms import Json
from specs.marathon.app import App
from specs.marathon.errors import BROKEN_RULE, WRONG_TYPE, Detail, MarathonError, Problems
from specs.words.durations import UNITS, parse_duration

PREFIX: Final = "MESOS_DOCKER_"
BLOCK: Final = "x-mesos-docker"
RESTART_POLICIES: Final = ("always", "on-failure", "never")
_SHORT_UNITS: Final = {"s": "secs", "m": "mins", "h": "hrs", "d": "days", "": "secs"}


@dataclass(frozen=True, slots=True)
class Beyond:
    """Times are seconds."""

    drain: float = 0.0
    restart_policy: str = "always"
    canary: int = 0
    promote_after: float | None = None
    batch: int | None = None
    failure_limit: int | None = None
    progress_deadline: float | None = None
    auto_rollback: bool = False
    exec: bool = True


def beyond(app: App) -> Beyond:
    """What an app's labels say. Raises MarathonError with the path of the label."""
    problems = Problems()
    found: dict[str, Any] = {}
    for label, value in app.labels.items():
        if not label.startswith(PREFIX):
            continue
        known = _LABELS.get(label.removeprefix(PREFIX))
        if known is None:
            names = ", ".join(sorted(PREFIX + each for each in _LABELS))
            problems.add(f"/labels/{label}", f"is not known; known are {names}")
            continue
        name, read = known
        try:
            found[name] = read(value.strip())
        except ValueError as error:
            problems.add(f"/labels/{label}", f"is {error}, not {value!r}")
    if not problems and app.is_single_instance and (found.get("canary") or found.get("batch")):
        problems.add("/labels", "an app of a single instance has neither canaries nor batches")
    problems.raise_if_any(BROKEN_RULE)
    return Beyond(**found)


def with_block(app: Json) -> Json:
    """An app's JSON with its x-mesos-docker block written as labels. Raises MarathonError."""
    if BLOCK not in app:
        return app
    block = app[BLOCK]
    rest = {key: value for key, value in app.items() if key != BLOCK}
    if block is None:
        return rest
    if not isinstance(block, dict):
        raise MarathonError(422, WRONG_TYPE, [Detail(f"/{BLOCK}", ("error.expected.jsobject",))])
    labels = rest.get("labels") or {}
    if not isinstance(labels, dict):
        return rest  # the reader says what is wrong with it
    return {**rest, "labels": {**labels, **{_label(key): _text(value) for key, value in block.items()
                                            if value is not None}}}


def _label(key: str) -> str:
    """Of `autoRollback` it is MESOS_DOCKER_AUTO_ROLLBACK."""
    return PREFIX + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).upper().replace("-", "_")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise ValueError("a whole number")
    return int(text)


def _positive(text: str) -> int:
    if (number := _count(text)) < 1:
        raise ValueError("a whole number above 0")
    return number


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([a-z]*)", text, re.ASCII)
    try:
        if found is not None and found[2] in _SHORT_UNITS:
            return float(found[1]) * UNITS[_SHORT_UNITS[found[2]]] / 1e9
        return parse_duration(text) / 1e9
    except SpecError as error:
        raise ValueError("a duration such as 90, 30secs or 5mins") from error


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.lower() == "true"


def _policy(text: str) -> str:
    if text.lower() not in RESTART_POLICIES:
        raise ValueError(f"one of {', '.join(RESTART_POLICIES)}")
    return text.lower()


_LABELS: Final = {
    "DRAIN_SECONDS": ("drain", _seconds), "RESTART_POLICY": ("restart_policy", _policy), "CANARY": ("canary", _count),
    "PROMOTE_AFTER": ("promote_after", _seconds), "BATCH": ("batch", _positive),
    "FAILURE_LIMIT": ("failure_limit", _count), "PROGRESS_DEADLINE": ("progress_deadline", _seconds),
    "AUTO_ROLLBACK": ("auto_rollback", _truth), "EXEC": ("exec", _truth)}
