"""Commands that list: apps, ps, agents, deployments, versions."""
from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import click

from deploy.cli.problems import FAILED, REFUSED, Problem
from deploy.client.options import app_id, shown_json, table, talks_to_service
from deploy.client.service import SCALE_BACK, Service, problem

UPGRADE = 100.0  # seconds for one executor; the service itself gives up after 75


@click.command()
@talks_to_service
def apps(service: Service, output: str) -> None:
    """List apps."""
    found = service.get("/v2/apps", embed=SCALE_BACK)["apps"]
    if output == "json":
        shown_json(found)
        return
    table(["APP", "INSTANCES", "RUNNING", "HEALTHY", "STAGED", "CHANGING", "IMAGE OR COMMAND"], (
        [each["id"], _wanted(each), each["tasksRunning"],
         f"{each['tasksHealthy']}/{each['tasksHealthy'] + each['tasksUnhealthy']}"
         if each.get("healthChecks") else "-",
         each["tasksStaged"], "yes" if each["deployments"] else "no", _what(each)]
        for each in found))


@click.command()
@click.argument("app", required=False)
@click.option("--all", "ended", is_flag=True, help="The last ended ones too.")
@click.option("--stats", is_flag=True, help="What each uses: cores of the CPU, and memory.")
@talks_to_service
def ps(service: Service, app: str | None, output: str, *, ended: bool, stats: bool) -> None:
    """List instances, of all apps or of APP."""
    live = service.get("/api/v1/instances", **({"app": app_id(app)} if app else {}),
                       **({"stats": "true"} if stats else {}))
    names = [app_id(app)] if app else sorted({each["app"] for each in live} | {
        each["id"] for each in service.get("/v2/apps")["apps"]}) if ended else []
    gone = [each for name in names for each in service.get(
        f"/api/v1/history{name}")] if ended else []
    if output == "json":
        shown_json([*live, *(_as_instance(each) for each in gone)] if ended else live)
        return
    if stats:
        table(["INSTANCE", "PHASE", "HOST", "CPU", "MEMORY", "AT"], (
            [each["id"], each.get("phase") or each["state"], each["host"], *_used(each.get("stats"))]
            for each in (*live, *gone)))
        return
    rows = [[each["id"], each["phase"], each["host"], ",".join(map(str, each["ports"])),
             each["since"],
             "" if each["phase"] in ("healthy", "running") else each["reason"]] for each in live]
    rows += [[each["id"], each["state"], each["host"], "", each["at"], each["message"]]
             for each in gone]
    table(["INSTANCE", "PHASE", "HOST", "PORTS", "SINCE", "WHY"], rows)
    for each in service.get("/v2/apps", embed=SCALE_BACK)["apps"]:
        if "scaleBack" in each and (app is None or each["id"] == app_id(app)):
            click.echo(f"instances of {each['id']}: {_wanted(each)}", err=True)


@click.command()
@click.option("--upgrade", is_flag=True, help="Have their custom executors make way, one after the other, for what is "
                                              "installed at their place by now; tasks go on.")
@click.option("--agent", "wanted", multiple=True, metavar="ID", help="Only this one; may be given several times.")
@talks_to_service
def agents(service: Service, output: str, wanted: tuple[str, ...], *, upgrade: bool) -> int:
    """List the agents that instances are on."""
    found = [each for each in service.get("/api/v1/agents") if not wanted or each["id"] in wanted]
    unknown = set(wanted) - {each["id"] for each in found}
    if unknown:
        raise Problem(f"--agent: no such agent: {' '.join(sorted(unknown))}", REFUSED)
    if upgrade:
        return _upgraded(service, output, found)
    if output == "json":
        shown_json(found)
        return 0
    table(["AGENT", "HOST", "INSTANCES", "EXECUTOR", "APPS"], (
        [each["id"], each["host"], each["instances"], each["executorVersion"] or "", " ".join(each["apps"])]
        for each in found))
    return 0


def _upgraded(service: Service, output: str, found: list[dict[str, Any]]) -> int:
    """One line each as it is known; 1 if one has not made way. Where no custom executor has reported
    nothing is to be done, unless all were.
    """
    status, asked = 0, 0
    for each in found:
        answer = service.ask("POST", f"/api/v1/agents/{quote(each['id'], safe='')}/upgrade", patience=UPGRADE)
        if answer.status == 409:
            click.echo(f"{each['host']}: {problem(answer)}", err=True)
            continue
        if not answer.is_fine:
            raise Problem(problem(answer), FAILED if answer.status >= 500 else REFUSED)
        asked += 1
        done = answer.body
        status = status if done["done"] == "made way" else 1
        if output == "json":
            click.echo(json.dumps(done))
        else:
            click.echo(f"{done['host']}: {done['done']}" + (
                f": {done['why']}" if done["why"] else f" ({done['before']} -> {done['version']})"))
    return status if asked else 1


@click.command()
@talks_to_service
def deployments(service: Service, output: str) -> None:
    """List running deployments."""
    found = service.get("/v2/deployments")
    if output == "json":
        shown_json(found)
        return
    table(["DEPLOYMENT", "STEP", "NOW", "APPS"], (
        [each["id"], f"{each['currentStep']}/{each['totalSteps']}",
         " ".join(f"{action['action'].removesuffix('Application')} {action['app']}"
                  for action in each["currentActions"]), " ".join(each["affectedApps"])]
        for each in found))


@click.command()
@click.argument("app")
@talks_to_service
def versions(service: Service, app: str, output: str) -> None:
    """List the versions of APP, the newest first: who made them, from where, and why."""
    found = service.get(f"/api/v1/versions{app_id(app)}")
    if output == "json":
        shown_json([each["version"] for each in found])
        return
    table(["VERSION", "WHO", "FROM", "WHY"], (
        (each["version"], each["user"], each["address"], each["why"]) for each in found))


def _wanted(app: dict[str, Any]) -> str:
    back = app.get("scaleBack")
    return str(app["instances"]) + ("" if back is None else f" {_back(back)}")


def _back(back: dict[str, Any]) -> str:
    return f"until {back['at']}, then {back['instances']}"


def _what(app: dict[str, Any]) -> str:
    image = ((app.get("container") or {}).get("docker") or {}).get("image")
    return str(image or app.get("cmd") or " ".join(app.get("args", ())))


def _used(stats: dict[str, Any] | None) -> list[str]:
    """Cores, MiB, and when that was; nothing while nobody has told."""
    if stats is None:
        return ["", "", ""]
    return [f"{stats['cpuCores']:.3f}", f"{stats['memoryBytes'] / (1 << 20):.1f} MiB", stats["at"]]


def _as_instance(ended: dict[str, Any]) -> dict[str, Any]:
    return {"id": ended["id"], "taskId": ended["taskId"], "app": ended["app"],
            "state": ended["state"],
            "phase": "ended", "healthy": None, "agent": ended["agent"], "host": ended["host"],
            "ports": [],
            "since": ended["at"], "version": ended["version"], "exitCode": ended["exitCode"],
            "reason": ended["message"] or ended["reason"]}
