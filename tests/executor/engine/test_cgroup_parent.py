"""Below which cgroup containers are made: where the agent isolates by them, and the engine can."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from executor.engine.cgroup_parent import CgroupParent, allowed, executors_cgroup, placed

ID = "c8f2-77"
OURS = f"/mesos/{ID}"
NOT_ISOLATED = "the agent does not isolate by cgroups"


@pytest.mark.parametrize(("groups", "path", "why"), [
    ({"memory": OURS, "cpu": OURS, "cpuacct": OURS, "freezer": OURS, "devices": "/", "": "/"}, OURS, ""),
    ({"freezer": OURS, "memory": "/user.slice", "": "/"}, OURS, ""),
    ({"memory": f"/a/b/{ID}", "name=systemd": "/system.slice/mesos-agent.service"}, f"/a/b/{ID}", ""),
    ({"": f"{OURS}/leaf"}, OURS, ""),
    ({"": f"/mesos/parent/{ID}/leaf"}, f"/mesos/parent/{ID}", ""),
    ({"": OURS}, None, f"processes are in {OURS} itself, where no others can be made below"),
    ({"memory": OURS, "cpu": f"/other/{ID}"}, None, f"the executor is in several cgroups: {OURS}, /other/{ID}"),
    ({"memory": "/", "cpu": "/user.slice", "": "/"}, None, NOT_ISOLATED),
    ({"memory": f"/mesos/x{ID}"}, None, NOT_ISOLATED),
    ({"": "/system.slice/mesos-agent.service"}, None, NOT_ISOLATED),
    ({}, None, NOT_ISOLATED),
])
def test_the_executors_own(groups: Mapping[str, str], path: str | None, why: str) -> None:
    assert executors_cgroup(groups, ID) == CgroupParent(path, why)


def test_an_executor_that_does_not_know_its_container_has_none() -> None:
    assert executors_cgroup({"memory": "/mesos/", "": "/"}, "").path is None


@pytest.mark.parametrize(("driver", "path", "why"), [
    ("cgroupfs", OURS, ""),
    ("systemd", None, f"the engine's cgroup driver is systemd, which cannot make any in {OURS}"),
    ("none", None, f"the engine's cgroup driver is none, which cannot make any in {OURS}"),
])
def test_whether_an_engine_can(driver: str, path: str | None, why: str) -> None:
    assert allowed(CgroupParent(OURS), driver) == CgroupParent(path, why)
    assert allowed(CgroupParent(None, NOT_ISOLATED), driver) == CgroupParent(None, NOT_ISOLATED)


@pytest.mark.parametrize(("payload", "said"), [
    ({"Image": "i"}, OURS), ({"HostConfig": {"Memory": 1}}, OURS), ({"HostConfig": {"CgroupParent": ""}}, OURS),
    ({"HostConfig": {"CgroupParent": "/the/tasks/own"}}, "/the/tasks/own"),
])
def test_a_payload(payload: Mapping[str, Any], said: str) -> None:
    before = repr(payload)
    found = placed(payload, CgroupParent(OURS))
    assert found["HostConfig"]["CgroupParent"] == said
    assert {**found["HostConfig"], **(payload.get("HostConfig") or {}), "CgroupParent": said} == found["HostConfig"]
    assert placed(payload, CgroupParent(None, "why")) is payload
    assert repr(payload) == before
