"""What an agent makes for an executor: the ExecutorInfo of a task that has only a command, and the
environment, with the token by which it knows the executor again.

As Mesos: slave/slave.cpp, `getExecutorInfo` and `executorEnvironment`.
"""
from __future__ import annotations

from deploy.local.agent.executors import Executor
from deploy.local.agent.state import AgentState
from deploy.local.containers.containerizer import EXECUTOR_TOKEN
from deploy.local.wire.authentication import token
from specs.forms import Json
from specs.words.durations import print_duration


def command_executor_info(task: Json, framework_id: str, program: list[str]) -> Json:
    """The ExecutorInfo that the agent makes up for a task that has only a command.

    `program`: the words that start the command executor. A kill policy stretches the shutdown grace
    period by the two seconds that the executor needs around it.
    """
    task_id, command = task["task_id"]["value"], task["command"]
    kept = {name: command[name] for name in ("uris", "environment", "user") if name in command}
    info: Json = {
        "executor_id": {"value": task_id}, "framework_id": {"value": framework_id},
        "name": f"Command Executor (Task: {task_id}) (Command: {_command_text(command)})",
        "source": task_id,
        "command": {**kept, "shell": False, "value": program[0], "arguments": program},
        "resources": [{"name": name, "type": "SCALAR", "scalar": {"value": value},
                       "allocation_info": _role(task)}
                      for name, value in (("cpus", 0.1), ("mem", 32.0))],
    }
    for name in ("container", "labels", "discovery"):
        if name in task:
            info[name] = task[name]
    grace = task.get("kill_policy", {}).get("grace_period")
    if grace is not None:
        info["shutdown_grace_period"] = {"nanoseconds": grace["nanoseconds"] + 2_000_000_000}
    return info


def _role(task: Json) -> Json:
    for resource in task.get("resources", ()):
        if "allocation_info" in resource:
            allocation: Json = resource["allocation_info"]
            return allocation
    return {"role": "*"}


def _command_text(command: Json) -> str:
    def short(text: str) -> str:
        return text if len(text) <= 15 else f"{text[:12]}..."

    value = command.get("value")
    if command.get("shell", True):
        return "NO COMMAND" if value is None else f"sh -c '{short(value)}'"
    if value is None:
        return "NO EXECUTABLE"
    return "[" + short(", ".join([value, ", ".join(command.get("arguments", ()))])) + "]"


def executor_environment(state: AgentState, executor: Executor) -> dict[str, str]:
    """All variables that the agent sets; the containerizer adds its own."""
    flags = state.flags
    grace = executor.info.get("shutdown_grace_period", {}).get("nanoseconds")
    environment = {
        "LIBPROCESS_IP": flags.shown_ip,
        "LIBPROCESS_PORT": "0",
        "MESOS_FRAMEWORK_ID": executor.framework_id,
        "MESOS_EXECUTOR_ID": executor.id,
        "MESOS_DIRECTORY": str(executor.directory),
        "MESOS_SLAVE_ID": state.id,
        "MESOS_SLAVE_PID": state.pid,
        "MESOS_AGENT_ENDPOINT": state.address,
        "MESOS_CHECKPOINT": "1" if executor.checkpoint else "0",
        "MESOS_HTTP_COMMAND_EXECUTOR": "0",
        "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": _duration(flags.executor_shutdown_grace_period,
                                                          grace),
    }
    if state.executors_key is not None:
        claims = {"fid": executor.framework_id, "eid": executor.id, "cid": executor.container_id}
        environment[EXECUTOR_TOKEN] = token(claims, state.executors_key)
    if executor.checkpoint:
        environment["MESOS_RECOVERY_TIMEOUT"] = _duration(flags.recovery_timeout)
        environment["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = _duration(
            flags.executor_reregistration_timeout)
    return environment


def _duration(seconds: float, nanoseconds: int | None = None) -> str:
    return print_duration(round(seconds * 1e9) if nanoseconds is None else nanoseconds)
