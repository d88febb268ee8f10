"""CNI: networks that an operator configures in files, and plugins, programs that attach containers to
them.

Pure: what a file of a folder of configurations says, what a plugin is asked (on its stdin and in its
environment), what its answer means. A file has one plugin (NAME.conf, NAME.json) or, as a list, several
that act one after the other (NAME.conflist); each sees the results of those before it. As Clusterd:
docker/executor.cpp, `commandCNI`; beyond it, lists, the newer results, and IPv6.

Names of fields and variables: CNI's specification, 0.1.0 to 1.1.0.
"""
from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from specs.errors import SpecError

ENDINGS: Final = (".conf", ".conflist", ".json")  # of the files that are meant to be read
OLDEST: Final = "0.1.0"  # where a configuration does not say
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class CniNetwork:
    """One network; `plugins` in the order in which a container is attached."""

    name: str
    version: str
    plugins: tuple[Mapping[str, Any], ...]

    def type_of(self, plugin: int) -> str:
        """The name of its program."""
        return str(self.plugins[plugin]["type"])

    def asked(self, plugin: int, previous: Mapping[str, Any] | None) -> str:
        """What stands on its stdin; `previous`: the result of the one before it, or of all when they
        are undone."""
        told = {**self.plugins[plugin], "name": self.name, "cniVersion": self.version}
        return json.dumps(told if previous is None else {**told, "prevResult": previous})


def network(text: str) -> CniNetwork:
    """What a file of the folder says. Raises SpecError with the path of the field."""
    try:
        said = json.loads(text)
    except ValueError as error:
        raise SpecError("", f"is not JSON: {error}") from error
    if not isinstance(said, dict):
        raise SpecError("", "must be an object")
    name, version = said.get("name"), said.get("cniVersion", OLDEST)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SpecError("name",
                        "must be letters, digits, '_', '.' and '-', the first a letter or a digit")
    if not isinstance(version, str):
        raise SpecError("cniVersion", "must be a text such as 1.0.0")
    listed = "plugins" in said
    plugins = said["plugins"] if listed else [said]
    if not isinstance(plugins, list) or not plugins:
        raise SpecError("plugins", "must be a list with at least one plugin")
    for index, plugin in enumerate(plugins):
        _check_plugin(plugin, f"plugins[{index}]." if listed else "")
    return CniNetwork(name, version, tuple(plugins))


def _check_plugin(plugin: Any, where: str) -> None:
    if not isinstance(plugin, dict):
        raise SpecError(where.rstrip("."), "must be an object")
    kind = plugin.get("type")
    if not isinstance(kind, str) or not _NAME.fullmatch(kind):
        raise SpecError(f"{where}type", "must be the name of a program in the folder of plugins")


def environment(command: str, container: str, namespace: str, interface: str,
                folders: str) -> dict[str, str]:
    """`command`: ADD or DEL; `namespace`: a path, empty where it is gone."""
    return {"CNI_COMMAND": command, "CNI_CONTAINERID": container, "CNI_NETNS": namespace,
            "CNI_IFNAME": interface, "CNI_PATH": folders}


def addresses(result: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The IPv4 and the IPv6 address of a result, of whatever version; the first of each."""
    texts = [entry.get("address") for entry in result.get("ips") or () if isinstance(entry, dict)]
    for older in ("ip4", "ip6"):  # up to 0.2.0
        entry = result.get(older)
        texts += [entry.get("ip")] if isinstance(entry, dict) else []
    found: dict[int, str] = {}
    for text in texts:
        try:
            address = ipaddress.ip_interface(str(text)).ip
        except ValueError:
            continue
        found.setdefault(address.version, str(address))
    return found.get(4), found.get(6)


def complaint(output: str, errors: str) -> str:
    """Why a plugin failed, in its own words: an object on stdout, else what it wrote."""
    try:
        said = json.loads(output)
        parts = [str(said[part]) for part in ("msg", "details") if said.get(part)]
    except (ValueError, AttributeError, TypeError):
        parts = []
    return ": ".join(parts) or errors.strip() or output.strip() or "it said nothing"
