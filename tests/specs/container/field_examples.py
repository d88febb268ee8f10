"""Tasks for the walk over all fields: pairs that differ in one, and some that have what cannot be honoured."""
from __future__ import annotations

from base64 import b64encode
from typing import Any

Json = dict[str, Any]

AMOUNTS = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}},
           {"name": "mem", "type": "SCALAR", "scalar": {"value": 64}},
           {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 100, "end": 200}]}}]
TASK: Json = {"name": "t", "task_id": {"value": "t"}, "agent_id": {"value": "a"}, "resources": AMOUNTS,
              "command": {"value": "true"}, "container": {"type": "DOCKER", "docker": {"image": "i"}}}


def container(**fields: Any) -> Json:
    return {"container": {**TASK["container"], **fields}}


def docker(**fields: Any) -> Json:
    return container(docker={"image": "i", **fields})


def volume(**fields: Any) -> Json:
    return container(volumes=[{"mode": "RW", "container_path": "/c", **fields}])


def source(kind: str, part: str, value: Any) -> Json:
    return volume(source={"type": kind, part: value})


def of_driver(**fields: Any) -> Json:
    return source("DOCKER_VOLUME", "docker_volume", {"name": "v", **fields})


def user_network(**fields: Any) -> Json:
    return container(docker={"image": "i", "network": "USER"}, network_infos=[{"name": "net", **fields}])


def linux(**fields: Any) -> Json:
    return container(linux_info=fields)


def rlimit(**fields: Any) -> Json:
    return container(rlimit_info={"rlimits": [{"type": "RLMT_CPU", "soft": 1, "hard": 2, **fields}]})


def command(**fields: Any) -> Json:
    return {"command": {"value": "true", **fields}}


def variable(**fields: Any) -> Json:
    return {"environment": {"variables": [{"name": "N", **fields}]}}


def uri(**fields: Any) -> Json:
    return command(uris=[{"value": "http://h/a.tar", **fields}])


def resource(**fields: Any) -> Json:
    return {"resources": [*AMOUNTS, {"name": "gpus", "type": "SCALAR", "scalar": {"value": 1}, **fields}]}


def persistent(path: str = "p", mode: str = "RW", **disk: Any) -> Json:
    found = {"persistence": {"id": "x"}, "volume": {"mode": mode, "container_path": path}, **disk}
    return resource(name="disk", disk=found, reservations=[{"type": "DYNAMIC", "role": "r"}])


def value(data: str) -> Json:
    return {"type": "VALUE", "value": {"data": data}}


def reference(**fields: Any) -> Json:
    return {"type": "REFERENCE", "reference": {"name": "s", **fields}}


def health(kind: Json, **fields: Any) -> Json:
    return {"health_check": {**kind, **fields}}


def http(**fields: Any) -> Json:
    return health(HTTP, http={"port": 1, **fields})


def checked(**fields: Any) -> Json:
    return {"check": {"type": "COMMAND", "command": {"command": {"value": "c", **fields}}}}


def parameter(key: str, text: str) -> Json:
    return docker(parameters=[{"key": key, "value": text}])


def mapping(**fields: Any) -> Json:
    return docker(network="BRIDGE", port_mappings=[{"host_port": 150, "container_port": 1, **fields}])


def address(**fields: Any) -> Json:
    return user_network(ip_addresses=[{"ip_address": "10.0.0.1", **fields}])


def of_executor(data: bytes) -> Json:
    return {"command": None, "executor": {"executor_id": {"value": "e"}}, "data": b64encode(data).decode()}


VALUED = variable(type="SECRET", secret=value("YQ=="))
TCP = {"type": "TCP", "tcp": {"port": 1}}
HTTP = {"type": "HTTP", "http": {"port": 1}}

# Of each path two tasks that differ in it and lead to different ends.
PAIRS: dict[str, tuple[Json, Json]] = {
    "resources[].name": (resource(), resource(name="other")),
    "resources[].type": (resource(), resource(type="SET", set={"item": ["a"]}, scalar=None)),
    "resources[].scalar": (resource(), resource(scalar={"value": 2})),
    "resources[].allocation_info.role": (
        {"resources": [{**AMOUNTS[0], "allocation_info": {"role": "a"}}]},
        {"resources": [{**AMOUNTS[0], "allocation_info": {"role": "b"}}]}),
    "resources[].disk.persistence.id": (persistent(), persistent(persistence=None)),
    "resources[].disk.volume.mode": (persistent(), persistent(mode="RO")),
    "resources[].disk.volume.container_path": (persistent(), persistent("q")),
    "command.value": (command(), command(value="false")),
    "command.shell": (command(), command(shell=False)),
    "command.arguments": (command(shell=False), command(shell=False, arguments=["x"])),
    "command.user": (command(), command(user="joe")),
    "command.uris[].value": (uri(), uri(value="http://h/b.tar")),
    "command.uris[].executable": (uri(), uri(executable=True)),
    "command.uris[].extract": (uri(), uri(extract=False)),
    "command.uris[].cache": (uri(), uri(cache=True)),
    "command.uris[].output_file": (uri(), uri(output_file="o")),
    "container.type": ({}, container(type="MESOS")),
    "container.volumes[].mode": (volume(host_path="/h"), volume(host_path="/h", mode="RO")),
    "container.volumes[].container_path": (volume(host_path="/h"), volume(host_path="/h", container_path="/d")),
    "container.volumes[].host_path": (volume(host_path="/h"), volume(host_path="/i")),
    "container.volumes[].source.type": (of_driver(), source("UNKNOWN", "docker_volume", {"name": "v"})),
    "container.volumes[].source.docker_volume.name": (of_driver(), of_driver(name="w")),
    "container.volumes[].source.docker_volume.driver": (of_driver(), of_driver(driver="d")),
    "container.volumes[].source.docker_volume.driver_options[].key": (
        of_driver(driver_options={"parameter": [{"key": "a", "value": "1"}]}),
        of_driver(driver_options={"parameter": [{"key": "b", "value": "1"}]})),
    "container.volumes[].source.docker_volume.driver_options[].value": (
        of_driver(driver_options={"parameter": [{"key": "a", "value": "1"}]}),
        of_driver(driver_options={"parameter": [{"key": "a", "value": "2"}]})),
    "container.volumes[].source.host_path.path": (
        source("HOST_PATH", "host_path", {"path": "/h"}), source("HOST_PATH", "host_path", {"path": "/i"})),
    "container.volumes[].source.host_path.mount_propagation.mode": (
        source("HOST_PATH", "host_path", {"path": "/h", "mount_propagation": {"mode": "BIDIRECTIONAL"}}),
        source("HOST_PATH", "host_path", {"path": "/h", "mount_propagation": {"mode": "HOST_TO_CONTAINER"}})),
    "container.volumes[].source.sandbox_path.type": (
        source("SANDBOX_PATH", "sandbox_path", {"type": "SELF", "path": "p"}),
        source("SANDBOX_PATH", "sandbox_path", {"type": "PARENT", "path": "p"})),
    "container.volumes[].source.sandbox_path.path": (
        source("SANDBOX_PATH", "sandbox_path", {"type": "SELF", "path": "p"}),
        source("SANDBOX_PATH", "sandbox_path", {"type": "SELF", "path": "q"})),
    "container.volumes[].source.secret.type": (
        source("SECRET", "secret", value("YQ==")), source("SECRET", "secret", {**value("YQ=="), "type": "REFERENCE"})),
    "container.volumes[].source.secret.reference.name": (
        source("SECRET", "secret", reference()), source("SECRET", "secret", reference(name="other"))),
    "container.volumes[].source.secret.value.data": (
        source("SECRET", "secret", value("YQ==")), source("SECRET", "secret", value("Yg=="))),
    "container.hostname": (
        docker(network="BRIDGE"), container(hostname="h", docker={"image": "i", "network": "BRIDGE"})),
    "container.docker.image": ({}, docker(image="j")),
    "container.docker.network": ({}, docker(network="NONE")),
    "container.docker.privileged": ({}, docker(privileged=True)),
    "container.docker.volume_driver": (of_driver(), of_driver() | {"container": {
        **of_driver()["container"], "docker": {"image": "i", "volume_driver": "d"}}}),
    "container.docker.port_mappings[].host_port": (mapping(), mapping(host_port=101)),
    "container.docker.port_mappings[].container_port": (mapping(), mapping(container_port=2)),
    "container.docker.port_mappings[].protocol": (mapping(), mapping(protocol="udp")),
    "container.docker.parameters[].key": (parameter("cpuset-cpus", "0"), parameter("cpuset-mems", "0")),
    "container.docker.parameters[].value": (parameter("cpuset-cpus", "0"), parameter("cpuset-cpus", "1")),
    "container.docker.force_pull_image": ({}, docker(force_pull_image=True)),
    "container.network_infos[].name": (user_network(), user_network(name="other")),
    "container.network_infos[].ip_addresses[].ip_address": (address(), address(ip_address="10.0.0.2")),
    "container.network_infos[].ip_addresses[].protocol": (address(), address(protocol="IPv6")),
    "container.linux_info.capability_info.capabilities": ({}, linux(capability_info={"capabilities": ["KILL"]})),
    "container.linux_info.bounding_capabilities.capabilities": (
        {}, linux(bounding_capabilities={"capabilities": ["KILL"]})),
    "container.linux_info.effective_capabilities.capabilities": (
        {}, linux(effective_capabilities={"capabilities": ["KILL"]})),
    "container.linux_info.share_pid_namespace": ({}, linux(share_pid_namespace=True)),
    "container.linux_info.seccomp.unconfined": ({}, linux(seccomp={"unconfined": True})),
    "container.linux_info.ipc_mode": ({}, linux(ipc_mode="PRIVATE")),
    "container.linux_info.shm_size": ({}, linux(shm_size=1)),
    "container.rlimit_info.rlimits[].type": (rlimit(), rlimit(type="RLMT_CORE")),
    "container.rlimit_info.rlimits[].soft": (rlimit(), rlimit(soft=2)),
    "container.rlimit_info.rlimits[].hard": (rlimit(), rlimit(hard=3)),
    "container.tty_info": ({}, container(tty_info={})),
    "health_check.type": (health(TCP, http={"port": 1}), health(HTTP, tcp={"port": 1})),
    "health_check.http.scheme": (http(), http(scheme="https")),
    "health_check.http.protocol": (http(), http(protocol="IPv6")),
    "health_check.http.statuses": (http(), http(statuses=[404])),
    "health_check.tcp.protocol": (health(TCP), health(TCP, tcp={"port": 1, "protocol": "IPv6"})),
    "health_check.consecutive_failures": (health(TCP), health(TCP, consecutive_failures=7)),
    "health_check.grace_period_seconds": (health(TCP), health(TCP, grace_period_seconds=7)),
    "check.type": ({"check": {**TCP, "http": {"port": 1}}}, {"check": {**HTTP, "tcp": {"port": 1}}}),
    "kill_policy.grace_period": (
        {"kill_policy": {"grace_period": {"nanoseconds": 1}}}, {"kill_policy": {"grace_period": {"nanoseconds": 2}}}),
    "data": (of_executor(b'{"command":{"value":"a"}}'), of_executor(b'{"command":{"value":"b"}}')),
    "max_completion_time": ({}, {"max_completion_time": {"nanoseconds": 1}}),
    "limits": ({}, {"limits": {"cpus": {"value": 2}}}),
}
for _end, _other in (("begin", {"begin": 151, "end": 200}), ("end", {"begin": 100, "end": 149})):
    _ports = {"name": "ports", "type": "RANGES", "ranges": {"range": [_other]}}
    PAIRS[f"resources[].ranges[].{_end}"] = mapping(), mapping() | {"resources": [*AMOUNTS[:2], _ports]}
PAIRS["resources[].ranges"] = PAIRS["resources[].ranges[].end"]
for _place, _wrap in (
        ("command", command), ("check.command.command", checked),
        ("health_check.command", lambda **fields: health({"type": "COMMAND"}, command={"value": "c", **fields}))):
    PAIRS |= {
        f"{_place}.value": (_wrap(), _wrap(value="d")),
        f"{_place}.shell": (_wrap(), _wrap(shell=False)),
        f"{_place}.arguments": (_wrap(shell=False), _wrap(shell=False, arguments=["x"])),
        f"{_place}.environment.variables[].name": (
            _wrap(**variable(value="1")), _wrap(**variable(value="1", name="M"))),
        f"{_place}.environment.variables[].value": (_wrap(**variable(value="1")), _wrap(**variable(value="2"))),
        f"{_place}.environment.variables[].type": (
            _wrap(**VALUED), _wrap(**variable(type="VALUE", value="b", secret=value("YQ==")))),
        f"{_place}.environment.variables[].secret.type": (
            _wrap(**variable(type="SECRET", secret=value("YQ=="))),
            _wrap(**variable(type="SECRET", secret=reference()))),
        f"{_place}.environment.variables[].secret.reference.name": (
            _wrap(**variable(type="SECRET", secret=reference())),
            _wrap(**variable(type="SECRET", secret=reference(name="other")))),
        f"{_place}.environment.variables[].secret.value.data": (
            _wrap(**VALUED), _wrap(**variable(type="SECRET", secret=value("Yg==")))),
    }
for _kind in ("health_check", "check"):
    PAIRS |= {f"{_kind}.{name}": ({_kind: TCP}, {_kind: {**TCP, name: 7}})
              for name in ("delay_seconds", "interval_seconds", "timeout_seconds")}
    PAIRS[f"{_kind}.http.port"] = {_kind: HTTP}, {_kind: {**HTTP, "http": {"port": 2}}}
    PAIRS[f"{_kind}.http.path"] = {_kind: HTTP}, {_kind: {**HTTP, "http": {"port": 1, "path": "/p"}}}
    PAIRS[f"{_kind}.tcp.port"] = {_kind: TCP}, {_kind: {**TCP, "tcp": {"port": 2}}}

# Of each path a task that has it.
REFUSED: dict[str, Json] = {
    "container.mesos": container(mesos={}),
    "container.volumes[].image": volume(image={"type": "DOCKER", "docker": {"name": "i"}}),
    "container.volumes[].source.csi_volume": source("CSI_VOLUME", "csi_volume", {"plugin_name": "p"}),
    "container.network_infos[].port_mappings": user_network(port_mappings=[{"host_port": 1, "container_port": 1}]),
    "container.linux_info.seccomp.profile_name": linux(seccomp={"profile_name": "p"}),
    "container.tty_info.window_size": container(tty_info={"window_size": {"rows": 1, "columns": 1}}),
    "health_check.command.uris": health({"type": "COMMAND"}, command={"value": "c", "uris": [{"value": "/u"}]}),
    "health_check.command.user": health({"type": "COMMAND"}, command={"value": "c", "user": "joe"}),
    "check.command.command.uris": checked(uris=[{"value": "/u"}]),
    "check.command.command.user": checked(user="joe"),
}
