"""What the embedded agent fetches stays in the sandbox."""
from __future__ import annotations

import asyncio
import bz2
import gzip
import io
import lzma
import os
import pwd
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.containers.fetcher import FetchError, fetch_all
from deploy.local.containers.sandbox import give_to
from tests.deep import deep


def archive(path: Path, *members: tarfile.TarInfo, data: bytes = b"") -> dict[str, str]:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            member.size = len(data) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(data) if member.isreg() else None)
    return {"value": str(path)}


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


@pytest.mark.parametrize("member", [
    link("out", "/etc"), link("out", "../.."), link("d/out", "../../x"), link("out", "/etc/passwd", tarfile.LNKTYPE),
    tarfile.TarInfo("../beside")], ids=["absolute", "up", "up from a folder", "hard", "a name that leads up"])
def test_no_archive_leads_out_of_the_sandbox(tmp_path: Path, member: tarfile.TarInfo) -> None:
    sandbox = tmp_path / "deep" / "sandbox"
    sandbox.mkdir(parents=True)
    with pytest.raises(FetchError):
        asyncio.run(fetch_all([archive(tmp_path / "a.tar.gz", member)], sandbox, None))
    assert not [path for path in sandbox.rglob("*") if path.is_symlink()]
    assert not (tmp_path / "deep" / "beside").exists()
    assert "Failed to fetch" in (sandbox / "stderr").read_text()


def test_links_within_it_and_modes_are_kept(tmp_path: Path) -> None:
    program = tarfile.TarInfo("bin/run")
    program.mode = 0o755
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    asyncio.run(fetch_all([archive(tmp_path / "a.tgz", program, link("now", "bin/run"), data=b"#!/bin/sh\n")],
                          sandbox, None))
    assert (sandbox / "now").read_bytes() == b"#!/bin/sh\n"
    assert (sandbox / "bin/run").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("members", [
    [link("a", "b/../x"), link("b", ".")], [link("b", "."), link("a", "b/../x")],
    [link("a", "a"), tarfile.TarInfo("a/x")],
    [tarfile.TarInfo("f"), link("d", "."), link("g", "d/../f", tarfile.LNKTYPE)],
], ids=["decided by a later one", "by an earlier one", "in circles", "hard, through a link"])
def test_no_two_members_lead_out_together(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    with pytest.raises(FetchError):
        asyncio.run(fetch_all([archive(tmp_path / "a.tar", *members)], sandbox, None))
    links = [path for path in sandbox.rglob("*") if path.is_symlink()]
    assert all(os.path.realpath(path).startswith(f"{sandbox}") for path in links), links


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_what_is_no_file_folder_or_link_is_refused(tmp_path: Path, kind: bytes) -> None:
    special = tarfile.TarInfo("x")
    special.type = kind
    (tmp_path / "sandbox").mkdir()
    with pytest.raises(FetchError):
        asyncio.run(fetch_all([archive(tmp_path / "a.tar", special)], tmp_path / "sandbox", None))
    assert not (tmp_path / "sandbox" / "x").exists()


def test_members_replace_files_and_keep_folders_and_hard_links(tmp_path: Path) -> None:
    sandbox, folder = tmp_path / "sandbox", tarfile.TarInfo("d")
    (sandbox / "d").mkdir(parents=True)
    (sandbox / "d" / "kept").touch()
    (sandbox / "f").write_text("old")
    folder.type, program = tarfile.DIRTYPE, tarfile.TarInfo("/f")
    program.mode, program.mtime = 0o4777, 1e30
    asyncio.run(fetch_all([archive(tmp_path / "a.tar", folder, program, link("g", "f", tarfile.LNKTYPE), data=b"new")],
                          sandbox, None))
    assert (sandbox / "g").read_text() == "new"
    assert (sandbox / "f").stat().st_mode & 0o7777 == 0o755
    assert (sandbox / "d" / "kept").exists()


def test_a_later_file_does_not_write_through_a_link_that_leads_out(tmp_path: Path) -> None:
    """Also one that the sandbox had before."""
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    (sandbox / "notes").symlink_to(tmp_path / "victim")
    with gzip.open(tmp_path / "notes.gz", "wb") as file:
        file.write(b"new")
    with pytest.raises(FetchError):
        asyncio.run(fetch_all([{"value": str(tmp_path / "notes.gz")}], sandbox, None))
    assert not (tmp_path / "victim").exists()


def broken(pack: Callable[[bytes], bytes]) -> bytes:
    buffer, content = io.BytesIO(), tarfile.TarInfo("content")
    content.size = 1 << 16
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(content, io.BytesIO(os.urandom(1 << 16)))
    return pack(buffer.getvalue())[:1 << 15]


@pytest.mark.parametrize(("name", "content"), [
    ("a.tar.gz", broken(gzip.compress)), ("a.tar.xz", broken(lzma.compress)), ("a.tar.bz2", broken(bz2.compress)),
    ("a.gz", broken(gzip.compress)), ("a.gz", b"\x1f\x8b\x08" + bytes(7) + b"junk"), ("a.tar", b"junk"),
    ("a.zip", b"")], ids=range(7))
def test_a_broken_archive_is_a_fetch_that_failed(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "sandbox").mkdir()
    with pytest.raises(FetchError):
        asyncio.run(fetch_all([{"value": str(tmp_path / name)}], tmp_path / "sandbox", None))


def test_what_is_unpacked_is_given_away_however_deep(tmp_path: Path) -> None:
    with deep(tmp_path, 1200):
        give_to(tmp_path, pwd.getpwuid(os.geteuid()).pw_name)
