"""Where an instance is looked for."""
from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.apps.instance import Instance
from scheduler.looking import places
from scheduler.placement.location import Location
from scheduler.service.news.history import Ended
from scheduler.service.views import AppView, View
from scheduler.tasks.conditions import Condition
from specs.errors import SpecError

ONE = "a_b.instance-3b6b5a1e-0c1d-11ee-9f6b-0242ac110002"
OTHER = "a_b.instance-4b6b5a1e-0c1d-11ee-9f6b-0242ac110002"
RUNNING = Instance(ONE, "/a/b", "v2", "v2", Condition.RUNNING, 1.0, 1.0, incarnation=2, location=Location("S1", "h1"))
WAITING = replace(RUNNING, condition=Condition.SCHEDULED, location=None)
NEW = Instance(OTHER, "/a/b", "v2", "v2", Condition.SCHEDULED, 1.0, 1.0)
PAST = Ended(ONE, f"{ONE}._app.1", "/a/b", "v1", Condition.FAILED, 5.0, agent_id="S0", host="h0")


def view(*instances: Instance, ended: tuple[Ended, ...] = (PAST,)) -> View:
    return View(apps={"/a/b": AppView("/a/b", None, {}, instances, ended, (), {}, None, None)})


@pytest.mark.parametrize(("instances", "name", "task", "agent", "lives"), [
    ((RUNNING,), ONE, f"{ONE}._app.2", "S1", True),
    ((RUNNING,), f"{ONE}._app.2", f"{ONE}._app.2", "S1", True),
    ((RUNNING,), f"{ONE}._app.1", f"{ONE}._app.1", "S0", False),
    ((replace(RUNNING, condition=Condition.FINISHED),), ONE, f"{ONE}._app.2", "S1", False),
    ((WAITING,), ONE, f"{ONE}._app.1", "S0", False),
    ((), ONE, f"{ONE}._app.1", "S0", False),
    ((), f" {ONE}\n", f"{ONE}._app.1", "S0", False),
])
def test_an_id_means_the_task_that_lives_or_the_last_one(instances: tuple[Instance, ...], name: str, task: str,
                                                         agent: str, lives: bool) -> None:
    found = places.find(view(*instances), name)
    assert (found.task_id, found.agent_id, found.lives) == (task, agent, lives)
    assert places.lives(view(*instances), found) == lives


@pytest.mark.parametrize(("name", "says"), [
    (OTHER, "waits for a place"), (ONE[:-1], "does not exist"), ("/a/b", "does not exist"), ("", "does not exist"),
    (f"{ONE}._app.7", "does not exist"), (ONE.replace("a_b", "c"), "does not exist")])
def test_what_has_no_task_is_nowhere(name: str, says: str) -> None:
    with pytest.raises(places.NowhereError, match=says):
        places.find(view(RUNNING, NEW), name)


@pytest.mark.parametrize("name", [ONE, f"{ONE}._app.1"])
@pytest.mark.parametrize("known", [View(), view(NEW, ended=())])
def test_what_the_view_has_forgotten_is_found_where_it_ran(name: str, known: View) -> None:
    found = places.find(known, name, {ONE: PAST, f"{ONE}._app.1": PAST}.get)
    assert (found.task_id, found.agent_id, found.host, found.lives) == (f"{ONE}._app.1", "S0", "h0", False)
    assert not places.lives(known, found)


@pytest.mark.parametrize(("path", "plain"), [
    ("", ""), (".", ""), ("a//b/", "a/b"), ("./stdout", "stdout"), ("..a/b..", "..a/b.."), ("a b?#&", "a b?#&")])
def test_a_path_in_a_sandbox(path: str, plain: str) -> None:
    assert places.inside(path) == plain


@pytest.mark.parametrize("path", ["/etc/passwd", "..", "a/../../b", "a/..", "a\0b"])
def test_a_path_that_leads_out_is_refused(path: str) -> None:
    with pytest.raises(SpecError):
        places.inside(path)


def test_former_runs_of_our_executor_are_known_by_the_agent() -> None:
    def of(executors: list[tuple[str, str]]) -> list[dict[str, str]]:
        return [{"id": each, "directory": directory} for each, directory in executors]

    state = {"frameworks": [{"id": "F", "executors": of([("mesos-docker", "/new")]),
                             "completed_executors": of([("mesos-docker", "/older"), ("T", "/own"),
                                                        ("mesos-docker", "/old"), ("x", "/x")])}],
             "completed_frameworks": [{"id": "G", "executors": of([("T", "/other")])}]}
    assert places.former_sandboxes(state, "F", "T") == ["/new/tasks/T", "/old/tasks/T", "/own", "/older/tasks/T"]


@pytest.mark.parametrize(("agent", "found"), [
    ({"id": "S", "pid": "slave(1)@10.0.0.5:5051", "hostname": "n5"}, ("10.0.0.5", 5051, "n5")),
    ({"id": "S", "pid": "slave(1)@[::1]:5052", "hostname": "n5"}, ("::1", 5052, "n5")),
    ({"id": "S", "hostname": "n5", "port": 5053}, ("n5", 5053, "n5")),
    ({"id": "T", "pid": "slave(1)@10.0.0.5:5051"}, None)])
def test_where_a_master_says_that_an_agent_is(agent: dict[str, object], found: object) -> None:
    assert places.address([{"id": "X"}, agent], "S") == found
