"""What we lean on of the Docker SDK that it does not promise, by name: a new version shows what it takes away."""
from __future__ import annotations

import ast
import importlib.metadata
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import docker
import docker.transport.unixconn as unix
import pytest
import requests.adapters

import executor.docker
from executor.docker.door import sdk
from specs.words.defaults import DOCKER_SOCKET

# What is used, and of whom.
OF_THE_CLIENT = {"_get", "_post", "_post_json", "_raise_for_status", "_result", "_url"}
SET_BY_US = {"_auth_configs", "_custom_adapter", "_general_configs", "_version", "base_url", "credstore_env", "timeout"}
LEFT_OUT = {"_proxy_configs"}  # for builds, and for an API call of the SDK's that we do not use


def private_names() -> set[str]:
    """Every name with an underscore that the room asks of another object than `self`."""
    found = set()
    for file in Path(executor.docker.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                of_self = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
                found |= set() if of_self else {node.attr}
    return found


def test_the_version_is_one_that_these_names_are_of() -> None:
    assert importlib.metadata.version("docker").split(".")[0] == "7"
    told = tomllib.loads((Path(executor.__path__[0]).parent / "pyproject.toml").read_text())["tool"]["mesos-docker"]
    assert "docker>=7.1,<8" in told["dependencies"]


def test_every_private_name_is_written_down() -> None:
    assert private_names() == OF_THE_CLIENT


@pytest.mark.parametrize("name", sorted(OF_THE_CLIENT))
def test_the_client_has_it(name: str) -> None:
    assert hasattr(docker.APIClient, name) or name in vars(docker.APIClient(base_url="unix:///nowhere", version="1.41"))


def test_our_client_is_made_of_what_theirs_is_made_of() -> None:
    """Ours leaves out the SDK's constructor, which reads HOME and the environment; so it sets what that one sets."""
    theirs = set(vars(docker.APIClient(base_url="unix:///nowhere", version="1.41")))
    requests_part = set(vars(requests.Session()))
    ours = set(vars(sdk.SdkClient("/nowhere")))
    assert ours - requests_part == SET_BY_US
    assert theirs - requests_part - ours == LEFT_OUT


@pytest.mark.parametrize(("made", "parameters"), [
    (unix.UnixHTTPConnection, ["base_url", "unix_socket", "timeout"]),
    (unix.UnixHTTPConnectionPool, ["base_url", "socket_path", "timeout", "maxsize"]),
    (unix.UnixHTTPAdapter, ["socket_url", "timeout", "pool_connections", "max_pool_size"]),
])
def test_the_transport_is_made_as_we_make_it(made: Any, parameters: list[str]) -> None:
    assert list(inspect.signature(made).parameters) == parameters


def test_requests_asks_the_adapter_for_its_pool_and_the_pool_for_a_connection() -> None:
    assert "get_connection" in vars(unix.UnixHTTPAdapter)
    assert "_new_conn" in vars(unix.UnixHTTPConnectionPool)
    adapter = sdk._Adapter("/nowhere")
    assert isinstance(adapter.get_connection("http+docker://localhost/x")._new_conn(), sdk._Connection)
    request = requests.Request("GET", "http+docker://localhost/x").prepare()
    chosen = adapter.get_connection_with_tls_context(request, verify=None, proxies=None, cert=None)
    assert chosen is adapter.get_connection("any")
    assert isinstance(adapter, requests.adapters.HTTPAdapter)


def test_the_sdk_is_loaded_by_the_first_call_that_needs_it() -> None:
    """Not by what every task needs: containers, their output, events, pulls."""
    program = ("import sys, executor.docker.runtime as it; made = it.DockerRuntime(sys.argv[1]); "
               "made.images.has('x'); made.containers.ls(); print(sorted({'docker', 'requests', 'urllib3', "
               "'http.client', 'email'} & set(sys.modules)))")
    told = subprocess.run([sys.executable, "-c", program, DOCKER_SOCKET], check=True, capture_output=True, text=True)
    assert told.stdout == "[]\n"
