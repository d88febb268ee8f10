"""What is answered to a call of the agent that begins or ends no life: one update."""
from __future__ import annotations

from executor.life.endings import decide
from executor.life.outcomes import Facts, SecondTask
from executor.life.task import PARTITION_AWARE, Phase, Task, status
from specs.messages.status import TaskState, TaskStatus

_REPEATED = {
    Phase.PULLING: TaskState.STARTING,
    Phase.STARTING: TaskState.STARTING,
    Phase.RUNNING: TaskState.RUNNING,
}


def unknown(task_id: str, capabilities: frozenset[str]) -> TaskStatus:
    """To a KILL of a task that this executor never had. `capabilities`: the framework's."""
    state = TaskState.DROPPED if PARTITION_AWARE in capabilities else TaskState.LOST
    return TaskStatus(task_id, state, "Kill of a task that this executor does not have",
                      "REASON_TASK_UNKNOWN")


def late(task_id: str, capabilities: frozenset[str]) -> TaskStatus:
    """To a LAUNCH that comes when the executor has begun to end. `capabilities`: the framework's."""
    state = TaskState.DROPPED if PARTITION_AWARE in capabilities else TaskState.LOST
    return TaskStatus(task_id, state,
                      "The executor was ending when the task came: nothing was started; not the "
                      "task's fault, another attempt may succeed", "REASON_EXECUTOR_TERMINATED")


def second_launch(task: Task) -> TaskStatus | None:
    """To a LAUNCH of an id that is in use: its state once more.

    None when its end is under way and will be told.
    """
    state = _REPEATED.get(task.phase)
    text = "A second launch of this task id is refused; the task goes on"
    return None if state is None else status(task, state, message=text, healthy=task.healthy,
                                             network_infos=task.network_infos)


def second_task(task_id: str) -> TaskStatus:
    """To a LAUNCH that an executor of one task cannot take any more."""
    ending = decide(Facts(SecondTask()), strict=True)
    return TaskStatus(task_id, ending.state, ending.message, ending.reason)
