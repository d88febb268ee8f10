"""The environment of an executor, variable by variable. Pure.

As Mesos: slave/slave.cpp, `executorEnvironment`.
"""
from __future__ import annotations

from deploy.local.agent.executors import Executor
from deploy.local.agent.state import AgentState
from specs.words.durations import print_duration


def executor_environment(state: AgentState, executor: Executor) -> dict[str, str]:
    """All variables that the agent sets; the containerizer adds its own."""
    flags = state.flags
    grace = executor.info.get("shutdown_grace_period", {}).get("nanoseconds")
    environment = {
        "LIBPROCESS_IP": flags.ip,
        "LIBPROCESS_PORT": "0",
        "MESOS_FRAMEWORK_ID": executor.framework_id,
        "MESOS_EXECUTOR_ID": executor.id,
        "MESOS_DIRECTORY": str(executor.directory),
        "MESOS_SLAVE_ID": state.id,
        "MESOS_SLAVE_PID": state.pid,
        "MESOS_AGENT_ENDPOINT": state.address,
        "MESOS_CHECKPOINT": "1" if executor.checkpoint else "0",
        "MESOS_HTTP_COMMAND_EXECUTOR": "0",
        "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": _duration(flags.executor_shutdown_grace_period, grace),
    }
    if executor.checkpoint:
        environment["MESOS_RECOVERY_TIMEOUT"] = _duration(flags.recovery_timeout)
        environment["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = _duration(flags.executor_reregistration_timeout)
    return environment


def _duration(seconds: float, nanoseconds: int | None = None) -> str:
    return print_duration(round(seconds * 1e9) if nanoseconds is None else nanoseconds)
