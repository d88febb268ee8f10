"""A kernel that is a program: where it can be had, how it is started, and what its disk has more than an image."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.hosts import kernel, machine, uml
from tests.hosts.__main__ import ROOMS, SAID, kept, place
from tests.hosts.images import FILES
from tests.hosts.machine import MachineError


@pytest.mark.parametrize(("words", "where"), [
    ({}, ""), ({"HOSTS_EMULATED": "1"}, "emulated"), ({"HOSTS_IN": "uml"}, "uml"),
    ({"HOSTS_IN": "namespaces", "HOSTS_EMULATED": "1"}, "namespaces"), ({"HOSTS_IN": ""}, "")])
def test_hosts_run_where_it_is_said(words: dict[str, str], where: str) -> None:
    assert place(words) == where
    assert SAID.keys() == ROOMS.keys()
    assert len({kept("debian13", each) for each in ROOMS}) == len(ROOMS)


def test_nowhere_else() -> None:
    with pytest.raises(MachineError, match="HOSTS_IN is one of emulated, namespaces, uml, not umll"):
        place({"HOSTS_IN": "umll"})


def test_where_it_cannot_be_made_it_is_said_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match=r"root and mmdebstrap, gcc, make, .*slirp4netns, .*: apt-get install"):
        uml.check()
    for name in (*kernel.TOOLS, *uml.TOOLS):
        (tmp_path / name).touch(0o755)
    if os.geteuid() == 0:
        uml.check()
    assert kernel.missing() == []


def test_it_has_the_hosts_words_and_what_a_machine_has(tmp_path: Path) -> None:
    words = uml.command(tmp_path / "linux", tmp_path / "disk", tmp_path, tmp_path / "own", ("a=b",))
    assert words[0] == str(tmp_path / "linux")
    assert {f"mem={machine.MEMORY}M", f"ubd0={tmp_path}/disk", f"hostfs={tmp_path}", "a=b"} < set(words)


def test_all_of_it_runs_on_one_processor() -> None:
    assert {uml.processor({3, 5}, chance) for chance in range(4)} == {3, 5}
    assert uml.processor({7}, 4) == 7


def test_its_folders_are_those_below_the_one_that_it_sees() -> None:
    files = uml.files(Path("a/source"), Path("b/results"))
    unit = next(name for name in FILES if name.endswith(".service"))
    text = files[f"{unit}.d/uml.conf"]
    assert text is not None
    assert "ExecStartPre=\n" in text  # what the image's unit mounts is not mounted
    for folder, there in (("/run/source", "a/source"), ("/run/results", "b/results")):
        assert f" {folder}\n" in FILES[unit]
        assert f"--bind /run/here/{there} {folder}\n" in text
    assert files["etc/systemd/system/prometheus.service"] is None


def test_a_kernel_that_would_lack_something_is_not_made() -> None:
    assert kernel.not_had("# why\nCONFIG_A=y\n\nCONFIG_B=y\nCONFIG_C=2\n",
                          "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=4") == ["CONFIG_B=y", "CONFIG_C=2"]
    wanted = kernel.CONFIG.read_text().splitlines()
    assert len(set(filter(None, wanted))) == len([line for line in wanted if line])  # nothing is said twice
