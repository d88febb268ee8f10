"""Where the service is more careful than Marathon: placement without a restart, mass losses, what can never be done."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scheduler.tasks.conditions import Condition
from tests.fakes.master import offer, offer_of
from tests.scheduler.service.serving import Serving, app

FIXED: dict[str, Any] = {"portDefinitions": [{"port": 31500}], "requirePorts": True}


def test_other_constraints_move_only_who_stands_wrongly(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app(instances=2, constraints=[["hostname", "CLUSTER", "host0"]]))
        before = set(serving.running("/web"))
        serving.change("PUT", "/v2/apps/web", {"constraints": [["hostname", "UNIQUE"]]})
        after = set(serving.running("/web"))
        assert (len(after), len(before & after)) == (2, 1)
        assert len({each["host"] for each in serving.get("/v2/apps/web/tasks")["tasks"]}) == 2
        serving.change("PUT", "/v2/apps/web", {"constraints": [["hostname", "LIKE", "host[0-9]"]]})
        assert set(serving.running("/web")) == after


def test_a_fixed_port_on_one_machine_is_told_before_and_while_it_waits(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", agents=1) as serving:
        serving.change("POST", "/v2/apps", app(**FIXED))
        [before] = serving.running("/web")
        serving.master.offered = [offer_of(offer(0, ports=((31000, 31499), (31501, 32000))))]  # it has the port
        status, found, _ = serving.ask("POST", "/api/v1/plan", app(**FIXED, env={"A": "1"}))
        assert status == 200
        [row] = found["stuck"]
        assert row["app"] == "/web"
        assert row["reason"].startswith("no old instance may end before a new one serves (minimumHealthCapacity 1)")
        assert row["hint"].startswith("an upgradeStrategy.minimumHealthCapacity of 0,")
        serving.ask("PUT", "/v2/apps/web", {"env": {"A": "1"}})
        serving.wait(lambda: any(row["reason"] in reason["reason"] for each in serving.get("/api/v1/why?app=web")
                                 for reason in each["reasons"]))
        assert serving.running("/web") == [before]
        serving.master.offered = [offer_of(offer(0))]
        strategy = {"minimumHealthCapacity": 0, "maximumOverCapacity": 0}
        serving.change("PUT", "/v2/apps/web?force=true", {"upgradeStrategy": strategy})
        assert serving.running("/web") != [before]


def test_a_mass_loss_is_replaced_slowly_until_it_is_lifted(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app(instances=10))
        tasks = serving.get("/v2/apps/web/tasks")["tasks"]
        for task in tasks:
            serving.master.say(task["id"], task["slaveId"], "TASK_UNREACHABLE")
        serving.wait(lambda: serving.get("/api/v1/losses")["slowed"])
        serving.wait(lambda: len(serving.running("/web")) == 2)
        assert serving.get("/api/v1/losses")["givenUp"] == 2
        hints = {reason["hint"] for each in serving.get("/api/v1/why?app=web") for reason in each["reasons"]}
        assert hints == {"mesos-docker resume --losses replaces them at once"}
        whole = serving.get("/api/v1/why")[0]
        assert whole["app"] == "/"
        assert whole["reasons"][0]["reason"].startswith("many of 10 instances were lost at once")
    with Serving(tmp_path / "state", master=serving.master) as again:
        assert again.get("/api/v1/losses")["slowed"]
        assert len(again.running("/web")) == 2
        assert again.ask("POST", "/api/v1/losses/lift")[0] == 204
        again.wait(lambda: len(again.running("/web")) == 10)
        assert not again.get("/api/v1/losses")["slowed"]


def test_who_is_drained_leaves_the_endpoints_before_it_is_ended(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app(instances=2, labels={"MESOS_DOCKER_DRAIN_SECONDS": "1"}))
        first, second = serving.running("/web")
        serving.ask("PUT", "/v2/apps/web", {"instances": 1})
        serving.wait(lambda: len(serving.running("/web")) == 1)
        [left] = serving.running("/web")
        gone = first if left == second else second
        states = {each["id"]: each["state"] for each in serving.get("/v2/apps/web/tasks")["tasks"]}
        assert states[gone] == "TASK_KILLING"
        assert serving.get("/v2/apps/web")["app"]["tasksRunning"] == 1
        assert not serving.master.killed
        told = [event.data for event in serving.service.events.replay(0).events if gone in event.data]
        assert any("TASK_KILLING" in text for text in told)
        serving.wait(lambda: serving.master.killed == [gone])


def test_a_task_that_was_given_up_is_ended_if_it_comes_back(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app(labels={"MESOS_DOCKER_RESTART_POLICY": "never"}))
        [task] = serving.get("/v2/apps/web/tasks")["tasks"]

        def give_up() -> None:
            [instance] = serving.service.board.instances_of("/web").values()
            serving.service.change(replace(instance, condition=Condition.GONE))

        serving.service.ask(give_up).result(20)
        serving.master.say(task["id"], task["slaveId"], "TASK_RUNNING")
        serving.wait(lambda: serving.master.killed == [task["id"]])
        assert serving.master.launched == 1


def test_what_has_run_once_keeps_no_port_and_no_place(tmp_path: Path) -> None:
    """Clients send nobody to it, others may have its port, and other constraints do not have it run again."""
    with Serving(tmp_path / "state", agents=1) as serving:
        serving.change("POST", "/v2/apps", app(**FIXED, labels={"MESOS_DOCKER_RESTART_POLICY": "never"}))
        [task] = serving.running("/web")
        serving.master.update(task, "TASK_FINISHED")
        serving.wait(lambda: serving.get("/v2/apps/web")["app"]["tasksRunning"] == 0)
        [shown] = serving.get("/v2/apps/web/tasks")["tasks"]
        assert (shown["state"], shown["ports"]) == ("TASK_FINISHED", [])
        assert not {"stagedAt", "startedAt", "version"} & shown.keys()
        assert serving.get("/v2/apps?embed=apps.tasks")["apps"][0]["tasks"] == []
        assert serving.get("/v2/apps/web")["app"]["tasks"] == [shown]
        assert serving.get("/api/v1/instances")[0]["ports"] == []
        assert serving.ask("POST", "/api/v1/plan", app("/other", **FIXED))[1]["stuck"] == []
        serving.change("PUT", "/v2/apps/web", {"constraints": [["hostname", "LIKE", "elsewhere"]]})
        assert [each["id"] for each in serving.get("/v2/apps/web/tasks")["tasks"]] == [task]
        assert serving.master.launched == 1


@pytest.mark.parametrize(("more", "path"), [
    ({"env": {"KEY": {"secret": "one"}}, "secrets": {"one": {"source": "/a/b"}}}, "/env/KEY/secret"),
    ({"secrets": {"one": {"source": "/a/b"}}, "container": {
        "type": "DOCKER", "docker": {"image": "busybox"},
        "volumes": [{"containerPath": "/key", "secret": "one"}]}}, "/container/volumes(0)/secret")])
def test_a_secret_that_nobody_resolves_is_refused(tmp_path: Path, more: dict[str, Any], path: str) -> None:
    with Serving(tmp_path / "state", features=frozenset({"secrets"})) as serving:
        status, refused, _ = serving.ask("POST", "/v2/apps", app(**more))
        assert (status, refused["details"][0]["path"]) == (422, path)
        serving.change("POST", "/v2/apps", app("/declared", secrets={"one": {"source": "/a/b"}}))


def test_a_plan_says_where_each_instance_would_go(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", agents=2) as serving:
        found = serving.ask("POST", "/api/v1/plan", app(instances=3, cpus=3))[1]
        [place] = found["places"]
        assert sorted(map(str, place["hosts"])) == ["None", "host0", "host1"]
        assert {(each["agent"], each["reason"], each["wanted"]) for each in place["reasons"]} == {
            (host, "InsufficientCpus: cpus", "3") for host in ("host0", "host1")}
        serving.change("POST", "/v2/apps", app(instances=2, cpus=3))
        serving.master.offered = [offer_of(offer(0, cpus=1)), offer_of(offer(1, cpus=1))]  # the rest is taken
        serving.ask("PUT", "/v2/apps/web", {"instances": 3})
        serving.wait(lambda: {each["agent"]: each["offered"] for reasons in serving.get("/api/v1/why?app=web")
                              for each in reasons["reasons"]} == {"host0": "1", "host1": "1"})
        nothing = serving.ask("POST", "/api/v1/plan", app(instances=3, cpus=3))[1]
        assert (nothing["steps"], nothing["places"]) == ([], [])
        rest = serving.ask("POST", "/api/v1/plan", app("/other", instances=12, cpus=0.2))[1]["places"][0]
        assert rest["hosts"].count("host0") == rest["hosts"].count("host1") >= 4
        assert rest["hosts"].count(None) == 12 - 2 * rest["hosts"].count("host0")


def test_no_room_for_a_new_one_beside_the_old_ones_is_told(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", agents=2) as serving:
        body = app(instances=2, mem=3000)
        serving.change("POST", "/v2/apps", body)
        serving.master.offered = [offer_of(offer(agent, mem=1000)) for agent in range(2)]
        serving.ask("PUT", "/v2/apps/web", {"env": {"A": "1"}})
        serving.wait(lambda: any("no agent has enough mem left beside the old ones" in reason["reason"]
                                 for each in serving.get("/api/v1/why?app=web") for reason in each["reasons"]))
        [row] = serving.ask("POST", "/api/v1/plan", {**body, "env": {"B": "1"}})[1]["stuck"]
        assert row["hint"].startswith("an upgradeStrategy.minimumHealthCapacity of 0.5, less mem,")
