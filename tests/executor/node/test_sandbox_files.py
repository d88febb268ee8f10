"""Paths in sandboxes, which a task may have turned into anything."""
from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from executor.engine.failures import BadSandbox
from executor.node.output.sandbox_files import MOST_TEXT, check, make_folders, output_file, read_text


def listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


STRANGE: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "link": lambda path: path.symlink_to("/etc/passwd"),
    "link to nowhere": lambda path: path.symlink_to("/nobody/has/this"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "socket": listen,
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
}
EVERY = pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE.keys())


@EVERY
def test_output_goes_into_a_regular_file_only(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "stdout")
    with pytest.raises(BadSandbox, match="stdout is not a regular file"):
        output_file(tmp_path / "stdout")


def test_output_is_appended_to_what_is_there(tmp_path: Path) -> None:
    for text in (b"one", b"two"):
        descriptor = output_file(tmp_path / "stdout")
        os.write(descriptor, text)
        os.close(descriptor)
    assert (tmp_path / "stdout").read_bytes() == b"onetwo"


@EVERY
def test_a_text_is_read_from_a_regular_file_only(tmp_path: Path, make: Callable[[Path], None]) -> None:
    (tmp_path / ".docker").mkdir()
    make(tmp_path / ".docker/config.json")
    assert read_text(str(tmp_path), ".docker/config.json") is None


def test_a_text_behind_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/config.json").write_text("{}")
    (tmp_path / ".docker").symlink_to("real")
    assert read_text(str(tmp_path), ".docker/config.json") == "{}"
    assert read_text(str(tmp_path), "config.json") is None
    assert read_text(str(tmp_path), "real/config.json/x") is None
    (tmp_path / "real/config.json").write_bytes(b"x" * (MOST_TEXT + 1))
    with pytest.raises(OSError, match="too large"):
        read_text(str(tmp_path), ".docker/config.json")
    os.truncate(tmp_path / "real/config.json", 1 << 40)  # nothing reads it as a whole
    with pytest.raises(OSError, match="too large"):
        read_text(str(tmp_path), ".docker/config.json")


def test_folders_are_made_with_their_parents(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o700)
    wanted = [str(tmp_path / name) for name in ("there/new/one", "there/new", "there")]
    assert make_folders(str(tmp_path), wanted) == [wanted[1], wanted[0]]
    assert (tmp_path / "there/new/one").is_dir()
    assert (tmp_path / "there").stat().st_mode & 0o777 == 0o700
    assert make_folders(str(tmp_path), wanted) == []


@pytest.mark.parametrize(("target", "said"), [
    ("../outside", "link leads out of the sandbox"), ("/", "link leads out of the sandbox"),
    ("/nobody/has/this", "link is a link to nowhere"), ("../new", "link is a link to nowhere"),
    ("file", "is not a folder"), ("/proc/self/cwd", "link leads out of the sandbox")])
def test_no_folder_is_made_outside(tmp_path: Path, target: str, said: str) -> None:
    sandbox, outside = tmp_path / "sandbox", tmp_path / "outside"
    for each in (sandbox, outside):
        each.mkdir()
    (sandbox / "file").touch()
    (sandbox / "link").symlink_to(target)
    with pytest.raises(BadSandbox, match=said):
        make_folders(str(sandbox), [str(sandbox / "link/etc/mesos")])
    assert list(outside.iterdir()) == []
    assert not (tmp_path / "new").exists()
    with pytest.raises((BadSandbox, FileNotFoundError, NotADirectoryError)):
        check(str(sandbox), str(sandbox / "link/etc/mesos"), links=True)


def test_a_sandbox_behind_a_link_is_one(tmp_path: Path) -> None:
    """Where agents have their work directory is theirs to say."""
    (tmp_path / "real").mkdir()
    (tmp_path / "here").symlink_to("real")
    wanted = str(tmp_path / "here/a/b")
    assert make_folders(str(tmp_path / "here"), [wanted]) == [str(tmp_path / "here/a"), wanted]
    check(str(tmp_path / "here"), wanted, links=False)
