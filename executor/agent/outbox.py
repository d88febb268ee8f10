"""What was said to the agent and not yet acknowledged: the updates, in their order, and the tasks.

Mesos promises an update's delivery from the moment the agent has stored it, and tells of that by
ACKNOWLEDGED. Until then it is ours to keep: it is stored before it is sent, sent again with every
SUBSCRIBE, and forgotten when it is acknowledged, never before. A task counts as acknowledged with
the first acknowledgement of any of its updates; until then SUBSCRIBE names it, or a restarted agent
would declare it dropped. As Mesos: src/exec/exec.cpp and src/launcher/executor.cpp,
`unacknowledgedUpdates`, `unacknowledgedTasks`.

The box is a value: every step returns the next one. Its invariants: a uuid stands in it at most
once; updates keep the order in which they were stored; per task nothing stands behind a terminal
update; what leaves was acknowledged.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from specs.forms import Message
from specs.messages.status import TaskStatus, is_terminal


@dataclass(frozen=True, slots=True)
class Outbox:
    """`updates` and `tasks` are what the next SUBSCRIBE has to carry.

    Tasks stand under their ids.
    """

    updates: tuple[TaskStatus, ...] = ()
    tasks: Mapping[str, Message] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()  # tasks whose last word waits here; an id may be launched anew after that

    @property
    def empty(self) -> bool:
        """Whether every update was acknowledged. Tasks without an update yet do not count."""
        return not self.updates


def left_over(updates: Iterable[TaskStatus], tasks: Mapping[str, Message]) -> Outbox:
    """What a process of this executor before this one had not been told of."""
    kept = tuple(updates)
    return Outbox(kept, dict(tasks),
                  frozenset(each.task_id for each in kept if is_terminal(each.state)))


def stored(box: Outbox, update: TaskStatus) -> Outbox:
    """With the update at the end; ValueError if it has no uuid or a known one, or comes behind the
    task's last word.

    The last word is remembered until it is acknowledged; that a life has only one is the
    lifecycle's rule.
    """
    if not update.uuid:
        raise ValueError(f"an update without uuid: {update}")
    if any(known.uuid == update.uuid for known in box.updates):
        raise ValueError(f"this update was stored before: {update}")
    if update.task_id in box.ended:
        raise ValueError(f"an update behind the terminal one: {update}")
    ended = box.ended | {update.task_id} if is_terminal(update.state) else box.ended
    return replace(box, updates=(*box.updates, update), ended=ended)


def launched(box: Outbox, task_id: str, task: Message) -> Outbox:
    """With the task; one that is launched again keeps its place."""
    return replace(box, tasks={**box.tasks, task_id: task}, ended=box.ended - {task_id})


def acknowledged(box: Outbox, task_id: str, uuid: bytes) -> Outbox:
    """Without this update and without its task.

    Either may be gone already, if an agent got the update twice.
    """
    updates = tuple(update for update in box.updates
                    if (update.task_id, update.uuid) != (task_id, uuid))
    waiting = {update.task_id for update in updates if is_terminal(update.state)}
    return Outbox(updates, {known: task for known, task in box.tasks.items() if known != task_id},
                  box.ended & waiting)
