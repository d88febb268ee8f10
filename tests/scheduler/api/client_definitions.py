"""Tries of the client's methods for apps and groups."""
from __future__ import annotations

import pytest

from tests.scheduler.api.marathon_client import (
    Client,
    MarathonGroup,
    NotFoundError,
    Tried,
    definition,
    ended,
    trying,
)


@trying
def create_app(client: Client, serving: Tried) -> None:
    made = client.create_app("/new", definition(instances=2))
    ended(serving)
    assert (made.id, made.instances, len(made.deployments)) == ("/new", 2, 1)
    assert len(serving.running("/new")) == 2


@trying
def list_apps(client: Client, serving: Tried) -> None:
    found = client.list_apps(embed_tasks=True, embed_counts=True, embed_deployments=True, embed_readiness=True,
                             embed_last_task_failure=True, embed_failures=True, embed_task_stats=True)
    assert {each.id: each.tasks_running for each in found} == {"/web": 2, "/team/a": 1}
    assert all(each.tasks and each.task_stats.total_summary for each in found)
    assert [each.id for each in client.list_apps(label="a==b")] == ["/web"]
    assert [each.id for each in client.list_apps(app_id="TEAM".lower())] == ["/team/a"]
    assert {each.id for each in client.list_apps(cmd="sleep 1")} == {"/web", "/team/a"}


@trying
def get_app(client: Client, serving: Tried) -> None:
    victim = serving.running("/web")[0]
    word = serving.fails(victim)
    serving.wait(lambda: "lastTaskFailure" in serving.get("/v2/apps/web")["app"])
    found = client.get_app("/web", embed_tasks=True, embed_counts=True, embed_deployments=True, embed_readiness=True,
                           embed_last_task_failure=True, embed_failures=True, embed_task_stats=True)
    assert (found.id, found.last_task_failure.task_id, found.last_task_failure.state) == ("/web", victim, "TASK_FAILED")
    assert word in found.last_task_failure.message
    with pytest.raises(NotFoundError):
        client.get_app("/none")


@trying
def update_app(client: Client, serving: Tried) -> None:
    shown = client.get_app("/web")
    shown.env = {"A": "1"}
    before = set(serving.running("/web"))
    answer = client.update_app("/web", shown, force=True)
    assert set(answer) == {"deploymentId", "version"}
    ended(serving)
    assert len(serving.running("/web")) == 2
    assert not before & set(serving.running("/web"))


@trying
def update_apps(client: Client, serving: Tried) -> None:
    found = client.list_apps()
    for each in found:
        each.instances = 3
    client.update_apps(found, force=True)
    ended(serving)
    assert len(serving.running("/web")) == len(serving.running("/team/a")) == 3


@trying
def rollback_app(client: Client, serving: Tried) -> None:
    version = serving.get("/v2/apps/web")["app"]["version"]
    serving.change("PUT", "/v2/apps/web", {"env": {"A": "1"}})
    client.rollback_app("/web", version, force=True)
    ended(serving)
    assert "env" not in serving.get("/v2/apps/web")["app"]


@trying
def delete_app(client: Client, serving: Tried) -> None:
    killed = set(serving.running("/web"))
    client.delete_app("/web", force=True)
    serving.wait(lambda: serving.are_gone(killed))
    assert serving.ask("GET", "/v2/apps/web")[0] == 404


@trying
def scale_app(client: Client, serving: Tried) -> None:
    client.scale_app("/web", instances=4)
    ended(serving)
    assert len(serving.running("/web")) == 4
    client.scale_app("/web", delta=-3, force=True)
    ended(serving)
    assert len(serving.running("/web")) == 1


@trying
def restart_app(client: Client, serving: Tried) -> None:
    before = set(serving.running("/web"))
    client.restart_app("/web", force=True)
    ended(serving)
    assert not before & set(serving.running("/web"))


@trying
def list_versions(client: Client, serving: Tried) -> None:
    serving.change("PUT", "/v2/apps/web", {"instances": 1})
    assert [str(each) for each in client.list_versions("/web")] == serving.get("/v2/apps/web/versions")["versions"]


@trying
def get_version(client: Client, serving: Tried) -> None:
    version = serving.get("/v2/apps/web/versions")["versions"][0]
    assert client.get_version("/web", version).instances == 2


@trying
def create_group(client: Client, serving: Tried) -> None:
    client.create_group(MarathonGroup(id="/made", apps=[definition(id="/made/x")]))
    ended(serving)
    assert len(serving.running("/made/x")) == 1


@trying
def get_group(client: Client, serving: Tried) -> None:
    assert [each.id for each in client.get_group("/team").apps] == ["/team/a"]


@trying
def list_groups(client: Client, serving: Tried) -> None:
    assert [each.id for each in client.list_groups()] == ["/team"]


@trying
def update_group(client: Client, serving: Tried) -> None:
    client.update_group("/team", MarathonGroup(id="/team", apps=[definition(id="/team/b", instances=2)]), force=True)
    ended(serving)
    assert len(serving.running("/team/b")) == 2
    assert serving.ask("GET", "/v2/apps/team/a")[0] == 404


@trying
def rollback_group(client: Client, serving: Tried) -> None:
    version = serving.get("/v2/groups/team")["version"]
    serving.change("PUT", "/v2/groups/team", {"apps": []})
    client.rollback_group("/team", version, force=True)
    ended(serving)
    assert len(serving.running("/team/a")) == 1


@trying
def scale_group(client: Client, serving: Tried) -> None:
    client.scale_group("/team", 3)
    ended(serving)
    assert len(serving.running("/team/a")) == 3


@trying
def delete_group(client: Client, serving: Tried) -> None:
    client.delete_group("/team", force=True)
    ended(serving)
    assert [each["id"] for each in serving.get("/v2/apps")["apps"]] == ["/web"]
