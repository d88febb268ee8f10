"""What `docker inspect` says, read three ways.

`inspection` reads the engine's answer into the port's value and accepts what any engine of 20.10 to 28 sends.
`mesos_container` and `mesos_image` are the ports of Mesos's `Docker::Container::create` and `Docker::Image::create`
(docker.cpp), with its error texts: the same input gives the same words. `redacted` hides what must not be shown.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from executor.engine.mesos_inspect import WRONG_TYPE
from executor.engine.port import Address, Inspection
from specs.container.run_options import Device
from specs.errors import SpecError

NEVER = "0001-01-01T00:00:00Z"  # Go's zero time: it has not happened
HIDDEN = "***"

_ABSENT = object()


def inspection(raw: Mapping[str, Any]) -> Inspection:
    """The engine's answer to GET /containers/ID/json as a value."""
    state: Mapping[str, Any] = raw.get("State") or {}
    config: Mapping[str, Any] = raw.get("Config") or {}
    started = _time(state.get("StartedAt"))
    running = bool(state.get("Running"))
    return Inspection(
        id=str(raw.get("Id", "")),
        name=str(raw.get("Name", "")).removeprefix("/"),
        image=str(config.get("Image", "")),
        running=running,
        paused=bool(state.get("Paused")),
        pid=state.get("Pid") or None,
        exit_code=None if running or not _ended(state) else int(state.get("ExitCode", 0)),
        oom_killed=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
        started_at=started,
        finished_at=_time(state.get("FinishedAt")),
        addresses=addresses(raw),
        labels=dict(config.get("Labels") or {}),
        raw=raw,
    )


def addresses(raw: Mapping[str, Any]) -> tuple[Address, ...]:
    """Its addresses, that of the network it was created on first; networks without an address are left out."""
    networks: Mapping[str, Any] = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    mode = network_mode(raw)
    found = [
        Address(name, (network or {}).get("IPAddress") or None, (network or {}).get("GlobalIPv6Address") or None)
        for name, network in sorted(networks.items(), key=lambda item: (item[0] != mode, item[0]))
    ]
    return tuple(address for address in found if address.ipv4 or address.ipv6)


def network_mode(raw: Mapping[str, Any]) -> str:
    """The network it was created on, by the name that stands in NetworkSettings.Networks."""
    mode = str((raw.get("HostConfig") or {}).get("NetworkMode") or "default")
    return "bridge" if mode == "default" else mode


def _time(text: object) -> str | None:
    return None if not text or text == NEVER else str(text)


def _ended(state: Mapping[str, Any]) -> bool:
    """A container that could not be started has an exit status too: 127, 126 or 128, and no start time."""
    return _time(state.get("StartedAt")) is not None or bool(state.get("ExitCode"))


# ---- As Mesos reads it -----------------------------------------------------------------------------------------------


def _parse_array(output: str | Sequence[Any]) -> Sequence[Any]:
    if not isinstance(output, str):
        return output
    try:
        parsed = json.loads(output)
    except ValueError as error:
        raise SpecError("", f"Failed to parse JSON: {error}") from error
    if not isinstance(parsed, list):
        raise SpecError("", f"Failed to parse JSON: {WRONG_TYPE}")
    return parsed


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _member(holder: Any, name: str, kind: type, where: str) -> Any:
    """A required member; `name` may be a dotted path."""
    value = _find(holder, name)
    if value is _ABSENT:
        raise SpecError("", f"Unable to find {name} in {where}")
    if not _is(value, kind):
        raise SpecError("", f"Error finding {name} in {where}: {WRONG_TYPE}")
    return value


def _find(holder: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(holder, Mapping) or part not in holder:
            return _ABSENT
        holder = holder[part]
    return holder


def _mesos_ipv4(container: Any) -> str | None:
    address = _network_text(container, "IPAddress")
    if address is None:
        address = _member(container, "NetworkSettings.IPAddress", str, "container")
    return address or None


def _network_text(container: Any, member: str) -> str | None:
    """An entry of the network that the container was created on; None where there is no such network."""
    mode = _find(container, "HostConfig.NetworkMode")
    networks = _find(container, "NetworkSettings.Networks")
    known = isinstance(networks, Mapping) and isinstance(mode, str) and "." not in mode
    network = networks.get(mode) if known else None
    if not isinstance(network, Mapping) or member not in network:
        return None
    if not isinstance(network[member], str):
        raise SpecError("", f"Error finding NetworkSettings.Networks.{mode}.{member} in container: {WRONG_TYPE}")
    return str(network[member])


def _array(container: Any, path: str) -> Sequence[Any]:
    value = _find(container, path)
    if value is _ABSENT or value is None:
        return ()
    if not isinstance(value, list):
        raise SpecError("", f"Failed to parse {path}: {WRONG_TYPE}")
    return value


def _texts(container: Any, path: str) -> tuple[str, ...]:
    entries = _array(container, path)
    for entry in entries:
        if not isinstance(entry, str):
            raise SpecError("", f"Malformed {path} entry '{json.dumps(entry)}'")
    return tuple(entries)


def _device(entry: Any) -> Device:
    texts = [_find(entry, name) for name in ("PathOnHost", "PathInContainer", "CgroupPermissions")]
    if not all(isinstance(text, str) for text in texts):
        raise SpecError("", f"Malformed HostConfig.Devices entry '{json.dumps(entry)}'")
    host, container, access = texts
    return Device(host, container, "r" in access, "w" in access, "m" in access)


def _image_texts(image: Any, path: str, what: str) -> Sequence[str]:
    outer, _, _ = path.partition(".")
    if isinstance(image, Mapping) and outer in image and not isinstance(image[outer], Mapping):
        raise SpecError("", f"Failed to find '{path}': Intermediate JSON value not an object")
    value = _find(image, path)
    if value is _ABSENT:
        raise SpecError("", f"Unable to find '{path}'")
    if value is None:
        return ()
    if not isinstance(value, list):
        raise SpecError("", f"Unexpected type found for '{path}'")
    if not all(isinstance(entry, str) for entry in value):
        raise SpecError("", f"Expecting {what} value to be type string")
    return value


def _environment(variables: Sequence[str]) -> dict[str, str]:
    environment: dict[str, str] = {}
    for variable in variables:
        name, separator, value = variable.partition("=")
        if not separator:
            raise SpecError("", "Unexpected Env format for 'ContainerConfig.Env'")
        if name in environment:
            raise SpecError("", f"Unexpected duplicate environment variables '{name}'")
        environment[name] = value
    return environment


# ---- What may be shown -----------------------------------------------------------------------------------------------

def redacted(raw: Mapping[str, Any], hide: Callable[[str], bool] = lambda _: True) -> dict[str, Any]:
    """A copy of an inspect answer without the values of those environment variables whose names `hide` accepts.

    Health check commands, labels and the container's own command stay: they are what the scheduler sent.
    """
    copy = dict(raw)
    for section in ("Config", "ContainerConfig"):
        if isinstance(raw.get(section), Mapping):
            copy[section] = {**raw[section], "Env": _hidden(raw[section].get("Env"), hide)}
    return copy


def _hidden(variables: Sequence[str] | None, hide: Callable[[str], bool]) -> list[str] | None:
    if variables is None:
        return None
    names = [variable.partition("=")[0] for variable in variables]
    return [f"{name}={HIDDEN}" if hide(name) else variable for name, variable in zip(names, variables, strict=True)]
