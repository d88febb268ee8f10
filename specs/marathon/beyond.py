"""What goes beyond Marathon, opt-in by labels `MESOS_DOCKER_*` of an app: read into one frozen
value.

An `x-mesos-docker` block, `{"canary": 2, "autoRollback": true}`, is another way to write the same
labels: it is rewritten into them when it is read. A label of this family that nobody knows is
refused, since a typing error in it would be a safety that is not there; so is one that does nothing
without another one.

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

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from specs.errors import SpecError
from specs.marathon.app import App
from specs.marathon.errors import BROKEN_RULE, Problems
from specs.words.durations import UNITS, parse_duration

PREFIX: Final = "MESOS_DOCKER_"
BLOCK: Final = "x-mesos-docker"
RESTART_POLICIES: Final = ("always", "on-failure", "never")
_SHORT_UNITS: Final = {"s": "secs", "m": "mins", "h": "hrs", "d": "days", "": "secs"}
_LONGEST: Final = 366 * 24 * 3600.0  # seconds; more is a mistake


@dataclass(frozen=True, slots=True)
class Beyond:
    """Times are seconds. None: not asked for."""

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
    """What an app's labels say. Raises MarathonError with the path of the label; what each says alone
    counts, for an app may have been taken before there was a rule about two of them.
    """
    problems = Problems()
    found = _found(app, problems)
    problems.raise_if_any(BROKEN_RULE)
    return Beyond(**found)


def check_beyond(app: App, problems: Problems) -> None:
    """Add what is wrong with labels of ours."""
    found = _found(app, problems)
    said = {label.removeprefix(PREFIX) for label in app.labels if label.startswith(PREFIX)}
    if "promote_after" in found and ("CANARY" not in said or found.get("canary") == 0):
        problems.add(f"/labels/{PREFIX}PROMOTE_AFTER", f"does nothing without {PREFIX}CANARY: say how many "
                     "new instances come first, such as 1")
    may_fail = said & {"FAILURE_LIMIT", "PROGRESS_DEADLINE"} or found.get("restart_policy") == "never"
    if found.get("auto_rollback") and not may_fail:
        problems.add(f"/labels/{PREFIX}AUTO_ROLLBACK", "does nothing where a deployment cannot fail: say "
                     f"when it has, by {PREFIX}FAILURE_LIMIT or {PREFIX}PROGRESS_DEADLINE")


def _found(app: App, problems: Problems) -> dict[str, Any]:
    found = {}
    for label, text in app.labels.items():
        if label.startswith(PREFIX):
            try:
                name, value = _parsed(label, text)
                found[name] = value
            except ValueError as error:
                problems.add(f"/labels/{label}", str(error))
    if found.get("canary") or found.get("batch"):
        problems.unless(not app.is_single_instance, "/labels",
                        "an app of a single instance has neither canaries nor batches")
    return found


def block_label(key: str, value: object) -> tuple[str, str]:
    """The label for a key of the block and its text: of `autoRollback` it is
    MESOS_DOCKER_AUTO_ROLLBACK. Raises ValueError with what would be right."""
    label = PREFIX + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).upper().replace("-", "_")
    if label.removeprefix(PREFIX) not in _LABELS:
        raise ValueError(_unknown(key, [_key(each) for each in _LABELS]))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    _parsed(label, text)
    return label, text


def _parsed(label: str, text: str) -> tuple[str, Any]:
    """The name of the field and its value."""
    known = _LABELS.get(label.removeprefix(PREFIX))
    if known is None:
        raise ValueError(_unknown(label, [PREFIX + each for each in _LABELS]))
    name, read = known
    try:
        return name, read(text.strip())
    except ValueError as error:
        raise ValueError(f"must be {error}, not {text[:100]!r}") from None


def _key(name: str) -> str:
    """The key of the block for a label: promoteAfter of PROMOTE_AFTER."""
    first, *others = name.lower().split("_")
    return first + "".join(each.capitalize() for each in others)


def _unknown(name: str, known: Sequence[str]) -> str:
    by_end = {each.removeprefix(PREFIX).lower(): each for each in known}
    near = difflib.get_close_matches(name.removeprefix(PREFIX).lower(), by_end, n=1)
    hint = f"did you mean {by_end[near[0]]}?" if near else f"known are {', '.join(known)}"
    return f"{name} is not known; {hint}"


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise ValueError("a whole number")
    return int(text)


def _positive(text: str) -> int:
    if _count(text) < 1:
        raise ValueError("a whole number above 0")
    return int(text)


def _seconds(text: str) -> float:
    short = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([a-z]?)", text, re.ASCII)
    try:
        if short is not None and short[2] in _SHORT_UNITS:
            seconds = float(short[1]) * UNITS[_SHORT_UNITS[short[2]]] / 1e9
        else:
            seconds = parse_duration(text) / 1e9
    except SpecError:
        raise ValueError("a duration such as 90, 30secs or 5mins") from None
    if seconds > _LONGEST:
        raise ValueError("a duration of at most a year")
    return seconds


def _some_seconds(text: str) -> float:
    if (seconds := _seconds(text)) <= 0:
        raise ValueError("a duration above 0")
    return seconds


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.lower() == "true"


def _policy(text: str) -> str:
    if text.lower() not in RESTART_POLICIES:
        raise ValueError(f"one of {', '.join(RESTART_POLICIES)}")
    return text.lower()


_LABELS: Final = {
    "DRAIN_SECONDS": ("drain", _seconds), "RESTART_POLICY": ("restart_policy", _policy),
    "CANARY": ("canary", _count),
    "PROMOTE_AFTER": ("promote_after", _seconds), "BATCH": ("batch", _positive),
    "FAILURE_LIMIT": ("failure_limit", _count),
    "PROGRESS_DEADLINE": ("progress_deadline", _some_seconds),
    "AUTO_ROLLBACK": ("auto_rollback", _truth), "EXEC": ("exec", _truth)}
