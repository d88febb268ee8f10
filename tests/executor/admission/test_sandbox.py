"""Whose a task's sandbox is."""
from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from executor.admission.sandbox import Owner, make_folders, mounted_folders, owner, task_sandbox
from specs.errors import SpecError
from tests.executor.admission.test_plan import CUSTOM, DROP_IN, planned

ROOT = pwd.getpwuid(0)


@pytest.mark.parametrize(("user", "whose"), [
    ("", Owner()), ("12", Owner(12)), ("12:34", Owner(12, 34)), (ROOT.pw_name, Owner(0, ROOT.pw_gid)),
    (f"{ROOT.pw_name}:7", Owner(0, 7)), ("12:root", Owner(12, 0)), ("no-such-user", Owner()),
    ("no-such-user:no-such-group", Owner()),
])
def test_owner(user: str, whose: Owner) -> None:
    assert owner(user) == whose


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o700)
    (tmp_path / "dead").symlink_to(tmp_path / "elsewhere")
    make_folders([str(tmp_path / "there" / "new"), str(tmp_path / "dead")], Owner(os.getuid(), os.getgid()))
    assert (tmp_path / "there" / "new").is_dir()
    assert (tmp_path / "there").stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "elsewhere").exists()


def test_each_task_of_many_has_a_sandbox_of_its_own() -> None:
    assert task_sandbox(CUSTOM, "a.1") == Path("/sandbox/tasks/a.1")
    assert task_sandbox(DROP_IN, "../a") == Path("/sandbox")
    with pytest.raises(SpecError) as caught:
        task_sandbox(CUSTOM, "../a")
    assert caught.value.path == "task_id"


def test_what_is_mounted_out_of_the_sandbox() -> None:
    volumes = [{"container_path": "/a", "host_path": "html/a", "mode": "RW"},
               {"container_path": "/b", "host_path": "with:colon", "mode": "RO"},
               {"container_path": "/c", "host_path": "/etc", "mode": "RO"},
               {"container_path": "/d", "mode": "RW", "source": {
                   "type": "DOCKER_VOLUME", "docker_volume": {"driver": "local", "name": "named"}}}]
    payload = planned(container={"volumes": volumes}).payload
    assert mounted_folders(payload, "/sandbox/tasks/t") == ["/sandbox/tasks/t/html/a", "/sandbox/tasks/t/with:colon"]
