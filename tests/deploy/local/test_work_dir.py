"""Work directories: locked while one Mesos has them, and gone with it where they are temporary."""
from __future__ import annotations

import json
import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deploy.local import LocalMesos
from deploy.local.containers.processes import start_of
from deploy.local.work_dir import LOCK, PREFIX, WorkDir, WorkDirError
from tests.deep import make_deep
from tests.images import busybox_image

OWNER = """
import sys
from pathlib import Path
from deploy.local.work_dir import WorkDir
made = WorkDir(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
(made.path / "agent" / "sandbox").mkdir(parents=True)
print(made.path, flush=True)
input()
"""


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)  # where Python keeps what it read before
    yield tmp_path
    tempfile.tempdir = None


def owner(*folder: str) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", OWNER, *folder], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_temporary_folder_goes_with_its_owner(parent: Path) -> None:
    with closing(WorkDir(None)) as made:
        assert made.path.parent == parent
        (made.path / "file").touch()
    assert list(parent.iterdir()) == []


def test_what_a_killed_owner_leaves_is_removed_by_the_next(parent: Path) -> None:
    process, left = owner()
    with process:
        with closing(WorkDir(None)):
            assert left.is_dir()  # its owner lives
        process.kill()
    assert left.is_dir()
    with closing(WorkDir(None)) as made:
        assert list(parent.iterdir()) == [made.path]


def test_executors_that_a_killed_owner_leaves_are_told_to_end(parent: Path) -> None:
    process, left = owner()
    records = left / "agent-0" / "meta" / "slaves" / "A" / "containers"
    records.mkdir(parents=True)
    planted = left / "slaves" / "A" / "meta" / "slaves" / "A" / "containers"  # by a task
    planted.mkdir(parents=True)
    with process, subprocess.Popen(["sleep",
                                    "600"]) as executor, subprocess.Popen(["sleep",
                                                                           "600"]) as other:
        (records / "C").write_text(json.dumps({"pid": executor.pid,
                                               "start": start_of(executor.pid)}))
        for name, start in (("gone", 1), ("unknown", None)):
            (records / name).write_text(json.dumps({"pid": other.pid, "start": start}))
        (planted / "C").write_text(json.dumps({"pid": other.pid, "start": start_of(other.pid)}))
        process.kill()
        process.wait()
        with closing(WorkDir(None)):
            assert executor.wait(30) == -signal.SIGTERM
        time.sleep(0.1)
        assert other.poll() is None
        other.kill()
    assert not left.exists()


def test_what_a_task_has_made_goes_however_deep(parent: Path) -> None:
    process, left = owner()
    make_deep(left / "agent/sandbox")
    with process:
        process.kill()
    with closing(WorkDir(None)) as made:
        assert list(parent.iterdir()) == [made.path]
        make_deep(made.path)
    assert list(parent.iterdir()) == []


def test_what_cannot_be_removed_is_told(parent: Path) -> None:
    """As when a container's root has written in the sandbox of somebody who is not root."""
    for folder in (parent, *parent.parents) if os.geteuid() == 0 else ():
        folder.chmod(folder.stat().st_mode | (0o777 if folder == parent else 0o011))
    image = busybox_image()
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            _as_nobody_in_particular(theirs)
        finally:
            os._exit(0)
    theirs.close()
    with ours, ours.makefile() as told:
        left = told.readline().strip()
        subprocess.run(["docker", "run", "--rm", "-v", f"{left}:/x", image, "sh", "-c",
                        "mkdir /x/theirs && touch /x/theirs/file"], check=True)
        ours.sendall(b"go on\n")
        lines = told.read().splitlines()
    os.waitpid(child, 0)
    try:
        said = f"{left} could not be removed as a whole; as root: rm -rf {left} "
        assert lines == [f"{said}(rm: cannot remove '{left}/theirs/file': Permission denied)"]
    finally:
        subprocess.run(["docker", "run", "--rm", "-v", f"{left}:/x", image, "rm", "-r", "/x/theirs"],
                       check=True)


def _as_nobody_in_particular(teller: socket.socket) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    with teller, teller.makefile("w") as told, closing(WorkDir(None)) as made:
        logging.basicConfig(force=True, format="%(message)s", stream=told)
        told.write(f"{made.path}\n")
        told.flush()
        teller.recv(10)


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
    WorkDir(None).close()
    assert sorted(parent.rglob("*")) == before


def test_a_named_folder_is_for_one_at_a_time_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    process, made = owner(str(folder))
    with process:
        assert made == folder
        with pytest.raises(WorkDirError,
                           match=f"^the work directory {folder} is in use .*, process {process.pid}$"):
            WorkDir(folder)
        process.kill()
    WorkDir(folder).close()  # the lock goes with its owner
    assert (folder / "agent" / "sandbox").is_dir()


def test_a_second_mesos_leaves_the_executors_of_the_first_alone(tmp_path: Path) -> None:
    with (LocalMesos(agents=0, work_dir=tmp_path) as first,
          pytest.raises(WorkDirError, match=f"in use by an embedded Mesos, process {os.getpid()}")):
        LocalMesos(agents=0, work_dir=tmp_path)
    assert first.work_dir == tmp_path
    LocalMesos(agents=0, work_dir=tmp_path).close()


@pytest.mark.parametrize("folder", ["/proc/x", "/dev/null/x", "/dev/null"])
def test_a_folder_that_cannot_be_had_is_told(folder: str) -> None:
    with pytest.raises(WorkDirError, match=f"^the work directory {folder} cannot be had: "):
        WorkDir(Path(folder))


def test_the_key_of_executors_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    with closing(WorkDir(tmp_path)) as first:
        path = first.executors_key()
        key = path.read_bytes()
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(WorkDir(tmp_path)) as again:
        assert again.executors_key().read_bytes() == key
