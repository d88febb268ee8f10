"""Marathon's facts about definitions: apps, ids, ports, selectors, updates. One function for each kind of vector."""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest

from specs.errors import SpecError
from specs.marathon import ids
from specs.marathon.app import App
from specs.marathon.definitions import Config, read_app, updated_app, version_to_restore
from specs.marathon.errors import MarathonError
from specs.marathon.ports import assigned
from specs.marathon.rendering import app_json
from specs.marathon.selectors import matches

Case = Mapping[str, Any]


def app_validation(given: Case, expected: Case) -> None:
    if expected["valid"]:
        read_app(given["app"], _config(given["config"]))
        return
    with pytest.raises(MarathonError) as raised:
        read_app(given["app"], _config(given["config"]))
    error = raised.value
    assert error.status == expected["status"]
    assert error.message == expected.get("message", error.message)
    found = _by_path(error)
    for detail in expected.get("details", ()):
        assert detail["path"] in found, f"{detail} is not in {found}"
        assert set(detail.get("errors", ())) <= set(found[detail["path"]]), found


def normalisation(given: Case, expected: Case) -> None:
    config = _config(given["config"])
    if "error" in expected:
        with pytest.raises(MarathonError):
            read_app(given["app"], config)
        return
    shown = app_json(read_app(given["app"], config).app)
    assert contains(shown, expected.get("contains", {}), config), shown
    for path in expected.get("absent", ()):
        assert not _present(shown, path), path


def path_ids(given: Case, expected: Case) -> None:
    path = given.get("id", "")
    answers: dict[str, Callable[[], object]] = {
        "canonical": lambda: ids.canonical(path, given["base"]), "parent": lambda: ids.parent(path),
        "allParents": lambda: ids.all_parents(path), "inside": lambda: ids.is_inside(path, given["group"]),
        "sorted": lambda: ids.in_order(list(given["ids"])), "valid": lambda: ids.is_valid(path)}
    for what, value in expected.items():
        assert answers[what]() == value


def label_selectors(given: Case, expected: Case) -> None:
    if "status" in expected:
        with pytest.raises(SpecError):
            matches(given["selector"], given.get("labels", {}))
        return
    assert matches(given["selector"], given["labels"]) is expected["matches"]


def service_ports(given: Case, expected: Case) -> None:
    first, end = given["range"]
    if "error" in expected:
        with pytest.raises(MarathonError, match=re.escape(expected["error"])):
            assigned(given["old"], given["new"], first, end)
        return
    found = assigned(given["old"], given["new"], first, end)
    if "result" in expected:
        assert found == {app_id: tuple(ports) for app_id, ports in expected["result"].items()}
    fixed = [port for ports in given["new"].values() for port in ports if port]
    new = [port for app_id, ports in found.items() for port, asked in zip(ports, given["new"][app_id], strict=True)
           if not asked]
    if expected.get("noZeroLeft"):
        assert all(port for ports in found.values() for port in ports)
    if "assignedInRange" in expected:
        assert sum(first <= port < end for port in new) == expected["assignedInRange"]
    if expected.get("distinctAssigned"):
        assert len(set(new)) == len(new)
        assert not set(new) & set(fixed)
    for app_id, kept in expected.get("unchanged", {}).items():
        for index, port in kept.items():
            assert found[app_id][int(index)] == port


def updates(given: Case, expected: Case) -> None:
    config = Config()
    existing = None if given["existing"] is None else read_app(given["existing"], config).app
    query = {name: values[-1] for name, values in parse_qs(given["query"]).items()}
    if expected["status"] >= 400:
        with pytest.raises(MarathonError) as raised:
            _update(given["method"], given["body"], existing, query, config)
        error = raised.value
        assert error.status == expected["status"]
        assert expected.get("error", "") in str(error)
        assert error.message == expected.get("message", error.message)
        return
    shown = _update(given["method"], given["body"], existing, query, config)
    assert expected["status"] == (201 if existing is None else 200)
    assert contains(shown, expected.get("contains", {}), config), shown
    for path in expected.get("absent", ()):
        assert not _present(shown, path), path


def _update(method: str, body: Any, existing: App | None, query: Mapping[str, str], config: Config) -> Any:
    """As the service does it, but for what it needs a service for."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError as error:
            raise MarathonError(400, "Invalid JSON", str(error)) from error
    if method == "POST":
        if existing is not None:
            raise MarathonError(409, f"An app with id [{existing.id}] already exists.")
        return app_json(read_app(body, config).app)
    if method == "DELETE /tasks":
        if query.get("scale") == query.get("wipe") == "true":
            raise MarathonError(400, "You cannot use scale and wipe at the same time.")
        return {}
    if method == "DELETE":
        return {}
    assert version_to_restore(body) is None
    partial = query.get("partialUpdate", "true") == "true"
    return app_json(updated_app(body, config, existing, "/foo", partial=partial).app)


def _by_path(error: MarathonError) -> dict[str, tuple[str, ...]]:
    assert not isinstance(error.details, str)
    return {each.path: each.errors for each in error.details or ()}


def contains(found: Any, wanted: Any, config: Config) -> bool:
    """Whether what is wanted is in what is found: keys of objects, entries of lists one by one."""
    if wanted == "<assigned>":
        return isinstance(found, int)
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            key in found and contains(found[key], value, config) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(
            contains(one, other, config) for one, other in zip(found, wanted, strict=True))
    return bool(found == wanted)


def _present(shown: Any, path: str) -> bool:
    for step in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(shown, list):
            if not step.isdecimal() or int(step) >= len(shown):
                return False
            shown = shown[int(step)]
        elif not isinstance(shown, dict) or step not in shown:
            return False
        else:
            shown = shown[step]
    return True


def _config(given: Case) -> Config:
    return Config(frozenset(given.get("features", ())), given.get("default_network_name"),
                  given.get("mesos_role", "*"), given.get("mesos_bridge_name", "mesos-bridge"))


CHECKS: Mapping[str, Callable[[Case, Case], None]] = {
    "app_validation": app_validation, "normalisation": normalisation, "path_ids": path_ids,
    "label_selectors": label_selectors, "port_assignment/service": service_ports, "updates": updates}
