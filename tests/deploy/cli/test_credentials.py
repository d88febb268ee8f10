"""The credential of an embedded Mesos: for its user alone, found by address, told to nobody else.
"""
from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.cli.credentials import Known, find, folder, forget, header, kept, new
from deploy.cli.problems import Problem
from specs.network.address import HostPort
from specs.network.credential import Credential

MASTER = "127.0.0.1:5050"
KNOWN = Known(Credential("me", "s3cret"), frozenset({"127.0.0.1:5051"}))


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "mesos-docker" / "credentials"


def test_it_is_found_while_that_mesos_lasts(state: Path) -> None:
    assert folder() == state
    assert find(HostPort("127.0.0.1", 5050)) is None
    with kept([MASTER], KNOWN) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert json.loads(path.read_text()) == {"principal": "me", "secret": "s3cret",
                                                "agents": ["127.0.0.1:5051"]}
        assert find(HostPort("127.0.0.1", 5050)) == KNOWN
        assert find(HostPort("localhost", 5050)) == KNOWN
        assert find(HostPort("127.0.0.1", 5051)) is None
        assert find(HostPort("10.0.0.7", 5050)) is None
    assert list(state.iterdir()) == []


def test_one_mesos_at_several_addresses() -> None:
    with kept([MASTER, "[::1]:5050"], KNOWN):
        assert find(HostPort("::1", 5050)) == KNOWN
        assert find(HostPort("127.0.0.1", 5050)) == KNOWN
    assert find(HostPort("localhost", 5050)) is None


def test_it_is_told_to_the_agents_that_know_it_alone() -> None:
    assert KNOWN.of("127.0.0.1:5051") == KNOWN.credential
    assert KNOWN.of("10.0.0.7:5051") is None


def test_without_a_state_folder_it_is_in_the_home(monkeypatch: pytest.MonkeyPatch,
                                                  tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        assert folder() == tmp_path / ".local" / "state" / "mesos-docker" / "credentials"


def test_each_start_has_a_secret_of_its_own() -> None:
    first, second = new(), new()
    assert first.principal == second.principal == "mesos-docker"
    assert first.secret != second.secret
    assert len(first.secret) >= 32
    assert ":" not in first.secret


def test_a_file_that_others_can_read_is_refused(state: Path) -> None:
    with kept([MASTER], KNOWN) as path:
        path.chmod(0o640)
        with pytest.raises(Problem, match="can be read by others"):
            find(HostPort("127.0.0.1", 5050))
    forget([MASTER])  # it is gone already


@pytest.mark.parametrize("text", ["", "{", "[]", '{"secret": "x"}',
                                  '{"principal": "x", "secret": "y", "agents": 1}'])
def test_what_is_no_credential_is_none(text: str) -> None:
    with kept([MASTER], KNOWN) as path:
        path.write_text(text)
        assert find(HostPort("127.0.0.1", 5050)) is None


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("elsewhere")])
def test_what_is_no_file_is_none(state: Path, make: Callable[[Path], None]) -> None:
    with kept(["elsewhere"], KNOWN) as path:
        make(state / f"{MASTER}.json")
        (state / "elsewhere").hardlink_to(path)
        assert find(HostPort("127.0.0.1", 5050)) is None


def test_another_users_file_is_none(state: Path) -> None:
    with kept([MASTER], KNOWN) as path:
        os.chown(path, 12345, -1)
        assert find(HostPort("127.0.0.1", 5050)) is None


def test_a_place_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    where = f"the credential cannot be written to /dev/null/.*{MASTER}"
    with pytest.raises(Problem, match=where), kept([MASTER], KNOWN):
        pass


def test_the_header() -> None:
    assert header(None) == {}
    assert header(Credential("me", "s:\u00e9")) == {"Authorization": "Basic bWU6czrDqQ=="}
