"""What this service does not do, or cannot, though Marathon's rules allow it: it is refused, not
dropped."""
from __future__ import annotations

from specs.marathon import ids
from specs.marathon.app import App
from specs.marathon.checks import Protocol
from specs.marathon.container import PersistentVolume
from specs.marathon.errors import Problems
from specs.marathon.rules.config import Config

_COMMAND_EXECUTORS = frozenset({"", "//cmd"})  # an app's `executor` that is none of its own


def check_service(app: App, config: Config, problems: Problems) -> None:
    """Over an app that is otherwise fine."""
    volumes = app.container.volumes if app.container is not None else ()
    for index, volume in enumerate(volumes):
        if isinstance(volume, PersistentVolume):
            problems.add(f"/container/volumes({index})/persistent",
                         "persistent volumes are not supported")
    check_length(app.id, "/id", problems)
    if config.executor == "mesos" or not app.is_docker or app.executor not in _COMMAND_EXECUTORS:
        _check_agents_executors(app, config, problems)


def check_length(path_id: str, path: str, problems: Problems) -> None:
    """Mesos refuses ids of tasks with more than 255 characters, and they have the app's in them."""
    problems.unless(len(path_id) <= ids.LONGEST, path,
                      f"must not have more than {ids.LONGEST} characters, so that ids of tasks have at most 255")


def _check_agents_executors(app: App, config: Config, problems: Problems) -> None:
    """What an executor that is not ours cannot do: the agents' own, and a program that the app
    names.
    """
    for index in range(1, len(app.health_checks)):
        problems.add(f"/healthChecks({index})",
                     "the agents' own executors perform one health check")
    if app.readiness_checks and config.executor == "mesos":
        problems.add("/readinessChecks(0)", "the agents' own executors perform no readiness checks")
    elif app.readiness_checks and (app.check is not None
                                   or app.readiness_checks[0].protocol != "HTTP"):
        problems.add("/readinessChecks(0)",
                     "without a container of Docker's it is performed over HTTP only, "
                                            "and not besides a check")
    for index, check in enumerate(app.health_checks):
        if check.protocol is not Protocol.COMMAND and check.ignore_http_1xx:
            problems.add(f"/healthChecks({index})/ignoreHttp1xx",
                         "the agents' own executors cannot do this")
