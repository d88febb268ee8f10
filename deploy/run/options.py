"""The single flags of `mesos-docker run` as a TaskInfo, in Mesos's JSON form."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specs.errors import SpecError

NETWORKS = {"host": "HOST", "bridge": "BRIDGE", "none": "NONE"}
_PORT = re.compile(r"(?:(?P<host>\d*):)?(?P<container>\d+)(?:/(?P<protocol>\w+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Flags:
    """What was given, as it was given; `command` is the words after the options."""

    name: str
    image: str | None = None
    command: tuple[str, ...] = ()
    network: str | None = None
    publish: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    cpus: float = 0.1
    mem: float = 128.0
    shell: bool | None = None  # None: see `command_info`
    environ: Mapping[str, str] = field(default_factory=dict)  # where `-e NAME` without a value takes it from


def task_info(flags: Flags) -> dict[str, Any]:
    """A TaskInfo without agent. Raises SpecError; its path is the option."""
    if not flags.image:
        raise SpecError("--image", "is needed, or --task with a TaskInfo that names one")
    mappings = [_port_mapping(text) for text in flags.publish]
    docker: dict[str, Any] = {"image": flags.image}
    container: dict[str, Any] = {"type": "DOCKER", "docker": docker}
    network = flags.network or ("bridge" if mappings else "host")
    docker["network"] = NETWORKS.get(network, "USER")
    if network not in NETWORKS:
        container["network_infos"] = [{"name": network}]
    if mappings:
        if network in ("host", "none"):
            raise SpecError("--publish", f"ports cannot be mapped on the network {network}")
        docker["port_mappings"] = mappings
    if flags.volumes:
        container["volumes"] = [_volume(text) for text in flags.volumes]
    command = command_info(flags.command, flags.shell)
    if flags.env:
        command["environment"] = {"variables": [_variable(text, flags.environ)
                                                for text in flags.env]}
    return {"name": flags.name, "task_id": {"value": flags.name}, "agent_id": {"value": ""},
            "command": command,
            "container": container, "resources": _resources(flags.cpus, flags.mem, mappings)}


def command_info(words: Sequence[str], shell: bool | None) -> dict[str, Any]:
    """The command: with a shell the words are one line for it, without they are run as they are.

    `shell` None: a single word with blanks in it is a line for the shell, as people quote it.
    """
    if not words:
        if shell:
            raise SpecError("--shell", "needs a command")
        return {"shell": False}
    if shell is None:
        shell = len(words) == 1 and any(c.isspace() for c in words[0].strip())
    if shell:
        return {"shell": True, "value": " ".join(words)}
    command: dict[str, Any] = {"shell": False, "value": words[0]}
    if len(words) > 1:
        command["arguments"] = list(words[1:])
    return command


def _port_mapping(text: str) -> dict[str, Any]:
    match = _PORT.fullmatch(text)
    if match is None:
        raise SpecError("--publish", f"{text!r} is not HOST:CONTAINER[/tcp|/udp]{_publish_hint(text)}")
    host, container = int(match["host"] or 0), int(match["container"])
    for port in (host, container):
        if port > 65535:
            raise SpecError("--publish",
                            f"{text!r}: {port} is not a port, which is a number from 1 to 65535")
    if container == 0:
        raise SpecError("--publish", f"{text!r}: the container's port cannot be 0")
    protocol = (match["protocol"] or "").lower()
    if protocol not in ("", "tcp", "udp"):
        raise SpecError("--publish", f"{text!r}: the protocol must be tcp or udp")
    return {"host_port": host, "container_port": container,
            **({"protocol": protocol} if protocol else {})}


def _publish_hint(text: str) -> str:
    """For who is used to what docker takes beyond this."""
    address, _, ports = text.rpartition(":")[0].rpartition(":")
    if re.fullmatch(r"[\d.]+\.[\d.]+|\[?[0-9a-fA-F:]*:[0-9a-fA-F:.]*\]?", address) and re.fullmatch(r"\d*", ports):
        return f"; Mesos offers a port of all an agent's addresses: -p {text[len(address) + 1:].lstrip(':')}"
    if re.search(r"\d-\d", text):
        return "; a range is an option for each port: -p 8000:80 -p 8001:81"
    return ""


def _volume(text: str) -> dict[str, Any]:
    parts = text.split(":")
    mode = "RW"
    if len(parts) > 1 and parts[-1].lower() in ("ro", "rw"):
        mode = parts.pop().upper()
    if len(parts) != 2 or not all(parts):
        raise SpecError("--volume", f"{text!r} is not HOST:CONTAINER[:ro|:rw]")
    if not parts[1].startswith("/"):
        raise SpecError("--volume", f"{text!r}: the path in the container must begin with /")
    return {"mode": mode, "host_path": parts[0], "container_path": parts[1]}


def _variable(text: str, environ: Mapping[str, str]) -> dict[str, Any]:
    name, given, value = text.partition("=")
    if not name:
        raise SpecError("--env", f"{text!r} is not NAME=VALUE")
    if not given and name not in environ:
        raise SpecError("--env", f"{name} has no value here to take over; give NAME=VALUE")
    return {"name": name, "value": value if given else environ[name]}


def _resources(cpus: float, mem: float,
               mappings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    resources: list[dict[str, Any]] = [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": cpus}},
        {"name": "mem", "type": "SCALAR", "scalar": {"value": mem}},
    ]
    ports = sorted({mapping["host_port"] for mapping in mappings if mapping["host_port"]})
    if ports:
        ranges = [{"begin": port, "end": port} for port in ports]
        resources.append({"name": "ports", "type": "RANGES", "ranges": {"range": ranges}})
    return resources
