"""The table of docker run's options, judged by the installed command line: its help, and what it asks an engine to
create."""
from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specs.container.command_line import argv
from specs.container.payload import create_payload
from specs.container.run_options import RunOptions
from specs.errors import SpecError
from specs.messages.values import Parameter
from specs.parameters.options import ALIASES, OPTIONS, settings, would_drop
from tests.fakes.create_recorder import CreateRecorder

# Hidden by `--help` here: of Windows, or of engines newer than the one that it asks.
HIDDEN = frozenset({"annotation", "health-start-interval", "cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops"})


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CreateRecorder]:
    with CreateRecorder(tmp_path_factory.mktemp("engine")) as recorder:
        yield recorder


def options(*parameters: tuple[str, str], network: str = "none", **fields: Any) -> RunOptions:
    return RunOptions(image="img", name="n", network=network, parameters=tuple(Parameter(*p) for p in parameters),
                      **fields)


def test_the_table_has_every_option_that_the_command_line_has(recorder: CreateRecorder) -> None:
    printed = subprocess.run(["docker", "run", "--help"], capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"^ +(?:-\w, )? *--([a-z0-9-]+)", printed, re.MULTILINE))
    assert len(known) > 90
    assert known - set(OPTIONS) == set()
    assert set(OPTIONS) - known <= HIDDEN


@pytest.mark.parametrize("alias", sorted(ALIASES))
def test_aliases_are_known_to_the_command_line(alias: str, recorder: CreateRecorder) -> None:
    value = "ndots:1" if alias == "dns-opt" else "somenet"
    assert isinstance(recorder.payload([f"--{alias}={value}", "--network=somenet" if alias == "net-alias" else "--init",
                                        "img"]), dict)


VALUES = [
    [("entrypoint", "/x")], [("entrypoint", "")], [("env", "A=b"), ("env", "C=d=e"), ("env", "A=z")],
    [("workdir", "/w")],
    [("user", "1:2")], [("group-add", "staff"), ("group-add", "7")], [("hostname", "h")], [("domainname", "d")],
    [("label", "a=b"), ("label", "c"), ("label", "a=z")], [("init", "true")], [("init", "false")],
    [("interactive", "true")], [("tty", "1")], [("stop-signal", "SIGUSR1")], [("stop-timeout", "3")],
    [("restart", "on-failure:3")], [("restart", "no")], [("rm", "true")], [("rm", "true"), ("rm", "false")],
    [("runtime", "runc")], [("isolation", "default")],
    [("health-cmd", "true"), ("health-interval", "1m30s"), ("health-timeout", "2.5s"), ("health-retries", "4"),
     ("health-start-period", "1h")], [("no-healthcheck", "true")],
    [("cpus", "1.5")], [("cpus", ".25")], [("cpu-shares", "5")], [("cpu-period", "1000"), ("cpu-quota", "2000")],
    [("cpu-rt-period", "1"), ("cpu-rt-runtime", "2")], [("cpuset-cpus", "0-1"), ("cpuset-mems", "0")],
    [("memory", "64m")], [("memory", "1g"), ("memory", "2GiB")], [("memory", "1.5g"), ("memory-swap", "-1")],
    [("memory-swap", "2gb")], [("memory-reservation", "1048576")], [("memory-reservation", "10 kb")],
    [("memory-swappiness", "10")], [("kernel-memory", "4M")], [("oom-kill-disable", "true")],
    [("oom-score-adj", "-5")],
    [("pids-limit", "-1")], [("shm-size", "1MB")], [("ulimit", "nofile=10:20"), ("ulimit", "core=-1"),
     ("ulimit", "cpu=5")],
    [("blkio-weight", "10")], [("blkio-weight-device", "/dev/null:20")], [("device-read-bps", "/dev/null:1mb")],
    [("device-write-bps", "/dev/null:1024")], [("device-read-iops", "/dev/null:7")],
    [("device-write-iops", "/dev/null:8")],
    [("mount", "type=bind,source=/a,target=/b,readonly,bind-propagation=rslave")],
    [("mount", "src=v,dst=/b,volume-driver=local,volume-opt=a=b,volume-opt=c=d,volume-label=l=m,volume-nocopy")],
    [("mount", "type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=1777")], [("mount", 'type=volume,"target=/a,b"')],
    [("tmpfs", "/t"), ("tmpfs", "/u:size=1m,ro")], [("volume", "/a:/b:ro"), ("volume", "vol:/c"), ("volume", "/anon")],
    [("volume-driver", "local")], [("volumes-from", "x:ro")], [("read-only", "true")], [("storage-opt", "size=1G")],
    [("link", "db"), ("link", "a:b")],
    [("add-host", "a:1.2.3.4"), ("add-host", "b:host-gateway"), ("add-host", "c:::1"), ("add-host", "d=1.2.3.4")],
    [("dns", "8.8.8.8"), ("dns", "::1")], [("dns-option", "ndots:1"), ("dns-opt", "x")], [("dns-search", "a.example"),
                                                                                          ("dns-search", ".")],
    [("expose", "80"), ("expose", "90-92/udp")], [("publish", "8080:80")], [("publish", "127.0.0.1:53:53/udp")],
    [("publish", "80")], [("publish", "[::1]:81:80")], [("publish", "127.0.0.1::80")],
    [("publish", "8000-8002:80-82")],
    [("publish", "8000-8010:80")], [("publish", "published=81,target=80,protocol=udp")], [("publish", "1:2"),
                                                                                         ("publish", "3:2")],
    [("publish-all", "true")], [("device", "/dev/null")], [("device", "/dev/null:/dev/x:r")],
    [("device", "/dev/null:rw")],
    [("device-cgroup-rule", "c 1:3 rwm")], [("gpus", "all")], [("gpus", "2")], [("gpus", '"device=0,1"')],
    [("gpus", "count=1,capabilities=utility,driver=nvidia,options=a=b")], [("privileged", "true")],
    [("cap-add", "NET_ADMIN"), ("cap-add", "CAP_CHOWN")],
    [("cap-drop", "ALL"), ("cap-drop", "CHOWN"), ("cap-add", "chown")],
    [("cap-add", "all"), ("cap-add", "KILL"), ("cap-drop", "SYSLOG"), ("cap-drop", "KILL")],
    [("security-opt", "no-new-privileges"), ("security-opt", "seccomp=unconfined"), ("security-opt", "label=disable")],
    [("security-opt", "systempaths=unconfined")], [("sysctl", "net.ipv4.ip_forward=1"), ("sysctl", "kernel.sem=")],
    [("cgroup-parent", "/p")], [("cgroupns", "private")], [("ipc", "shareable")], [("pid", "host")],
    [("pid", "container:x")], [("userns", "host")], [("uts", "host")], [("log-driver", "json-file"),
                                                                        ("log-opt", "max-size=1m")],
    [("attach", "stdout"), ("attach", "stderr")], [("detach-keys", "ctrl-a")], [("sig-proxy", "false")],
    [("quiet", "true")], [("disable-content-trust", "true")], [("pull", "missing")], [("use-api-socket", "false")],
    [("detach", "false")],
]


@pytest.mark.parametrize("parameters", VALUES, ids=lambda p: " ".join(f"{k}={v}" for k, v in p))
def test_a_parameter_says_to_the_engine_what_the_command_line_says(
        parameters: list[tuple[str, str]], recorder: CreateRecorder) -> None:
    compare(options(*parameters), recorder)


NETWORKS = [
    options(("ip", "10.0.0.7"), ("ip6", "fd00::7"), ("network-alias", "a"), ("net-alias", "b"),
            ("link-local-ip", "169.254.1.1"), network="mynet"),
    options(("network", "other"), network="mynet"),
    options(network="name=mynet,alias=x,ip=10.0.0.9,driver-opt=a=b"),
    options(("link", "db"), network="mynet"),
    options(network="bridge"), options(network="host"), options(network="container:abc"),
]


@pytest.mark.parametrize("wanted", NETWORKS, ids=lambda o: f"{o.network} {o.parameters}")
def test_networks(wanted: RunOptions, recorder: CreateRecorder) -> None:
    compare(wanted, recorder)


def test_every_option_with_an_effect_is_among_the_values() -> None:
    tried = {ALIASES.get(name, name) for case in VALUES for name, _ in case}
    tried |= {ALIASES.get(p.key, p.key) for case in NETWORKS for p in case.parameters}
    newer = {name for name, option in OPTIONS.items() if option.needs_api > (1, 41)}
    client = {name for name, option in OPTIONS.items() if not option.field}
    elsewhere = {"mac-address", "platform"}  # the former below; the latter is in the query, not in the body
    assert set(OPTIONS) - tried - newer - client - HIDDEN - elsewhere == set()


def test_an_option_that_sets_nothing_says_why() -> None:
    assert {name for name, option in OPTIONS.items() if not option.field and not option.note} == set()


@pytest.mark.parametrize(("payload", "since"), [
    ({"HostConfig": {"Annotations": {"a": "b"}}}, (1, 43)), ({"Healthcheck": {"StartInterval": 1}}, (1, 44)),
    ({"HostConfig": {"Mounts": [{"Type": "volume", "VolumeOptions": {"Subpath": "s"}}]}}, (1, 45)),
    ({"HostConfig": {"Mounts": [{"Type": "image"}]}}, (1, 48)),
])
def test_what_an_older_engine_would_drop_is_told(payload: dict[str, Any], since: tuple[int, int]) -> None:
    older = since[0], since[1] - 1
    assert str(would_drop(payload, lambda: older)).endswith(
        f"needs an engine with API 1.{since[1]} or newer; this one has 1.{older[1]}")
    assert would_drop(payload, lambda: since) is None


def test_what_a_newer_engine_would_drop_is_told() -> None:
    payload = create_payload(options(("kernel-memory", "4M")))
    assert would_drop(payload, lambda: (1, 41)) is None
    assert would_drop(payload, lambda: (1, 42)) == (
        "--kernel-memory is not known to engines with API 1.42 any more")


def test_an_engine_is_not_asked_for_what_all_know() -> None:
    def never() -> tuple[int, int]:
        raise AssertionError
    assert would_drop(create_payload(options(("init", "true"), ("gpus", "1"))), never) is None


def test_with_a_new_engine_the_mac_address_belongs_to_the_network(tmp_path: Path) -> None:
    with CreateRecorder(tmp_path, api="1.50") as recorder:
        wanted = options(("mac-address", "92:d0:c6:0a:29:33"), ("annotation", "a=b"), ("health-start-interval", "1s"),
                         ("health-cmd", "true"), network="mynet")
        theirs = recorder.payload(argv(wanted))
        assert isinstance(theirs, dict), theirs
        assert normal(create_payload(wanted, api=(1, 50))) == normal(theirs)
    assert create_payload(options(("mac-address", "92:d0:c6:0a:29:33")))["MacAddress"] == "92:d0:c6:0a:29:33"


def compare(wanted: RunOptions, recorder: CreateRecorder) -> None:
    theirs = recorder.payload(argv(wanted))
    assert isinstance(theirs, dict), theirs
    assert normal(create_payload(wanted)) == normal(theirs)


# What the command line always says and the engine takes for "not said".
DEFAULTS = {"MemorySwappiness": -1, "LogConfig": {"Type": ""}, "RestartPolicy": {"Name": "no"}, "GwPriority": 0}


def normal(value: Any, key: str = "") -> Any:
    """Without all that is empty or a default."""
    if isinstance(value, dict):
        shown = {name: normal(item, name) for name, item in value.items()}
        if key in {"ExposedPorts", "Volumes", "EndpointsConfig", "Tmpfs", "Labels", "Sysctls"}:
            return shown  # the names count, whatever they stand for
        return {name: item for name, item in shown.items() if not empty(item) and DEFAULTS.get(name) != item}
    if key in {"Binds", "Env"} and value:  # the command line keeps them in maps, without an order
        return sorted(value)
    if isinstance(value, list):
        return [normal(item) for item in value]
    return value


def empty(item: Any) -> bool:
    return item is None or item is False or item in ("", 0) or item in ([], {}, [0, 0])


BAD = [
    ("memmory", "1m", "unknown flag: --memmory; did you mean --memory?"), ("zzzzz", "1", "unknown flag: --zzzzz"),
    ("m", "1m", "unknown flag: --m"), ("memory", "lots", "--memory: invalid value 'lots'"),
    ("memory", "-1", "--memory: invalid value"), ("cpus", "1.0000000001", "too precise"), ("cpus", "x", "--cpus:"),
    ("privileged", "yes", "must be true or false"), ("oom-score-adj", "1001", "from -1000 to 1000"),
    ("ulimit", "nofiles=1", "no such limit"), ("ulimit", "nofile=5:4", "soft limit"),
     ("ulimit", "nofile", "NAME=SOFT"),
    ("mount", "type=bind,source=/a", "target is required"), ("mount", "typ=bind", "unexpected key 'typ'"),
    ("mount", "type=tmpfs,target=/a,volume-nocopy", "cannot mix"), ("publish", "99999:80", "not a port"),
    ("publish", "80:80/xyz", "protocol"), ("publish", "1-3:4-5", "different lengths"),
     ("restart", "sometimes", "restart"),
    ("device", "null", "absolute path"), ("device", "/dev/null:/dev/x:q", "permissions"),
     ("dns", "nowhere", "IP address"),
    ("health-interval", "5", "duration"), ("network", "", "must name a network"), ("ip", "::1", "IPv4"),
    ("env-file", "/x", "names a file"), ("label-file", "/x", "names a file"), ("cidfile", "/x", "names a file"),
    ("cpu-count", "2", "only supported on a Docker daemon running on windows"),
    ("cpu-percent", "2", "running on windows"), ("io-maxiops", "2", "running on windows"),
    ("io-maxbandwidth", "2", "running on windows"),
    ("name", "x", "must not be 'name'"), ("detach", "true", "always waits"), ("pull", "sometimes", "always"),
    ("security-opt", "seccomp=/profile.json", "seccomp profile"), ("add-host", "a", "HOST:IP"),
     ("env", "=x", "KEY=VALUE"),
    ("log-opt", "x", "KEY=VALUE"), ("gpus", "bus=1", "unexpected key 'bus'"), ("tmpfs", "t", "absolute"),
]


@pytest.mark.parametrize(("key", "value", "part"), BAD)
def test_a_wrong_option_is_an_error_that_names_it(key: str, value: str, part: str) -> None:
    with pytest.raises(SpecError) as caught:
        create_payload(options(("init", "true"), (key, value)))
    assert f"--{key}" in caught.value.problem
    assert part in caught.value.problem
    assert caught.value.path.startswith("container.docker.parameters[1].")


CONFLICTS = [
    ([("rm", "true"), ("restart", "always")], "cannot specify both --restart and --rm"),
    ([("no-healthcheck", "true"), ("health-retries", "1")], "conflicts with --health-* options"),
    ([("log-driver", "none"), ("log-opt", "a=b")], "invalid logging opts for driver none"),
    ([("network", "other")], "cannot attach both user-defined and non-user-defined"),
    ([("network", "none")], "is specified multiple times"),
]


@pytest.mark.parametrize(("parameters", "part"), CONFLICTS)
def test_conflicts_are_those_of_the_command_line(parameters: list[tuple[str, str]], part: str,
                                                 recorder: CreateRecorder) -> None:
    wanted = options(*parameters)
    with pytest.raises(SpecError, match=re.escape(part)):
        create_payload(wanted)
    assert part in str(recorder.payload(argv(wanted)))


def test_an_option_that_needs_a_newer_engine_says_so() -> None:
    newer = [Parameter("annotation", "a=b")]
    assert settings(newer, api=(1, 43))[0].value == ("a", "b")
    with pytest.raises(SpecError, match=r"--annotation needs an engine with API 1\.43 or newer; this one has 1\.41"):
        settings(newer, api=(1, 41))


def test_the_last_word_wins_over_the_task_and_lists_grow(tmp_path: Path) -> None:
    wanted = options(("memory", "64m"), ("env", "A=parameter"), ("dns", "1.1.1.1"), memory=1 << 20, env={"A": "task"},
                     dns=("9.9.9.9",))
    payload = create_payload(wanted, {"label": "ours"})
    assert payload["HostConfig"]["Memory"] == 64 << 20
    assert payload["Env"] == ["A=parameter"]
    assert payload["HostConfig"]["Dns"] == ["9.9.9.9", "1.1.1.1"]
    assert payload["Labels"] == {"label": "ours"}
