"""What `docker inspect` says, as the port's value.

`inspection` accepts what any engine of 20.10 to 29 sends; `completed` puts in what newer ones leave
out, for readers who know it; `redacted` hides what must not be shown. How Mesos reads the same
answer is in mesos_inspect.py.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from executor.engine.port import Address, Inspection
from specs.words.secrecy import HIDDEN

NEVER = "0001-01-01T00:00:00Z"  # Go's zero time: it has not happened
_SIZE = re.compile(r"(\d+)([kmgt]?)b?", re.IGNORECASE | re.ASCII)
_ON_BRIDGE = {"EndpointID": "", "Gateway": "", "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0,
              "IPAddress": "", "IPPrefixLen": 0, "IPv6Gateway": "", "MacAddress": ""}


def inspection(raw: Mapping[str, Any]) -> Inspection:
    """The engine's answer to GET /containers/ID/json as a value."""
    state: Mapping[str, Any] = raw.get("State") or {}
    config: Mapping[str, Any] = raw.get("Config") or {}
    started = _time(state.get("StartedAt"))
    # Podman says so of one that is being stopped, or removed, and has not ended yet.
    running = bool(state.get("Running")) or state.get("Status") == "stopping"
    return Inspection(
        id=str(raw.get("Id", "")),
        name=str(raw.get("Name", "")).removeprefix("/"),
        image=str(config.get("Image", "")),
        user=str(config.get("User") or ""),
        running=running,
        paused=bool(state.get("Paused")),
        pid=state.get("Pid") or None,
        exit_code=None if running or not _ended(state) else int(state.get("ExitCode", 0)),
        oom_killed=bool(state.get("OOMKilled")),
        memory_limit=(raw.get("HostConfig") or {}).get("Memory") or None,
        error=str(state.get("Error") or ""),
        started_at=started,
        finished_at=_time(state.get("FinishedAt")),
        addresses=addresses(raw),
        labels=dict(config.get("Labels") or {}),
        raw=raw,
    )


def addresses(raw: Mapping[str, Any]) -> tuple[Address, ...]:
    """Its addresses, that of the network it was created on first; networks without an address are
    left out.
    """
    networks: Mapping[str, Any] = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    mode = network_mode(raw)
    found = [
        Address(name, (network or {}).get("IPAddress") or None,
                (network or {}).get("GlobalIPv6Address") or None)
        for name, network in sorted(networks.items(), key=lambda item: (item[0] != mode, item[0]))
    ]
    return tuple(address for address in found if address.ipv4 or address.ipv6)


def completed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an inspect answer with what Docker 29 (API 1.52) leaves out: the address on the
    default bridge.

    Older engines have it beside `Networks`, too; empty for a container on other networks only.
    """
    settings: Mapping[str, Any] = raw.get("NetworkSettings") or {}
    bridge: Mapping[str, Any] = (settings.get("Networks") or {}).get("bridge") or {}
    older = {name: bridge.get(name) or nothing for name, nothing in _ON_BRIDGE.items()}
    return {**raw, "NetworkSettings": {**older, **settings}}


def completed_image(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an inspect answer about an image with what Docker 26 (API 1.45) leaves out:
    `ContainerConfig`.

    What is read of it stands in `Config`, too; Docker 29 leaves out what is empty there.
    """
    config = raw.get("Config") or {}
    older = raw.get("ContainerConfig") or {"Entrypoint": config.get("Entrypoint"),
                                           "Env": config.get("Env")}
    return {**raw, "ContainerConfig": older}


def has_terminal(raw: Mapping[str, Any]) -> bool:
    """Whether its output is one stream, a terminal's."""
    return bool((raw.get("Config") or {}).get("Tty"))


def log_kept(raw: Mapping[str, Any]) -> int | None:
    """Bytes that the engine keeps of the container's output, in its log driver's form; None: all.

    As Docker: json-file keeps all without `max-size`, `local` (also the cache of drivers that cannot
    be read) 5 files of 20 MB.
    """
    config = (raw.get("HostConfig") or {}).get("LogConfig") or {}
    options: Mapping[str, Any] = config.get("Config") or {}
    kind = config.get("Type")
    if kind in ("none", "journald"):
        return 0 if kind == "none" else None
    if kind == "json-file" and "max-size" not in options:
        return None
    size = _SIZE.fullmatch(str(options.get("max-size", "20m")))
    files = str(options.get("max-file", "1" if kind == "json-file" else "5"))
    if size is None or not files.isdecimal():
        return 0
    unit: int = 1000 ** " kmgt".index(size[2].lower() or " ")
    return int(size[1]) * unit * int(files)


def network_mode(raw: Mapping[str, Any]) -> str:
    """The network it was created on, by the name that stands in NetworkSettings.Networks."""
    mode = str((raw.get("HostConfig") or {}).get("NetworkMode") or "default")
    return "bridge" if mode == "default" else mode


def _time(text: object) -> str | None:
    return None if not text or text == NEVER else str(text)


def _ended(state: Mapping[str, Any]) -> bool:
    """A container that could not be started has an exit status too: 127, 126 or 128, and no start
    time.
    """
    return _time(state.get("StartedAt")) is not None or bool(state.get("ExitCode"))


def redacted(raw: Mapping[str, Any],
             hide: Callable[[str], bool] = lambda _: True) -> dict[str, Any]:
    """A copy of an inspect answer without the values of those environment variables whose names
    `hide` accepts.

    Health check commands, labels and the container's own command stay: they are what the scheduler
    sent.
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
    return [f"{name}={HIDDEN}" if hide(name) else variable for name,
            variable in zip(names, variables, strict=True)]
