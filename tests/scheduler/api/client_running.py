"""Tries of the client's methods for tasks, deployments, the queue, and the service itself."""
from __future__ import annotations

import threading
from typing import Any

from tests.scheduler.api.marathon_client import Client, MarathonStatusUpdateEvent, Tried, ended, gone, trying
from tests.scheduler.service.serving import app


@trying
def list_tasks(client: Client, serving: Tried) -> None:
    assert {each.id for each in client.list_tasks("/web")} == set(serving.running("/web"))
    assert {each.app_id for each in client.list_tasks()} == {"/web", "/team/a"}


@trying
def kill_task(client: Client, serving: Tried) -> None:
    victim = serving.running("/web")[0]
    assert client.kill_task("/web", victim).id == victim
    serving.wait(lambda: len(serving.running("/web")) == 2 and victim not in serving.running("/web"))
    client.kill_task("/web", serving.running("/web")[0], scale=True)
    ended(serving)
    assert len(serving.running("/web")) == 1


@trying
def kill_tasks(client: Client, serving: Tried) -> None:
    before = set(serving.running("/web"))
    assert {each.id for each in client.kill_tasks("/web", wipe=True)} == before
    serving.wait(lambda: len(serving.running("/web")) == 2 and not before & set(serving.running("/web")))
    client.kill_tasks("/web", scale=True)
    ended(serving)
    assert serving.running("/web") == []


@trying
def kill_given_tasks(client: Client, serving: Tried) -> None:
    victim, other = serving.running("/web")
    client.kill_given_tasks([victim], scale=True, force=True)
    ended(serving)
    assert serving.running("/web") == [other]


@trying
def list_endpoints(client: Client, serving: Tried) -> None:
    tasks = serving.get("/v2/tasks")["tasks"]
    assert {(each.task_id, each.host, each.task_port, each.service_port) for each in client.list_endpoints()} == {
        (each["id"], each["host"], each["ports"][0], each["servicePorts"][0]) for each in tasks}


@trying
def list_deployments(client: Client, serving: Tried) -> None:
    serving.ask("POST", "/v2/apps", app("/huge", mem=10_000_000))
    [found] = client.list_deployments()
    assert ([str(each) for each in found.affected_apps], found.current_step, found.total_steps) == (["/huge"], 2, 2)


@trying
def delete_deployment(client: Client, serving: Tried) -> None:
    for force in (True, False):
        serving.ask("PUT", "/v2/apps/web", {"mem": 10_000_000 + force})
        [deployment] = serving.deployments()
        client.delete_deployment(deployment, force=force)
        assert deployment not in {each["id"] for each in serving.get("/v2/deployments")}
    assert serving.get("/v2/apps/web")["app"]["mem"] == 10_000_001  # the first was stopped, the second taken back


@trying
def list_queue(client: Client, serving: Tried) -> None:
    serving.ask("POST", "/v2/apps", app("/huge", mem=10_000_000, instances=3))
    serving.wait(lambda: serving.get("/v2/queue")["queue"][0]["processedOffersSummary"]["processedOffersCount"] > 0)
    [found] = client.list_queue(embed_last_unused_offers=True)
    assert (found.app.id, found.count, found.delay.overdue) == ("/huge", 3, True)


@trying
def reset_delay(client: Client, serving: Tried) -> None:
    serving.change("PUT", "/v2/apps/web", {"backoffSeconds": 300, "instances": 1})
    serving.fails(serving.running("/web")[0])
    serving.wait(lambda: serving.get("/v2/queue")["queue"] != [])
    assert serving.get("/v2/queue")["queue"][0]["delay"]["timeLeftSeconds"] > 200
    client.reset_delay("web")
    serving.wait(lambda: len(serving.running("/web")) == 1)


@trying
def get_info(client: Client, serving: Tried) -> None:
    found = client.get_info()
    assert (found.name, found.elected, found.framework_id) == ("marathon", True, serving.framework_id())


@trying
def get_leader(client: Client, serving: Tried) -> None:
    assert client.get_leader() == {"leader": serving.url().removeprefix("http://")}


@trying
def delete_leader(client: Client, serving: Tried) -> None:
    tasks = serving.running("/web")
    assert client.delete_leader() == {"message": "Leadership abdicated"}
    serving.wait(serving.subscribed)
    serving.change("PUT", "/v2/apps/web", {"instances": 3})
    assert set(tasks) < set(serving.running("/web"))


@trying
def ping(client: Client, serving: Tried) -> None:
    assert client.ping() in (b"pong", b'"pong"')


@trying
def event_stream(client: Client, serving: Tried) -> None:
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


@trying
def get_metrics(client: Client, serving: Tried) -> None:
    found = client.get_metrics()
    assert set(found) == {"version", "counters", "gauges", "histograms", "meters", "timers"}
    assert found["gauges"]["marathon.apps.active.gauge"]["value"] == len(serving.get("/v2/apps")["apps"])


@trying
def list_event_subscriptions(client: Client, serving: Tried) -> None:
    gone(client, serving, "list_event_subscriptions")


@trying
def create_event_subscription(client: Client, serving: Tried) -> None:
    gone(client, serving, "create_event_subscription", "http://127.0.0.1/")


@trying
def delete_event_subscription(client: Client, serving: Tried) -> None:
    gone(client, serving, "delete_event_subscription", "http://127.0.0.1/")
