"""What of a task's life is written into the journal: from one state to the next, only what neither
the engine nor an update will tell a process after this one. Pure.
"""
from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any, Final

from executor.journal.records import (
    ContainerMade,
    EndNoted,
    Record,
    StartUnsaid,
    StepBegan,
    StepOver,
    TaskBegan,
    TaskNamed,
)
from executor.life.effects import Effect, StartTimer, Timer
from executor.life.outcomes import NotRun
from executor.life.task import Phase, Task
from specs.errors import SpecError
from specs.forms import Message, wire

START: Final = "start"
_HIDES: Final = '"secret"'
_STARTS: Final = frozenset({Phase.STARTING, Phase.ABORTING})


def began(task_id: str, message: Message, now: float, capabilities: frozenset[str]) -> TaskBegan:
    """Of a LAUNCH. The values of secrets stay in memory."""
    text, blanked = _text(message), False
    data = _data(message)
    if data is not None and _HIDES in _text(data):
        hidden = b64encode(_text(_without_secrets(data)).encode()).decode()
        text, blanked = _text({**message, "data": hidden}), True
    if _HIDES in text:
        text, blanked = _text(_without_secrets(json.loads(text))), True
    return TaskBegan(task_id, text, now, tuple(sorted(capabilities)), blanked)


def named(task_id: str, name: str, secrets: object, begin: tuple[int, ...]) -> TaskNamed:
    """Of one that was admitted. `secrets`: the folder with its secret files, or None."""
    return TaskNamed(task_id, name, None if secrets is None else str(secrets), begin)


def notes(before: Task, after: Task, effects: Sequence[Effect], now: float) -> list[Record]:
    """`now`: seconds of the monotonic clock. For a task's first state both are the same."""
    task_id = after.id
    noted: list[Record] = []
    starts = after.phase in _STARTS
    if starts and (before is after or before.phase not in _STARTS):
        noted.append(StepBegan(task_id, START))
    elif not starts and before.phase in _STARTS:
        noted.append(StepOver(task_id))
    if before is after:
        return noted
    if after.container is not None and after.container != before.container:
        noted.append(ContainerMade(task_id, after.container))
    if isinstance(after.outcome, NotRun) and before.outcome is None and after.phase is Phase.FORCING:
        failure = after.outcome.failure
        noted.append(StartUnsaid(task_id, failure.kind.__name__, failure.text))
    if after.cause is not None:
        noted += _end(before, after, effects, now)
    return noted


def _end(before: Task, after: Task, effects: Sequence[Effect], now: float) -> list[Record]:
    assert after.cause is not None  # noqa: S101 - asked before
    graces = [now + each.seconds for each in effects
              if isinstance(each, StartTimer) and each.timer is Timer.GRACE]
    if after.phase is Phase.FORCING and before.phase is not Phase.FORCING:
        graces.append(now)
    if not graces and before.cause is not None and before.grace == after.grace:
        return []
    return [EndNoted(after.id, after.cause.name, after.why, after.grace, min(graces, default=None))]


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _data(message: Message) -> Message | None:
    """What a task for a custom executor says in its data, in JSON's form; None for nothing of use."""
    try:
        data = b64decode(message.get("data") or "")
        if not data or data[:1] == b"{":
            said = json.loads(data) if data else None
        else:
            said = {"command": wire.decode("mesos.v1.CommandInfo", data)}
    except (ValueError, SpecError):
        return None  # its admission will say so
    return said if isinstance(said, dict) else None


def _without_secrets(value: Any) -> Any:
    """As Mesos has them: Secret.value.data, wherever it stands."""
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {key: _blank(each) if key == "secret" else _without_secrets(each)
            for key, each in value.items()}


def _blank(secret: Any) -> Any:
    if not isinstance(secret, dict) or not isinstance(secret.get("value"), dict):
        return _without_secrets(secret)
    return {**secret, "value": {**secret["value"], "data": ""}}
