"""/metrics in both forms, as Prometheus's own tools read them; reports of executors in it; what an instance uses."""
from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from specs.between.reports import Distribution, ExecutorReport, Sample, Usage, report_text
from tests.scheduler.service.serving import Serving, app

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.5"}


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """With two instances that run and report, and an app that fits nowhere."""
    with Serving(tmp_path_factory.mktemp("state") / "state") as found:
        found.change("POST", "/v2/apps", app("/web", instances=2))
        found.ask("POST", "/v2/apps", app("/huge", mem=10_000_000, instances=3))
        found.wait(lambda: len(found.running("/web")) == 2)
        found.wait(lambda: 'unscheduled{app="/huge",reason="InsufficientMemory"} 3.0' in text(found))
        yield found


def text(serving: Serving, **headers: str) -> str:
    status, body, _ = serving.ask("GET", "/metrics", headers=headers)
    assert status == 200
    return str(body)


def numbers(serving: Serving) -> dict[str, float]:
    return {f"{each.name.removeprefix('mesos_docker_')}{sorted(each.labels.items())}": each.value
            for family in plain(text(serving)) for each in family.samples}


def report(serving: Serving, agent: str, **more: object) -> None:
    said = ExecutorReport("run", 1, "0.1.0", time.time(), **more)  # type: ignore[arg-type]
    serving.service.ask(lambda: serving.service.messaged(agent, "executor", report_text(said))).result(30)


def test_it_is_what_prometheus_takes(serving: Serving) -> None:
    checked = subprocess.run(["promtool", "check", "metrics"], input=text(serving), text=True, capture_output=True,
                             check=False, timeout=60)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_openmetrics_is_for_who_accepts_it(serving: Serving) -> None:
    status, body, headers = serving.ask("GET", "/metrics", headers=OPENMETRICS)
    assert status == 200
    assert headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith("# EOF\n")
    names = {family.name for family in openmetrics(body)}  # type: ignore[no-untyped-call]
    assert {"mesos_docker_scheduler_tasks", "mesos_docker_scheduler_launch_seconds"} <= names
    _, body, headers = serving.ask("GET", "/metrics")
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# EOF" not in body


def test_who_accepts_only_json_gets_marathons_form(serving: Serving) -> None:
    status, body, headers = serving.ask("GET", "/metrics", headers={"Accept": "application/json"})
    assert (status, headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert set(body) == {"version", "counters", "gauges", "histograms", "meters", "timers"}
    gauges = {name: each["value"] for name, each in body["gauges"].items()}
    assert gauges["marathon.apps.active.gauge"] == 2
    assert gauges["marathon.instances.running.gauge"] == 2
    assert gauges["marathon.deployments.active.gauge"] == 1
    assert gauges["marathon.uptime.gauge.seconds"] > 0
    counted = {name: each["count"] for name, each in body["counters"].items()}
    assert counted["marathon.tasks.launched.counter"] == 2
    assert counted["marathon.mesos.task-updates.task-running.counter"] == 2
    assert counted["marathon.mesos.offers.incoming.counter"] >= counted["marathon.mesos.offers.declined.counter"] > 0


@pytest.mark.parametrize("accept", ["*/*", "application/json, text/plain, */*", "text/html,*/*;q=0.8",
                                    "application/xml"])
def test_everybody_else_gets_prometheus_text(serving: Serving, accept: str) -> None:
    _, body, headers = serving.ask("GET", "/metrics", headers={"Accept": accept})
    assert headers["content-type"].startswith("text/plain")
    assert body.startswith("# HELP")
    _, _, headers = serving.ask("GET", "/metrics/prometheus", headers={"Accept": "application/json"})
    assert headers["content-type"].startswith("text/plain")


def test_both_paths_are_the_same(serving: Serving) -> None:
    def names(path: str) -> set[str]:
        return {family.name for family in plain(serving.ask("GET", path)[1])}
    assert names("/metrics") == names("/metrics/prometheus")


def test_it_says_what_there_is(serving: Serving) -> None:
    found = numbers(serving)
    assert found["scheduler_subscribed[]"] == 1
    assert found["scheduler_instances_wanted[('app', '/web')]"] == 2
    assert found["scheduler_instances_healthy[('app', '/web')]"] == 2
    assert found["scheduler_tasks[('app', '/web'), ('state', 'TASK_RUNNING')]"] == 2
    assert found["scheduler_deployments[('app', '/huge'), ('phase', 'running')]"] == 1
    assert found["scheduler_oldest_unscheduled_seconds[]"] > 0
    assert found["scheduler_launch_seconds_count[('phase', 'running')]"] == 2
    assert found["scheduler_launch_seconds_count[('phase', 'offer_wait')]"] == 2
    assert found["scheduler_offers_received_total[]"] > 0
    assert found["scheduler_offers_declined_total[('reason', 'no_fit')]"] > 0
    running = [value for name, value in found.items() if name.startswith("scheduler_task_updates_total")
               and "TASK_RUNNING" in name]
    assert running == [2]


def test_requests_are_counted_by_their_routes(serving: Serving) -> None:
    serving.get("/v2/apps/web")
    serving.ask("GET", "/no/such/path")
    found = numbers(serving)
    assert found["scheduler_http_request_duration_seconds_count"
                 "[('code', '200'), ('method', 'GET'), ('route', '/v2/apps/{id*}')]"] >= 1
    assert found["scheduler_http_request_duration_seconds_count"
                 "[('code', '404'), ('method', 'any'), ('route', 'none')]"] >= 1


def test_executors_reports_are_in_it_and_make_no_events(serving: Serving) -> None:
    before = serving.service.events.last
    tasks = serving.get("/v2/apps/web/tasks")["tasks"]
    agent = tasks[0]["slaveId"]
    other = next(each.agent_id for each in serving.master.offered if each.agent_id != agent)
    report(serving, agent, usage={tasks[0]["id"]: Usage(0.5, 4096), "strange": Usage(1.0, 1)},
           samples=(Sample("container_exits_total", ("oom",), 3),),
           distributions=(Distribution("docker_call_seconds", ("start",), (1,) + (0,) * 12, 0.001),))
    report(serving, other, usage={tasks[0]["id"]: Usage(99.0, 1)})
    found = numbers(serving)
    assert found["executor_container_exits_total[('cause', 'oom')]"] == 3
    assert found["executor_docker_call_seconds_count[('call', 'start')]"] == 1
    assert found["scheduler_app_cpu_usage_cores[('app', '/web')]"] == 0.5
    assert found["scheduler_app_memory_usage_bytes[('app', '/web')]"] == 4096
    instance = next(each for each in serving.get("/api/v1/instances?app=/web") if each["taskId"] == tasks[0]["id"])
    (at, cores, memory), = serving.get(f"/api/v1/instances/{instance['id']}/stats")["samples"]
    assert abs(at - time.time()) < 60
    assert (cores, memory) == (0.5, 4096)
    assert serving.service.events.last == before
    versions = {each["id"]: each["executorVersion"] for each in serving.get("/api/v1/agents")}
    assert versions[agent] == "0.1.0"


def test_of_an_instance_without_samples_there_are_none(serving: Serving) -> None:
    waiting = serving.get("/api/v1/instances?app=/huge")[0]
    assert serving.get(f"/api/v1/instances/{waiting['id']}/stats") == {"samples": []}
    assert serving.ask("GET", "/api/v1/instances/nothing/stats")[0] == 404


def test_a_report_that_cannot_be_read_is_counted_and_nothing_else(serving: Serving) -> None:
    before = serving.service.events.last
    bad = b'{"type": "report", "run": 1}'
    serving.service.ask(lambda: serving.service.messaged("A", "e", bad)).result(30)
    assert numbers(serving)["scheduler_executor_reports_refused_total[]"] == 1
    assert serving.service.events.last == before


def test_what_is_no_report_is_an_event_as_in_marathon(serving: Serving) -> None:
    before = serving.service.events.last
    serving.service.ask(lambda: serving.service.messaged("A", "e", b"hello")).result(30)
    assert serving.service.events.last == before + 1


def test_no_id_of_a_task_is_in_it(serving: Serving) -> None:
    tasks = serving.get("/v2/apps/web/tasks")["tasks"]
    for body in (text(serving), text(serving, **OPENMETRICS)):
        assert not any(task["id"] in body for task in tasks)
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", body)
