"""Engines of other versions than the one on this machine: scripted, on a Unix socket."""
from __future__ import annotations

from typing import Any

import pytest

from executor.docker.mesos_docker import Docker
from executor.docker.runtime import DockerRuntime
from executor.engine.failures import BadOption, Blame, DaemonUnavailable, NoSuchContainer, RuntimeFailure, WrongVersion
from tests.executor.docker.conftest import Make
from tests.fakes.scripted_engine import ID


@pytest.mark.parametrize(("speaks", "spoken"), [("1.41", "1.41"), ("1.43", "1.43"), ("1.51", "1.51"), ("1.60", "1.51"),
                                                ("2.0", "1.51")])
def test_the_newest_version_that_both_speak(engine: Make, speaks: str, spoken: str) -> None:
    server, runtime = engine(speaks)
    assert runtime.engine.version() == (28, 3, 0)
    newer = ["/version"] if speaks in {"1.60", "2.0"} else []  # its oldest may be newer than ours, too
    assert [path for _, path, _, _ in server.asked] == ["/_ping", *newer, f"/v{spoken}/version"]


def test_an_engine_that_says_its_version_only_when_asked(engine: Make) -> None:
    """Such as one behind a proxy that leaves headers out."""
    server, runtime = engine("1.43")
    server.tells = False
    assert runtime.engine.api_version() == (1, 43)
    assert [path for _, path, _, _ in server.asked] == ["/_ping", "/version"]


def test_an_engine_whose_oldest_version_is_newer_than_ours(engine: Make) -> None:
    server, runtime = engine("1.70")
    server.oldest = "1.60"
    assert runtime.engine.api_version() == (1, 60)
    assert runtime.engine.version() == (28, 3, 0)


def test_an_engine_that_does_not_answer_without_a_version(engine: Make) -> None:
    server, runtime = engine("1.60")
    server.unversioned = False
    assert runtime.engine.api_version() == (1, 51)
    assert [path for _, path, _, _ in server.asked] == ["/_ping", "/version", "/v1.44/version"]


@pytest.mark.parametrize(("oldest", "newest", "spoken"), [("1.24", "1.41", "1.41"), ("1.60", "1.70", "1.60")])
def test_an_engine_that_was_changed_under_us_is_asked_anew_once(engine: Make, oldest: str, newest: str,
                                                                 spoken: str) -> None:
    server, runtime = engine("1.51")
    runtime.containers.create({"Image": "x"}, "a")
    server.oldest, server.version = oldest, newest
    del server.asked[:]
    runtime.containers.create({"Image": "x"}, "a")
    assert [path for _, path, _, _ in server.asked] == [
        "/v1.51/containers/create", "/_ping", *(["/version"] if newest == "1.70" else []),
        f"/v{spoken}/containers/create"]


def test_an_engine_that_refuses_every_version_is_at_fault(engine: Make) -> None:
    server, runtime = engine("1.51")
    runtime.engine.api_version()
    server.oldest, server.version = "1.60", "1.51"
    with pytest.raises(WrongVersion, match="too old") as caught:
        runtime.containers.create({"Image": "x"}, "a")
    assert (caught.value.blame, caught.value.again) == (Blame.NODE, False)


@pytest.mark.parametrize(("speaks", "bodies"), [("1.43", [["front"], None]), ("1.44", [["front", "back"]])])
def test_several_networks_at_create_or_joined_one_by_one(engine: Make, speaks: str,
                                                         bodies: list[list[str] | None]) -> None:
    server, runtime = engine(speaks)
    runtime.containers.create({"Image": "x", "HostConfig": {"NetworkMode": "front"}, "NetworkingConfig": {
        "EndpointsConfig": {"front": {}, "back": {"Aliases": ["b"]}}}}, "name")
    posts = [(path, body) for method, path, _, body in server.asked if method == "POST"]
    assert len(posts) == len(bodies)
    assert list(posts[0][1]["NetworkingConfig"]["EndpointsConfig"]) == bodies[0]
    if len(posts) == 2:
        assert posts[1] == (f"/v{speaks}/networks/back/connect",
                            {"Container": ID, "EndpointConfig": {"Aliases": ["b"]}})


@pytest.mark.parametrize(("status", "refused"), [
    ([["driver-type", "io.containerd.snapshotter.v1"]], True), ([["Backing Filesystem", "extfs"]], False),
    (None, False)])
def test_what_containerds_store_would_drop_is_refused(engine: Make, status: Any, refused: bool) -> None:
    """It takes a size, and keeps none."""
    server, runtime = engine("1.51")
    server.answers["/info"] = (200, {"DriverStatus": status})
    runtime.containers.create({"Image": "x", "HostConfig": {"StorageOpt": {}}}, "a")
    assert "/v1.51/info" not in [path for _, path, _, _ in server.asked]
    limited = {"Image": "x", "HostConfig": {"StorageOpt": {"size": "1G"}}}
    if refused:
        with pytest.raises(BadOption, match="--storage-opt has no effect"):
            runtime.containers.create(limited, "a")
    else:
        runtime.containers.create(limited, "a")


def test_a_platform_goes_into_the_query(engine: Make) -> None:
    server, runtime = engine("1.41")
    runtime.containers.create({"Image": "x", "Platform": "linux/arm64"}, "name")
    _, path, query, body = server.asked[-1]
    assert (path, query["platform"], query["name"]) == ("/v1.41/containers/create", ["linux/arm64"], ["name"])
    assert "Platform" not in body


@pytest.mark.parametrize(("speaks", "paths"), [
    ("1.42", ["/stop"]), ("1.41", ["/kill", "/wait"]),
])
def test_stop_with_a_signal(engine: Make, speaks: str, paths: list[str]) -> None:
    server, runtime = engine(speaks)
    try:
        runtime.containers.stop("x", 5, "SIGUSR1")
    except DaemonUnavailable:
        assert speaks == "1.41"  # the script's answer to wait has no status
    posts = [(path, query) for method, path, query, _ in server.asked if method == "POST"]
    assert [path.removeprefix(f"/v{speaks}/containers/x") for path, _ in posts] == paths
    assert posts[0][1]["signal"] == ["SIGUSR1"]
    assert posts[0][1].get("t") == (["5"] if speaks == "1.42" else None)


def test_an_engine_without_a_version_is_none(engine: Make) -> None:
    _, runtime = engine("nonsense")
    with pytest.raises(DaemonUnavailable):
        runtime.engine.version()


def inspected(name: str, **more: Any) -> dict[str, Any]:
    """As Docker 29 tells of a container: no address but those of its networks."""
    return {"Id": name, "Name": f"/{name}", "State": {"Pid": 7, "StartedAt": "2026-01-01T00:00:00Z"}, "HostConfig": {
        "NetworkMode": "bridge"}, "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}}, **more}


FOREIGN: dict[str, tuple[int, Any]] = {
    "no state": (200, inspected("a", State=None)),
    "no host": (200, inspected("a", HostConfig={})),
    "a device of another form": (200, inspected("a", HostConfig={"Devices": [{"Path": "/dev/x"}]})),
    "servers that are no texts": (200, inspected("a", HostConfig={"Dns": [7]})),
    "damaged": (500, {"message": "RWLayer of container a is unexpectedly nil"}),
    "gone": (404, {"message": "No such container: a"}),
    "nothing": (200, {}),
}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN.keys())
def test_containers_of_others_do_not_hide_ours(engine: Make, foreign: tuple[int, Any]) -> None:
    server, runtime = engine("1.52")
    server.answers = {
        "/containers/json": (200, [{"Id": "a", "Names": None}, {"Id": "ours", "Names": ["/ours"]}]),
        "/containers/a/json": foreign, "/containers/ours/json": (200, inspected("ours"))}
    found = Docker(runtime.engine).ps(all=True)
    assert {each.name for each in found} >= {"/ours"}
    assert {each.ip_address for each in found if each.name == "/ours"} == {"172.17.0.2"}
    assert "ours" in {each.id for each in runtime.containers.ls({})}


@pytest.mark.parametrize(("body", "text"), [
    ({"message": "no way"}, "no way"), ({"error": "no way"}, "no way"),  # podman, of a push
    ({"cause": "no way", "response": 500}, '{"cause": "no way", "response": 500}')])
def test_an_engines_complaint_is_told_wherever_it_has_it(engine: Make, body: dict[str, object], text: str) -> None:
    """With the SDK and without."""
    server, runtime = engine("1.41")
    server.answers = {f"/containers/a/{path}": (500, body) for path in ("archive", "json")}
    for ask in (lambda: runtime.containers.read("a", "/x"), lambda: runtime.containers.inspect("a")):
        with pytest.raises(RuntimeFailure) as caught:
            ask()
        assert str(caught.value).endswith(text)


@pytest.mark.parametrize(("text", "kind"), [
    ("No such container: a", NoSuchContainer), ("No such container: other", BadOption),
    ('no container with name or ID "a" found: no such container', NoSuchContainer),  # podman
    ("no container with ID a found in database: no such container", NoSuchContainer),  # podman, as it goes
    ('no container with name or ID "other" found: no such container', BadOption)])
def test_a_container_that_is_gone_before_its_start_is_told_from_one_that_the_task_names(
        engine: Make, text: str, kind: type[RuntimeFailure]) -> None:
    server, runtime = engine("1.41")
    server.answers = {"/containers/a/start": (404, {"message": text})}
    with pytest.raises(RuntimeFailure) as caught:
        runtime.containers.start("a")
    assert type(caught.value) is kind


@pytest.mark.parametrize(("text", "kind"), [
    ('preparing container a for attach: workdir "/x" exists on container a, but is not a directory', BadOption),
    ("something broke", DaemonUnavailable)])
def test_what_podman_refuses_in_an_attach_is_a_refused_start(engine: Make, text: str,
                                                             kind: type[RuntimeFailure]) -> None:
    server, runtime = engine("1.41")
    server.answers = {"/containers/a/attach": (500, {"message": text})}
    with pytest.raises(RuntimeFailure) as caught:
        runtime.containers.attach("a", tty=False)
    assert type(caught.value) is kind


def test_an_engine_that_breaks_off_does_not_have_fewer_containers(engine: Make) -> None:
    server, runtime = engine("1.52")
    server.answers = {"/containers/json": (200, [{"Id": "a"}]), "/containers/a/json": (200, 7)}
    with pytest.raises(DaemonUnavailable):
        runtime.containers.ls({})


@pytest.mark.parametrize(("mode", "networks", "address"), [
    ("default", {"bridge": {"IPAddress": "172.17.0.2"}}, "172.17.0.2"),
    ("mine", {"mine": {"IPAddress": "10.0.0.2"}}, "10.0.0.2"),
    ("net.work", {"net.work": {"IPAddress": "10.0.0.2"}}, None),  # as Mesos, which splits the name at its dots
    ("host", {"host": {"IPAddress": ""}}, None),
    ("none", {}, None),
])
def test_the_address_that_a_new_engine_leaves_out(engine: Make, mode: str, networks: object, address: object) -> None:
    server, runtime = engine("1.52")
    server.answers["/containers/a/json"] = (200, inspected("a", HostConfig={"NetworkMode": mode}, NetworkSettings={
        "Networks": networks}))
    assert Docker(runtime.engine).inspect("a").ip_address == address


def test_a_path_that_is_not_absolute() -> None:
    with pytest.raises(BadOption, match=r"^Invalid Docker socket path: docker.sock$"):
        DockerRuntime("docker.sock")
