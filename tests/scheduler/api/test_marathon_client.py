"""The `marathon` client of PyPI: each of its methods, asserted by what the service then does.

It hands every key that it is answered to a constructor with fixed parameters, so a single new key fails its calls.
"""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scheduler.api.shim import sitecustomize
from tests.scheduler.service.serving import Serving, app

assert sitecustomize.__doc__  # the client cannot be imported without it

from marathon import MarathonClient, NotFoundError  # noqa: E402 - the shim comes first
from marathon.models import MarathonApp, MarathonGroup  # noqa: E402
from marathon.models.container import MarathonContainer, MarathonDockerContainer  # noqa: E402
from marathon.models.events import MarathonStatusUpdateEvent  # noqa: E402

Client = Any  # it has no types
Try = Callable[[Client, Serving], None]
TRIES: dict[str, Try] = {}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """With an app of two instances, and one in a group."""
    with Serving(tmp_path / "state") as found:
        found.change("PUT", "/v2/groups", {"apps": [app("web", instances=2, labels={"a": "b"})], "groups": [
            {"id": "team", "apps": [app("a", healthChecks=[])]}]})
        yield found


@pytest.fixture
def client(serving: Serving) -> Client:
    return MarathonClient(serving.url(), timeout=20)


METHODS = [name for name in dir(MarathonClient) if not name.startswith("_") and callable(getattr(MarathonClient, name))]


@pytest.mark.parametrize("method", METHODS)
def test_method(client: Client, serving: Serving, method: str) -> None:
    TRIES[method](client, serving)


def trying(call: Try) -> Try:
    """For the client's method of this name."""
    TRIES[call.__name__] = call
    return call


def ended(serving: Serving) -> None:
    serving.wait(lambda: not serving.service.view.deployments)


def definition(**more: Any) -> Any:
    container = MarathonContainer(docker=MarathonDockerContainer(image="busybox"))
    return MarathonApp(cmd="sleep 1000", cpus=0.1, mem=32, container=container, **more)


@trying
def create_app(client: Client, serving: Serving) -> None:
    made = client.create_app("/new", definition(instances=2))
    ended(serving)
    assert (made.id, made.instances, len(made.deployments)) == ("/new", 2, 1)
    assert len(serving.running("/new")) == 2


@trying
def list_apps(client: Client, serving: Serving) -> None:
    found = client.list_apps(embed_tasks=True, embed_counts=True, embed_deployments=True, embed_readiness=True,
                             embed_last_task_failure=True, embed_failures=True, embed_task_stats=True)
    assert {each.id: each.tasks_running for each in found} == {"/web": 2, "/team/a": 1}
    assert all(each.tasks and each.task_stats.total_summary for each in found)
    assert [each.id for each in client.list_apps(label="a==b")] == ["/web"]
    assert [each.id for each in client.list_apps(app_id="TEAM".lower())] == ["/team/a"]
    assert [each.id for each in client.list_apps(cmd="sleep 1")] == ["/web", "/team/a"]


@trying
def get_app(client: Client, serving: Serving) -> None:
    victim = serving.running("/web")[0]
    serving.master.update(victim, "TASK_FAILED", message="it fell")
    serving.wait(lambda: "lastTaskFailure" in serving.get("/v2/apps/web")["app"])
    found = client.get_app("/web", embed_tasks=True, embed_counts=True, embed_deployments=True, embed_readiness=True,
                           embed_last_task_failure=True, embed_failures=True, embed_task_stats=True)
    assert (found.id, found.last_task_failure.task_id, found.last_task_failure.message) == ("/web", victim, "it fell")
    with pytest.raises(NotFoundError):
        client.get_app("/none")


@trying
def update_app(client: Client, serving: Serving) -> None:
    shown = client.get_app("/web")
    shown.env = {"A": "1"}
    before = set(serving.running("/web"))
    answer = client.update_app("/web", shown, force=True)
    assert set(answer) == {"deploymentId", "version"}
    ended(serving)
    assert len(serving.running("/web")) == 2
    assert not before & set(serving.running("/web"))


@trying
def update_apps(client: Client, serving: Serving) -> None:
    found = client.list_apps()
    for each in found:
        each.instances = 3
    client.update_apps(found, force=True)
    ended(serving)
    assert len(serving.running("/web")) == len(serving.running("/team/a")) == 3


@trying
def rollback_app(client: Client, serving: Serving) -> None:
    version = serving.get("/v2/apps/web")["app"]["version"]
    serving.change("PUT", "/v2/apps/web", {"env": {"A": "1"}})
    client.rollback_app("/web", version, force=True)
    ended(serving)
    assert "env" not in serving.get("/v2/apps/web")["app"]


@trying
def delete_app(client: Client, serving: Serving) -> None:
    killed = set(serving.running("/web"))
    client.delete_app("/web", force=True)
    serving.wait(lambda: killed <= set(serving.master.killed))
    assert serving.ask("GET", "/v2/apps/web")[0] == 404


@trying
def scale_app(client: Client, serving: Serving) -> None:
    client.scale_app("/web", instances=4)
    ended(serving)
    assert len(serving.running("/web")) == 4
    client.scale_app("/web", delta=-3, force=True)
    ended(serving)
    assert len(serving.running("/web")) == 1


@trying
def restart_app(client: Client, serving: Serving) -> None:
    before = set(serving.running("/web"))
    client.restart_app("/web", force=True)
    ended(serving)
    assert not before & set(serving.running("/web"))


@trying
def list_versions(client: Client, serving: Serving) -> None:
    serving.change("PUT", "/v2/apps/web", {"instances": 1})
    assert [str(each) for each in client.list_versions("/web")] == serving.get("/v2/apps/web/versions")["versions"]


@trying
def get_version(client: Client, serving: Serving) -> None:
    version = serving.get("/v2/apps/web/versions")["versions"][0]
    assert client.get_version("/web", version).instances == 2


@trying
def create_group(client: Client, serving: Serving) -> None:
    client.create_group(MarathonGroup(id="/made", apps=[definition(id="/made/x")]))
    ended(serving)
    assert len(serving.running("/made/x")) == 1


@trying
def get_group(client: Client, serving: Serving) -> None:
    assert [each.id for each in client.get_group("/team").apps] == ["/team/a"]


@trying
def list_groups(client: Client, serving: Serving) -> None:
    assert [each.id for each in client.list_groups()] == ["/team"]


@trying
def update_group(client: Client, serving: Serving) -> None:
    client.update_group("/team", MarathonGroup(id="/team", apps=[definition(id="/team/b", instances=2)]), force=True)
    ended(serving)
    assert len(serving.running("/team/b")) == 2
    assert serving.ask("GET", "/v2/apps/team/a")[0] == 404


@trying
def rollback_group(client: Client, serving: Serving) -> None:
    version = serving.get("/v2/groups/team")["version"]
    serving.change("PUT", "/v2/groups/team", {"apps": []})
    client.rollback_group("/team", version, force=True)
    ended(serving)
    assert len(serving.running("/team/a")) == 1


@trying
def scale_group(client: Client, serving: Serving) -> None:
    client.scale_group("/team", 3)
    ended(serving)
    assert len(serving.running("/team/a")) == 3


@trying
def delete_group(client: Client, serving: Serving) -> None:
    client.delete_group("/team", force=True)
    ended(serving)
    assert [each["id"] for each in serving.get("/v2/apps")["apps"]] == ["/web"]


@trying
def list_tasks(client: Client, serving: Serving) -> None:
    assert {each.id for each in client.list_tasks("/web")} == set(serving.running("/web"))
    assert {each.app_id for each in client.list_tasks()} == {"/web", "/team/a"}


@trying
def kill_task(client: Client, serving: Serving) -> None:
    victim = serving.running("/web")[0]
    assert client.kill_task("/web", victim).id == victim
    serving.wait(lambda: len(serving.running("/web")) == 2 and victim not in serving.running("/web"))
    client.kill_task("/web", serving.running("/web")[0], scale=True)
    ended(serving)
    assert len(serving.running("/web")) == 1


@trying
def kill_tasks(client: Client, serving: Serving) -> None:
    before = set(serving.running("/web"))
    assert {each.id for each in client.kill_tasks("/web", wipe=True)} == before
    serving.wait(lambda: len(serving.running("/web")) == 2 and not before & set(serving.running("/web")))
    client.kill_tasks("/web", scale=True)
    ended(serving)
    assert serving.running("/web") == []


@trying
def kill_given_tasks(client: Client, serving: Serving) -> None:
    victim, other = serving.running("/web")
    client.kill_given_tasks([victim], scale=True, force=True)
    ended(serving)
    assert serving.running("/web") == [other]


@trying
def list_endpoints(client: Client, serving: Serving) -> None:
    tasks = serving.get("/v2/tasks")["tasks"]
    assert {(each.task_id, each.host, each.task_port, each.service_port) for each in client.list_endpoints()} == {
        (each["id"], each["host"], each["ports"][0], each["servicePorts"][0]) for each in tasks}


@trying
def list_deployments(client: Client, serving: Serving) -> None:
    serving.ask("POST", "/v2/apps", app("/huge", mem=10_000_000))
    [found] = client.list_deployments()
    assert ([str(each) for each in found.affected_apps], found.current_step, found.total_steps) == (["/huge"], 2, 2)


@trying
def delete_deployment(client: Client, serving: Serving) -> None:
    for force in (True, False):
        serving.ask("PUT", "/v2/apps/web", {"mem": 10_000_000 + force})
        [deployment] = serving.service.view.deployments
        client.delete_deployment(deployment, force=force)
        assert deployment not in {each["id"] for each in serving.get("/v2/deployments")}
    assert serving.get("/v2/apps/web")["app"]["mem"] == 10_000_001  # the first was stopped, the second taken back


@trying
def list_queue(client: Client, serving: Serving) -> None:
    serving.ask("POST", "/v2/apps", app("/huge", mem=10_000_000, instances=3))
    serving.wait(lambda: serving.get("/v2/queue")["queue"][0]["processedOffersSummary"]["processedOffersCount"] > 0)
    [found] = client.list_queue(embed_last_unused_offers=True)
    assert (found.app.id, found.count, found.delay.overdue) == ("/huge", 3, True)


@trying
def reset_delay(client: Client, serving: Serving) -> None:
    serving.change("PUT", "/v2/apps/web", {"backoffSeconds": 300, "instances": 1})
    serving.master.update(serving.running("/web")[0], "TASK_FAILED")
    serving.wait(lambda: serving.get("/v2/queue")["queue"] != [])
    assert serving.get("/v2/queue")["queue"][0]["delay"]["timeLeftSeconds"] > 200
    client.reset_delay("web")
    serving.wait(lambda: len(serving.running("/web")) == 1)


@trying
def get_info(client: Client, serving: Serving) -> None:
    found = client.get_info()
    assert (found.name, found.elected, found.framework_id) == ("marathon", True, "F1")


@trying
def get_leader(client: Client, serving: Serving) -> None:
    assert client.get_leader() == {"leader": f"127.0.0.1:{serving.port}"}


@trying
def delete_leader(client: Client, serving: Serving) -> None:
    tasks = serving.running("/web")
    assert client.delete_leader() == {"message": "Leadership abdicated"}
    serving.wait(lambda: serving.service.view.framework.master is not None)
    serving.change("PUT", "/v2/apps/web", {"instances": 3})
    assert set(tasks) < set(serving.running("/web"))


@trying
def ping(client: Client, serving: Serving) -> None:
    assert client.ping() in (b"pong", b'"pong"')


@trying
def event_stream(client: Client, serving: Serving) -> None:
    seen: list[Any] = []
    over = threading.Event()

    def follow() -> None:
        for event in client.event_stream(event_types=[
                "event_stream_attached", "status_update_event", "deployment_success"]):
            seen.append(event)
            if event.event_type == "deployment_success":
                break
        over.set()

    threading.Thread(target=follow, daemon=True).start()
    serving.wait(lambda: bool(seen))
    serving.change("PUT", "/v2/apps/web", {"instances": 3})
    assert over.wait(20)
    updates = [each for each in seen if isinstance(each, MarathonStatusUpdateEvent)]
    assert {each.task_id for each in updates} < set(serving.running("/web"))
    assert [each.event_type for each in seen] == [
        "event_stream_attached", *["status_update_event"] * len(updates), "deployment_success"]


def test_all_events_of_a_deployment_are_known_to_the_client(client: Client, serving: Serving) -> None:
    """It raises at a type that it does not know."""
    found = []
    stream = client.event_stream()
    first = next(stream)
    assert first.event_type == "event_stream_attached"
    serving.change("PUT", "/v2/apps/web", {"env": {"A": "1"}})
    for event in stream:
        found.append(event.event_type)
        if event.event_type == "deployment_success":
            break
    assert {"api_post_event", "status_update_event", "deployment_info", "deployment_step_success"} <= set(found)


def gone(client: Client, serving: Serving, method: str, *arguments: Any) -> None:
    """What Marathon has removed with 1.5."""
    with pytest.raises(NotFoundError):
        getattr(client, method)(*arguments)


@trying
def get_metrics(client: Client, serving: Serving) -> None:
    gone(client, serving, "get_metrics")


@trying
def list_event_subscriptions(client: Client, serving: Serving) -> None:
    gone(client, serving, "list_event_subscriptions")


@trying
def create_event_subscription(client: Client, serving: Serving) -> None:
    gone(client, serving, "create_event_subscription", "http://127.0.0.1/")


@trying
def delete_event_subscription(client: Client, serving: Serving) -> None:
    gone(client, serving, "delete_event_subscription", "http://127.0.0.1/")
