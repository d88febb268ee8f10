"""What is done about a status update that cannot be read.

An agent sends an update until it is acknowledged, and those behind it wait. So one that makes no sense
is acknowledged as far as it says how, and told in the log. What can be read of it counts only if it
says that the task has ended: that stays true, whatever the rest is; of a task that goes on the next
update says how it is.
"""
from __future__ import annotations

from typing import Any

from specs.errors import SpecError
from specs.forms import Message
from specs.forms.taskstatus import status_from_mapping
from specs.messages.status import TaskStatus, is_terminal

_CERTAIN = ("task_id", "agent_id", "uuid", "state", "source", "timestamp")


def end_of(said: Message, why: SpecError) -> TaskStatus | None:
    """The end that an update tells which cannot be read as a whole; None if it tells of none."""
    for names in (_CERTAIN, _CERTAIN[:4]):
        try:
            status = status_from_mapping({
                **{name: said[name] for name in names if name in said},
                "message": f"The rest of this update cannot be read: {why}"})
        except SpecError:
            continue
        return status if is_terminal(status.state) else None
    return None


def receipt(said: Message) -> dict[str, Any] | None:
    """What ACKNOWLEDGE says of it; None if it wants no answer, or does not say how."""
    found = {name: said.get(name) for name in ("agent_id", "task_id", "uuid")}
    ids = (found["agent_id"], found["task_id"])
    if all(isinstance(each, dict) and isinstance(each.get("value"), str) for each in ids) and (
            isinstance(found["uuid"], str)):
        return found
    return None
