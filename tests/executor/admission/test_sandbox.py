"""Whose a task's sandbox is."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from executor.admission.sandbox import give, make_folders, mounted_folders, task_sandbox
from executor.engine.users import Ids
from specs.errors import SpecError
from tests.executor.admission.test_plan import CUSTOM, DROP_IN, planned


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o700)
    (tmp_path / "dead").symlink_to(tmp_path / "elsewhere")
    made = make_folders([str(tmp_path / "there" / "new" / "one"), str(tmp_path / "dead")])
    assert made == [str(tmp_path / "there" / "new"), str(tmp_path / "there" / "new" / "one")]
    assert (tmp_path / "there" / "new").is_dir()
    assert (tmp_path / "there").stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "elsewhere").exists()


def test_a_link_is_given_away_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    before = Path("/etc/passwd").stat()
    give([str(tmp_path / "link")], Ids(os.getuid() or 4321, os.getgid()))
    assert Path("/etc/passwd").stat() == before
    assert (tmp_path / "link").lstat().st_uid == (os.getuid() or 4321)


def test_root_needs_nothing_and_who_cannot_give_keeps(tmp_path: Path) -> None:
    mine = tmp_path.stat()
    give([str(tmp_path)], Ids(0))
    assert (tmp_path.stat().st_uid, tmp_path.stat().st_gid) == (mine.st_uid, mine.st_gid)
    give([str(tmp_path)], Ids(os.getuid() or 4321))
    assert tmp_path.stat().st_gid == mine.st_gid  # no group is said
    with pytest.raises(FileNotFoundError):
        give([str(tmp_path / "gone")], Ids(4321))


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
