"""The names by which what is ours is known on a node: labels of containers, and how names of
containers begin.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PREFIX: Final = "mesos-docker."
FRAMEWORK: Final = f"{PREFIX}framework-id"
EXECUTOR: Final = f"{PREFIX}executor-id"
AGENT: Final = f"{PREFIX}agent-id"
OWNER: Final = f"{PREFIX}owner"  # which process: an executor that is started again has the same ids
TASK: Final = f"{PREFIX}task-id"
CNI: Final = f"{PREFIX}cni-networks"  # that it is attached to, with commas between, by their interfaces

NAME_PREFIX: Final = "mdx-"  # of containers and folders that need no name that says more


def labels(framework_id: str, executor_id: str, agent_id: str, owner: str) -> dict[str, str]:
    """What every container of an executor carries, besides its task's id."""
    return {FRAMEWORK: framework_id, EXECUTOR: executor_id, AGENT: agent_id, OWNER: owner}


def cni_networks(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Those that a container with these labels is attached to, as `specs.container.networks` counts."""
    return tuple(said.split(",")) if (said := labels.get(CNI)) else ()


def of_one_executor(labels: Mapping[str, str]) -> dict[str, str]:
    """Those by which all processes know their containers that an agent starts as the same executor.

    Empty if an id is not known: then they could not be told from others'.
    """
    ids = {name: labels.get(name, "") for name in (FRAMEWORK, EXECUTOR, AGENT)}
    return ids if all(ids.values()) else {}
