"""Where no virtual machine can be had it is said, and nothing is tried; an emulated one goes by its own clock."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hosts.__main__ import installed
from tests.hosts.hosts import HOSTS, for_tests
from tests.hosts.machine import MachineError, check_kvm, command


@pytest.mark.parametrize(("there", "modules", "problem"), [
    (False, ("kvm_intel",), "there is no KVM that we may use"),
    (True, ("kvm_pvm",), "runs only kernels that were made for it"),
    (True, ("kvm_pvm", "kvm_amd"), None), (True, ("kvm_intel",), None), (True, (), None),
])
def test_a_kvm_that_can_run_them(tmp_path: Path, there: bool, modules: tuple[str, ...], problem: str | None) -> None:
    for name in modules:
        (tmp_path / name).mkdir()
    if there:
        (tmp_path / "kvm").touch()
    if problem is None:
        check_kvm(tmp_path / "kvm", tmp_path)
    else:
        with pytest.raises(MachineError, match=problem):
            check_kvm(tmp_path / "kvm", tmp_path)


def test_a_mesos_that_is_not_there_is_said(tmp_path: Path) -> None:
    host = HOSTS["mesos"]
    for words in ({}, {"HOSTS_MESOS": ""}, {"HOSTS_MESOS": str(tmp_path)}, {"HOSTS_CLUSTERD": str(tmp_path)}):
        with pytest.raises(MachineError, match="HOSTS_MESOS names no folder with sbin/mesos-master"):
            installed(host, words)
    (tmp_path / "sbin").mkdir()
    for name in ("mesos-master", "mesos-agent"):
        (tmp_path / "sbin" / name).touch()
    assert installed(host, {"HOSTS_MESOS": str(tmp_path)}) == tmp_path


def test_an_image_has_what_the_tests_need() -> None:
    assert for_tests('A=b\nTEST_PACKAGES="docker.io openssl \\\n    chromium"\n') == (
        "busybox-static", "chromium", "openssl")
    with pytest.raises(ValueError, match="no TEST_PACKAGES"):
        for_tests("")
    assert "openssl" in HOSTS["podman"].packages
    assert "docker.io" not in HOSTS["podman"].packages
    for host in HOSTS.values():
        assert [name for name in host.packages if not re.fullmatch("[a-z0-9][a-z0-9+.-]+", name)] == []


def test_hosts_of_one_image_have_the_same_packages() -> None:
    for host in HOSTS.values():
        same = [other for other in HOSTS.values() if other.image == host.image]
        assert {(other.suite, other.packages) for other in same} == {(host.suite, host.packages)}


@pytest.mark.parametrize("emulated", [False, True])
def test_only_the_clock_of_an_emulated_machine_goes_by_what_it_has_done(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emulated: bool) -> None:
    monkeypatch.setenv("HOSTS_EMULATED", "1" if emulated else "")
    words = command(tmp_path, tmp_path / "disk", tmp_path / "source", tmp_path / "results", "quiet")
    assert words[words.index("-accel") + 1].partition(",")[0] == ("tcg" if emulated else "kvm")
    assert ("-icount" in words) is emulated
    assert any(word.startswith(f"file={tmp_path}/disk,") and "snapshot=on" in word for word in words)
