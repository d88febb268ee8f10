"""Marathon's vectors about places: constraints, host ports, and why an app waits."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from scheduler.placement import balance, hostports, needs, reasons
from scheduler.placement.constraints import GroupBy, Placed
from scheduler.placement.location import Location, attributes
from scheduler.placement.spread import Demand, SpreadPolicy, spread
from specs.forms.codec import read
from specs.marathon.app import Constraint
from specs.marathon.embeds import app_parts
from specs.messages.offer import Offer
from specs.messages.resource import Attribute
from tests.vectors.marathon_answers import Check, Json, below


def location(agent: Json) -> Location:
    messages = [attribute(name, value) for name, value in agent.get("attributes", {}).items()]
    return Location(agent.get("agentId", "S0"), agent["hostname"], agent.get("region"), agent.get("zone"),
                    attributes([read(Attribute, each, strict=True) for each in messages]))


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
    """How many of each value go; with several constraints, values of several fields or of one."""
    rules = [constraint(each) for each in given["constraints"]]
    placed = {str(number): location(agent) for number, agent in enumerate(given["placed"])}
    chosen = balance.chosen_to_end(rules, list(placed.items()), given["killCount"])
    assert len(set(chosen)) == len(chosen) <= given["killCount"]
    wanted: Json = expected["killedPerValue"]
    counted: Counter[str | None] = Counter()
    for field in {rule.field for rule in rules}:
        found = Counter(placed[each].value(field) for each in chosen)
        if set(found) & set(wanted) or len(rules) == 1:
            counted += found
    assert counted == wanted if rules else chosen == []


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
    need = needs.Need({name: round(app.get(name, 0) * 1000) for name in names}, (0,) * app.get("ports", 0),
                      frozenset(app.get("acceptedResourceRoles", ["*"])))
    resources: list[Json] = [{"name": name, "type": "SCALAR", "scalar": {"value": offer[name]}}
                             for name in names if name in offer]
    resources.append({"name": "ports", "type": "RANGES", "ranges": {"range": [
        {"begin": 31000, "end": 30999 + offer.get("ports", 0)}]}})
    if offer.get("role", "*") != "*":
        resources = [{**each, "reservations": [{"role": offer["role"]}]} for each in resources]
    message = {"id": {"value": "O"}, "framework_id": {"value": "F"}, "agent_id": {"value": "S"},
               "hostname": offer.get("hostname", "h"),
               "resources": resources,
               "attributes": [attribute(name, value) for name, value in offer.get("attributes", {}).items()]}
    demand = Demand("/app", ("t",), need, constraints=tuple(map(constraint, app.get("constraints", ()))))
    misfits = spread([read(Offer, message, strict=False)], [demand], SpreadPolicy(), now=0.0, below=below).misfits
    return [str(reason) for misfit in misfits.get("/app", ()) for reason in misfit.reasons]


CHECKS: dict[str, Check] = {
    "constraints": constraints, "port_assignment/offer": offered_ports, "queue": queue,
}
