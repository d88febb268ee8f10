"""Marathon's vectors about placing, starting, judging and ending tasks: from each file's input to what it expects.

A vector is met if `compare` finds no difference: some say all of an answer, others only what it must contain.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scheduler.apps import environment, ids, kills, ports
from scheduler.apps.instance import Instance
from scheduler.placement import balance, hostports, pools, reasons
from scheduler.placement.constraints import GroupBy, Placed
from scheduler.placement.location import Location, attributes
from scheduler.placement.spread import Demand, Policy, spread
from scheduler.tasks import backoff, health, states
from scheduler.tasks.conditions import Condition
from specs.errors import SpecError
from specs.marathon.app import Constraint
from specs.marathon.embeds import app_parts
from specs.messages.status import TaskState

Json = Mapping[str, Any]
Check = Callable[[Json, Json], None]  # of a vector's input and expected; raises AssertionError
UUID = "b6ff5fa5-7714-11e7-a55c-5ecf1c4671f6"


def below(number: int) -> int:
    """A drawn number that is neither the first nor the last, where there is one in between."""
    return number // 2


def location(agent: Json) -> Location:
    messages = [attribute(name, value) for name, value in agent.get("attributes", {}).items()]
    return Location(agent.get("agentId", "S0"), agent["hostname"], agent.get("region"), agent.get("zone"),
                    attributes(messages))


def attribute(name: str, value: Any) -> Json:
    """A vector's attribute as a Mesos message."""
    if isinstance(value, str):
        return {"name": name, "type": "TEXT", "text": {"value": value}}
    if isinstance(value, int | float):
        return {"name": name, "type": "SCALAR", "scalar": {"value": float(value)}}
    if "set" in value:
        return {"name": name, "type": "SET", "set": {"item": value["set"]}}
    ranges = [{"begin": begin, "end": end} for begin, end in value["ranges"]]
    return {"name": name, "type": "RANGES", "ranges": {"range": ranges}}


def constraint(fields: Sequence[str]) -> Constraint:
    return Constraint(*fields)


def constraints(given: Json, expected: Json) -> None:
    if "constraint" not in given:
        return shrinking(given, expected)
    placed = Placed([constraint(given["constraint"])], map(location, given["placed"]),
                    instances=given.get("instances", 1), group_by=GroupBy(given.get("variant", "classic")))
    assert placed.accepts(location(given["agent"])) is expected["accepts"]
    assert bool(placed.broken(location(given["agent"]))) is not expected["accepts"]
    return None


def shrinking(given: Json, expected: Json) -> None:
    """How many of each value go; a vector with several constraints may say it by field."""
    rules = [constraint(each) for each in given["constraints"]]
    placed = {str(number): location(agent) for number, agent in enumerate(given["placed"])}
    chosen = balance.chosen_to_end(rules, list(placed.items()), given["killCount"])
    assert len(set(chosen)) == len(chosen) <= given["killCount"]
    for field, counted in by_field(rules, expected["killedPerValue"]).items():
        found = [placed[each].value(field) for each in chosen]
        assert {value: found.count(value) for value in {*found, *counted}} == counted


def by_field(rules: Sequence[Constraint], counted: Json) -> dict[str, Json]:
    if any(isinstance(value, Mapping) for value in counted.values()):
        return dict(counted)
    return {rules[0].field if rules else "hostname": counted}


def offered_ports(given: Json, expected: Json) -> None:
    app = given["app"]
    definitions = app.get("portDefinitions", ())
    if app.get("portMappings"):
        asked = [mapping.get("hostPort") for mapping in app["portMappings"]]
    else:
        asked = [definition.get("port", 0) if app.get("requirePorts") else 0 for definition in definitions]
    roles = [each["role"] for each in given["offerPorts"]]
    offered = [hostports.OfferedPorts(place, begin, end) for place, each in enumerate(given["offerPorts"])
               if each["role"] in given["acceptedRoles"] for begin, end in each["ranges"]]
    given_ports = hostports.choose(asked, offered, below)
    assert (given_ports is not None) is expected["match"]
    if given_ports is not None:
        chosen_ports(given_ports, roles, expected)


def chosen_ports(given: Sequence[hostports.HostPort | None], roles: Sequence[str], expected: Json) -> None:
    numbers = [None if port is None else port.number for port in given]
    taken = [port for port in given if port is not None]
    assert numbers == expected.get("hostPorts", numbers)
    assert {port.number for port in taken} == set(expected.get("set", [port.number for port in taken]))
    assert len(taken) == expected.get("count", len(taken))
    if expected.get("distinct"):
        assert len({port.number for port in taken}) == len(taken)
    if "from" in expected:
        assert all(any(begin <= port.number <= end for begin, end in expected["from"]) for port in taken)
    if "role" in expected:
        assert {roles[port.source] for port in taken} <= {expected["role"]}
    if "roles" in expected:
        sources = [roles[port.source] for port in taken]
        assert {role: sources.count(role) for role in set(sources)} == expected["roles"]
    fixed = {int(place): number for place, number in expected.get("fixed", {}).items()}
    assert {place: numbers[place] for place in fixed} == fixed
    if "nullAt" in expected:
        assert [place for place, number in enumerate(numbers) if number is None] == expected["nullAt"]
    if "dynamicSet" in expected:
        assert sorted({port.number for port in taken} - set(fixed.values())) == sorted(expected["dynamicSet"])
    if "resourceRanges" in expected:
        ranges = [[each.begin, each.end] for _, some in hostports.by_source(given) for each in some]
        assert ranges == expected["resourceRanges"]


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
        elif word == "DELETE" or (delay is not None and delay.is_over(at)):
            delay = None
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


def queue(given: Json, expected: Json) -> None:
    if "rejectedOffers" in given:
        steps = reasons.summary([[reasons.Reason(each) for each in offer] for offer in given["rejectedOffers"]])
        actual: dict[str, Any] = {"summary": [
            {"reason": str(step.reason), "declined": step.declined, "processed": step.processed} for step in steps]}
    elif "backoffEndsInSeconds" in given:
        delay = reasons.queue_delay(given["backoffEndsInSeconds"], 0.0)
        actual = {"timeLeftSeconds": delay.time_left, "overdue": delay.overdue}
    elif "embed" in given:
        actual = {"parts": sorted(part.value for part in app_parts(given["embed"]))}
    else:
        actual = {"reasons": refused(given["app"], given["offer"])}
    assert {name: actual.get(name) for name in expected} == expected


def refused(app: Json, offer: Json) -> list[str]:
    """Why an app's instance does not take an offer; of amounts that are not said there is none, or none is wanted."""
    names = ("cpus", "mem", "gpus", "disk")
    need = pools.Need({name: round(app.get(name, 0) * 1000) for name in names}, (0,) * app.get("ports", 0),
                      frozenset(app.get("acceptedResourceRoles", ["*"])))
    resources: list[Json] = [{"name": name, "scalar": {"value": offer[name]}} for name in names if name in offer]
    resources.append({"name": "ports", "ranges": {"range": [{"begin": 31000, "end": 30999 + offer.get("ports", 0)}]}})
    if offer.get("role", "*") != "*":
        resources = [{**each, "reservations": [{"role": offer["role"]}]} for each in resources]
    message = {"id": {"value": "O"}, "agent_id": {"value": "S"}, "hostname": offer.get("hostname", "h"),
               "resources": resources,
               "attributes": [attribute(name, value) for name, value in offer.get("attributes", {}).items()]}
    demand = Demand("/app", ("t",), need, constraints=tuple(map(constraint, app.get("constraints", ()))))
    misfits = spread([message], [demand], Policy(), now=0.0, below=below).misfits
    return [str(shortage.reason) for misfit in misfits.get("/app", ()) for shortage in misfit.shortages]


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
    "backoff": back_off, "constraints": constraints, "env": env, "health": health_checks,
    "kill_selection": kill_selection, "port_assignment/offer": offered_ports, "queue": queue, "task_ids": task_ids,
    "task_states": task_states,
}
