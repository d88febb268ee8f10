"""What this service refuses though Marathon's rules allow it, and where."""
from __future__ import annotations

from typing import Any

import pytest

from specs.marathon.definitions import Config, read_app
from specs.marathon.errors import Detail, MarathonError

PLAIN: dict[str, Any] = {"id": "/a", "cmd": "sleep 1", "portDefinitions": [{"port": 0, "name": "p"}]}
DOCKER: dict[str, Any] = {**PLAIN, "container": {"type": "DOCKER", "docker": {"image": "busybox"}}}
CHECK = {"protocol": "HTTP", "portIndex": 0}
READY = {"portName": "p"}


def refused(app: dict[str, Any], executor: str) -> list[str]:
    """The paths of what is wrong with it."""
    try:
        read_app(app, Config(executor=executor))
    except MarathonError as error:
        return [each.path for each in error.details or () if isinstance(each, Detail)]
    return []


TWO = {"healthChecks": [CHECK, {**CHECK, "path": "/x"}]}
ONE_XX = {"healthChecks": [{**CHECK, "ignoreHttp1xx": True}]}
OVER_TLS = {"readinessChecks": [{**READY, "protocol": "HTTPS"}]}
BESIDES = {"readinessChecks": [READY], "check": {"exec": {"command": {"shell": "true"}}}}


@pytest.mark.parametrize(("app", "executor", "paths"), [
    ({**DOCKER, **TWO}, "custom", []), ({**DOCKER, **ONE_XX}, "custom", []),
    ({**DOCKER, **OVER_TLS}, "custom", []),
    ({**DOCKER, **TWO}, "mesos", ["/healthChecks(1)"]),
    ({**DOCKER, **ONE_XX}, "mesos", ["/healthChecks(0)/ignoreHttp1xx"]),
    ({**DOCKER, "readinessChecks": [READY]}, "mesos", ["/readinessChecks(0)"]),
    ({**PLAIN, "readinessChecks": [READY]}, "mesos", ["/readinessChecks(0)"]),
    ({**PLAIN, "readinessChecks": [READY]}, "custom", []),  # any executor performs it, as the task's check
    ({**PLAIN, **TWO}, "custom", ["/healthChecks(1)"]),
    ({**PLAIN, **ONE_XX}, "custom", ["/healthChecks(0)/ignoreHttp1xx"]),
    ({**PLAIN, **OVER_TLS}, "custom", ["/readinessChecks(0)"]),
    ({**PLAIN, **BESIDES}, "custom", ["/readinessChecks(0)"]),
    ({**DOCKER, **TWO, "executor": "/opt/own"}, "custom", ["/healthChecks(1)"]),
])
def test_what_the_executor_of_an_app_cannot_do(app: dict[str, Any], executor: str, paths: list[str]) -> None:
    assert refused(app, executor) == paths
