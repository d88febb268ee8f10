"""ACCEPT: offers become tasks.

The order is Mesos's: are the offers valid (else TASK_LOST or TASK_DROPPED for all tasks)? Are the
resources of an operation well formed (else TASK_ERROR for all its tasks)? Then operation by
operation, task by task, what `specs/rules` say, against what is left of the offers. What nobody
used is declined with the call's filters.

As Mesos: master/master.cpp (`accept`, `_accept`), validation.cpp (`offer::validate`).
"""
from __future__ import annotations

import logging

from deploy.local.master.cluster import Cluster
from deploy.local.master.memory import AgentRecord, Framework, Offer
from deploy.local.master.task_checks import group_problem, prepared_operation, task_problem
from deploy.local.records.messages import resources_of, status, tasks_of
from deploy.local.records.task import new_task
from specs.errors import SpecError
from specs.forms import Json
from specs.resources.sums import Resources

log = logging.getLogger(__name__)


class Accepting:
    """Acts on ACCEPT calls."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def accept(self, framework: Framework, content: Json) -> None:
        """A Call.Accept."""
        offer_ids = [item["value"] for item in content.get("offer_ids", ())]
        operations = content.get("operations", [])
        problem = self._offers_problem(framework, offer_ids)
        if problem is not None:
            self._refuse_offers(framework, offer_ids, operations, problem)
            return
        offers = [self._cluster.offers[offer_id] for offer_id in offer_ids]
        agent = self._cluster.agents[offers[0].agent_id]
        good = [ready for operation in operations
                if (ready := self._ready(framework, operation, offers[0].role)) is not None]
        offered = Resources()
        for offer in offers:
            offered += offer.resources
            self._cluster.remove_offer(offer)
        left = offered
        for operation in good:
            if operation.get("type") == "LAUNCH":
                left = self._launch(framework, agent, operation, left)
            elif operation.get("type") == "LAUNCH_GROUP":
                left = self._launch_group(framework, agent, operation, left)
            else:
                log.info("dropped %s from framework %s: not supported", operation.get("type"),
                         framework.id)
        if left:
            refuse = content.get("filters", {})
            self._cluster.decline(framework.id, agent.id, left, refuse)

    # ---- offers

    def _offers_problem(self, framework: Framework, offer_ids: list[str]) -> str | None:
        if not offer_ids:
            return "No offers specified"
        seen: set[str] = set()
        for offer_id in offer_ids:
            if offer_id in seen:
                return f"Duplicate offer {offer_id} in offer list"
            seen.add(offer_id)
        offers: list[Offer] = []
        for offer_id in offer_ids:
            offer = self._cluster.offers.get(offer_id)
            if offer is None:
                return f"Offer {offer_id} is no longer valid"
            offers.append(offer)
        return _mixed_offers_problem(framework, offers)

    def _refuse_offers(self, framework: Framework, offer_ids: list[str], operations: list[Json],
                       problem: str) -> None:
        for offer_id in offer_ids:
            offer = self._cluster.offers.get(offer_id)
            if offer is not None:
                self._cluster.discard_offer(offer)
        state = "TASK_DROPPED" if framework.has("PARTITION_AWARE") else "TASK_LOST"
        for operation in operations:
            for task in tasks_of(operation):
                self._tell(framework, task, state, "REASON_INVALID_OFFERS",
                           f"Task launched with invalid offers: {problem}")

    # ---- operations

    def _ready(self, framework: Framework, operation: Json, role: str) -> Json | None:
        """The operation in the form that the checks expect; None if its form is wrong: its tasks
        are told so.
        """
        kind = operation.get("type")
        problem = None
        try:
            if "id" not in operation or kind not in {"LAUNCH", "LAUNCH_GROUP"}:
                return prepared_operation(operation, framework.id,
                                          role) if kind is not None else None
            problem = f"The `id` field cannot be set on {kind} operations"
        except SpecError as error:
            problem = error.problem
        reason = "REASON_TASK_INVALID" if kind == "LAUNCH" else "REASON_TASK_GROUP_INVALID"
        for task in tasks_of(operation):
            self._tell(framework, task, "TASK_ERROR", reason, problem)
        return None

    def _launch(self, framework: Framework, agent: AgentRecord, operation: Json,
                left: Resources) -> Resources:
        for task in tasks_of(operation):
            problem = task_problem(task, framework, agent, left)
            if problem is not None:
                self._tell(framework, task, "TASK_ERROR", "REASON_TASK_INVALID", problem)
                continue
            executor = task.get("executor")
            new = executor is None or not _has_executor(agent, framework, executor)
            used = self._add_task(framework, agent, task)
            if executor is not None and new:
                used = self._add_executor(framework, agent, executor) + used
            left -= used
            agent.link.post(agent.link.to.on_run_tasks, framework.info, executor, [task],
                            group=False, launch_executor=new)
        return left

    def _launch_group(self, framework: Framework, agent: AgentRecord, operation: Json,
                      left: Resources) -> Resources:
        if "launch_group" not in operation:
            return left
        executor, tasks = operation["launch_group"]["executor"], tasks_of(operation)
        problem = group_problem(tasks, executor, framework, agent, left)
        if problem is not None:
            for task in tasks:
                self._tell(framework, task, "TASK_ERROR", "REASON_TASK_GROUP_INVALID", problem)
            return left
        new = not _has_executor(agent, framework, executor)
        used = self._add_executor(framework, agent, executor) if new else Resources()
        for task in tasks:
            used += self._add_task(framework, agent, task)
        agent.link.post(agent.link.to.on_run_tasks, framework.info, executor, tasks, group=True,
                        launch_executor=new)
        return left - used

    def _add_executor(self, framework: Framework, agent: AgentRecord, executor: Json) -> Resources:
        self._cluster.add_executor(framework, agent, executor)
        return resources_of(executor)

    def _add_task(self, framework: Framework, agent: AgentRecord, info: Json) -> Resources:
        task = new_task(info, framework.id)
        self._cluster.add_task(framework, agent, task)
        return task.resources

    def _tell(self, framework: Framework, task: Json, state: str, reason: str,
              message: str) -> None:
        self._cluster.forward(framework,
                              status(task["task_id"], state, source="SOURCE_MASTER", reason=reason,
                                                agent_id=task["agent_id"], message=message))


def _has_executor(agent: AgentRecord, framework: Framework, executor: Json) -> bool:
    return (framework.id, executor["executor_id"]["value"]) in agent.executors


def _mixed_offers_problem(framework: Framework, offers: list[Offer]) -> str | None:
    for offer in offers:
        if offer.framework_id != framework.id:
            return (f"Offer {offer.id} has invalid framework {offer.framework_id}"
                    f" while framework {framework.id} is expected")
    first = offers[0]
    for offer in offers:
        if offer.role != first.role:
            return (
                f"Aggregated offers must be allocated to the same role. Offer {offer.id} uses role '{offer.role}"
                    f" but another is using role '{first.role}")
    for offer in offers:
        if offer.agent_id != first.agent_id:
            return (
                f"Aggregated offers must belong to one single agent. Offer {offer.id} uses agent {offer.agent_id}"
                    f" and agent {first.agent_id}")
    return None
