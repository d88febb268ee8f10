"""The values of `docker run` that are small languages: mount, volume, device, gpus, security-opt.

As `values`: from the text to what the Engine API takes, SpecError with an empty path. As
docker/cli, opts.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from specs.errors import SpecError
from specs.parameters.values import boolean, integer, pair, size, wrong

_CDI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9_.-]*/[A-Za-z][A-Za-z0-9_-]*=[A-Za-z0-9][A-Za-z0-9_.:-]*", re.ASCII)
_PERMISSIONS: Final = re.compile(r"[rwm]{1,3}", re.ASCII)
_OCTAL: Final = re.compile(r"[0-7]{1,7}", re.ASCII)
_PROPAGATIONS: Final = ("private", "rprivate", "shared", "rshared", "slave", "rslave")


def words(value: str) -> list[tuple[str, str, bool]]:
    """A line of comma-separated KEY=VALUE and KEY, quoted as in CSV: (key, value, has a value)."""
    import csv

    try:
        rows = list(csv.reader([value], strict=True))
    except csv.Error:
        raise wrong(value, "is not a line of comma-separated values") from None
    result = []
    for word in rows[0] if rows else []:
        key, found, rest = word.partition("=")
        result.append((key.strip().lower(), rest, bool(found)))
    return result


def _switch(value: str, given: bool) -> bool:
    return boolean(value) if given else True


def mount(value: str) -> dict[str, Any]:
    """type=bind|volume|tmpfs,source=…,target=…[,readonly][,…]."""
    result: dict[str, Any] = {"Type": "volume"}
    for key, text, given in words(value):
        setter = _MOUNT_KEYS.get(key)
        if setter is None:
            raise wrong(value,
                        f"unexpected key '{key}' in a mount; there are {', '.join(sorted(_MOUNT_KEYS))}")
        if not given and key not in _MOUNT_SWITCHES:
            raise wrong(value, f"'{key}' needs a value")
        setter(result, text, given)
    if result["Type"] not in {"bind", "volume", "tmpfs", "npipe", "cluster", "image"}:
        raise wrong(value, f"no such type of mount: '{result['Type']}'")
    if not result.get("Target"):
        raise wrong(value, "target is required")
    for kind, options in (("volume", "VolumeOptions"), ("bind", "BindOptions"),
                          ("tmpfs", "TmpfsOptions")):
        if options in result and result["Type"] != kind:
            raise wrong(value,
                        f"cannot mix options of '{kind}' with a mount of type '{result['Type']}'")
    if result["Type"] == "bind" and not result.get("Source", "").startswith("/"):
        raise wrong(value, "the source of a bind mount is an absolute path")
    return result


_MountSetter = Callable[[dict[str, Any], str, bool], None]


def _plain(name: str) -> _MountSetter:
    return lambda result, text, _given: result.update({name: text})


def _option(group: str, name: str, read: Callable[[str], Any]) -> _MountSetter:
    return lambda result, text, _given: result.setdefault(group, {}).update({name: read(text)})


def _toggle(group: str, name: str, *, inverted: bool = False) -> _MountSetter:
    def put(result: dict[str, Any], text: str, given: bool) -> None:
        target = result.setdefault(group, {}) if group else result
        target[name] = _switch(text, given) is not inverted
    return put


def _driver(result: dict[str, Any], text: str, _given: bool) -> None:
    result.setdefault("VolumeOptions", {}).setdefault("DriverConfig", {})["Name"] = text


def _driver_option(result: dict[str, Any], text: str, _given: bool) -> None:
    config = result.setdefault("VolumeOptions", {}).setdefault("DriverConfig", {})
    config.setdefault("Options", {}).update([pair(text)])


def _volume_label(result: dict[str, Any], text: str, _given: bool) -> None:
    result.setdefault("VolumeOptions", {}).setdefault("Labels", {}).update([pair(text)])


def _propagation(text: str) -> str:
    if text not in _PROPAGATIONS:
        raise wrong(text, f"must be one of {', '.join(_PROPAGATIONS)}")
    return text


def _octal(text: str) -> int:
    if not _OCTAL.fullmatch(text):
        raise wrong(text, "must be an octal number, such as 1777")
    return int(text, 8)


_MOUNT_KEYS: Final[dict[str, _MountSetter]] = {
    "type": lambda result, text, _given: result.update({"Type": text.lower()}),
    "source": _plain("Source"), "src": _plain("Source"),
    "target": _plain("Target"), "dst": _plain("Target"), "destination": _plain("Target"),
    "readonly": _toggle("", "ReadOnly"), "ro": _toggle("", "ReadOnly"),
    "consistency": lambda result, text, _given: result.update({"Consistency": text.lower()}),
    "bind-propagation": _option("BindOptions", "Propagation", _propagation),
    "bind-nonrecursive": _toggle("BindOptions", "NonRecursive"),
    "volume-nocopy": _toggle("VolumeOptions", "NoCopy"),
    "volume-label": _volume_label, "volume-driver": _driver, "volume-opt": _driver_option,
    "volume-subpath": _option("VolumeOptions", "Subpath", str),
    "tmpfs-size": _option("TmpfsOptions", "SizeBytes", size),
    "tmpfs-mode": _option("TmpfsOptions", "Mode", _octal),
}
_MOUNT_SWITCHES: Final = frozenset({"readonly", "ro", "volume-nocopy", "bind-nonrecursive"})


def volume(value: str) -> str:
    """[SOURCE:]TARGET[:OPTIONS]; the source is an absolute path or a volume's name."""
    parts = value.split(":")
    if not all(parts) or len(parts) > 3:
        raise wrong(value, "must be [SOURCE:]TARGET[:OPTIONS]")
    target = parts[0] if len(parts) == 1 else parts[1]
    if not target.startswith("/"):
        raise wrong(value, "the path in the container must be absolute")
    if len(parts) > 1 and "/" in parts[0] and not parts[0].startswith("/"):
        raise wrong(value, "the path on the host must be absolute")
    return value


def device(value: str) -> dict[str, Any]:
    """HOST[:CONTAINER][:rwm], or a CDI name."""
    if _CDI.fullmatch(value):
        return {"Driver": "cdi", "DeviceIDs": [value]}
    parts = value.split(":")
    if not 1 <= len(parts) <= 3 or not parts[0]:
        raise wrong(value, "must be HOST[:CONTAINER][:rwm]")
    host, container, permissions = parts[0], parts[0], "rwm"
    if len(parts) == 2 and _PERMISSIONS.fullmatch(parts[1]):
        permissions = parts[1]
    elif len(parts) > 1:
        container = parts[1] or host
    if len(parts) == 3:
        permissions = parts[2]
    if not _PERMISSIONS.fullmatch(permissions) or len(set(permissions)) != len(permissions):
        raise wrong(value, "the permissions are some of r, w and m")
    if not host.startswith("/") or not container.startswith("/"):
        raise wrong(value,
                    f"'{container if host.startswith('/') else host}' is not an absolute path")
    return {"PathOnHost": host, "PathInContainer": container, "CgroupPermissions": permissions}


def gpus(value: str) -> dict[str, Any]:
    """all, a number, or count=…,device=…,capabilities=…,driver=…,options=…."""
    result: dict[str, Any] = {"Driver": "", "Count": 0, "DeviceIDs": [], "Capabilities": None,
                              "Options": {}}
    counted = False
    for key, text, given in words(value):
        if not given or key == "count":
            result["Count"] = -1 if (text if given
                                     else key) == "all" else integer()(text if given else key)
            counted = True
        elif key == "driver":
            result["Driver"] = text
        elif key == "device":
            result["DeviceIDs"] = text.split(",")
        elif key == "capabilities":
            result["Capabilities"] = [[*text.split(","), "gpu"] if "gpu" not in text.split(",")
                                      else text.split(",")]
        elif key == "options":
            import csv

            result["Options"] = dict(pair(option) for option in next(csv.reader([text])))
        else:
            raise wrong(value,
                        f"unexpected key '{key}'; there are count, device, capabilities, driver and options")
    if not counted and not result["DeviceIDs"]:
        result["Count"] = 1
    result["Capabilities"] = result["Capabilities"] or [["gpu"]]
    return result


def security_option(value: str) -> str:
    """KEY=VALUE or KEY:VALUE; a seccomp profile that is a file of the command line's machine cannot
    be read here.
    """
    key, found, rest = value.partition("=")
    if not found:
        key, found, rest = value.partition(":")
    if not found and key != "no-new-privileges":
        raise wrong(value, "must be KEY=VALUE")
    if key == "seccomp" and rest not in {"unconfined",
                                         "builtin"} and not rest.lstrip().startswith("{"):
        raise SpecError("", f"seccomp profile '{rest}': only unconfined, builtin, "
                            "or the profile's own JSON can be given")
    return value
