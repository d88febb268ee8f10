"""Marathon's facts about definitions: apps, ids, ports, selectors, updates. One function for each
kind of vector.

Vectors are about Marathon 1.11, so its rules alone hold, not those of this service.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest

from specs.errors import SpecError
from specs.marathon import ids
from specs.marathon.app import App
from specs.marathon.definitions import Config, read_app, updated_app, version_to_restore
from specs.marathon.errors import MarathonError
from specs.marathon.forms.text import parse
from specs.marathon.ports import assigned
from specs.marathon.rendering import app_json
from specs.words.selectors import matches
from tests.vectors.marathon_answers import Check, Json

APP_ID = "/foo"  # of the vectors of updates whose path is not said


def app_validation(given: Json, expected: Json) -> None:
    config = configured(given["config"])
    if expected["valid"]:
        read_app(given["app"], config)
        return
    with pytest.raises(MarathonError) as raised:
        read_app(given["app"], config)
    error = raised.value
    assert error.status == expected["status"]
    assert error.message == expected.get("message", error.message)
    assert not isinstance(error.details, str)
    found = {each.path: each.errors for each in error.details or ()}
    for detail in expected.get("details", ()):
        assert detail["path"] in found, f"{detail} is not in {found}"
        assert set(detail.get("errors", ())) <= set(found[detail["path"]]), found


def normalisation(given: Json, expected: Json) -> None:
    config = configured(given["config"])
    if "error" in expected:
        with pytest.raises(MarathonError) as raised:
            read_app(given["app"], config)
        assert 400 <= raised.value.status < 500
        return
    shown(app_json(read_app(given["app"], config).app), expected)


def path_ids(given: Json, expected: Json) -> None:
    path = given.get("id", "")
    answers: dict[str, Callable[[], object]] = {
        "canonical": lambda: ids.canonical(path, given["base"]), "parent": lambda: ids.parent(path),
        "allParents": lambda: list(ids.all_parents(path)), "inside": lambda: ids.is_inside(path, given["group"]),
        "sorted": lambda: sorted(given["ids"], key=ids.in_order), "valid": lambda: not ids.problems(path)}
    for what, value in expected.items():
        assert answers[what]() == value


def label_selectors(given: Json, expected: Json) -> None:
    if "status" in expected:
        with pytest.raises(SpecError):
            matches(given["selector"], given.get("labels", {}))
        return
    assert matches(given["selector"], given["labels"]) is expected["matches"]


def service_ports(given: Json, expected: Json) -> None:
    first, last = given["range"]
    if "error" in expected:
        with pytest.raises(MarathonError, match=re.escape(expected["error"])):
            assigned(given["old"], given["new"], first, last)
        return
    found = assigned(given["old"], given["new"], first, last)
    if "result" in expected:
        assert found == {app_id: tuple(ports) for app_id, ports in expected["result"].items()}
    fixed = [port for ports in given["new"].values() for port in ports if port]
    drawn = [port for app_id, ports in found.items() for port, asked in zip(ports, given["new"][app_id], strict=True)
             if not asked]
    if expected.get("noZeroLeft"):
        assert all(port for ports in found.values() for port in ports)
    if "assignedInRange" in expected:
        assert sum(first <= port <= last for port in drawn) == expected["assignedInRange"]
    if expected.get("distinctAssigned"):
        assert len(set(drawn)) == len(drawn)
        assert not set(drawn) & set(fixed)
    for app_id, kept in expected.get("unchanged", {}).items():
        for index, port in kept.items():
            assert found[app_id][int(index)] == port


def updates(given: Json, expected: Json) -> None:
    config = configured(given.get("config", {}))
    existing = None if given["existing"] is None else read_app(given["existing"], config).app
    query = {name: values[-1] for name, values in parse_qs(given["query"]).items()}
    if expected["status"] >= 400:
        with pytest.raises(MarathonError) as raised:
            changed(given["method"], given["body"], existing, query, config)
        error = raised.value
        assert error.status == expected["status"]
        assert expected.get("error", "") in str(error)
        assert error.message == expected.get("message", error.message)
        return
    app = changed(given["method"], given["body"], existing, query, config)
    assert expected["status"] == (201 if existing is None else 200)
    if app is not None:
        shown(app_json(app), expected)


def changed(method: str, body: Any, existing: App | None, query: Mapping[str, str], config: Config) -> App | None:
    """As the service does it, but for what it needs a service for: what is there already, and what runs."""
    value = parse(body).value if isinstance(body, str) else body
    partial = query.get("partialUpdate", "true").lower() == "true"
    match method:
        case "POST":
            app = read_app(value, config).app
            if existing is not None:
                raise MarathonError(409, f"An app with id [{app.id}] already exists.")
            return app
        case "DELETE /tasks":
            if query.get("scale") == query.get("wipe") == "true":
                raise MarathonError(400, "You cannot use scale and wipe at the same time.")
            return None
        case "DELETE":
            if existing is None:
                raise MarathonError(404, f"App '{APP_ID}' does not exist")
            return None
    if method == "PATCH" and existing is None:
        raise MarathonError(404, f"App '{APP_ID}' does not exist")
    if partial and existing is not None and version_to_restore(value) is not None:
        return existing  # it goes back to what it was, which a vector does not have
    return updated_app(value, config, existing, APP_ID, partial=partial).app


def shown(found: Any, expected: Json) -> None:
    """Whether what is shown has what is expected, and not what is absent."""
    assert not list(missing(found, expected.get("contains", {}))), found
    for path in expected.get("absent", ()):
        assert not present(found, path), path


def missing(found: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """Where what is wanted is not in what is found: keys of objects, entries of lists one by one."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            if key in found:
                yield from missing(found[key], value, f"{path}/{key}")
            else:
                yield f"{path}/{key}"
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for index, value in enumerate(wanted):
            yield from missing(found[index], value, f"{path}({index})")
    elif wanted == "<assigned>":  # ports are assigned later, when the app has a place in a tree
        if not isinstance(found, int):
            yield path
    elif found != wanted:
        yield path


def present(found: Any, path: str) -> bool:
    """Whether there is something at a path such as `healthChecks[0].port`."""
    for step in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        elif isinstance(found, dict) and step in found:
            found = found[step]
        else:
            return False
    return True


def configured(given: Json) -> Config:
    return Config(
        frozenset(given.get("features", ())), given.get("default_network_name"), given.get("mesos_role", "*"),
        given.get("mesos_bridge_name", "mesos-bridge"), service=False)


CHECKS: Mapping[str, Check] = {
    "app_validation": app_validation, "normalisation": normalisation, "path_ids": path_ids,
    "label_selectors": label_selectors, "port_assignment/service": service_ports, "updates": updates}
