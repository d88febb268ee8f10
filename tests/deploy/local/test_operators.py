"""What operators do and see: the event stream, agents marked gone or deactivated, sums. Facts are of a real Mesos."""
from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Queue
from typing import Any

import pytest

from deploy.local.pytest_plugin import StartMesos
from specs.forms import Json
from specs.forms.recordio import RecordDecoder
from specs.forms.wire import decode
from tests.deploy.local.client import (
    PATIENCE,
    Scheduler,
    command_task,
    executor_task,
    get,
    operator_call,
    post,
    wait_for,
)

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"
PARTITION_AWARE = [{"type": "MULTI_ROLE"}, {"type": "PARTITION_AWARE"}]


@contextmanager
def events(address: str, accept: str = "application/json") -> Iterator[Queue[Json]]:
    """The events of a subscription to the operator API, HEARTBEATs left out."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    connection.request("POST", "/api/v1", body='{"type":"SUBSCRIBE"}', headers={
        "Content-Type": "application/json", "Accept": accept})
    response = connection.getresponse()
    assert (response.status, response.getheader("Content-Type")) == (200, accept)
    assert response.getheader("Mesos-Stream-Id") is None
    queue: Queue[Json] = Queue()

    def read() -> None:
        decoder = RecordDecoder()
        with suppress(OSError, http.client.HTTPException):
            while data := response.read1(65536):
                for record in decoder.feed(data):
                    event = (json.loads(record) if accept == "application/json"
                             else decode("mesos.v1.master.Event", record))
                    if event["type"] != "HEARTBEAT":
                        queue.put(event)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield queue
    finally:
        if connection.sock is not None:
            connection.sock.shutdown(2)
        thread.join(PATIENCE)
        response.close()
        connection.close()


def kinds(queue: Queue[Json], count: int) -> list[str]:
    return [queue.get(timeout=PATIENCE)["type"] for _ in range(count)]


def operate(address: str, kind: str, **content: Any) -> tuple[int, str]:
    return post(address, "/api/v1", {"type": kind, kind.lower(): content})


@pytest.mark.parametrize("accept", ["application/json", "application/x-protobuf"])
def test_events_of_a_framework_and_its_task(local_mesos: StartMesos, accept: str) -> None:
    mesos = local_mesos(resources=RESOURCES)
    with events(mesos.address, accept) as queue:
        first = queue.get(timeout=PATIENCE)["subscribed"]
        assert first["heartbeat_interval_seconds"] == 15.0
        [agent] = first["get_state"]["get_agents"]["agents"]
        assert agent["agent_info"]["id"]["value"] == mesos.agent_ids[0]
        scheduler = Scheduler(mesos.address, failover_timeout=60.0)
        scheduler.subscribe()
        added = queue.get(timeout=PATIENCE)["framework_added"]["framework"]
        assert added["framework_info"]["id"]["value"] == scheduler.framework_id
        assert added["unregistered_time"] == {"nanoseconds": 0}
        offer = scheduler.offer()
        scheduler.launch(offer, command_task("t", offer, "true"))
        scheduler.update("t", "TASK_FINISHED")
        task = queue.get(timeout=PATIENCE)["task_added"]["task"]
        assert (task["task_id"]["value"], task["state"]) == ("t", "TASK_STAGING")
        updates = [queue.get(timeout=PATIENCE)["task_updated"] for _ in range(3)]
        assert [update["status"]["state"] for update in updates] == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]
        scheduler.disconnect()
        scheduler.info["name"] = "renamed"
        scheduler.subscribe()
        updated = queue.get(timeout=PATIENCE)["framework_updated"]["framework"]
        assert updated["framework_info"]["name"] == "renamed"
        scheduler.call("TEARDOWN")
        removed = queue.get(timeout=PATIENCE)["framework_removed"]
        assert removed["framework_info"]["id"]["value"] == scheduler.framework_id


def test_an_agent_that_is_away_for_a_while_makes_no_event_of_its_own(local_mesos: StartMesos) -> None:
    mesos = local_mesos(agents=2, resources=RESOURCES)
    with events(mesos.address) as queue:
        state = queue.get(timeout=PATIENCE)["subscribed"]["get_state"]
        assert state["get_tasks"] == {"tasks": [], "unreachable_tasks": [], "completed_tasks": []}
        assert state["get_agents"]["recovered_agents"] == []
        assert all(agent["agent_info"]["checkpoint"] for agent in state["get_agents"]["agents"])
        mesos.stop_agent()
        mesos.start_agent()
        scheduler = Scheduler(mesos.address)
        scheduler.subscribe()
        assert kinds(queue, 1) == ["FRAMEWORK_ADDED"]


def test_a_new_agent_is_told(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    operate(mesos.address, "MARK_AGENT_GONE", agent_id={"value": mesos.agent_ids[0]})
    with events(mesos.address) as queue:
        queue.get(timeout=PATIENCE)
        mesos.stop_agent()
        (mesos.work_dir / "meta" / "slaves" / "latest").unlink()
        mesos.start_agent()
        agent = queue.get(timeout=PATIENCE)["agent_added"]["agent"]
        assert (agent["agent_info"]["id"]["value"], agent["active"]) == (mesos.agent_ids[0], True)


@pytest.mark.parametrize(("capabilities", "state", "reason", "listed_in"), [
    (PARTITION_AWARE, "TASK_GONE_BY_OPERATOR", "REASON_AGENT_REMOVED_BY_OPERATOR", "completed_tasks"),
    (PARTITION_AWARE[:1], "TASK_LOST", "REASON_AGENT_REMOVED", "unreachable_tasks"),
])
def test_an_agent_marked_gone(local_mesos: StartMesos, capabilities: list[Json], state: str, reason: str,
                              listed_in: str) -> None:
    mesos = local_mesos(resources=RESOURCES)
    agent_id, address = {"value": mesos.agent_ids[0]}, mesos.agent_addresses[0]
    scheduler = Scheduler(mesos.address, capabilities=capabilities, failover_timeout=60.0)
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), command_task("t", offer, "exec sleep 600"))
    scheduler.update("t", "TASK_RUNNING")
    assert operate(mesos.address, "MARK_AGENT_GONE", agent_id={"value": "nobody"}) == (404, "Agent 'nobody' not found")
    assert operate(mesos.address, "MARK_AGENT_GONE", agent_id=agent_id) == (200, "")
    status = scheduler.update("t")
    assert (status["state"], status["reason"], status["message"], status["source"]) == (
        state, reason, "Agent has been marked gone", "SOURCE_MASTER")
    assert "unreachable_time" not in status
    assert scheduler.expect("FAILURE")["failure"] == {"agent_id": agent_id}
    assert operate(mesos.address, "MARK_AGENT_GONE", agent_id=agent_id) == (200, "")
    scheduler.call("RECONCILE", tasks=[{"task_id": {"value": "t"}, "agent_id": agent_id}])
    again = scheduler.update("t")
    assert (again["state"], again["message"]) == (state, "Reconciliation: Task is gone")
    assert get(mesos.address, "/slaves")[1]["slaves"] == []
    tasks = json.loads(post(mesos.address, "/api/v1", {"type": "GET_TASKS"})[1])["get_tasks"]
    assert [task["state"] for task in tasks[listed_in]] == [state]
    assert "executor_id" not in tasks[listed_in][0]["statuses"][-1]  # it is the update's, not the status's
    wait_for(lambda: is_refused(address))  # the agent ends its executors and then itself


def test_an_agent_marked_gone_is_refused_when_it_starts_again(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    operate(mesos.address, "MARK_AGENT_GONE", agent_id={"value": mesos.agent_ids[0]})
    mesos.stop_agent()
    mesos.start_agent()
    assert get(mesos.address, "/slaves")[1]["slaves"] == []
    assert is_refused(mesos.agent_addresses[0])


def test_an_unreachable_agent_marked_gone(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES, agent_reregister_timeout=0.2)
    agent_id = {"value": mesos.agent_ids[0]}
    scheduler = Scheduler(mesos.address, checkpoint=True, capabilities=PARTITION_AWARE)
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), command_task("t", offer, "exec sleep 600"))
    scheduler.update("t", "TASK_RUNNING")
    mesos.stop_agent()
    scheduler.update("t", "TASK_UNREACHABLE")
    assert operate(mesos.address, "MARK_AGENT_GONE", agent_id=agent_id) == (200, "")
    assert scheduler.update("t")["reason"] == "REASON_AGENT_REMOVED_BY_OPERATOR"


def is_refused(address: str) -> bool:
    try:
        get(address, "/version")
    except ConnectionError:
        return True
    return False


def test_a_deactivated_agent_keeps_its_tasks_and_gets_no_more(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    agent_id = {"value": mesos.agent_ids[0]}
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    offer = scheduler.expect("OFFERS")["offers"]["offers"][0]
    for kind, problem in (("DEACTIVATE_AGENT", "Unknown agent"), ("REACTIVATE_AGENT", "Agent is not deactivated")):
        assert operate(mesos.address, kind, agent_id={"value": "nobody"}) == (400, problem)
    for _ in range(2):
        assert operate(mesos.address, "DEACTIVATE_AGENT", agent_id=agent_id) == (200, "")
    assert scheduler.expect("RESCIND")["rescind"]["offer_id"] == offer["id"]
    [agent] = get(mesos.address, "/slaves")[1]["slaves"]
    assert (agent["active"], agent["deactivated"]) == (False, True)
    mesos.stop_agent()
    mesos.start_agent()
    [agent] = json.loads(post(mesos.address, "/api/v1", {"type": "GET_AGENTS"})[1])["get_agents"]["agents"]
    assert (agent["active"], agent["deactivated"]) == (False, True)
    assert operate(mesos.address, "REACTIVATE_AGENT", agent_id=agent_id) == (200, "")
    assert operate(mesos.address, "REACTIVATE_AGENT", agent_id=agent_id) == (400, "Agent is not deactivated")
    assert scheduler.offer()["agent_id"] == agent_id


def test_roles_add_up_what_is_below_them(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    assert get(mesos.address, "/roles") == (200, {"roles": []})
    assert json.loads(post(mesos.address, "/api/v1", {"type": "GET_ROLES"})[1]) == {
        "type": "GET_ROLES", "get_roles": {}}
    scheduler = Scheduler(mesos.address, roles=["a/b"])
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), executor_task("t", offer, "exec sleep 600"))
    scheduler.expect("OFFERS")
    above, below = get(mesos.address, "/roles")[1]["roles"]
    used, offered = {"cpus": 0.2, "mem": 64.0}, {"cpus": 3.8, "disk": 10240.0, "mem": 4032.0, "ports": 100.0}
    assert below == {
        "name": "a/b", "weight": 1.0, "quota": {"role": "a/b", "guarantee": {}, "limit": {}, "consumed": used},
        "resources": {"cpus": 4.0, "disk": 10240.0, "mem": 4096.0, "ports": 100.0}, "allocated": used,
        "offered": offered, "reserved": {}, "frameworks": [scheduler.framework_id]}
    assert (above["name"], above["allocated"], above["offered"], above["frameworks"]) == ("a", used, offered, [])
    roles = json.loads(post(mesos.address, "/api/v1", {"type": "GET_ROLES"})[1])["get_roles"]["roles"]
    assert [item["name"] for item in roles[1]["resources"]] == ["cpus", "disk", "mem"]  # ports are not a scalar


def test_the_summary_counts_tasks_by_state(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("t", offer, "exec sleep 600"), command_task("u", offer, "true"))
    scheduler.update("t", "TASK_RUNNING")
    scheduler.update("u", "TASK_FINISHED")
    summary = get(mesos.address, "/state-summary")[1]
    assert sorted(summary) == ["frameworks", "hostname", "slaves"]
    for item in (summary["frameworks"][0], summary["slaves"][0]):
        assert (item["TASK_RUNNING"], item["TASK_FINISHED"], item["TASK_ERROR"]) == (1, 1, 0)
    assert summary["frameworks"][0]["slave_ids"] == mesos.agent_ids
    assert summary["slaves"][0]["framework_ids"] == [scheduler.framework_id]
    assert summary["frameworks"][0]["used_resources"]["cpus"] == 0.1
    metrics = get(mesos.address, "/metrics/snapshot")[1]
    assert (metrics["master/tasks_running"], metrics["master/slaves_active"], metrics["master/elected"]) == (1, 1, 1)
    assert get(mesos.agent_addresses[0], "/metrics/snapshot")[1]["slave/tasks_running"] == 1


def test_operations_are_reconciled_by_what_is_known_of_their_agents(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    scheduler.call("RECONCILE_OPERATIONS", operations=[
        {"operation_id": {"value": "o"}}, {"operation_id": {"value": "p"}, "agent_id": {"value": "nobody"}},
        {"operation_id": {"value": "q"}, "agent_id": {"value": mesos.agent_ids[0]}}])
    answers = [scheduler.expect("UPDATE_OPERATION_STATUS")["update_operation_status"]["status"] for _ in range(3)]
    assert [(answer["state"], answer["message"]) for answer in answers] == [
        ("OPERATION_UNKNOWN", "Reconciliation: Operation is unknown and no 'agent_id' was provided"),
        ("OPERATION_UNKNOWN", "Reconciliation: Both operation and agent are unknown"),
        ("OPERATION_UNKNOWN", "Reconciliation: Operation is unknown")]


@pytest.mark.parametrize(("path", "status"), [
    ("/version", 200), ("/master/version", 404), ("/master/files/browse", 404), ("/files/browse", 400),
    ("/master/health", 200), ("/state.json", 404), ("/tasks.json", 404), ("/master/state", 200), ("/quota", 200),
    ("/weights", 200), ("/maintenance/schedule", 200), ("/maintenance/status", 200), ("/system/stats.json", 200),
    ("/machine/up", 405), ("/reserve", 405)])
def test_paths_of_a_master(local_mesos: StartMesos, path: str, status: int) -> None:
    assert get(local_mesos(agents=0).address, path)[0] == status


def test_a_redirect_goes_to_the_leading_master_which_is_this_one(local_mesos: StartMesos) -> None:
    address = local_mesos(agents=0).address
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    connection.request("GET", "/master/redirect")
    response = connection.getresponse()
    assert (response.status, response.getheader("Location"), response.read()) == (307, f"//{address}", b"")
    connection.close()


def test_json_as_a_script(local_mesos: StartMesos) -> None:
    address = local_mesos(agents=0).address
    assert get(address, "/quota?jsonp=show") == (200, b"show({})")


@pytest.mark.parametrize("kind", ["DRAIN_AGENT", "SET_QUOTA", "START_MAINTENANCE"])
def test_calls_that_are_not_supported_are_still_checked(local_mesos: StartMesos, kind: str) -> None:
    address = local_mesos(agents=0).address
    assert post(address, "/api/v1", {"type": kind}) == (
        400, f"Failed to validate master::Call: Expecting '{kind.lower()}' to be present")
    assert post(address, "/api/v1", {"type": kind, kind.lower(): {"agent_id": {"value": "a"}}})[0] == 501


def test_a_logging_level_can_be_set(local_mesos: StartMesos) -> None:
    address = local_mesos(agents=0).address
    assert operate(address, "SET_LOGGING_LEVEL", level=1, duration={"nanoseconds": 1}) == (200, "")


def test_a_role_that_was_given_up_is_known_while_something_is_held_for_it(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address, roles=["old"])
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), executor_task("t", offer, "exec sleep 600"))
    info = {**scheduler.info, "id": {"value": scheduler.framework_id}, "roles": ["new"]}
    assert scheduler.call("UPDATE_FRAMEWORK", framework_info=info) == (200, "")
    roles = {role["name"]: role for role in get(mesos.address, "/roles")[1]["roles"]}
    assert (roles["old"]["allocated"], roles["old"]["frameworks"]) == (
        {"cpus": 0.2, "mem": 64.0}, [scheduler.framework_id])


def test_the_agent_writes_the_executors_id_into_statuses_of_its_own(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), executor_task("t", offer, "exit 1"))
    scheduler.update("t", "TASK_FAILED")

    def completed() -> list[Json]:
        answer = json.loads(post(mesos.address, "/api/v1", {"type": "GET_TASKS"})[1])
        tasks: list[Json] = answer["get_tasks"]["completed_tasks"]
        return tasks

    wait_for(completed)
    assert completed()[0]["statuses"][-1]["executor_id"] == {"value": "e"}


def test_the_first_heartbeat_comes_at_once(local_mesos: StartMesos) -> None:
    connection = http.client.HTTPConnection(local_mesos(agents=0).address, timeout=10)  # less than the 15 s between
    connection.request("POST", "/api/v1", body='{"type":"SUBSCRIBE"}', headers={"Content-Type": "application/json"})
    response = connection.getresponse()
    records = [json.loads(response.read(int(response.readline()))) for _ in range(2)]
    assert [record["type"] for record in records] == ["SUBSCRIBED", "HEARTBEAT"]
    response.close()
    connection.close()


@pytest.mark.parametrize("content_type", ["application/json", "application/x-protobuf"])
def test_what_containers_use(local_mesos: StartMesos, content_type: str) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    agent = mesos.agent_addresses[0]
    assert get(agent, "/monitor/statistics") == (200, [])
    assert json.loads(post(agent, "/api/v1", {"type": "GET_CONTAINERS"})[1]) == {"type": "GET_CONTAINERS"}
    scheduler.launch(offer := scheduler.offer(), command_task("t", offer, "exec sleep 600"))
    scheduler.update("t", "TASK_RUNNING")
    [shown] = get(agent, "/monitor/statistics")[1]
    used = shown["statistics"]
    assert (shown["executor_id"], used["cpus_soft_limit"], used["mem_limit_bytes"], used["mem_soft_limit_bytes"]) == (
        "t", 0.2, 64 << 20, 64 << 20)
    assert used["mem_rss_bytes"] > 1 << 20
    assert used["cpus_user_time_secs"] + used["cpus_system_time_secs"] >= 0.0
    assert get(agent, "/containers")[1][0]["statistics"].keys() == used.keys()
    [container] = operator_call(agent, "GET_CONTAINERS", "agent", content_type)["get_containers"]["containers"]
    assert container["executor_id"]["value"] == "t"
    assert ("resource_statistics" in container) == (content_type == "application/json")


@pytest.mark.parametrize(("kind", "answer"), [
    ("GET_WEIGHTS", {}), ("GET_QUOTA", {"get_quota": {"status": {}}}),
    ("GET_MAINTENANCE_STATUS", {"get_maintenance_status": {"status": {}}}),
    ("GET_MAINTENANCE_SCHEDULE", {"get_maintenance_schedule": {"schedule": {}}})])
def test_what_there_is_none_of(local_mesos: StartMesos, kind: str, answer: Json) -> None:
    address = local_mesos(agents=0).address
    assert operator_call(address, kind, "master", "application/json") == {"type": kind, **answer}
    assert operator_call(address, kind, "master", "application/x-protobuf") == {"type": kind}
