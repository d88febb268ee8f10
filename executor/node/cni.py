"""Attaches containers to CNI networks: runs the plugins that the node's configuration names.

A plugin works in the network namespace of the container's first process. That namespace is held open
by us until the container is detached: so it cannot be another's that got the process's number, and
what plugins have to take back can be taken back when the process has long ended. As Clusterd:
docker/executor.cpp; there, a plugin that fails is logged and the task runs without its network.
"""
from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from executor.engine.failures import NetworkPluginFailed
from executor.engine.port import Address
from executor.node.cgroups import owns
from executor.settings.settings import CniFolders
from specs.errors import SpecError
from specs.network.cni import ENDINGS, CniNetwork, addresses, complaint, environment, network

log = logging.getLogger(__name__)

PATIENCE: Final = 60.0  # seconds that a plugin may take
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # for plugins that call iptables


@dataclass(slots=True)
class _Attached:
    """What has to be undone, in the opposite order."""

    namespace: int  # a descriptor
    networks: list[tuple[CniNetwork, str, Mapping[str, Any] | None]] = field(default_factory=list)  # interface, result


def networks(folders: CniFolders) -> dict[str, CniNetwork]:
    """What is configured now, by name; of two files with one name the first counts, and those
    with CNI's endings come first. Mesos and Clusterd read every file, whatever it is called; of one
    without such an ending that is no configuration nothing is logged."""
    found: dict[str, CniNetwork] = {}
    for file in _files(folders.config):
        level = logging.WARNING if file.suffix in ENDINGS else logging.DEBUG
        try:
            one = network(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            log.log(level, "CNI configuration %s cannot be read: %s", file, error)
        except SpecError as error:
            log.log(level, "CNI configuration %s: %s", file, error)
        else:
            found.setdefault(one.name, one)
    return found


def _files(paths: str) -> Iterator[Path]:
    for folder in filter(None, paths.split(":")):
        try:
            yield from sorted(filter(Path.is_file, Path(folder).iterdir()),
                              key=lambda each: (each.suffix not in ENDINGS, each.name))
        except OSError as error:
            log.warning("CNI configurations in %s cannot be read: %s", folder, error.strerror)


class Cni:
    """The CNI networks of this node. Safe for threads."""

    def __init__(self, folders: CniFolders) -> None:
        self._folders = folders
        self._lock = threading.Lock()
        self._attached: dict[str, _Attached] = {}

    def attach(self, container: str, pid: int, names: Sequence[str]) -> tuple[Address, ...]:
        """Join the networks in this order, as eth1, eth2, …, where a name is not empty; the
        addresses there.

        `pid`: the container's first process. Nothing happens, and there are no addresses, if it has
        ended. Raises NetworkPluginFailed; what was done is undone then.
        """
        configured = networks(self._folders)
        for name in filter(None, names):
            if name not in configured:
                raise NetworkPluginFailed(
                    f"CNI network '{name}' is not configured on this node any more")
        attached = self._open(container, pid)
        if attached is None:
            return ()
        with self._lock:
            self._attached[container] = attached
        found: list[Address] = []
        try:
            for index, name in ((index, name) for index, name in enumerate(names, 1) if name):
                result = self._add(container, attached, configured[name], f"eth{index}")
                found.append(Address(name, *addresses(result)))
        except NetworkPluginFailed:
            ended = not owns(container, pid)
            self.detach(container)
            if ended:  # in the middle of it: that is not the plugin's fault
                return ()
            raise
        return tuple(found)

    def detach(self, container: str, names: Sequence[str] = ()) -> None:
        """Undo it; what fails is logged, as nobody can do more about it.

        One that we have not attached was attached by a process before us, to these networks.
        """
        with self._lock:
            attached = self._attached.pop(container, None)
        if attached is None:
            delete(self._folders, container, names)
            return
        for one, interface, result in reversed(attached.networks):
            _delete(self._folders, container, one, interface, _path(attached.namespace), result)
        os.close(attached.namespace)

    def _open(self, container: str, pid: int) -> _Attached | None:
        try:
            namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            why = f"the container's network namespace cannot be opened: {error.strerror}"
            raise NetworkPluginFailed(why) from error
        if owns(container, pid):
            return _Attached(namespace)
        os.close(namespace)
        return None

    def _add(self, container: str, attached: _Attached, one: CniNetwork,
             interface: str) -> Mapping[str, Any]:
        attached.networks.append((one, interface, None))  # a failed one has to be undone as well
        result: Mapping[str, Any] | None = None
        namespace = _path(attached.namespace)
        for plugin in range(len(one.plugins)):
            said = environment("ADD", container, namespace, interface, self._folders.plugins)
            output = _run(self._folders, one, plugin, said, result)
            try:
                result = dict(json.loads(output)) if output.strip() else result or {}
            except (ValueError, TypeError) as error:
                why = f"{_called(one, plugin)} answered no JSON object: {output[:200]!r}"
                raise NetworkPluginFailed(why) from error
        attached.networks[-1] = one, interface, result
        return result or {}


def delete(folders: CniFolders, container: str, names: Sequence[str]) -> None:
    """Undo what an executor that is gone has attached: its namespace and the results are gone, too."""
    configured = networks(folders) if names else {}
    for index, name in reversed(list(enumerate(names, 1))):
        if name in configured:
            _delete(folders, container, configured[name], f"eth{index}", "", None)


def _delete(folders: CniFolders, container: str, one: CniNetwork, interface: str, namespace: str,
            result: Mapping[str, Any] | None) -> None:
    said = environment("DEL", container, namespace, interface, folders.plugins)
    for plugin in reversed(range(len(one.plugins))):
        try:
            _run(folders, one, plugin, said, result)
        except NetworkPluginFailed as failure:
            log.warning("Container %.12s is not detached: %s", container, failure)


def _run(folders: CniFolders, one: CniNetwork, plugin: int, said: Mapping[str, str],
         previous: Mapping[str, Any] | None) -> str:
    """What the plugin answers. Raises NetworkPluginFailed with its words."""
    who = _called(one, plugin)
    program = next((path for folder in filter(None, folders.plugins.split(":"))
                    if os.access(path := os.path.join(folder, one.type_of(plugin)), os.X_OK)), None)  # noqa: PTH118
    if program is None:
        raise NetworkPluginFailed(f"{who} is not in {folders.plugins}")
    import subprocess

    try:
        done = subprocess.run([program], input=one.asked(plugin, previous),
                              env={"PATH": PATH, **said},
                              capture_output=True, text=True, errors="replace", timeout=PATIENCE,
                              check=False)
    except subprocess.TimeoutExpired as error:
        raise NetworkPluginFailed(f"{who} did not end within {PATIENCE:g} s") from error
    except OSError as error:
        raise NetworkPluginFailed(f"{who} cannot be started: {error.strerror}") from error
    if done.returncode != 0:
        raise NetworkPluginFailed(
            f"{who} failed ({said['CNI_COMMAND']}): {complaint(done.stdout, done.stderr)}")
    return done.stdout


def _called(one: CniNetwork, plugin: int) -> str:
    return f"CNI network '{one.name}': plugin '{one.type_of(plugin)}'"


def _path(descriptor: int) -> str:
    """Ours, by our number: plugins and their helpers are other processes."""
    return f"/proc/{os.getpid()}/fd/{descriptor}"
