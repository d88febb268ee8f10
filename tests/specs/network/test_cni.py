"""CNI: what files of configuration say, what plugins are asked, what they answer."""
from __future__ import annotations

import json
from typing import Any

import pytest

from specs.errors import SpecError
from specs.network.cni import addresses, complaint, environment, network

ONE = {"name": "n", "type": "bridge", "bridge": "b0"}


@pytest.mark.parametrize(("said", "version", "types"), [
    (ONE, "0.1.0", ["bridge"]),
    ({**ONE, "cniVersion": "1.0.0"}, "1.0.0", ["bridge"]),
    ({"name": "n", "cniVersion": "0.4.0", "plugins": [{"type": "bridge"}, {"type": "portmap"}]},
     "0.4.0", ["bridge", "portmap"]),
])
def test_a_file(said: dict[str, Any], version: str, types: list[str]) -> None:
    found = network(json.dumps(said))
    assert (found.name, found.version) == ("n", version)
    assert [found.type_of(index) for index in range(len(found.plugins))] == types


@pytest.mark.parametrize(("text", "problem"), [
    ("{", "is not JSON: .*"),
    ("[]", "must be an object"),
    ('{"type": "bridge"}', "name: must be letters.*"),
    ('{"name": "../x", "type": "bridge"}', "name: must be letters.*"),
    ('{"name": "n", "cniVersion": 1, "type": "bridge"}', "cniVersion: must be a text.*"),
    ('{"name": "n"}', "type: must be the name of a program.*"),
    ('{"name": "n", "type": "../../bin/sh"}', "type: must be the name of a program.*"),
    ('{"name": "n", "plugins": []}', "plugins: must be a list.*"),
    ('{"name": "n", "plugins": [7]}', r"plugins\[0\]: must be an object"),
    ('{"name": "n", "plugins": [{"type": "a"}, {}]}', r"plugins\[1\]\.type: must be .*"),
])
def test_files_that_say_nothing_that_we_can_do(text: str, problem: str) -> None:
    with pytest.raises(SpecError, match=f"^{problem}$"):
        network(text)


def test_what_a_plugin_is_asked() -> None:
    found = network(json.dumps({"name": "n", "cniVersion": "0.4.0",
                                "plugins": [{"type": "a", "x": 1}, {"type": "b"}]}))
    assert json.loads(found.asked(0, None)) == {"name": "n", "cniVersion": "0.4.0", "type": "a",
                                                "x": 1}
    assert json.loads(found.asked(1, {"ips": []})) == {"name": "n", "cniVersion": "0.4.0",
                                                       "type": "b", "prevResult": {"ips": []}}
    assert environment("ADD", "c", "/proc/1/ns/net", "eth1", "/a:/b") == {
        "CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c", "CNI_NETNS": "/proc/1/ns/net",
        "CNI_IFNAME": "eth1", "CNI_PATH": "/a:/b"}


@pytest.mark.parametrize(("result", "found"), [
    ({}, (None, None)),
    ({"ip4": {"ip": "10.1.0.2/16"}}, ("10.1.0.2", None)),
    ({"ip4": {"ip": "10.1.0.2/16"}, "ip6": {"ip": "fd00::2/64"}}, ("10.1.0.2", "fd00::2")),
    ({"ips": [{"version": "4", "address": "10.1.0.2/16"}, {"address": "10.1.0.3/16"}]},
     ("10.1.0.2", None)),
    ({"ips": [{"address": "fd00::2/64"}, {"address": "nonsense"}, 7]}, (None, "fd00::2")),
])
def test_results_of_every_version(result: dict[str, Any],
                                  found: tuple[str | None, str | None]) -> None:
    assert addresses(result) == found


@pytest.mark.parametrize(("output", "errors", "said"), [
    ('{"code": 11, "msg": "no more addresses", "details": "in 10.1.0.0/30"}', "",
     "no more addresses: in 10.1.0.0/30"),
    ('{"code": 7, "msg": "bad"}', "noise", "bad"),
    ("", "panic\n", "panic"),
    ("[]", "", "[]"),
    ("", "", "it said nothing"),
])
def test_its_own_words(output: str, errors: str, said: str) -> None:
    assert complaint(output, errors) == said
