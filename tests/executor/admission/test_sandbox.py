"""Whose a task's sandbox is."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from executor.admission.sandbox import check_volumes, everything, give, task_sandbox
from executor.admission.volumes import Inside
from executor.engine.failures import BadSandbox, RuntimeFailure
from executor.engine.users import Ids
from specs.errors import SpecError
from tests.deep import deep
from tests.executor.admission.test_plan import CUSTOM, DROP_IN


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


def test_what_is_mounted_is_where_it_shall_be(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "inside").symlink_to("data")
    check_volumes([Inside(str(tmp_path), str(tmp_path / name)) for name in ("data", "inside")], links=True)
    with pytest.raises(BadSandbox, match="inside is a link"):
        check_volumes([Inside(str(tmp_path), str(tmp_path / "inside"))], links=False)
    with pytest.raises(BadSandbox, match="gone is not there"):
        check_volumes([Inside(str(tmp_path), str(tmp_path / "gone"))], links=True)
    (tmp_path / "out").symlink_to("/")
    with pytest.raises(BadSandbox, match="out leads out of the sandbox"):
        check_volumes([Inside(str(tmp_path), str(tmp_path / "out/etc"))], links=True)
    with pytest.raises(RuntimeFailure, match="cannot look at"):
        check_volumes([Inside(str(tmp_path), str(tmp_path / ("x" * 300)))], links=True)


def test_everything_is_found_however_deep_and_nothing_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    with deep(tmp_path, 1500):
        found = list(everything(str(tmp_path)))
    assert len(found) == len(set(found)) == 1500 + 2
