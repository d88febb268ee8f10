"""Marathon's vectors about tasks: their ids, environment, states, health, back-off, and who is ended."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler.apps import environment, ids, kills, ports
from scheduler.apps.instance import Instance
from scheduler.tasks import backoff, health, states
from scheduler.tasks.conditions import Condition
from specs.errors import SpecError
from specs.messages.status import TaskState
from tests.vectors.marathon_answers import Check, Json, below

UUID = "b6ff5fa5-7714-11e7-a55c-5ecf1c4671f6"


def env(given: Json, expected: Json) -> None:
    found = task_env(given) if "app" in given else port_env(given)
    wanted = expected.get("contains", expected.get("equals", {}))
    for name, text in wanted.items():
        assert found.get(name) == meant(name, text, found)
    assert not set(expected["absent"]) & set(found)
    if "equals" in expected:
        assert set(found) == set(wanted)


def port_env(given: Json) -> dict[str, str]:
    requested = [(each["port"], each["name"]) for each in given["requested"]]
    return environment.port_variables(ports.in_container_network(requested, given["hostPorts"], below))


def task_env(given: Json) -> dict[str, str]:
    app = given["app"]
    image = app.get("container", {}).get("docker", {}).get("image")
    context = environment.Context(
        given["taskId"], app["id"], app.get("version", "2015-02-03T12:30:00.000Z"), app.get("cpus", 1),
        app.get("mem", 128), app.get("disk", 0), app.get("gpus", 0), app.get("labels", {}),
        image=image if app.get("container", {}).get("type", "DOCKER") == "DOCKER" else None,
        enforce_group_role=app.get("groupEnforceRole"))
    return environment.task_variables(context, (), app.get("host"), app.get("env", {}))


def meant(name: str, text: str, found: Mapping[str, str]) -> str | None:
    """A vector's placeholder, as what it stands for."""
    if text.startswith("<same as "):
        return found.get(text.removeprefix("<same as ").removesuffix(">"))
    if text.startswith("<random>"):
        lowest = int(text.removeprefix("<random>").removesuffix(">"))
        return found.get(name) if lowest < int(found.get(name, 0)) <= 65535 else None
    return text


def task_ids(given: Json, expected: Json) -> None:
    if "appId" in given:
        of_app = given["appId"]
        first = ids.task_id(ids.instance_id(of_app, UUID), 1)
        actual: dict[str, Any] = {"taskName": ids.task_name(of_app), "safePath": ids.safe_path(of_app),
                                  "firstTaskId": first.replace(UUID, "<uuid>")}
    else:
        try:
            actual = parsed(ids.read_task_id(given["taskId"]))
        except SpecError:
            actual = {"error": True}
    assert {name: actual.get(name) for name in expected} == expected


def parsed(task: ids.TaskId) -> dict[str, Any]:
    return {"kind": task.kind.value, "app": task.app_id, "uuid": task.uuid, "prefix": task.prefix,
            "separator": task.separator, "container": task.container, "incarnation": task.incarnation,
            "next": str(task.next()), "instanceId": task.instance_id}


def back_off(given: Json, expected: Json) -> None:
    if "failures" in given:
        wish = backoff_wish(given)
        delays: list[backoff.Delay] = []
        for _ in range(given["failures"]):
            delays.append(backoff.failed(delays[-1] if delays else None, wish, 0.0))
        assert [round(each.seconds, 6) for each in delays] == expected["delaysSeconds"]
        return
    delay = replayed(given)
    actual = {"launchAllowedAt": delay and delay.deadline, "currentDelay": delay and delay.seconds,
              "reference": delay and delay.reference}
    assert {name: actual[name] for name in expected} == expected


def backoff_wish(given: Json) -> backoff.Backoff:
    return backoff.Backoff(given["backoffSeconds"], given["backoffFactor"], given["maxLaunchDelaySeconds"])


def replayed(given: Json) -> backoff.Delay | None:
    """The delay after a vector's events: states, perhaps with a reason, calls, and the cleanup that a timer does."""
    wish = backoff_wish(given["config"])
    delay: backoff.Delay | None = None
    for at, event in given["events"]:
        word, _, reason = event.partition(" ")
        if word.startswith("TASK_"):
            state = TaskState(word)
            delay = backoff.after(delay, wish, states.condition(state, reason), at,
                                  drained=backoff.is_drained(state, reason))
        elif word != "cleanup" or (delay is not None and delay.is_over(at)):
            delay = None  # a call that resets it, or the timer that forgets it
    return delay


def health_checks(given: Json, expected: Json) -> None:
    if "results" in given:
        actual: dict[str, Any] = recorded(given)
    elif "status" in given:
        actual = {"result": health.http_result(given["status"], ignore_1xx=given["ignoreHttp1xx"]).value}
    elif "checks" in given:
        actual = {"instanceHealthy": health.over_all(given["checks"])}
    elif "protocol" in given:
        actual = target(given)
    else:
        actual = one_result(given)
    assert {name: actual.get(name) for name in expected} == expected


def one_result(given: Json) -> dict[str, Any]:
    condition = Condition(given["instanceState"].capitalize())
    failures = given.get("consecutiveFailures", 0)
    verdict = health.judge(
        health.Health(first_success=0.0, last_success=0.0, consecutive_failures=failures),
        health.Terms(0.0, given.get("maxConsecutiveFailures", 3)), RESULTS[given.get("result", "ok")], 1.0,
        condition=condition, since=0.0)
    return {"kill": verdict.kill, "checked": health.is_checked(condition)}


RESULTS = {"ok": health.Result.HEALTHY, "fail": health.Result.UNHEALTHY, "ignored": health.Result.IGNORED}


def recorded(given: Json) -> dict[str, Any]:
    config = given["config"]
    terms = health.Terms(config["gracePeriodSeconds"], config["maxConsecutiveFailures"])
    condition = Condition(config.get("state", "running").capitalize())
    record, killed, changes = health.Health(), [], []
    for at, result in given["results"]:
        verdict = health.judge(record, terms, RESULTS[result], at, condition=condition,
                               since=config.get("runningSince", 0.0))
        record = verdict.health
        killed += [at] * verdict.kill
        changes += [[at, record.alive]] * verdict.flipped
    return {"firstSuccess": record.first_success, "lastSuccess": record.last_success,
            "lastFailure": record.last_failure, "consecutiveFailures": record.consecutive_failures,
            "alive": record.alive, "killedAt": killed, "statusChanges": changes}


def target(given: Json) -> dict[str, Any]:
    defined = given["ports"] if "ports" in given else [given["port"]]
    if given["network"] == "host":
        found = ports.in_agent_network([(0, None)] * len(defined), [each["hostPort"] for each in defined])
    else:
        found = ports.in_container_network([(each.get("containerPort", 0), None) for each in defined],
                                           [each.get("hostPort") for each in defined], below)
    port = given.get("port") if isinstance(given.get("port"), int) else None
    if given["protocol"].startswith("MESOS_"):
        return {"port": ports.probed_port(found, port, given.get("portIndex"))}
    address = ports.marathon_target(
        found, port, given.get("portIndex"), hostname=given["agentHostname"],
        container_ip=given.get("containerIp") if given["network"] == "container" else None)
    return {} if address is None else {"address": address[0], "port": address[1]}


def kill_selection(given: Json, expected: Json) -> None:
    instances = [instance(each) for each in given["instances"]]
    proposal = kills.propose(instances, given["scaleTo"], sentenced=given["sentenced"],
                             even=lambda _, count: given["chosenByConstraints"][:count],
                             oldest_first=given["killSelection"] == "OLDEST_FIRST")
    assert {"kill": [each.id for each in proposal.end], "start": proposal.start} == expected


def instance(given: Json) -> Instance:
    started = None if given["condition"] in {"Scheduled", "Provisioned", "Staging", "Starting"} else given["since"]
    return Instance(given["id"], "/app", "v", "v", Condition(given["condition"]), given["since"], given["since"],
                    started_at=started)


def task_states(given: Json, expected: Json) -> None:
    if "tasks" in given:
        actual: dict[str, Any] = counted(given)
    elif "strategy" in given:
        actual = lost(given)
    elif "condition" in given:
        actual = {"state": str(states.api_state(Condition(given["condition"])))}
    else:
        actual = told(given)
    assert {name: actual.get(name) for name in expected} == expected


def told(given: Json) -> dict[str, Any]:
    state = TaskState(given["state"])
    condition = states.condition(state, given.get("reason"), given.get("message"))
    return {"condition": condition.value, "terminal": condition.is_terminal, "active": condition.is_active,
            "storedAsLastTaskFailure": states.is_failure(state), "acknowledge": True,
            "reaction": states.unknown_task(condition).value}


def lost(given: Json) -> dict[str, Any]:
    strategy = given["strategy"]
    patience = None if strategy in ("disabled", None) else states.Patience(*strategy)
    outcome = states.unreachable(patience, given["unreachableSince"], given["now"])
    return {"outcome": outcome.value, "replacementStarted": outcome is not states.Lost.WAITED_FOR}


def counted(given: Json) -> dict[str, Any]:
    found = states.counts((each["mesosState"] and TaskState(each["mesosState"]), each["healthAlive"])
                          for each in given["tasks"] if not each["scheduledOnly"])
    return {"tasksStaged": found.staged, "tasksRunning": found.running, "tasksHealthy": found.healthy,
            "tasksUnhealthy": found.unhealthy}


CHECKS: dict[str, Check] = {
    "backoff": back_off, "env": env, "health": health_checks, "kill_selection": kill_selection,
    "task_ids": task_ids, "task_states": task_states,
}
