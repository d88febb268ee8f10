"""`mesos-docker explain`: its forms, its errors, and that it shows no secret."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deploy.cli.main import cli
from deploy.cli.problems import REFUSED

TASK: dict[str, Any] = {
    "name": "web", "task_id": {"value": "web-1"},
    "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}},
                  {"name": "mem", "type": "SCALAR", "scalar": {"value": 16}},
                  {"name": "ports", "type": "RANGES",
                   "ranges": {"range": [{"begin": 31000, "end": 31001}]}}],
    "command": {"value": "httpd -f", "user": "joe", "environment": {"variables": [
        {"name": "GREETING", "value": "hello"},
        {"name": "PASSWORD", "type": "SECRET",
         "secret": {"type": "VALUE", "value": {"data": "dG9wc2VjcmV0"}}}]}},
    "container": {"type": "DOCKER", "docker": {
        "image": "registry.example.com/web", "network": "BRIDGE",
        "port_mappings": [{"host_port": 31000, "container_port": 80}],
        "parameters": [{"key": "memory-swap", "value": "-1"}]}},
    "limits": {"cpus": {"value": 1.5}},
    "health_check": {"type": "TCP", "tcp": {"port": 80}},
}


def explain(task: Any, *arguments: str) -> Result:
    text = task if isinstance(task, str) else json.dumps(task)
    return CliRunner().invoke(cli, ["explain", "-", *arguments], input=text, standalone_mode=False)


def shown(task: Any, *arguments: str) -> str:
    result = explain(task, *arguments)
    assert result.exit_code == 0, result.output
    assert "topsecret" not in result.output
    return result.stdout


def test_the_text_says_what_and_why() -> None:
    lines = [" ".join(line.split()) for line in shown(TASK).splitlines()]
    for line in (
            "image registry.example.com/web:latest no tag: latest",
            "registry registry.example.com named",
            "CPU shares 512 0.5 cpus × 1024; a share, not a limit",
            "CPU limit 150000 µs of each 100 ms limits.cpus 1.5",
            "memory 32MB the mem resource, in whole MB; raised to Mesos's minimum",
            "port 31000 → 80/tcp",
            "GREETING hello", "PASSWORD *** secret", "--memory-swap -1 docker.parameters",
            "leaves out command.user",
            "leaves empty command.environment.variables[1].secret it does not resolve secrets"):
        assert line in lines


def test_the_other_forms_are_for_programs() -> None:
    options = json.loads(shown(TASK, "--format", "options"))
    assert (options["cpu_shares"], options["memory"],
            options["env"]["PASSWORD"]) == (512, 32 << 20, "***")
    assert options["additional_options"] == ["--memory-swap=-1"]
    engine = json.loads(shown(TASK, "--format", "engine"))
    assert engine["HostConfig"]["MemorySwap"] == -1
    assert engine["User"] == "joe"
    line = shown(TASK, "--format", "cli")
    assert line.startswith(
        "docker run --cpu-shares 512 --cpu-quota 150000 --memory 33554432 -e GREETING=hello ")
    assert line.endswith(" --memory-swap=-1 registry.example.com/web -c 'httpd -f'\n")


@pytest.mark.parametrize(("fields", "said"), [
    ({}, ("health check TCP, every 10secs the first after 15secs, each at most 20secs "
          "killed after 3 failures in a row; not counted until the first success for 10secs")),
    ({"delay_seconds": 0, "interval_seconds": 0.5, "timeout_seconds": 0, "consecutive_failures": 0,
      "grace_period_seconds": 0},
     ("health check TCP, every 500ms the first after 0ns, each without a time limit "
      "killed after 1 failure in a row; not counted until the first success for 0ns")),
])
def test_health_checks_are_explained_as_the_executor_makes_them(fields: dict[str, Any],
                                                                said: str) -> None:
    task = {**TASK, "health_check": {**TASK["health_check"], **fields}}
    assert said in " ".join(shown(task).split())


def test_a_port_of_the_schedulers_choice() -> None:
    task = json.loads(json.dumps(TASK))
    task["container"]["docker"]["port_mappings"][0]["host_port"] = 0
    assert "any free port → 80/tcp" in shown(task)


@pytest.mark.parametrize(("path", "value", "said"), [
    (("container", "docker", "imag"), "x", "container.docker.imag: is not a field of DockerInfo"),
    (("container", "docker", "parameters"), [{"key": "memmory", "value": "1"}],
     "container.docker.parameters[0].key: unknown flag: --memmory; did you mean --memory?"),
    (("container", "docker", "port_mappings"), [{"host_port": 5, "container_port": 80}],
     "container.docker.port_mappings[0].host_port: Port [5] not included in resources"),
    (("resources",), [], "resources: Task uses no resources"),
    (("limits", "cpus"), {"value": 0.1},
     "limits.cpus: The cpu limit must be greater than or equal to the cpu request"),
    (("container", "type"), "MESOS", "container: The task has no container of type DOCKER"),
])
def test_what_is_refused_is_named_with_its_path(path: tuple[str, ...], value: Any, said: str,
                                                tmp_path: Path) -> None:
    task = json.loads(json.dumps(TASK))
    place = task
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    file = tmp_path / "task.json"
    file.write_text(json.dumps(task))
    result = CliRunner().invoke(cli, ["explain", str(file)])
    assert result.exit_code == REFUSED
    assert result.stdout == ""
    assert f"error: {file}: {said}" in result.stderr


def test_mesos_would_fail_where_we_do_not() -> None:
    task = json.loads(json.dumps(TASK))
    task["container"]["docker"]["network"] = "USER"
    task["container"]["network_infos"] = [{"name": "a"}, {"name": "b"}]
    task["check"] = {"type": "TCP", "tcp": {"port": 80}}
    text = " ".join(shown(task).split())
    assert "Failed to create docker run options: Only a single network can be" in text
    assert "ends the task check it does not support checks" in text


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a": 1, "a": 2}'])
def test_what_is_no_task_is_refused(text: str) -> None:
    assert CliRunner().invoke(cli, ["explain", "-"], input=text).exit_code == REFUSED


@pytest.mark.parametrize(("file", "credentials"), [
    ({"auths": {"registry.example.com": {"auth": "am9lOng="}}},
     "credentials an entry for this registry"),
    ({"auths": {}, "credsStore": "pass"}, "credentials docker-credential-pass is asked"),
    ({"auths": {}}, "credentials none")])
def test_whose_credentials(file: Any, credentials: str, tmp_path: Path,
                           monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text(json.dumps(file))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert credentials in " ".join(shown(TASK).split())


LEAKY: dict[str, Any] = {
    **TASK,
    "command": {"value": "curl http://joe:topsecret@h/", "shell": True, "uris": [
        {"value": "https://joe:topsecret@files/app.tgz?token=topsecret"}],
                "environment": {"variables": [
            {"name": "API_TOKEN", "value": "topsecret"},
            {"name": "URL", "value": "db://u:topsecret@h/d"},
            {"name": "P", "type": "SECRET",
             "secret": {"type": "VALUE", "value": {"data": "dG9wc2VjcmV0"}}}]}},
    "container": {**TASK["container"], "docker": {**TASK["container"]["docker"], "parameters": [
        {"key": "env", "value": "DB_PASSWORD=topsecret"},
        {"key": "log-opt", "value": "splunk-token=topsecret"},
        {"key": "label", "value": "auth=topsecret"},
        {"key": "mount", "value": "type=volume,target=/m,volume-opt=password=topsecret"}]},
        "volumes": [
            {"mode": "RO", "container_path": "/s", "source": {
                "type": "SECRET", "secret": {"type": "VALUE", "value": {"data": "dG9wc2VjcmV0"}}}},
            {"mode": "RW", "container_path": "/v",
             "source": {"type": "DOCKER_VOLUME", "docker_volume": {
                "name": "v", "driver": "d", "driver_options": {"parameter": [
                    {"key": "password", "value": "topsecret"}]}}}}]},
}


@pytest.mark.parametrize("form", ["text", "options", "engine", "cli"])
def test_no_form_shows_a_secret(form: str) -> None:
    said = shown(LEAKY, "--format", form)  # which looks for it
    assert "dG9wc2VjcmV0" not in said
    assert "***" in said


@pytest.mark.parametrize(("volume", "row"), [
    ({"host_path": "html/a"}, "/c /var/lib/mesos/sandbox/html/a in the sandbox, writable"),
    ({"host_path": "a/../b"}, "/c /var/lib/mesos/sandbox/a/../b in the sandbox, writable"),
    ({"host_path": "../../../../etc"}, "/c /etc of the agent's host, where it must be, writable"),
    ({"host_path": "/a:b", "mode": "RO"},
     "/c /a:b of the agent's host, where it must be, read-only"),
    ({"host_path": "/srv"}, "/c /srv a folder of the agent's host, writable"),
    ({"source": {"type": "DOCKER_VOLUME", "docker_volume": {"name": "v", "driver": "d"}}},
     "/c v a volume of the driver d"),
])
def test_a_volume_is_told_as_what_it_is(volume: dict[str, Any], row: str) -> None:
    container = {**TASK["container"], "volumes": [{"mode": "RW", "container_path": "/c", **volume}]}
    assert row in " ".join(shown({**TASK, "container": container}).split())


@pytest.mark.parametrize(("key", "value", "row"), [
    ("volume", "/srv:/c:ro", "/c /srv a folder of the agent's host, read-only"),
    ("volume", "data:/c", "/c data a volume, writable"), ("volume", "/c", "/c a volume of its own, writable"),
    ("mount", "type=bind,source=/srv,target=/c,readonly", "/c /srv of the agent's host, where it must be, read-only"),
    ("mount", "type=volume,source=v,target=/c,volume-driver=d", "/c v a volume of the driver d, writable"),
    ("mount", "type=volume,target=/c", "/c a volume of its own, writable"),
    ("mount", "type=tmpfs,target=/c", "/c in memory"), ("tmpfs", "/c:size=1m", "/c size=1m in memory"),
    ("volumes-from", "other:ro", "other:ro the volumes of this container")])
def test_a_volume_that_is_a_parameter_is_told_too(key: str, value: str, row: str) -> None:
    docker = {**TASK["container"]["docker"], "parameters": [{"key": key, "value": value}]}
    said = " ".join(shown({**TASK, "container": {**TASK["container"], "docker": docker}}).split())
    assert row in said.partition(" Mounts ")[2]


def test_why_mesos_would_fail_is_no_guess() -> None:
    volume = {"mode": "RW", "container_path": "/c", "host_path": "/srv/with:colon"}
    said = " ".join(shown({**TASK, "container": {**TASK["container"],
                                                 "volumes": [volume]}}).split())
    assert "would fail docker run takes no path with a colon container.volumes[0].host_path" in said
    assert "volume drivers" not in said


def test_files_to_fetch() -> None:
    uris = [{"value": "http://h/app.tgz"}, {"value": "/bin/run", "executable": True, "cache": True},
            {"value": "http://h/x.zip?v=1"},
            {"value": "/a.gz", "extract": False, "output_file": "d/b"}]
    said = " ".join(shown({**TASK, "command": {**TASK["command"], "uris": uris}}).split())
    for row in ("app.tgz http://h/app.tgz unpacked",
                "run /bin/run made executable, kept for other tasks",
                "x.zip?v=1 http://h/x.zip?v=1 as it is", "d/b /a.gz as it is"):
        assert row in said
