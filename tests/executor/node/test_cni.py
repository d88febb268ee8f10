"""Plugins as programs of the test's own: what they are asked, in which order, and what becomes of their failures."""
from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from executor.engine.failures import Blame, NetworkPluginFailed
from executor.engine.port import Address
from executor.node.cni import Cni, delete, networks
from executor.settings.settings import CniFolders

PLUGIN = """\
#!{python}
import json, os, sys
said = json.load(sys.stdin)
with open({told!r}, "a") as file:
    namespace = os.environ["CNI_NETNS"]
    same = bool(namespace) and os.stat(namespace).st_ino == {inode}
    file.write(json.dumps([os.environ["CNI_COMMAND"], said["type"], os.environ["CNI_IFNAME"],
                           said.get("prevResult"), same]) + "\\n")
{body}
"""
ANSWERS = """
print(json.dumps({"cniVersion": said["cniVersion"], "ips": [{"address": "10.9.0.%s/24" % (said.get("last", 2))}]}))
"""
FAILS = """
print(json.dumps({"code": 11, "msg": "no more addresses"}))
sys.exit(1)
"""


@pytest.fixture
def process() -> Iterator[int]:
    """Of a namespace of its own: a container's first one."""
    ours = Path("/proc/self/ns/net").stat().st_ino
    with subprocess.Popen(["unshare", "--net", "sleep", "600"]) as running:
        while Path(f"/proc/{running.pid}/ns/net").stat().st_ino == ours:
            time.sleep(0.01)
        yield running.pid
        running.kill()


class Node:
    """A node with plugins and networks; the container is every process's cgroup."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told = folder, folder / "told"
        self.folders = CniFolders(str(folder / "config"), f"/nowhere:{folder}/plugins")
        (folder / "config").mkdir()
        (folder / "plugins").mkdir()
        self.cni = Cni(self.folders)

    def plugin(self, name: str, body: str, pid: int) -> None:
        inode = Path(f"/proc/{pid}/ns/net").stat().st_ino
        file = self.folder / "plugins" / name
        file.write_text(PLUGIN.format(python=sys.executable, told=str(self.told), inode=inode,
                                      body=body))
        file.chmod(0o755)

    def network(self, name: str, *plugins: dict[str, Any]) -> None:
        (self.folder / "config" / f"{name}.conflist").write_text(
            json.dumps({"name": name, "cniVersion": "1.0.0", "plugins": plugins}))

    def asked(self) -> list[Any]:
        return [json.loads(line) for line in self.told.read_text().splitlines()]


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_attached_in_order_and_detached_in_the_opposite_order(node: Node, process: int) -> None:
    for name in ("one", "two"):
        node.plugin(name, ANSWERS, process)
    node.network("front", {"type": "one"}, {"type": "two", "last": 7})
    node.network("back", {"type": "one", "last": 9})
    assert node.cni.attach("", process, ("front", "", "back")) == (
        Address("front", "10.9.0.7"), Address("back", "10.9.0.9"))
    result = {"cniVersion": "1.0.0", "ips": [{"address": "10.9.0.2/24"}]}
    last = {"cniVersion": "1.0.0", "ips": [{"address": "10.9.0.7/24"}]}
    other = {"cniVersion": "1.0.0", "ips": [{"address": "10.9.0.9/24"}]}
    added = [["ADD", "one", "eth1", None, True], ["ADD", "two", "eth1", result, True],
             ["ADD", "one", "eth3", None, True]]
    assert node.asked() == added
    os.kill(process, 9)  # its namespace is still there: we hold it
    node.cni.detach("")
    node.cni.detach("")  # once is enough
    assert node.asked() == [*added, ["DEL", "one", "eth3", other, True],
                            ["DEL", "two", "eth1", last, True], ["DEL", "one", "eth1", last, True]]


def test_a_plugin_that_fails_is_the_nodes_fault_and_what_was_done_is_undone(node: Node,
                                                                            process: int) -> None:
    node.plugin("good", ANSWERS, process)
    node.plugin("bad", FAILS, process)
    node.network("front", {"type": "good"}, {"type": "bad"})
    with pytest.raises(NetworkPluginFailed,
                       match=r"^CNI network 'front': plugin 'bad' failed \(ADD\): "
                                                  r"no more addresses$") as caught:
        node.cni.attach("", process, ("front",))
    assert (caught.value.blame, caught.value.again) == (Blame.NODE, True)
    assert [asked[:2] for asked in node.asked()] == [["ADD", "good"], ["ADD", "bad"],
                                                     ["DEL", "bad"], ["DEL", "good"]]


@pytest.mark.parametrize(("body", "problem"), [
    (None, "plugin 'it' is not in /nowhere:.*/plugins"),
    ("print(7)", "plugin 'it' answered no JSON object: '7.n'"),
    ("sys.exit('alas')", r"plugin 'it' failed \(ADD\): alas"),
])
def test_plugins_that_are_not_there_or_answer_nonsense(node: Node, process: int, body: str | None,
                                                       problem: str) -> None:
    if body is not None:
        node.plugin("it", body, process)
    node.network("front", {"type": "it"})
    with pytest.raises(NetworkPluginFailed, match=problem):
        node.cni.attach("", process, ("front",))


def test_a_network_that_is_gone(node: Node, process: int) -> None:
    with pytest.raises(NetworkPluginFailed, match="'front' is not configured"):
        node.cni.attach("", process, ("front",))


def test_a_container_that_has_ended_is_attached_to_nothing(node: Node, process: int) -> None:
    node.plugin("one", ANSWERS, process)
    node.network("front", {"type": "one"})
    assert node.cni.attach("another container", process, ("front",)) == ()
    assert not node.told.exists()


def test_what_an_executor_that_is_gone_has_attached(node: Node, process: int) -> None:
    node.plugin("one", ANSWERS, process)
    node.network("front", {"type": "one"})
    delete(node.folders, "c", ["front", "gone"])
    node.cni.detach("c", ("gone", "front"))  # the same, of a container that was taken over
    assert node.asked() == [["DEL", "one", "eth1", None, False], ["DEL", "one", "eth2", None, False]]


def test_what_is_configured(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    node.network("b", {"type": "first"})
    (node.folder / "config" / "c.conf").write_text('{"name": "b", "type": "second"}')
    (node.folder / "config" / "d.json").write_text('{"name": "d", "type": "x"}')
    (node.folder / "config" / "e.conf").write_text('{"name": "e"}')
    (node.folder / "config" / "f.conf").write_bytes(b"\xff")
    (node.folder / "config" / "README").write_text("no configuration")
    (node.folder / "config" / "aside").write_text('{"name": "g", "type": "h"}')
    (node.folder / "config" / "b.bak").write_text('{"name": "b", "type": "older"}')
    with caplog.at_level(logging.WARNING):
        found = networks(CniFolders(f"/nowhere:{node.folder}/config", ""))
    assert {name: one.type_of(0) for name, one in found.items()} == {
        "b": "first", "d": "x", "g": "h"}
    assert [record.getMessage().split(":")[0].rpartition("/")[2].split()[0]
            for record in caplog.records if record.name == networks.__module__] == [
        "nowhere", "e.conf", "f.conf"]
