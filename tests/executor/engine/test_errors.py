"""What an engine's words mean: texts of Docker 20.10 to 28, from its source and from engines that were asked."""
from __future__ import annotations

import pytest

from executor.engine.errors import failure, network_failure, pull_failure
from executor.engine.failures import (
    BadOption,
    Blame,
    CommandNotExecutable,
    CommandNotFound,
    ContainerNotRunning,
    DaemonUnavailable,
    ImageNotFound,
    NameConflict,
    NoCommand,
    NoSuchContainer,
    NoSuchNetwork,
    NotAuthorised,
    PortInUse,
    RateLimited,
    RegistryUnavailable,
    RegistryUnreachable,
    RuntimeFailure,
)

OCI = "OCI runtime create failed: container_linux.go:380: starting container process caused: "
SHIM = "failed to create task for container: failed to create shim task: " + OCI
ENDPOINT = "driver failed programming external connectivity on endpoint x (4f2): "
SETUP = "failed to set up container networking: "


@pytest.mark.parametrize(("status", "text", "kind"), [
    (404, "No such image: busybox:1", ImageNotFound),
    (404, "no such image: busybox:1: No such image: busybox:1", ImageNotFound),
    (404, "No such container: abc", NoSuchContainer),
    (404, "page not found", NoSuchContainer),
    (409, 'Conflict. The container name "/x" is already in use by container "1f".', NameConflict),
    (409, "Cannot kill container: x: Container 4f2 is not running", ContainerNotRunning),
    (409, "container 4f2 is not running", ContainerNotRunning),
    (409, "Container 4f2 is paused, unpause the container before exec", ContainerNotRunning),
    (409, "cannot join network of a non running container: 4f2", ContainerNotRunning),
    (409, "You cannot remove a running container 4f2. Stop the container before attempting removal or force remove",
     RuntimeFailure),
    (500, ENDPOINT + "Bind for 0.0.0.0:80 failed: port is already allocated", PortInUse),
    (500, ENDPOINT + "Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use", PortInUse),
    (500, SETUP + ENDPOINT + "failed to bind host port 0.0.0.0:80/tcp: address already in use", PortInUse),
    (404, "network nowhere not found", NoSuchNetwork),
    (404, SETUP + "network nowhere not found", NoSuchNetwork),
    (404, "could not find a network matching network mode nowhere: network nowhere not found", NoSuchNetwork),
    (400, OCI + 'exec: "nope": executable file not found in $PATH: unknown', CommandNotFound),
    (400, SHIM + 'unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
     CommandNotFound),
    (400, SHIM + 'error during container init: exec: "/nope": stat /nope: no such file or directory', CommandNotFound),
    (400, OCI + 'exec: "/nope": stat /nope: no such file or directory: unknown', CommandNotFound),
    (400, OCI + 'exec: "/etc": permission denied: unknown', CommandNotExecutable),
    (400, SHIM + 'unable to start container process: exec: "/etc": is a directory: unknown', CommandNotExecutable),
    (400, OCI + "exec /app: exec format error: unknown", CommandNotExecutable),
    (400, OCI + 'rootfs_linux.go:75: mounting "/x" to rootfs at "/y" caused: not a directory: unknown', BadOption),
    (400, 'invalid mount config for type "bind": bind source path does not exist: /nope', BadOption),
    (400, "No command specified", NoCommand),
    (400, "no command specified", NoCommand),  # Docker 28
    (400, "Minimum memory limit allowed is 6MB", BadOption),
    (403, "Could not attach to network x: network x not manually attachable", BadOption),
    (500, "error creating overlay mount to /var/lib: no space left on device", DaemonUnavailable),
    (500, "could not find an available, non-overlapping IPv4 address pool among the defaults", DaemonUnavailable),
    (500, "adding interface veth1 to bridge docker0: route ip+net: no such network interface", DaemonUnavailable),
    (500, "something of the engine's own", DaemonUnavailable),
    (503, "This node is not a swarm manager", DaemonUnavailable),
])
def test_words_of_the_engine(status: int, text: str, kind: type[RuntimeFailure]) -> None:
    found = failure(status, text)
    assert type(found) is kind
    assert str(found) == text


@pytest.mark.parametrize(("status", "text", "kind", "retry"), [
    (404, "manifest for localhost:5000/x:1 not found: manifest unknown: manifest unknown", ImageNotFound, False),
    (404, "pull access denied for x: denied: requested access to the resource is denied", NotAuthorised, False),
    (404, "pull access denied for x, repository does not exist or may require 'docker login'", ImageNotFound, False),
    (404, "repository x not found: does not exist or no pull access", ImageNotFound, False),
    (404, "docker.io/library/x:1: not found", ImageNotFound, False),
    (404, "anything else", ImageNotFound, False),
    (500, "Get http://localhost:5000/v2/x/manifests/1: unauthorized: authentication required", NotAuthorised, False),
    (500, "Head http://localhost:5000/v2/x/manifests/1: no basic auth credentials", NotAuthorised, False),
    (500, "unauthorized: incorrect username or password", NotAuthorised, False),
    (None, "failed to resolve reference: unexpected status from HEAD request: 401 Unauthorized", NotAuthorised, False),
    (500, "toomanyrequests: You have reached your pull rate limit.", RateLimited, True),
    (None, "error parsing HTTP 429 response body: Too Many Requests", RateLimited, True),
    (500, 'Get "http://localhost:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused', RegistryUnreachable,
     True),
    (500, 'Get "https://r.example/v2/": dial tcp: lookup r.example: no such host', RegistryUnreachable, True),
    (500, 'Get "https://r.example/v2/": dial tcp: lookup r.example: Temporary failure in name resolution',
     RegistryUnavailable, True),
    (500, "received unexpected HTTP status: 503 Service Unavailable", RegistryUnavailable, True),
    (None, "unexpected EOF", RegistryUnavailable, True),
    (None, "filesystem layer verification failed for digest sha256:0a", RegistryUnavailable, True),
    (500, "net/http: request canceled while waiting for connection", RegistryUnavailable, True),
    (None, "write /var/lib/docker/tmp/x: no space left on device", DaemonUnavailable, True),
    (400, "invalid reference format", BadOption, False),
    (500, "the engine has a bad day", DaemonUnavailable, True),
])
def test_words_about_a_pull(status: int | None, text: str, kind: type[RuntimeFailure], retry: bool) -> None:
    found = pull_failure(status, text)
    assert (type(found), found.retry, str(found)) == (kind, retry, text)


@pytest.mark.parametrize(("status", "text", "kind"), [
    (409, "network with name x already exists", NameConflict),
    (404, "network x not found", NoSuchNetwork),
    (404, "something that is not there", NoSuchNetwork),
    (404, "No such container: x", NoSuchContainer),
    (403, "error while removing network: network x id 4f has active endpoints", BadOption),
])
def test_words_about_a_network(status: int, text: str, kind: type[RuntimeFailure]) -> None:
    assert type(network_failure(status, text)) is kind


def test_whose_fault_it_is() -> None:
    users = [ImageNotFound, NotAuthorised, BadOption, CommandNotFound, CommandNotExecutable, NoSuchNetwork]
    platforms = [PortInUse, NameConflict, RegistryUnavailable, RegistryUnreachable, RateLimited, DaemonUnavailable]
    assert {kind.blame for kind in users} == {Blame.USER}
    assert {kind.blame for kind in platforms} == {Blame.PLATFORM}
    assert not any(kind.retry for kind in users)
