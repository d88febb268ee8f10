"""All routes. Those with a longer tail stand before those without; /v2 is Marathon's, /api/v1 ours.
"""
from __future__ import annotations

import asyncio
from collections.abc import Callable

from scheduler.api.asking import Asking
from scheduler.api.handlers.apps import Apps
from scheduler.api.handlers.deployments import Identity, Whole
from scheduler.api.handlers.execs import MOST_CHARACTERS, ExecHandlers
from scheduler.api.handlers.groups import Groups
from scheduler.api.handlers.health import HealthHandlers
from scheduler.api.handlers.looking import MOST_LINES, Looking
from scheduler.api.handlers.metrics import MetricsHandlers
from scheduler.api.handlers.ours import Ours
from scheduler.api.handlers.streams import Streams
from scheduler.api.handlers.tasks import Tasks
from scheduler.api.handlers.upgrades import UpgradeHandlers
from scheduler.api.openapi import document
from scheduler.api.page.files import PageFiles
from scheduler.api.page.login import Login
from scheduler.api.page.looks import Looks
from scheduler.api.routes import Parameter, Route
from scheduler.api.shown import schemas as s
from scheduler.api.shown.texts import Texts
from scheduler.looking.execs import AgentSide, Execs
from scheduler.looking.outputs import Outputs
from scheduler.looking.places import lives
from scheduler.looking.sandboxes import LENGTH, Sandboxes
from scheduler.looking.upgrades import Upgrades
from specs.marathon.definitions import Config

_TRUTH = {"type": "string", "enum": ["true", "false", "True", "False", "1", "0", ""]}  # in any case
FORCE = Parameter("force", "whether deployments that are in the way are cancelled", _TRUTH)
EMBED = Parameter("embed", "what to show besides: apps.tasks, apps.counts …", many=True)
PARTIAL = Parameter("partialUpdate", "whether fields that are left out stay as they are", _TRUTH)
EVENT_TYPE = Parameter("event_type", "only events of these types", many=True)
APP = Parameter("app", "only this app")
_CHANGED = s.ref("Changed")
_KILL = (Parameter("scale", "whether there are so many fewer instances afterwards", _TRUTH),
         Parameter("wipe", "whether instances go with their tasks: they always do", _TRUTH),
         Parameter("replaceFirst", "whether another one has to serve before one ends", _TRUTH),
         FORCE)


def routes(asking: Asking, config: Config, identity: Identity, *, leader: Callable[[], str],  # noqa: PLR0913 - its parts, wired once
           resubscribe: Callable[[], None], loop: Callable[[], asyncio.AbstractEventLoop],
           agents: AgentSide, insecure: bool = False) -> list[Route]:
    """The table, with the handlers that it leads to. `insecure`: nobody has to say who asks."""
    texts = Texts(lambda: len(asking.view.apps))
    apps, groups, tasks = Apps(asking, config, texts), Groups(asking, config, texts), Tasks(asking, texts)
    whole, health = Whole(asking, identity, leader, resubscribe), HealthHandlers(asking)
    streams = Streams(asking, loop, leader)
    sandboxes = Sandboxes(agents, lambda: asking.view.framework.id)
    looking = Looking(asking, sandboxes, Outputs(sandboxes, lambda spot: lives(asking.view, spot)))
    execs = ExecHandlers(asking, Execs(agents))
    upgrades = UpgradeHandlers(asking, Upgrades(agents, asking.service.telemetry))
    table: list[Route] = []
    ours = Ours(asking, apps, groups, lambda: document(table, insecure=insecure))
    table += [*_apps(apps, tasks), *_groups(groups), *_tasks(tasks), *_whole(whole, streams),
              *_ours(ours, streams), *_looking(looking), *_execs(execs), *_upgrades(upgrades), *_health(health),
              *_measured(MetricsHandlers(asking)), *_page(PageFiles(), Login(leader), Looks(asking))]
    return table


def _apps(apps: Apps, tasks: Tasks) -> list[Route]:
    one = {"type": "object", "required": ["app"], "properties": {"app": s.ref("App")}}
    listed = s.record({"apps": s.array(s.ref("App"))})
    task_list = s.record({"tasks": s.array(s.ref("Task"))})
    killed = {"anyOf": [task_list, s.record({"task": s.ref("Task")}), _CHANGED]}
    return [
        Route("GET", "/v2/apps", apps.listed, "Lists apps", {200: listed}, (
            Parameter("cmd", "a part of the command"), Parameter("id", "a part of the id"),
            Parameter("label", "a label selector", many=True), EMBED), errors=(422,)),
        Route("POST", "/v2/apps", apps.created, "Creates an app", {201: s.ref("App")}, (FORCE,),
              s.ref("AppDefinition"), writes=True),
        Route("PUT", "/v2/apps", apps.put_many, "Changes or creates several apps", {200: _CHANGED},
              (FORCE, PARTIAL), s.array(s.ref("AppDefinition")), writes=True),
        Route("PATCH", "/v2/apps", apps.patch_many, "Changes several apps", {200: _CHANGED},
              (FORCE, PARTIAL), s.array(s.ref("AppDefinition")), writes=True),
        Route("DELETE", "/v2/apps/{id*}/tasks/{task}", tasks.kill_one, "Ends a task",
              {200: killed}, _KILL, writes=True),
        Route("GET", "/v2/apps/{id*}/tasks", tasks.of_app, "Lists an app's tasks",
              {200: task_list}),
        Route("DELETE", "/v2/apps/{id*}/tasks", tasks.kill_of_app, "Ends an app's tasks",
              {200: killed}, (Parameter("host", "only those on this agent"), *_KILL), writes=True),
        Route("GET", "/v2/apps/{id*}/versions/{version}", apps.version, "Shows an app as it was",
              {200: s.ref("App")}),
        Route("GET", "/v2/apps/{id*}/versions", apps.versions, "Lists an app's versions",
              {200: s.record({"versions": s.array(s.TEXT)})}),
        Route("POST", "/v2/apps/{id*}/restart", apps.restarted, "Replaces an app's instances",
              {200: _CHANGED}, (FORCE,), writes=True, conditional=True),
        Route("GET", "/v2/apps/{id*}", apps.shown, "Shows an app, or those of a group",
              {200: {"anyOf": [one, s.record({"*": s.array(s.ref("App"))})]}}, (EMBED,)),
        Route("PUT", "/v2/apps/{id*}", apps.put, "Changes or creates an app",
              {200: _CHANGED, 201: _CHANGED}, (FORCE, PARTIAL), s.ref("AppChange"), writes=True, conditional=True),
        Route("PATCH", "/v2/apps/{id*}", apps.patch, "Changes an app", {200: _CHANGED}, (FORCE,),
              s.ref("AppChange"), writes=True, conditional=True),
        Route("DELETE", "/v2/apps/{id*}", apps.removed, "Removes an app", {200: _CHANGED},
              (FORCE,), writes=True, conditional=True),
    ]


def _groups(groups: Groups) -> list[Route]:
    found = []
    for path in ("/v2/groups", "/v2/groups/{id*}"):
        found += [
            Route("GET", f"{path}/versions/{{version}}", groups.version, "Shows a group as it was",
                  {200: s.ref("Group")}),
            Route("GET", f"{path}/versions", groups.versions, "Lists a group's versions",
                  {200: s.array(s.TEXT)}),
            Route("GET", path, groups.shown, "Shows a group", {200: {"anyOf": [s.ref("Group"),
                                                                               s.array(
                                                                                   s.ref(
                                                                                       "App"))]}},
                  (EMBED,)),
            Route("POST", path, groups.created, "Creates a group", {201: _CHANGED}, (FORCE,),
                  s.ref("GroupChange"), writes=True),
            Route("PUT", path, groups.put, "Changes or creates a group", {200: {"anyOf": [
                _CHANGED, s.record({"steps": s.array(s.STEP)})]}},
                (FORCE, Parameter("dryRun", "whether only the steps are told", _TRUTH)),
                  s.ref("GroupChange"),
                writes=True, conditional=True),
            Route("DELETE", path, groups.removed, "Removes a group", {200: _CHANGED}, (FORCE,),
                  writes=True, conditional=True),
        ]
    found.append(Route("PUT", "/v2/groups/{id*}/versions/{version}", groups.put_version,
                       "Makes a group again what it was", {200: _CHANGED}, (FORCE,), writes=True, conditional=True))
    found.append(Route("PATCH", "/v2/groups/{id*}", groups.patch, "Sets enforceRole",
                       {200: _CHANGED}, (FORCE,),
                       s.record({"enforceRole": s.BOOLEAN}), writes=True, conditional=True))
    return found


def _tasks(tasks: Tasks) -> list[Route]:
    listed = s.record({"tasks": s.array(s.ref("Task"))})
    return [
        Route("GET", "/v2/tasks", tasks.listed, "Lists all tasks", {200: listed},
              (Parameter("status", "tasks in this state",
                         {"type": "string", "enum": ["running", "staging"]},
                         many=True),), also={"text/plain": s.TEXT}),
        Route("POST", "/v2/tasks/delete", tasks.kill_many, "Ends tasks",
              {200: {"anyOf": [listed, _CHANGED]}}, _KILL,
              s.record({"ids": s.array(s.TEXT)}), writes=True),
    ]


def _whole(whole: Whole, streams: Streams) -> list[Route]:
    return [
        Route("GET", "/v2/deployments", whole.deployments, "Lists running deployments",
              {200: s.array(s.ref("Deployment"))}),
        Route("DELETE", "/v2/deployments/{id}", whole.undone,
              "Rolls a deployment back, or stops it",
              {200: _CHANGED, 202: None}, (FORCE,), writes=True),
        Route("GET", "/v2/queue", whole.queue, "What waits for a place", {200: s.record({
            "queue": s.array(s.ref("Waiting"))})}, (EMBED,)),
        Route("DELETE", "/v2/queue/{id*}/delay", whole.undelayed,
              "Starts without waiting for the back-off", {204: None}, writes=True),
        Route("GET", "/api/v1/configuration", whole.configuration,
              "Every option of the service, and where it comes from", {200: s.array(s.record({
                  "name": s.TEXT, "value": s.nullable(s.TEXT), "origin": s.TEXT}))}),
        Route("GET", "/v2/info", whole.info, "Who this service is", {200: s.ref("Info")}),
        Route("GET", "/v2/leader", whole.leader, "Who leads", {200: s.record({"leader": s.TEXT})}),
        Route("DELETE", "/v2/leader", whole.abdicated,
              "Gives the subscription up and takes it again",
              {200: s.record({"message": s.TEXT})}, writes=True),
        Route("GET", "/v2/plugins", whole.plugins, "Lists plugins: none",
              {200: s.record({"plugins": s.array({})})}),
        Route("GET", "/v2/pods", whole.pods, "Lists pods: none", {200: s.array({})}, errors=(405,)),
        Route("POST", "/v2/pods", whole.no_pods, "Refused: there are no pods",
              {422: s.ref("MarathonError")}, writes=True),
        Route("GET", "/v2/pods/::status", whole.pods, "Lists the states of pods: none",
              {200: s.array({})}),
        Route("GET", "/v2/events", streams.marathon, "Follows the events", {200: s.ref("Event")}, (
            EVENT_TYPE, Parameter("plan-format", "light: plans without the groups before and after")),
              errors=(405, 503),
            media_type="text/event-stream"),
    ]


def _ours(ours: Ours, streams: Streams) -> list[Route]:
    scale = {"type": "object", "required": ["instances"], "properties": {
        "instances": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "seconds": {"type": "number", "exclusiveMinimum": 0}}}
    return [
        Route("GET", "/api/v1/instances", ours.instances, "Lists instances with their phases",
              {200: s.array(s.ref("Instance"))}, (
                  APP, Parameter("agent", "only those on this agent"),
                  Parameter("id", "only this instance", many=True),
                  Parameter("stats", "whether with what each has used last", _TRUTH))),
        Route("GET", "/api/v1/history/{id*}", ours.history,
              "The last instances of an app that ended, also of one that is gone", {200: s.array(s.ref("Ended"))}),
        Route("GET", "/api/v1/versions/{id*}", ours.versions,
              "Who made each version of an app, when, from where and why", {200: s.array(s.ref("Version"))}),
        Route("GET", "/api/v1/why", ours.why, "Why instances do not serve",
              {200: s.array(s.ref("Why"))}, (APP,)),
        Route("GET", "/api/v1/agents", ours.agents, "The agents that instances are on, or that have offered something",
              {200: s.array(s.ref("Agent"))}),
        Route("POST", "/api/v1/plan", ours.plan, "What a definition would change",
              {200: s.ref("Plan")},
              body={"anyOf": [
                  {**s.OBJECT, "description": "as AppDefinition or GroupChange"},
                  s.array({**s.OBJECT, "description": "as AppDefinition"})]},
              errors=(408, 409, 413, 422, 507)),
        Route("GET", "/api/v1/losses", ours.losses, "Whether lost instances are replaced slowly",
              {200: s.record({"slowed": s.BOOLEAN, "givenUp": s.INTEGER,
                              "since": s.nullable(s.TIME)})}),
        Route("POST", "/api/v1/losses/lift", ours.lift_losses,
              "Has lost instances replaced at once", {204: None}, writes=True),
        Route("POST", "/api/v1/deployments/{id}/pause", ours.pause, "Pauses a deployment",
              {204: None}, writes=True),
        Route("POST", "/api/v1/deployments/{id}/resume", ours.resume, "Resumes a deployment",
              {204: None}, writes=True),
        Route("POST", "/api/v1/promote/{id*}", ours.promote, "Promotes an app's canaries",
              {204: None}, writes=True),
        Route("POST", "/api/v1/scale/{id*}", ours.scale, "Scales an app, also for a time",
              {200: _CHANGED}, (FORCE,), scale, writes=True, conditional=True),
        Route("GET", "/api/v1/events", streams.ours, "Follows the events, numbered", {200: s.ref("Event")},
              (EVENT_TYPE,), errors=(503,), media_type="text/event-stream"),
        Route("GET", "/api/v1/openapi.json", ours.openapi, "This document", {200: s.OBJECT}),
    ]


def _looking(looking: Looking) -> list[Route]:
    one = "/api/v1/instances/{id}"
    entry = s.record({"path": s.TEXT, "size": s.INTEGER, "mode": s.TEXT, "mtime": s.TIME, "isDirectory": s.BOOLEAN})
    path = Parameter("path", "relative to the sandbox")
    offset = Parameter("offset", "where in the file to begin, bytes", s.NATURAL)
    return [
        Route("GET", f"{one}/logs", looking.logs, "What an instance's newest task, or a task, has written",
              {200: s.TEXT}, (
            Parameter("stream", "which of both", {"type": "string", "enum": ["stdout", "stderr"]}),
            Parameter("tail", "only so many lines from the end", {**s.NATURAL, "maximum": MOST_LINES}),
            Parameter("since", "only what was written since then: a time as 2026-01-31T12:00:00Z"), offset,
            Parameter("follow", "whether to go on as text/event-stream, {offset, data} each", _TRUTH)),
              errors=(422,), media_type="text/plain",
              also={"text/event-stream": s.ref("OutputEvent")}),
        Route("GET", f"{one}/files", looking.files, "What is in a folder of an instance's sandbox",
              {200: s.array(entry)}, (path,)),
        Route("GET", f"{one}/files/read", looking.read, "A piece of a file in an instance's sandbox",
              {200: s.record({"offset": s.INTEGER, "length": s.INTEGER, "data": s.TEXT})}, (
            path, offset, Parameter("length", "at most so many bytes", {**s.NATURAL, "maximum": LENGTH}))),
        Route("GET", f"{one}/files/download", looking.download, "A file in an instance's sandbox",
              {200: s.TEXT}, (path,), media_type="application/octet-stream"),
    ]


def _execs(execs: ExecHandlers) -> list[Route]:
    size = {"type": "integer", "minimum": 1, "maximum": MOST_CHARACTERS}
    command = {"type": "object", "required": ["command"], "additionalProperties": False, "properties": {
        "command": {"type": "array", "items": {"type": "string", "minLength": 1, "pattern": "^[^\\0]+$"},
                    "minItems": 1, "maxItems": 100},
        "tty": s.BOOLEAN, "columns": size, "rows": size}}
    return [
        Route("POST", "/api/v1/instances/{id}/exec", execs.create, "Asks for a command to be run in a container",
              {201: s.record({"id": s.TEXT, "url": s.TEXT})}, body=command, writes=True),
        Route("GET", "/api/v1/exec/{id}", execs.attach, "The WebSocket of who asked for a command", {101: None},
              writes=True),
        Route("GET", "/api/v1/exec/{id}/executor", execs.answer, "The WebSocket of the executor that runs a command",
              {101: None}, open=True),
    ]


def _upgrades(upgrades: UpgradeHandlers) -> list[Route]:
    done = {"type": "string", "enum": ["made way", "goes on", "no answer"]}
    return [Route(
        "POST", "/api/v1/agents/{id}/upgrade", upgrades.ask,
        "Has an agent's custom executor make way for the version that is installed there, under its tasks",
        {200: s.record({"agent": s.TEXT, "host": s.TEXT, "done": done, "before": s.TEXT, "version": s.TEXT,
                        "why": s.TEXT})}, writes=True)]


def _health(health: HealthHandlers) -> list[Route]:
    status = s.record({"status": s.TEXT, "why": s.array(s.TEXT)}, "why")
    return [
        Route("GET", "/ping", health.ping, "Whether somebody answers", {200: s.TEXT, 204: None},
              media_type="text/plain", also={"application/json": s.TEXT}, open=True),
        Route("GET", "/healthz", health.live, "Whether the process lives", {200: status},
              open=True),
        Route("GET", "/readyz", health.ready, "Whether the service can work",
              {200: status, 503: status}, open=True),
    ]


def _page(files: PageFiles, login: Login, looks: Looks) -> list[Route]:
    credential = s.some({"token": s.TEXT, "user": s.TEXT, "password": s.TEXT, "key": s.TEXT})
    return [
        Route("GET", "/api/v1/overview", looks.overview, "How the instances of apps are, in numbers",
              {200: s.record({"event": s.INTEGER, "paused": s.array(s.TEXT), "apps": s.array(s.ref("Overview")),
                              "framework": s.record(dict.fromkeys(
                                  ("master", "why", "trouble"), s.nullable(s.TEXT)))})},
              (Parameter("app", "only this app", many=True),)),
        Route("GET", "/api/v1/instances/{id}/events", looks.timeline,
              "What happened to an instance", {200: s.array(s.ref("Happened"))}),
        Route("GET", "/api/v1/session", login.shown, "Who asks", {200: s.ref("Session")},
              open=True),
        Route("POST", "/api/v1/session", login.opened, "Turns a credential into a cookie",
              {200: s.ref("Session")}, body=credential, errors=(408, 413), open=True),
        Route("DELETE", "/api/v1/session", login.closed, "Forgets the cookie", {204: None},
              open=True),
        Route("POST", "/api/v1/session/links", login.link,
              "Makes a link to the page that is good once",
              {201: s.record({"path": s.TEXT, "until": s.TIME})}),
        Route("GET", "/page/{file*}", files.file, "A file of the page", {200: s.TEXT, 304: None},
              media_type="text/javascript", also={"text/css": s.TEXT}, open=True),
        Route("GET", "/", files.index, "The page", {200: s.TEXT, 304: None, 308: None},
              media_type="text/html", open=True),
    ]


def _measured(metrics: MetricsHandlers) -> list[Route]:
    samples = s.array({"type": "array", "items": s.NUMBER, "minItems": 3, "maxItems": 3})
    texts = {"application/openmetrics-text": s.TEXT}
    return [Route(
        "GET", "/metrics", metrics.metrics, "Numbers, for Prometheus; as JSON by Marathon's names", {200: s.TEXT},
        media_type="text/plain", also={**texts, "application/json": s.ref("Metrics")}), Route(
        "GET", "/metrics/prometheus", metrics.prometheus, "Numbers, for Prometheus", {200: s.TEXT},
        media_type="text/plain", also=texts), Route(
        "GET", "/api/v1/instances/{id}/stats", metrics.stats,
        "What an instance uses: [seconds since 1970, cores, bytes] each, the oldest first",
        {200: s.record({"samples": samples})})]
