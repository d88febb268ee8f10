"""What the embedded agent fetches stays in the sandbox."""
from __future__ import annotations

import asyncio
import gzip
import io
import tarfile
from pathlib import Path

import pytest

from deploy.local.containers.fetcher import FetchError, fetch_all


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
