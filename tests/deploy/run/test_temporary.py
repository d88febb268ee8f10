"""Temporary folders, and those that a killed owner leaves."""
from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.run.temporary import LOCK, PREFIX, folder

OWNER = """
from deploy.run.temporary import folder
with folder() as made:
    (made / "agent" / "sandbox").mkdir(parents=True)
    print(made, flush=True)
    input()
"""


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)  # where Python keeps what it read before
    yield tmp_path
    tempfile.tempdir = None


def owner() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_folder_goes_with_its_block(parent: Path) -> None:
    with folder() as made:
        assert made.parent == parent
        (made / "file").touch()
    assert list(parent.iterdir()) == []


def test_what_a_killed_owner_leaves_is_removed_by_the_next(parent: Path) -> None:
    process, left = owner()
    with process:
        with folder():
            assert left.is_dir()  # its owner lives
        process.kill()
    assert left.is_dir()
    with folder() as made:
        assert list(parent.iterdir()) == [made]


def test_what_is_not_ours_stays(parent: Path) -> None:
    elsewhere = parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).touch()
    (parent / f"{PREFIX}link").symlink_to(elsewhere)
    (parent / f"{PREFIX}being-made").mkdir()
    (parent / f"{PREFIX}file").touch()
    odd = parent / f"{PREFIX}odd"
    odd.mkdir()
    (odd / LOCK).symlink_to(elsewhere / LOCK)
    before = sorted(parent.rglob("*"))
    with folder():
        pass
    assert sorted(parent.rglob("*")) == before
