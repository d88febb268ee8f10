"""What a changed tree is completed with and judged by as a whole: service ports, and rules about
groups.
"""
from __future__ import annotations

import re

from scheduler.apps.ports import asked, task_ports
from scheduler.apps.taskinfo import LaunchPlace, Settings, launchable
from scheduler.service import tree
from specs.errors import SpecError
from specs.marathon.app import App, AppSecret
from specs.marathon.container import SecretVolume
from specs.marathon.definitions import Config
from specs.marathon.errors import MarathonError, broken
from specs.marathon.group import Group
from specs.marathon.groups import judge_tree
from specs.marathon.ports import with_service_ports

UNRESOLVED = (
    "cannot be resolved here: no secret store is configured; give the value in env, or have the agents run "
              "the task (container type MESOS, or serve --executor mesos)")
MAX_INSTANCES = 100_000  # of all apps together: each is some kB in memory and in the state, whether it runs or waits
MAX_APPS = 10_000  # in one tree; a definition is some kB, and each change writes only what it changes


def check_launch(app: App, config: Config) -> None:
    """What could not be said to Mesos is refused now, and not when a place is found. Raises
    MarathonError.
    """
    place = LaunchPlace("agent", task_ports(app,
                                      [None if port is None else port or 1 for port in asked(app)],
                                      lambda _: 0))
    if config.executor == "custom" and app.is_docker:
        _refuse_secrets(app)
    try:
        launchable(app, "", "task", place, Settings(custom_executor=config.executor == "custom"))
    except SpecError as error:
        path = re.sub(r"\[(\d+)\]", r"(\1)", error.path).replace(".", "/")
        raise broken(f"/{path}", error.problem) from error


def _refuse_secrets(app: App) -> None:
    """Our executor resolves none; what the agents run themselves, their secret resolver may."""
    for name, value in app.env.items():
        if isinstance(value, AppSecret):
            raise broken(f"/env/{name}/secret", UNRESOLVED)
    for place, volume in enumerate(app.container.volumes if app.container is not None else ()):
        if isinstance(volume, SecretVolume):
            raise broken(f"/container/volumes({place})/secret", UNRESOLVED)


def completed(root: Group, before: Group, config: Config) -> Group:
    """The tree with all service ports. Raises MarathonError for what may not be so."""
    apps = list(root.all_apps())
    if len(apps) > MAX_APPS:
        raise MarathonError(413, f"The service keeps at most {MAX_APPS} apps")
    if sum(app.instances for app in apps) > MAX_INSTANCES:
        raise broken("/instances",
                     f"The service keeps at most {MAX_INSTANCES} instances of all apps together")
    judge_tree(root, before)
    old = {app.id: app for app in before.all_apps()}
    for app in apps:
        if old.get(app.id) != app:
            check_launch(app, config)
    ported = with_service_ports(apps, old, config.local_port_min, config.local_port_max)
    changed = [ported[app.id] for app in apps if ported[app.id] is not app]
    return tree.with_apps(root, changed) if changed else root
