"""Where an instance is looked for: its task, the agent, and the folders there that may be its
sandbox.

An instance that lives is meant by its id, and its newest ended task where none lives; a task's id
means that task. Those of an app that is gone are found as well, as long as it is remembered where they
ran. Who ran a task decides where its sandbox is: our executor keeps a folder for each
task in its own sandbox, an agent's own executor and an app's have one of their own. All three are
looked at, as a service may have been told another `--executor` since then.

As Mesos: slave/paths.cpp, `getExecutorVirtualPath`.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scheduler.apps import ids
from scheduler.apps.instance import Instance
from scheduler.service.news.history import Ended
from scheduler.service.views import AppView, View
from scheduler.tasks.launching import OUR_EXECUTOR
from specs.errors import SpecError


class NowhereError(LookupError):
    """There is no such instance, or it has no task yet; the text says which."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A task of an instance, and where it is or was."""

    instance_id: str
    task_id: str
    app_id: str
    version: str
    agent_id: str
    host: str
    lives: bool  # whether it may write still


def find(view: View, name: str, past: Callable[[str], Ended | None] = lambda _: None) -> Spot:
    """The task that an id of an instance or of a task means. Raises NowhereError. `past`: of what the
    view does not know any more.
    """
    app, wanted = _app(view, name)
    instances, all_ended = ((), ()) if app is None else (app.instances, app.ended)
    lives = [each for each in instances if wanted in (each.id, task_of(each))]
    for instance in lives:
        if instance.location is not None and instance.incarnation:
            return Spot(instance.id, task_of(instance), instance.app_id, instance.version,
                        instance.location.agent_id, instance.location.hostname,
                        not instance.condition.is_terminal)
    for ended in reversed(all_ended):
        if wanted in (ended.instance_id, ended.task_id) and ended.agent_id is not None:
            return _past(ended, ended.agent_id)
    known = past(wanted)
    if known is not None and known.agent_id is not None:
        return _past(known, known.agent_id)
    if lives:
        raise NowhereError(f"Instance '{name}' has no task yet: it waits for a place")
    raise NowhereError(f"Instance '{name}' does not exist")


def lives(view: View, spot: Spot) -> bool:
    """Whether the task may write still."""
    app = view.apps.get(spot.app_id)
    return app is not None and any(task_of(each) == spot.task_id and not each.condition.is_terminal
                                   for each in app.instances if each.id == spot.instance_id)


def sandboxes(framework_id: str, task_id: str) -> tuple[str, ...]:
    """Virtual paths under which the task's sandbox may be served, the likeliest first."""
    runs = f"/frameworks/{framework_id}/executors"
    return (f"{runs}/{OUR_EXECUTOR}/runs/latest/tasks/{task_id}",
            f"{runs}/{task_id}/runs/latest", f"{runs}/marathon-{task_id}/runs/latest")


def former_sandboxes(state: Mapping[str, Any], framework_id: str, task_id: str) -> list[str]:
    """The same of all runs of executors that an agent knows, out of its /state, the newest first:
    our executor may have ended, and another run of it begun.
    """
    found = []
    for framework in (*state.get("frameworks", ()), *state.get("completed_frameworks", ())):
        if framework.get("id") != framework_id:
            continue
        for executor in (*framework.get("executors", ()),
                         *reversed(framework.get("completed_executors", ()))):
            directory, name = executor.get("directory"), executor.get("id")
            if directory and name == OUR_EXECUTOR:
                found.append(f"{directory}/tasks/{task_id}")
            elif directory and name in (task_id, f"marathon-{task_id}"):
                found.append(str(directory))
    return found


def inside(path: str) -> str:
    """A path in a sandbox in its plain form, empty for the sandbox itself. Raises SpecError for what
    leads out of it.
    """
    parts = [each for each in path.split("/") if each not in ("", ".")]
    if path.startswith("/") or ".." in parts or "\0" in path:
        raise SpecError("path", "is a relative path inside the sandbox")
    return "/".join(parts)


def address(agents: Sequence[Mapping[str, Any]], agent_id: str) -> tuple[str, int, str] | None:
    """IP, port and name of an agent, out of a master's /slaves; None if it is not among them."""
    for each in agents:
        if each.get("id") == agent_id:
            host, _, port = str(each.get("pid", "")).rpartition("@")[2].rpartition(":")
            name = str(each.get("hostname", "")) or host
            return host.strip("[]") or name, int(port or each.get("port") or 5051), name
    return None


def _app(view: View, name: str) -> tuple[AppView | None, str]:
    """The app of an id, and the id without what surrounds it."""
    wanted = name.strip()
    try:
        return view.apps.get(ids.app_of_instance(wanted)), wanted
    except SpecError:
        pass
    try:
        return view.apps.get(ids.read_task_id(wanted).app_id), wanted
    except SpecError:
        return None, wanted


def task_of(instance: Instance) -> str:
    """The id of its newest task."""
    return ids.task_id(instance.id, instance.incarnation)


def _past(ended: Ended, agent_id: str) -> Spot:
    return Spot(ended.instance_id, ended.task_id, ended.app_id, ended.version, agent_id,
                ended.host or agent_id, lives=False)
