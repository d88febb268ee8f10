"""Pulls from a registry that wants a login: where credentials come from, and what is said when they are wrong."""
from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from executor.docker.mesos_docker import Docker
from executor.docker.runtime import DockerRuntime
from executor.engine.failures import NotAuthorised
from tests.docker.pulling import IMPATIENT, Pushed, pulling, sandbox
from tests.docker.registry import PASSWORD, USER, Registry, config_json
from tests.docker.registry_proxy import RegistryProxy
from tests.engine import has_containerd_store

SOCKET = "/var/run/docker.sock"


def test_login_from_the_sandbox(runtime: DockerRuntime, private_registry: Registry, pushed: Pushed,
                                tmp_path: Path) -> None:
    name, _ = pushed(private_registry)
    runtime.images.pull(name, sandbox=sandbox(tmp_path, config_json(f"http://{private_registry.host}/v1/")))
    assert runtime.images.has(name)


def test_login_from_an_old_dockercfg(runtime: DockerRuntime, private_registry: Registry, pushed: Pushed,
                                     tmp_path: Path) -> None:
    name, _ = pushed(private_registry)
    old = json.dumps(json.loads(config_json(private_registry.host))["auths"])
    runtime.images.pull(name, sandbox=sandbox(tmp_path, old, ".dockercfg"))
    assert runtime.images.has(name)


@pytest.mark.parametrize("as_file", [True, False])
def test_login_from_the_nodes_configuration(private_registry: Registry, pushed: Pushed, tmp_path: Path,
                                            as_file: bool) -> None:
    name, _ = pushed(private_registry)
    text = config_json(private_registry.host)
    path = tmp_path / "node.json"
    path.write_text(text)
    runtime = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(
        IMPATIENT, node_config=str(path) if as_file else text))
    (tmp_path / "empty").mkdir()
    runtime.images.pull(name, sandbox=str(tmp_path / "empty"))
    assert runtime.images.has(name)
    runtime.engine.close()


def test_login_from_a_credential_helper(runtime: DockerRuntime, private_registry: Registry, pushed: Pushed,
                                        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _ = pushed(private_registry)
    helper = tmp_path / "bin" / "docker-credential-test"
    helper.parent.mkdir()
    helper.write_text('#!/bin/sh\nread registry\n'
                      f'[ "$1 $registry" = "get {private_registry.host}" ] || exit 1\n'
                      f'echo \'{json.dumps({"Username": USER, "Secret": PASSWORD})}\'\n')
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}:{os.environ['PATH']}")
    runtime.images.pull(name, sandbox=sandbox(tmp_path, json.dumps({"credHelpers": {private_registry.host: "test"}})))
    assert runtime.images.has(name)


@pytest.mark.parametrize(("config", "said"), [
    (None, "no credentials"),
    ("wrong", "user joe from .docker/config.json in the sandbox"),
])
def test_wrong_or_no_password_is_never_tried_again_and_says_what_was_used(
        private_registry: Registry, pushed: Pushed, docker: Docker, tmp_path: Path, config: str | None,
        said: str) -> None:
    name, _ = pushed(private_registry)
    wrong = "not-the-password"
    with RegistryProxy(private_registry) as proxy:
        runtime = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(IMPATIENT, attempts=10))
        image = name.replace(private_registry.host, proxy.host)
        folder = sandbox(tmp_path, config_json(proxy.host, USER, wrong)) if config else None
        with pytest.raises(NotAuthorised, match=r"unauthorized|no basic auth credentials|401 Unauthorized") as caught:
            runtime.images.pull(image, sandbox=folder)
        runtime.engine.close()
        assert len(proxy.asked) <= (6 if has_containerd_store(docker) else 4)  # one try
    assert said in str(caught.value)
    assert wrong not in str(caught.value)
    assert wrong not in repr(caught.value.__cause__)


def test_a_broken_configuration_is_said(runtime: DockerRuntime, tmp_path: Path) -> None:
    with pytest.raises(NotAuthorised, match=r".docker/config.json in the sandbox: JSON parse failed"):
        runtime.images.pull("localhost:1/x:1", sandbox=sandbox(tmp_path, "{"))


def test_anothers_wrong_password_is_not_mine(docker: Docker, private_registry: Registry, pushed: Pushed,
                                             tmp_path: Path) -> None:
    name, _ = pushed(private_registry)
    runtime = DockerRuntime(SOCKET, pull_settings=IMPATIENT)
    with RegistryProxy(private_registry) as proxy:
        image = name.replace(private_registry.host, proxy.host)
        wrong = sandbox(tmp_path / "wrong", config_json(proxy.host, USER, "wrong"))
        right = sandbox(tmp_path / "right", config_json(proxy.host))
        bad: list[object] = []
        good: list[object] = []
        threads = [pulling(runtime, image, bad, folder=wrong), pulling(runtime, image, good, folder=right)]
        for thread in threads:
            thread.join(60)
        assert good == ["pulled"]
        assert bad in ([NotAuthorised], ["pulled"])  # pulled, if it came second: then the image was here
        runtime.engine.close()
        docker.images.rm(image)
