"""What people and tools read: the endpoints of master and agent, and the files of a sandbox."""
from __future__ import annotations

import http.client
import json
from urllib.parse import quote

import pytest

from deploy.local import LocalMesos
from deploy.local.pytest_plugin import StartMesos
from specs.forms.recordio import encode_record
from tests.deploy.local.client import Scheduler, command_task, executor_task, get, operator_call, post, wait_for

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"


@pytest.fixture
def busy(local_mesos: StartMesos) -> tuple[LocalMesos, Scheduler]:
    """A cluster of two agents with one running task that has written a file."""
    mesos = local_mesos(agents=2, resources=RESOURCES, attributes="rack:r1;level:2;slots:[1-3]")
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("t", offer,
                                         "printf 'h\\303\\251llo\\377' ; mkdir d; ln -s /etc d/out; "
                                                     "echo x > d/file; touch done; exec sleep 600"))
    scheduler.update("t", "TASK_RUNNING")
    wait_for(lambda: list(mesos.work_dir.glob("*/slaves/*/frameworks/*/executors/t/runs/*/done")))
    return mesos, scheduler


def test_version_and_health(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    for address in (mesos.address, mesos.agent_addresses[0]):
        assert get(address, "/version")[1]["version"] == "1.12.0"
        assert get(address, "/health") == (200, b"")
        assert get(address, "/nothing/here")[0] == 404


def test_state_slaves_and_tasks_tell_of_a_task(busy: tuple[LocalMesos, Scheduler]) -> None:
    mesos, scheduler = busy
    state = get(mesos.address, "/state")[1]
    assert (state["activated_slaves"], state["deactivated_slaves"]) == (2.0, 0.0)
    assert [framework["id"] for framework in state["frameworks"]] == [scheduler.framework_id]
    tasks = get(mesos.address, "/tasks")[1]["tasks"]
    assert [(task["id"], task["state"], task["resources"]["cpus"], task["role"])
            for task in tasks] == [
        ("t", "TASK_RUNNING", 0.1, "*")]
    agent = next(item for item in get(mesos.address, "/slaves")[1]["slaves"]
                 if item["id"] == tasks[0]["slave_id"])
    assert agent["used_resources"]["cpus"] == 0.1
    assert agent["attributes"] == {"rack": "r1", "level": 2.0, "slots": "[1-3]"}
    assert agent["resources"]["ports"] == "[31000-31099]"


def test_state_of_an_agent(busy: tuple[LocalMesos, Scheduler]) -> None:
    mesos, scheduler = busy
    states = [get(address, "/state")[1] for address in mesos.agent_addresses]
    flags = states[0]["flags"]
    assert (flags["resources"], flags["attributes"]) == (RESOURCES, "rack:r1;level:2;slots:[1-3]")
    framework = next(item for state in states for item in state["frameworks"])
    assert framework["id"] == scheduler.framework_id
    executor = framework["executors"][0]
    [task] = executor["tasks"]
    assert (task["id"], task["executor_id"], executor["id"],
            executor["role"]) == ("t", "", "t", "*")
    assert executor["directory"].endswith(f"/executors/t/runs/{executor['container']}")


def test_a_task_that_waits_for_its_executor(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), executor_task("t", offer, "exec sleep 600"))
    agent = mesos.agent_addresses[0]
    wait_for(lambda: get(agent, "/state")[1]["frameworks"])
    [executor] = get(agent, "/state")[1]["frameworks"][0]["executors"]
    assert executor["queued_tasks"] == [{
        "id": "t", "name": "t", "slave_id": mesos.agent_ids[0], "role": "*", "executor_id": "e",
        "resources": {"cpus": 0.1, "mem": 32.0, "disk": 0.0, "gpus": 0.0}}]


@pytest.mark.parametrize("content_type", ["application/json", "application/x-protobuf"])
def test_v1_operator_calls_of_the_master(busy: tuple[LocalMesos, Scheduler],
                                         content_type: str) -> None:
    mesos, scheduler = busy
    answers = {name: operator_call(mesos.address, name, "master", content_type) for name in (
        "GET_HEALTH", "GET_VERSION", "GET_STATE", "GET_AGENTS", "GET_FRAMEWORKS", "GET_TASKS",
        "GET_EXECUTORS", "GET_MASTER", "GET_ROLES", "GET_FLAGS", "GET_METRICS")}
    assert answers["GET_HEALTH"]["get_health"]["healthy"] is True
    assert answers["GET_VERSION"]["get_version"]["version_info"]["version"] == "1.12.0"
    assert len(answers["GET_AGENTS"]["get_agents"]["agents"]) == 2
    frameworks = answers["GET_FRAMEWORKS"]["get_frameworks"]["frameworks"]
    assert [item["framework_info"]["id"]["value"]
            for item in frameworks] == [scheduler.framework_id]
    assert [item["task_id"]["value"] for item in answers["GET_TASKS"]["get_tasks"]["tasks"]] == [
        "t"]
    state = answers["GET_STATE"]["get_state"]
    assert state["get_tasks"]["tasks"][0]["state"] == "TASK_RUNNING"
    assert len(state["get_agents"]["agents"]) == 2


def test_operator_calls_that_are_refused(local_mesos: StartMesos) -> None:
    mesos = local_mesos(agents=0)
    assert post(mesos.address, "/api/v1", {}) == (
        400, "Failed to validate master::Call: Expecting 'type' to be present")
    assert post(mesos.address, "/api/v1", {"type": "READ_LOG", "read_log": {}}) == (  # Clusterd's
        400, "Failed to validate master::Call: Expecting 'type' to be present")
    assert post(mesos.address, "/api/v1", {"type": "READ_FILE"}) == (
        400, "Failed to validate master::Call: Expecting 'read_file' to be present")
    assert post(mesos.address, "/api/v1", {"type": "UPDATE_WEIGHTS", "update_weights": {}}) == (
        501, "501 Not Implemented.")
    assert get(mesos.address, "/api/v1")[0] == 405
    assert post(mesos.address, "/teardown",
                "frameworkId=no%2Dsuch") == (400, "No framework found with specified ID")


@pytest.mark.parametrize(("content_type", "body", "answer"), [
    ("text/plain", "{}", (
        415,
        "Expecting 'Content-Type' of application/json or application/x-protobuf or application/recordio")),
    ("application/x-protobuf", b"\xff", (400, "Failed to parse body into a protobuf object")),
    ("application/json", "[]", (400, "Expecting a JSON object")),
    ("application/x-protobuf", b"\x08\x21\xba\x01\x00", (  # UPDATE_CONTAINER_MEMORY_LIMIT, which is Clusterd's
        400, "Failed to validate agent::Call: Expecting 'type' to be present")),
])
def test_an_agent_has_words_of_its_own(local_mesos: StartMesos, content_type: str,
                                       body: str | bytes, answer: tuple[int, str]) -> None:
    agent = local_mesos(resources=RESOURCES).agent_addresses[0]
    assert post(agent, "/api/v1", body, {"Content-Type": content_type}) == answer


def test_an_agent_takes_a_call_as_a_record(local_mesos: StartMesos) -> None:
    agent = local_mesos(resources=RESOURCES).agent_addresses[0]
    headers = {"Content-Type": "application/recordio"}
    call = encode_record(b'{"type":"GET_HEALTH"}')
    assert post(agent, "/api/v1", call, headers) == (
        400, "Expecting 'Message-Content-Type' to be set for streaming requests")
    headers["Message-Content-Type"] = "application/json"
    assert post(agent, "/api/v1", b"{}", headers) == (400,
                                                      "Received EOF while reading request body")
    assert post(agent, "/api/v1", call, headers)[0] == 200
    assert post(agent, "/api/v1", call, {**headers, "Accept": "application/recordio"}) == (
        406, "Streaming response is not supported for GET_HEALTH call")


def test_offers_are_shown_as_the_master_keeps_them(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    assert all(resource["role"] == "*"
               for resource in scheduler.expect("OFFERS")["offers"]["offers"][0]["resources"])
    answer = operator_call(mesos.address, "GET_FRAMEWORKS", "master", "application/json")
    [offer] = answer["get_frameworks"]["frameworks"][0]["offers"]
    assert not any("role" in resource for resource in offer["resources"])
    assert offer["allocation_info"] == {"role": "*"}


def test_lists_of_an_agents_answers_are_shown_when_they_are_empty(local_mesos: StartMesos) -> None:
    agent = local_mesos(resources=RESOURCES).agent_addresses[0]
    state = json.loads(post(agent, "/api/v1", {"type": "GET_STATE"})[1])["get_state"]
    assert state == {
        "get_executors": {"executors": [], "completed_executors": []},
        "get_frameworks": {"frameworks": [], "completed_frameworks": []},
        "get_tasks": {"pending_tasks": [], "queued_tasks": [], "launched_tasks": [],
                      "terminated_tasks": [], "completed_tasks": []}}


def test_files_of_a_sandbox(busy: tuple[LocalMesos, Scheduler]) -> None:
    mesos, scheduler = busy
    virtual = f"/frameworks/{scheduler.framework_id}/executors/t/runs/latest"
    agent = next(address for address in mesos.agent_addresses
                 if get(address, "/state")[1]["frameworks"])
    real = get(agent, "/state")[1]["frameworks"][0]["executors"][0]["directory"]
    for folder in (virtual, real, real.rpartition("/")[0] + "/latest"):
        status, listing = get(agent, f"/files/browse?path={quote(folder)}")
        names = [entry["path"].rpartition("/")[2] for entry in listing]
        assert (status, names) == (200, ["d", "done", "stderr", "stdout"])
        status, body = get(agent, f"/files/read?path={quote(folder)}/stdout&offset=1&length=3")
        assert (status, body) == (200, {"data": "éł"[0:1] + "l", "offset": 1})
    assert get(agent, f"/files/read?path={virtual}/stdout")[1] == {"data": "", "offset": 7}
    assert get(agent, f"/files/download?path={virtual}/stdout")[1] == b"h\xc3\xa9llo\xff"


@pytest.mark.parametrize(("query", "status"), [
    ("", 400), ("?path=/etc/passwd", 404), ("?path={virtual}/no", 404), ("?path={virtual}/d", 400),
    ("?path={virtual}/d/out/passwd&offset=0", 400), ("?path={virtual}/../../..&offset=0", 400),
    ("?path={virtual}/stdout&offset=x", 400), ("?path={virtual}/stdout&offset=-2", 400),
])
def test_files_that_are_refused(busy: tuple[LocalMesos, Scheduler], query: str,
                                status: int) -> None:
    mesos, scheduler = busy
    agent = next(address for address in mesos.agent_addresses
                 if get(address, "/state")[1]["frameworks"])
    virtual = f"/frameworks/{scheduler.framework_id}/executors/t/runs/latest"
    assert get(agent, "/files/read" + query.format(virtual=virtual))[0] == status


@pytest.mark.parametrize(("path", "body"), [
    ("/files/browse?path=/no", b""), ("/files/read?path=/no", b""),
    ("/files/download?path=/no", b"404 Not Found."), ("/nothing/here", b"404 Not Found.")])
def test_what_is_not_there(local_mesos: StartMesos, path: str, body: bytes) -> None:
    connection = http.client.HTTPConnection(local_mesos(agents=0).address, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    assert (response.status, response.read()) == (404, body)
    assert response.getheader("Content-Type") == "text/plain; charset=utf-8"
    connection.close()
