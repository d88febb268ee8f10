"""Files in sandboxes, whatever a task puts in their place: served, or refused at once, and nothing
outside.
"""
from __future__ import annotations

import contextlib
import http.client
import os
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from deploy.local import LocalMesos
from deploy.local.containers.persistent_volumes import link_volumes
from deploy.local.containers.sandbox import SandboxError
from deploy.local.containers.sandbox_files import (
    NotThereError,
    OutsideError,
    WrongKindError,
    complain,
    list_folder,
    open_file,
    open_to_append,
    read_piece,
)
from deploy.local.pytest_plugin import StartMesos
from tests.deploy.local.client import Scheduler, command_task, get, wait_for

MOST = 100


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sandbox, with a secret beside it."""
    (tmp_path / "secret").write_text("not yours")
    sandbox = tmp_path / "sandbox"
    (sandbox / "d").mkdir(parents=True)
    (sandbox / "file").write_bytes(b"0123456789")
    return sandbox


@pytest.mark.parametrize(("path", "offset", "length", "data"), [
    ("file", 0, None, b"0123456789"), ("/file", 3, 4, b"3456"), ("file", 8, 99, b"89"),
    ("file", 10, None, b""),
    ("file", 999, 1, b""), ("file", 2, 0, b""), ("d/../file", 9, None, b"9"),
    ("d//.././file", 9, None, b"9")])
def test_pieces_of_a_file(root: Path, path: str, offset: int, length: int | None,
                          data: bytes) -> None:
    assert read_piece(root, path, offset, length, MOST) == (10, data)
    assert len(read_piece(root, path, 0, None, 4)[1]) == 4


def fifo(root: Path) -> None:
    os.mkfifo(root / "x")


def unix_socket(root: Path) -> None:
    os.mknod(root / "x", stat.S_IFSOCK | 0o600)


@pytest.mark.parametrize(("make", "error"), [
    (lambda root: None, NotThereError), (fifo, WrongKindError), (unix_socket, WrongKindError),
    (lambda root: (root / "x").mkdir(), WrongKindError),
    (lambda root: (root / "x").symlink_to("../secret"), OutsideError),
    (lambda root: (root / "x").symlink_to("/etc/passwd"), OutsideError),
    (lambda root: (root / "x").symlink_to("/dev/zero"), OutsideError),
    (lambda root: (root / "x").symlink_to("/proc/self/fd/0"), OutsideError),
    (lambda root: (root / "x").symlink_to("d/../../secret"), OutsideError),
    (lambda root: (root / "x").symlink_to(".."), OutsideError),
    (lambda root: (root / "x").symlink_to("x"), NotThereError),
    (lambda root: (root / "x").symlink_to("nowhere"), NotThereError),
    (lambda root: (root / "x").symlink_to("d"), WrongKindError)], ids=range(13))
def test_what_a_task_puts_in_a_files_place(root: Path, make: Callable[[Path], None],
                                           error: type[Exception]) -> None:
    make(root)
    with pytest.raises(error):
        read_piece(root, "x", 0, None, MOST)
    with pytest.raises(error):
        open_file(root, "x")


@pytest.mark.parametrize("path", ["../secret", "d/../../secret", "..", "../sandbox2", "/../secret"])
def test_paths_that_lead_out(root: Path, path: str) -> None:
    (root.parent / "sandbox2").write_text("a name that begins like ours")
    with pytest.raises(OutsideError):
        read_piece(root, path, 0, None, MOST)
    with pytest.raises(OutsideError):
        list_folder(root, path)


@pytest.mark.parametrize("path", ["no", "file/x", "d/no/x", "a\0b", "x" * 300, "y/" * 5000])
def test_paths_to_nothing(root: Path, path: str) -> None:
    with pytest.raises(NotThereError):
        read_piece(root, path, 0, None, MOST)


def test_links_that_stay_inside_are_followed(root: Path) -> None:
    (root / "near").symlink_to("file")
    (root / "whole").symlink_to(root / "file")
    (root / "d" / "up").symlink_to("../file")
    assert {read_piece(root, path, 0, None, MOST)[1]
            for path in ("near", "whole", "d/up")} == {b"0123456789"}


def test_a_folder_shows_what_is_in_it(root: Path) -> None:
    (root / "in").symlink_to("file")
    (root / "out").symlink_to("../secret")
    (root / "nowhere").symlink_to("no")
    os.mkfifo(root / "pipe")
    (root / "a\nb%41").touch()
    found = {entry.name: stat.S_IFMT(entry.found.st_mode) for entry in list_folder(root, "")}
    assert found == {"a\nb%41": stat.S_IFREG, "d": stat.S_IFDIR, "file": stat.S_IFREG,
                     "in": stat.S_IFREG, "pipe": stat.S_IFIFO}
    assert list(found) == sorted(found)
    assert list_folder(root, "file") == []


def test_appending_follows_no_link_and_waits_for_no_reader(root: Path) -> None:
    for name, make in (("link", lambda path: path.symlink_to("../secret")), ("pipe", os.mkfifo),
                       ("folder", lambda path: path.mkdir())):
        make(root / name)
        with pytest.raises(OSError, match=r".+"):
            os.close(open_to_append(root, name))
    with os.fdopen(open_to_append(root, "file"), "ab") as file:
        file.write(b"+")
    assert (root / "file").read_bytes() == b"0123456789+"
    complain(root, "a line")
    (root / "stderr").unlink()
    (root / "stderr").symlink_to("../secret")
    complain(root, "another line")
    assert (root.parent / "secret").read_text() == "not yours"


def test_a_persistent_volume_is_not_linked_through_a_link_out_of_the_sandbox(root: Path) -> None:
    resource = {"name": "disk", "type": "SCALAR", "scalar": {"value": 1},
                "reservations": [{"type": "STATIC", "role": "db"}],
                "disk": {"persistence": {"id": "p"},
                         "volume": {"mode": "RW", "container_path": "out/there"}}}
    (root / "out").symlink_to("..")
    with pytest.raises(SandboxError, match="leads through a link out of the sandbox"):
        link_volumes(root.parent, root, [{"resources": [resource]}])
    assert not (root.parent / "there").is_symlink()


# ---- over HTTP


@pytest.fixture
def sandbox(local_mesos: StartMesos) -> tuple[LocalMesos, str, Path]:
    """A cluster with a running task `a%20b:c`, the path under which its files are asked for, and
    its sandbox.
    """
    mesos = local_mesos(resources="cpus:4;mem:4096")
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("a%20b:c", offer, "echo shown; exec sleep 600"))
    scheduler.update("a%20b:c", "TASK_RUNNING")
    [folder] = mesos.work_dir.glob("slaves/*/frameworks/*/executors/*/runs/*-*")
    wait_for((folder / "stdout").read_text)
    return mesos, f"/frameworks/{scheduler.framework_id}/executors/a%20b:c/runs/latest", folder


def ask(mesos: LocalMesos, path: str, what: str = "read",
        more: str = "&offset=0") -> tuple[int, object]:
    return get(mesos.agent_addresses[0], f"/files/{what}?path={quote(path, safe='')}{more}")


def test_a_path_is_decoded_once(sandbox: tuple[LocalMesos, str, Path]) -> None:
    mesos, virtual, folder = sandbox
    (folder / "100%41").write_text("once")
    (folder / "100A").write_text("twice")
    assert ask(mesos, f"{virtual}/stdout") == (200, {"data": "shown\n", "offset": 0})
    assert ask(mesos, f"file://{virtual}/stdout")[0] == 200
    assert ask(mesos, f"{virtual}/100%41") == (200, {"data": "once", "offset": 0})
    assert ask(mesos, f"{virtual}/100%41", "download", "")[1] == b"once"
    names = [entry["path"].rpartition("/")[2] for entry in ask(mesos, virtual, "browse", "")[1]]  # type: ignore[attr-defined]
    assert names == ["100%41", "100A", "stderr", "stdout"]
    for name in names:
        assert ask(mesos, f"{virtual}/{name}")[0] == 200


@pytest.mark.parametrize("make", [fifo, unix_socket])
def test_a_pipe_is_an_error_and_all_else_goes_on(sandbox: tuple[LocalMesos, str, Path],
                                                 make: Callable[[Path], None]) -> None:
    mesos, virtual, folder = sandbox
    make(folder)
    assert ask(mesos, f"{virtual}/x") == (400, b"Cannot read what is not a regular file.\n")
    assert ask(mesos, f"{virtual}/x", more="") == (400,
                                                   b"Cannot read what is not a regular file.\n")
    assert ask(mesos, f"{virtual}/x", "download",
               "") == (400, b"Cannot download what is not a regular file.\n")
    assert ask(mesos, virtual, "browse", "")[0] == 200
    assert ask(mesos, f"{virtual}/stdout")[0] == 200


def test_a_large_file_is_sent_in_pieces_and_only_as_long_as_it_was(
        sandbox: tuple[LocalMesos, str, Path]) -> None:
    mesos, virtual, folder = sandbox
    with (folder / "large").open("wb") as file:
        file.truncate(3_000_000_000)
    connection = http.client.HTTPConnection(mesos.agent_addresses[0], timeout=30)
    connection.request("GET", f"/files/download?path={virtual.replace('%', '%25')}/large")
    response = connection.getresponse()
    assert response.getheader("Content-Length") == "3000000000"
    assert response.read(1000) == bytes(1000)
    os.truncate(folder / "large", 5_000_000)
    received = 1000
    with contextlib.suppress(ConnectionError):
        while piece := response.read(1 << 20):
            received += len(piece)
    connection.close()
    assert received < 3_000_000_000
    assert ask(mesos, f"{virtual}/stdout")[0] == 200


@pytest.mark.parametrize(("name", "shown"), [
    ("plain.txt", "attachment; filename=plain.txt"),
    ("a\r\nSet-Cookie: x", "attachment; filename*=UTF-8''a%0D%0ASet"),
    ('q"uote', "attachment; filename*=UTF-8''q%22uote"),
    ("ü", "attachment; filename*=UTF-8''%C3%BC")])
def test_a_name_that_a_task_chose_in_a_header(sandbox: tuple[LocalMesos, str, Path], name: str,
                                              shown: str) -> None:
    mesos, virtual, folder = sandbox
    (folder / name).write_text("content")
    connection = http.client.HTTPConnection(mesos.agent_addresses[0], timeout=30)
    connection.request("GET", f"/files/download?path={quote(f'{virtual}/{name}', safe='')}")
    response = connection.getresponse()
    assert response.getheader("Content-Disposition", "").startswith(shown)
    assert response.getheader("Set-Cookie") is None
    assert response.read() == b"content"
    connection.request("HEAD", f"/files/download?path={quote(f'{virtual}/{name}', safe='')}")
    response = connection.getresponse()
    assert (response.status, response.read(),
            response.getheader("Content-Length")) == (200, b"", "7")
    connection.close()
