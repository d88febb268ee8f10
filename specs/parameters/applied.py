"""DockerInfo.parameters applied to a create payload, as the docker command line would (docker/cli,
opts.go).
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from specs.errors import SpecError
from specs.parameters.networks import Attachment, Published
from specs.parameters.options import ApiVersion, Setting

_NOT_USER_DEFINED: Final = frozenset({"default", "bridge", "host", "none"})
_PATH: Final = "container.docker.parameters"


def apply_parameters(payload: dict[str, Any], settings: Sequence[Setting],
                     attachments: Sequence[Attachment], api: ApiVersion | None) -> None:
    """Add the settings, and the networks (`attachments` and those of settings), to the payload.
    Raises SpecError.
    """
    for setting in settings:
        join = _SPECIAL[setting.name] if setting.option.join == "special" else _JOINS[
            setting.option.join]
        if setting.option.field:
            join(payload, setting)
    names = {setting.name for setting in settings}
    payload["Env"] = _last_of_each(payload["Env"])
    _sorted(payload["HostConfig"])
    _stdin(payload)
    _conflicts(payload, names)
    networks = [*attachments, *(setting.value for setting in settings if setting.name == "network")]
    _networks(payload, networks, [setting for setting in settings
                                  if setting.name in _OF_FIRST_NETWORK])
    if api is not None and api >= (1, 44) and payload.get("MacAddress"):
        _endpoint(payload, networks[0].name)["MacAddress"] = payload.pop("MacAddress")


def _place(payload: dict[str, Any], field: str) -> tuple[dict[str, Any], str]:
    *folders, name = field.split(".")
    for folder in folders:
        payload = payload.setdefault(folder, {})
    return payload, name


def _set(payload: dict[str, Any], setting: Setting) -> None:
    place, name = _place(payload, setting.option.field)
    place[name] = setting.value


def _append(payload: dict[str, Any], setting: Setting) -> None:
    place, name = _place(payload, setting.option.field)
    place.setdefault(name, []).append(setting.value)


def _merge(payload: dict[str, Any], setting: Setting) -> None:
    place, name = _place(payload, setting.option.field)
    place.setdefault(name, {}).update([setting.value])


def _volume(payload: dict[str, Any], setting: Setting) -> None:
    if ":" in setting.value:
        _append(payload, setting)
    else:
        payload.setdefault("Volumes", {})[setting.value] = {}


def _ports(payload: dict[str, Any], setting: Setting) -> None:
    published: Published = setting.value
    for port, binding in published.bindings:
        payload.setdefault("ExposedPorts", {})[port] = {}
        if binding:
            payload["HostConfig"].setdefault("PortBindings",
                                             {}).setdefault(port, []).append(dict(binding))


def _device(payload: dict[str, Any], setting: Setting) -> None:
    place = "DeviceRequests" if "DeviceIDs" in setting.value else "Devices"
    payload["HostConfig"].setdefault(place, []).append(setting.value)


def _security(payload: dict[str, Any], setting: Setting) -> None:
    host = payload["HostConfig"]
    if setting.value == "systempaths=unconfined":
        host["MaskedPaths"], host["ReadonlyPaths"] = [], []
    else:
        host.setdefault("SecurityOpt", []).append(setting.value)


def _no_healthcheck(payload: dict[str, Any], setting: Setting) -> None:
    if setting.value:
        payload.setdefault("Healthcheck", {})["Test"] = ["NONE"]


def _later(_payload: dict[str, Any], _setting: Setting) -> None:
    """Networks: when all are known."""


_JOINS: Final = {"set": _set, "append": _append, "merge": _merge}
_OF_FIRST_NETWORK: Final = frozenset({"network-alias", "ip", "ip6", "link-local-ip"})
_SPECIAL: Final = {
    "volume": _volume, "publish": _ports, "expose": _ports, "device": _device,
    "security-opt": _security,
    "no-healthcheck": _no_healthcheck, "network": _later, "network-alias": _later, "ip": _later,
    "ip6": _later, "link-local-ip": _later,
}


def _sorted(host: dict[str, Any]) -> None:
    """As the command line has them: limits by name, the last of each; capabilities in full, each
    once.
    """
    limits = {limit["Name"]: limit for limit in host.get("Ulimits", ())}
    host["Ulimits"] = [limits[name] for name in sorted(limits)]
    for key in ("CapAdd", "CapDrop"):
        if host.get(key):
            host[key] = sorted({_capability(name) for name in host[key]})


def _capability(name: str) -> str:
    name = name.strip().upper()
    return name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}"


def _last_of_each(variables: Sequence[str]) -> list[str]:
    """Of a variable that is there twice the last value, as the command line has it."""
    return list({variable.partition("=")[0]: variable for variable in variables}.values())


def _stdin(payload: dict[str, Any]) -> None:
    """An open stdin that nobody will ever write to ends at once, as /dev/null does."""
    if payload.get("OpenStdin"):
        payload["AttachStdin"], payload["StdinOnce"] = True, True


def _conflicts(payload: dict[str, Any], names: set[str]) -> None:
    host = payload["HostConfig"]
    restart = host.get("RestartPolicy", {}).get("Name")
    if host.get("AutoRemove") and restart not in {None, "", "no"}:
        raise SpecError(_PATH, "conflicting options: cannot specify both --restart and --rm")
    if payload.get("Healthcheck", {}).get("Test") == ["NONE"] and any(name.startswith("health-")
                                                                      for name in names):
        raise SpecError(_PATH, "--no-healthcheck conflicts with --health-* options")
    logs = host.get("LogConfig", {})
    if logs.get("Type") == "none" and logs.get("Config"):
        raise SpecError(_PATH, "invalid logging opts for driver none")


def _networks(payload: dict[str, Any], networks: Sequence[Attachment],
              of_first: Sequence[Setting]) -> None:
    first = networks[0].name
    payload["HostConfig"]["NetworkMode"] = first
    names = [attachment.name for attachment in networks]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SpecError(_PATH, f'network "{twice}" is specified multiple times')
    if len(names) > 1 and any(not user_defined(name) for name in names):
        raise SpecError(_PATH, "conflicting options: "
                               "cannot attach both user-defined and non-user-defined network-modes")
    for attachment in networks:
        if attachment.endpoint or user_defined(attachment.name):
            _endpoint(payload, attachment.name).update(attachment.endpoint)
    if payload["HostConfig"].get("Links") and user_defined(first):
        _endpoint(payload, first)["Links"] = list(payload["HostConfig"]["Links"])
    for setting in of_first:
        place, name = _place(_endpoint(payload, first), setting.option.field.partition(".")[2])
        if name in {"Aliases", "LinkLocalIPs"}:
            place.setdefault(name, []).append(setting.value)
        else:
            place[name] = setting.value


def user_defined(network: str) -> bool:
    """Whether this names a network that somebody made, rather than a mode."""
    return network not in _NOT_USER_DEFINED and not network.startswith("container:")


def _endpoint(payload: dict[str, Any], network: str) -> dict[str, Any]:
    endpoints = payload.setdefault("NetworkingConfig", {}).setdefault("EndpointsConfig", {})
    endpoint: dict[str, Any] = endpoints.setdefault(network, {})
    return endpoint
