"""The decisions of master and agent that need neither HTTP nor a clock."""
from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.agent.checkpoints import Checkpoints, latest_agent_id
from deploy.local.agent.executor_info import command_executor_info
from deploy.local.agent.executors import Executor
from deploy.local.agent.launch import limits_problem
from deploy.local.agent.status_updates import RETRY_MAX, StatusUpdateManager, UpdateStream
from deploy.local.master.allocator import Allocator, refuse_seconds
from deploy.local.master.call_validation import call_problem, framework_problem, update_problem
from deploy.local.master.memory import Framework
from deploy.local.master.reconciliation import explicit, implicit
from deploy.local.master.task_checks import prepared_operation
from deploy.local.records.task import new_task
from deploy.local.settings import agent_resources, parse_attributes
from specs.errors import SpecError
from specs.forms import Json
from specs.resources.parsed import parse_resources
from specs.resources.sums import Resources

ROLE = "*"


# ---- allocator

def allocator(frameworks: int = 1, agents: int = 1) -> Allocator:
    made = Allocator(0.2)
    for index in range(agents):
        made.add_agent(f"a{index}", parse_resources("cpus:4;mem:4096;ports:[1-10]"))
    for index in range(frameworks):
        made.add_framework(f"f{index}", [ROLE], [], active=True)
    return made


def test_everything_free_is_offered_once_ports_before_scalars() -> None:
    made = allocator()
    [allocation] = made.allocate(0.0)
    assert str(allocation.resources) == (
        "ports(allocated: *):[1-10]; cpus(allocated: *):4; mem(allocated: *):4096")
    assert made.allocate(1.0) == []


def test_agents_are_shared_out() -> None:
    offered = [item.framework_id for item in allocator(frameworks=2, agents=4).allocate(0.0)]
    assert sorted(offered) == ["f0", "f0", "f1", "f1"]


def offers(made: Allocator) -> list[tuple[str, str, set[str]]]:
    return [(each.framework_id, each.role, set(str(each.resources.unallocated()).split("; ")))
            for each in made.allocate(0.0)]


def test_what_is_reserved_is_for_that_role_and_those_below_it() -> None:
    made = Allocator(0.2)
    made.add_agent("a0", parse_resources("cpus:1;mem:64;cpus(db):2;mem(db):32;disk(web):9"))
    made.add_framework("f0", ["*"], [], active=True)
    made.add_framework("f1", ["db/eng"], [], active=True)
    db = "reservations: [(STATIC,db)]"
    assert offers(made) == [("f0", "*", {"cpus:1", "mem:64"}),
                            ("f1", "db/eng", {f"cpus({db}):2", f"mem({db}):32"})]
    made.add_framework("f2", ["web"], [], active=True)
    assert offers(made) == []  # a disk alone is no offer


def test_what_may_be_taken_back_or_is_shared_is_for_who_knows_of_it() -> None:
    made = Allocator(0.2)
    made.add_agent("a0", parse_resources("""[
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}},
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 2}, "revocable": {}},
        {"name": "disk", "type": "SCALAR", "scalar": {"value": 8}, "shared": {}, "role": "r",
         "disk": {"persistence": {"id": "v"}}}]"""))
    made.add_framework("f0", ["r"], [], active=True)
    assert offers(made) == [("f0", "r", {"cpus:1"})]
    made.add_framework("f1", ["r"], [], active=True,
                       capabilities=frozenset({"REVOCABLE_RESOURCES", "SHARED_RESOURCES"}))
    assert offers(made) == [
        ("f1", "r", {"cpus{REV}:2", "disk(reservations: [(STATIC,r)])[v]<SHARED>:8<1>"})]


def test_a_refusal_holds_until_it_expires_or_more_is_free() -> None:
    made = allocator()
    [allocation] = made.allocate(0.0)
    used = parse_resources("cpus:1").allocated(ROLE)
    made.recover("f0", "a0", allocation.resources - used, refuse=10.0, now=0.0)
    assert made.allocate(9.9) == []
    made.recover("f0", "a0", used)  # the task ended: more than was refused
    [allocation] = made.allocate(9.9)
    made.recover("f0", "a0", allocation.resources, refuse=10.0, now=9.9)
    assert made.allocate(19.8) == []
    assert len(made.allocate(20.0)) == 1


@pytest.mark.parametrize("wake", ["revive", "suppress and revive"])
def test_revive_forgets_refusals(wake: str) -> None:
    made = allocator()
    [allocation] = made.allocate(0.0)
    made.recover("f0", "a0", allocation.resources, refuse=3600.0)
    if "suppress" in wake:
        made.suppress("f0", [ROLE])
        assert made.allocate(4000.0) == []
    made.revive("f0", [ROLE])
    assert len(made.allocate(1.0)) == 1


STEPS = st.sampled_from(["offer", "task", "end", "decline", "leave"])


@given(st.lists(st.tuples(STEPS, st.integers(0, 2)), max_size=40))
def test_no_resource_is_given_out_twice(steps: list[tuple[str, int]]) -> None:
    """Whatever happens: what is out and what is free make the whole."""
    made = allocator(frameworks=3)
    total = parse_resources("cpus:4;mem:4096;ports:[1-10]")
    out: dict[str, list[Resources]] = {f"f{index}": [] for index in range(3)}
    left: set[str] = set()
    for now, (step, index) in enumerate(steps):
        name = f"f{index}"
        if step == "offer":
            for item in made.allocate(float(now)):
                out[item.framework_id].append(item.resources)
        elif step == "leave" and name not in left:
            left.add(name)
            out[name].clear()
            made.remove_framework(name)
        elif out[name] and step == "task" and out[name][-1].contains(
            parse_resources("cpus:1").allocated(ROLE)):
            offer, task = out[name].pop(), parse_resources("cpus:1").allocated(ROLE)
            out[name].insert(0, task)
            made.recover(name, "a0", offer - task)
        elif out[name]:
            made.recover(name, "a0", out[name].pop(), refuse=5.0 if step == "decline" else None,
                         now=float(now))
        held = Resources()
        for parts in out.values():
            for part in parts:
                held += part.unallocated()
        assert total.contains(held)


@pytest.mark.parametrize(("filters", "seconds"), [
    ({}, 5.0), (None, 5.0), ({"refuse_seconds": 0}, 0.0), ({"refuse_seconds": -1}, 5.0),
    ({"refuse_seconds": math.inf}, 365 * 24 * 3600.0),
])
def test_refuse_seconds(filters: object, seconds: float) -> None:
    assert refuse_seconds(filters) == seconds


# ---- status updates

def status(name: str, state: str = "TASK_RUNNING") -> Json:
    return {"task_id": {"value": "t"}, "state": state, "uuid": name}


@given(st.lists(st.tuples(st.sampled_from(["add", "ack"]), st.integers(0, 5)), max_size=30))
def test_updates_leave_in_order_and_each_once(steps: list[tuple[str, int]]) -> None:
    stream, expected, seen = UpdateStream("f"), [], set()
    acknowledged: list[str] = []
    for step, number in steps:
        name = str(number)
        if step == "add":
            assert stream.add(status(name)) == (name not in seen)
            if name not in seen:
                expected.append(name)
            seen.add(name)
        else:
            front = stream.pending[0]["uuid"] if stream.pending else None
            assert stream.acknowledge(name) == (name == front)
            acknowledged += [name] if name == front else []
    assert acknowledged + [item["uuid"] for item in stream.pending] == expected


def test_an_update_is_sent_again_at_doubling_intervals() -> None:
    """With a loop whose clock we turn."""
    sent: list[float] = []
    loop = FakeLoop()
    manager = StatusUpdateManager(lambda _framework, _status: sent.append(loop.now),
                                  call_later=loop.call_later)
    manager.resume()
    manager.update("f", status("u"))
    loop.advance(2000.0)
    assert sent == [0.0, 10.0, 30.0, 70.0, 150.0, 310.0, 630.0, 1230.0, 1830.0]
    assert RETRY_MAX == 600.0


class FakeLoop:
    """Only `call_later`; `advance` fires what is due."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, Any, tuple[Any, ...]]] = []

    def call_later(self, delay: float, action: Any, *arguments: Any) -> FakeTimer:
        self._due.append((self.now + delay, action, arguments))
        return FakeTimer()

    def advance(self, until: float) -> None:
        while self._due and min(self._due, key=lambda item: item[0])[0] <= until:
            item = min(self._due, key=lambda entry: entry[0])
            self._due.remove(item)
            self.now = item[0]
            item[1](*item[2])


class FakeTimer:
    def cancel(self) -> None:
        """Nothing is cancelled in that test."""


# ---- calls and frameworks

@pytest.mark.parametrize(("info", "problem"), [
    ({"role": "a"}, None),
    ({"role": ".."},
     "'FrameworkInfo.role' is not a valid role: Role '..' cannot include '..' as a component"),
    ({"failover_timeout": 1e10}, "The framework failover_timeout (1e+10) is invalid"),
    ({"failover_timeout": 9e9}, None), ({"id": {"value": "gone"}}, "Framework has been removed"),
    ({"role": "b"}, "Roles { b } are not present in the master's --roles"),
])
def test_framework_infos(info: Json, problem: str | None) -> None:
    whitelist = ("a",) if info.get("role") in {"a", "b"} else ()
    found = framework_problem({"user": "u", "name": "n", **info}, role_whitelist=whitelist,
                              completed={"gone"})
    assert found == problem


def test_what_a_framework_cannot_change() -> None:
    old = {"user": "a", "name": "n"}
    assert update_problem(old, {**old, "name": "other"}) is None
    assert update_problem(old, {**old,
                                "principal": "p"}) == "Changing framework's principal is not allowed."
    assert update_problem(old, {**old, "checkpoint": True}) == (
        "Updating 'FrameworkInfo.checkpoint' is unsupported; attempted to update from 'false' to 'true'")


def test_uuids_need_a_version() -> None:
    call = {"type": "ACKNOWLEDGE", "framework_id": {"value": "f"},
            "acknowledge": {"uuid": "AAAAAAAAAAAAAAAAAAAAAA=="}}
    assert call_problem(call) == "Not a valid UUID"


# ---- reconciliation

def framework(*capabilities: str) -> Framework:
    made = Framework({"id": {"value": "f"},
                      "capabilities": [{"type": name} for name in capabilities]})
    task = new_task({"name": "n", "task_id": {"value": "known"}, "agent_id": {"value": "a"}}, "f")
    task.statuses = [{"state": "TASK_RUNNING", "container_status": {"executor_pid": 1}},
                     {"state": "TASK_RUNNING", "healthy": False}]
    task.state, task.status_update_state = "TASK_FINISHED", "TASK_RUNNING"
    made.tasks["known"] = task
    return made


@pytest.mark.parametrize("aware", [False, True])
@pytest.mark.parametrize(("asked", "state", "message"), [
    ({"task_id": {"value": "x"}, "agent_id": {"value": "registered"}}, "TASK_GONE",
     "unknown to the agent"),
    ({"task_id": {"value": "x"}, "agent_id": {"value": "unreachable"}}, "TASK_UNREACHABLE",
     "unreachable"),
    ({"task_id": {"value": "x"}, "agent_id": {"value": "gone"}}, "TASK_GONE_BY_OPERATOR", "gone"),
    ({"task_id": {"value": "x"}, "agent_id": {"value": "other"}}, "TASK_UNKNOWN", "unknown"),
    ({"task_id": {"value": "x"}}, "TASK_UNKNOWN", "unknown"),
])
def test_unknown_tasks(aware: bool, asked: Json, state: str, message: str) -> None:
    found = explicit(framework(*["PARTITION_AWARE"] * aware), [asked], registered={"registered"},
                     recovered=set(), unreachable={"unreachable": 1.0}, gone={"gone"})
    assert [(item["state"], item["message"]) for item in found] == [
        (state if aware else "TASK_LOST", f"Reconciliation: Task is {message}")]


def test_nothing_is_said_while_agents_may_come_back() -> None:
    asked = [{"task_id": {"value": "x"}},
             {"task_id": {"value": "y"}, "agent_id": {"value": "back soon"}},
             {"task_id": {"value": "z"}, "agent_id": {"value": "other"}}]
    found = explicit(framework(), asked, registered=(), recovered={"back soon"}, unreachable={},
                     gone=())
    assert [item["task_id"]["value"] for item in found] == ["z"]


def test_known_tasks_are_as_the_framework_knows_them() -> None:
    [found] = implicit(framework())
    assert (found["state"], found["healthy"], found["container_status"], "uuid" in found) == (
        "TASK_RUNNING", False, {"executor_pid": 1}, False)


# ---- launches

def test_an_operation_is_completed() -> None:
    cpus = {"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}
    task = {"name": "t", "task_id": {"value": "t"}, "agent_id": {"value": "a"}, "labels": {},
            "resources": [{**cpus, "role": "*"}], "executor": {"executor_id": {"value": "e"}},
            "health_check": {"command": {"value": "true"}}}
    done = prepared_operation({"type": "LAUNCH", "launch": {"task_infos": [task]}}, "f", "web")
    assert done["launch"]["task_infos"] == [{
        **task, "resources": [{**cpus, "allocation_info": {"role": "web"}}],
        "executor": {"executor_id": {"value": "e"}, "framework_id": {"value": "f"}},
        "health_check": {"command": {"value": "true"}, "type": "COMMAND"}}]
    assert "framework_id" not in task["executor"]  # the call itself is not touched


def test_what_the_master_completes_of_a_group() -> None:
    mem = {"name": "mem", "type": "SCALAR", "scalar": {"value": 32.0}}
    members = [{"name": name, "task_id": {"value": name}, "agent_id": {"value": "a"}}
               for name in ("t", "u")]
    executor = {"type": "DEFAULT", "executor_id": {"value": "e"}, "resources": [mem]}
    done = prepared_operation({"type": "LAUNCH_GROUP", "launch_group": {
        "executor": executor, "task_group": {"tasks": members}}}, "f", "web")["launch_group"]
    assert done["executor"] == {**executor,
                                "resources": [{**mem, "allocation_info": {"role": "web"}}]}
    assert [task["executor"] for task in done["task_group"]["tasks"]] == [done["executor"]] * 2
    assert prepared_operation({"type": "DESTROY"}, "f", "web") == {"type": "DESTROY"}


def test_malformed_resources_fail_an_operation_as_a_whole() -> None:
    task = {"name": "t", "task_id": {"value": "t"}, "agent_id": {"value": "a"},
            "resources": [{"name": "cpus", "type": "SCALAR"}]}
    with pytest.raises(SpecError) as caught:
        prepared_operation({"type": "LAUNCH", "launch": {"task_infos": [task]}}, "f", "web")
    assert caught.value.problem == "Resource 'cpus:0' is invalid: Invalid scalar resource"


def test_command_executor_info() -> None:
    task = {"task_id": {"value": "t"},
            "resources": [{"name": "cpus", "allocation_info": {"role": "web"}}],
            "command": {"value": "echo 0123456789", "user": "u"},
            "kill_policy": {"grace_period": {"nanoseconds": 5}}}
    info = command_executor_info(task, "f", ["/program", "-x"])
    assert info["name"] == "Command Executor (Task: t) (Command: sh -c 'echo 0123456789')"
    assert info["shutdown_grace_period"] == {"nanoseconds": 2_000_000_005}
    assert info["command"] == {"user": "u", "shell": False, "value": "/program",
                               "arguments": ["/program", "-x"]}
    assert {item["allocation_info"]["role"] for item in info["resources"]} == {"web"}


def test_limits_need_isolators() -> None:
    assert limits_problem([{"limits": {"mem": {"value": 1}},
                            "container": {"type": "DOCKER"}}]) is None
    assert "cgroups/mem" in str(limits_problem([{"limits": {"mem": {"value": 1}}}]))


def test_the_states_of_a_task_on_its_executor() -> None:
    executor = Executor("f", {"executor_id": {"value": "e"}}, "c", Path(), checkpoint=False,
                        command_task=False)
    info = {"name": "t", "task_id": {"value": "t"}, "agent_id": {"value": "a"}}
    executor.queued["t"] = info
    assert executor.update_problem(status("1")) == "Cannot send non-terminal update for queued task"
    executor.launch(info)
    for update in (status("2"), status("3", "TASK_FAILED")):
        assert executor.update_problem(update) is None
        executor.update({**update, "source": "SOURCE_EXECUTOR"})
    assert executor.update_problem(status(
        "4")) == "Task is already terminated with state TASK_FAILED"
    assert (executor.incomplete(), executor.ever_sent_task()) == (True, True)
    executor.complete("t")
    assert (executor.incomplete(), executor.ever_sent_task(),
            executor.has_task("t")) == (False, True, False)
    assert executor.update_problem(status("5")) == "Task is unknown"


# ---- what is written down and read

def test_checkpoints_survive_a_torn_write(tmp_path: Path) -> None:
    saved = Checkpoints(tmp_path, "agent")
    assert latest_agent_id(tmp_path) is None
    saved.save_agent({"id": {"value": "agent"}})
    saved.save_framework({"id": {"value": "f"}, "name": "n"})
    saved.save_executor("f", {"executor_id": {"value": "e"}}, "c", command_task=True)
    saved.save_task("f", "e", "c", {"task_id": {"value": "t"}})
    saved.save_update("f", "e", "c", status("1"))
    saved.save_update("f", "e", "c", status("2", "TASK_FINISHED"))
    saved.save_acknowledgement("f", "e", "c", "t", "1")
    [updates] = tmp_path.rglob("task.updates")
    updates.write_text(updates.read_text() + '{"update": {"ta')
    assert latest_agent_id(tmp_path) == "agent"
    [record] = Checkpoints(tmp_path, "agent").frameworks()
    [executor] = record.executors
    assert (executor.command_task, executor.pid, executor.completed) == (True, None, False)
    [task] = executor.tasks
    assert ([item["uuid"] for item in task.updates], task.acknowledged) == (["1", "2"], {"1"})


def test_resources_that_are_not_named_are_the_machines(tmp_path: Path) -> None:
    offered = agent_resources("cpus:3;gpus:1", tmp_path, [(8080, 8080), (31000, 31009)])
    resources = {item["name"]: item for item in offered}
    assert resources["cpus"]["scalar"] == {"value": 3.0}
    assert resources["gpus"]["scalar"] == {"value": 1.0}
    assert resources["ports"]["ranges"] == {"range": [{"begin": 8080, "end": 8080},
                                                      {"begin": 31000, "end": 31009}]}
    assert resources["mem"]["scalar"]["value"] > 0


def test_attributes() -> None:
    assert parse_attributes("rack:r1;level:10;slots:[1-2,5-6]") == [
        {"name": "rack", "type": "TEXT", "text": {"value": "r1"}},
        {"name": "level", "type": "SCALAR", "scalar": {"value": 10.0}},
        {"name": "slots", "type": "RANGES",
         "ranges": {"range": [{"begin": 1, "end": 2}, {"begin": 5, "end": 6}]}}]
    with pytest.raises(SpecError, match="Invalid attribute key:value pair 'rack'"):
        parse_attributes("rack")
