"""Archives: what is kept, what is refused, and that nothing is ever written outside of the sandbox.
"""
from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from executor.fetching.archives import ArchiveError, unpack
from executor.fetching.meter import Meter, TooMuchError
from executor.fetching.sandbox import Sandbox, UnsafePathError

REFUSALS = (ArchiveError, UnsafePathError, TooMuchError, OSError)


def entry(name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644,
          link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname, info.mtime = kind, mode, link, 1_000_000_000
    return info


def tar(*entries: tarfile.TarInfo, data: bytes = b"data") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info in entries:
            info.size = len(data) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return buffer.getvalue()


def zipped(*entries: tuple[str, int, bytes]) -> bytes:
    """(name, st_mode, data) of each."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mode, data in entries:
            info = zipfile.ZipInfo(name, (2001, 9, 9, 1, 46, 40))
            info.create_system, info.external_attr = 3, mode << 16
            archive.writestr(info, data)
    return buffer.getvalue()


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "outside").write_text("untouched")
    return tmp_path / "sandbox"


def unpacked(sandbox: Path, name: str, data: bytes, max_bytes: int = 1 << 20,
             max_files: int = 100) -> None:
    (sandbox / name).write_bytes(data)
    unpack(sandbox / name, name, Sandbox(str(sandbox)), Meter(max_bytes, max_files, lambda _: None))


PLAIN = tar(entry("f"))


@pytest.mark.parametrize(("name", "pack"), [
    ("a.tar", bytes), ("a.tgz", gzip.compress), ("a.tar.gz", gzip.compress),
    ("a.tbz2", bz2.compress),
    ("a.tar.bz2", bz2.compress), ("a.txz", lzma.compress), ("a.tar.xz", lzma.compress)])
def test_tars_of_all_kinds(sandbox: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    unpacked(sandbox, name, pack(PLAIN))
    assert (sandbox / "f").read_bytes() == b"data"
    assert (sandbox / name).exists()


def test_gzip_of_one_file_goes_to_the_sandboxs_top(sandbox: Path) -> None:
    (sandbox / "d").mkdir()
    unpacked(sandbox, "d/f.txt.gz", gzip.compress(b"data") + gzip.compress(b" and more"))
    assert (sandbox / "f.txt").read_bytes() == b"data and more"


def test_modes_times_folders_and_links_are_kept(sandbox: Path) -> None:
    unpacked(sandbox, "a.tar", tar(
        entry("./"), entry("d/", tarfile.DIRTYPE, 0o500), entry("d/run", mode=0o6777),
        entry("d/e/plain", mode=0o600),
        entry("s", tarfile.SYMTYPE, link="d/run"), entry("h", tarfile.LNKTYPE, link="d/run"),
        entry("/abs")))
    assert stat.S_IMODE((sandbox / "d/run").stat().st_mode) == 0o755
    assert stat.S_IMODE((sandbox / "d/e/plain").stat().st_mode) == 0o600
    assert stat.S_IMODE((sandbox / "d").stat().st_mode) == 0o700
    assert (sandbox / "d/run").stat().st_mtime == (sandbox / "d").stat().st_mtime == 1_000_000_000
    assert os.readlink(sandbox / "s") == "d/run"  # noqa: PTH115 - as text
    assert (sandbox / "h").samefile(sandbox / "d/run")
    assert (sandbox / "abs").read_bytes() == b"data"


def test_a_zip_keeps_modes_and_links(sandbox: Path) -> None:
    unpacked(sandbox, "a.zip", zipped(
        ("bin/", stat.S_IFDIR | 0o755, b""), ("bin/run", stat.S_IFREG | 0o755, b"#!/bin/sh"),
        ("plain", stat.S_IFREG | 0o666, b"x"), ("s", stat.S_IFLNK | 0o777, b"bin/run")))
    assert stat.S_IMODE((sandbox / "bin/run").stat().st_mode) == 0o755
    assert stat.S_IMODE((sandbox / "plain").stat().st_mode) == 0o644
    assert (sandbox / "s").read_text() == "#!/bin/sh"


SYM, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize("archive", [
    tar(entry("../outside")), tar(entry("a/../../outside")),
    tar(entry("s", SYM, link="..")), tar(entry("s", SYM, link="/etc")),
    tar(entry("a/s", SYM, link="../../outside")),
    tar(entry("s", SYM, link="."), entry("s/../outside")),
    tar(entry("d", tarfile.DIRTYPE), entry("s", SYM, link="d"), entry("s/f")),
    tar(entry("a/b/s", SYM, link="../.."), entry("t", SYM, link="a/b/s/../outside")),
    tar(entry("h", HARD, link="../outside")),
    tar(entry("s", SYM, link="x"), entry("h", HARD, link="s")),
    tar(entry("h", HARD, link="/etc/passwd")), tar(entry("fifo", tarfile.FIFOTYPE)),
    tar(entry("dev", tarfile.CHRTYPE)),
    tar(entry("stdout")), tar(entry("./stderr")), tar(entry("d/", tarfile.DIRTYPE), entry("d")),
    tar(entry("d/" * 257 + "f")), tar(entry(f"{'d' * 200}/" * 16)),
    b"no archive", PLAIN[:700], gzip.compress(PLAIN)[:60], b"",
], ids=range(22))
def test_what_is_refused_of_a_tar(sandbox: Path, archive: bytes) -> None:
    with pytest.raises(REFUSALS):
        unpacked(sandbox, "a.tar", archive)
    assert_nothing_outside(sandbox)


MAPPED = "/mnt/mesos/sandbox"


@pytest.mark.parametrize("target",
                         [MAPPED, f"{MAPPED}/", f"{MAPPED}/d/f", f"{MAPPED}/d/../d",
                          f"{MAPPED}/d/t/t"])
@pytest.mark.parametrize("name", ["a.tar", "a.zip"])
def test_an_absolute_link_into_the_sandbox_is_seen_from_the_container(
        sandbox: Path, name: str, target: str) -> None:
    data = tar(entry("d/f"), entry("d/t", SYM, link=".."), entry("t", SYM, link=f"{MAPPED}/d"),
               entry("s", SYM, link=target)) if name == "a.tar" else zipped(
        ("d/f", 0, b"x"), ("d/t", stat.S_IFLNK | 0o777, b".."),
        ("t", stat.S_IFLNK | 0o777, f"{MAPPED}/d".encode()),
        ("s", stat.S_IFLNK | 0o777, target.encode()))
    (sandbox / name).write_bytes(data)
    unpack(sandbox / name, name, Sandbox(str(sandbox), MAPPED), Meter(1 << 20, 100, lambda _: None))
    assert os.readlink(sandbox / "s") == target  # noqa: PTH115 - as text
    assert (sandbox.parent / "outside").read_text() == "untouched"


@pytest.mark.parametrize("target", [
    "/etc", "/", "/mnt/mesos", f"{MAPPED}2/x", f"{MAPPED}/../x", f"{MAPPED}/d/../../x",
    f"{MAPPED}/up/../../x"])
def test_an_absolute_link_out_of_it_is_refused_all_the_same(sandbox: Path, target: str) -> None:
    data = tar(entry("d/f"), entry("up", SYM, link="d"), entry("s", SYM, link=target))
    (sandbox / "a.tar").write_bytes(data)
    with pytest.raises(UnsafePathError):
        unpack(sandbox / "a.tar", "a.tar", Sandbox(str(sandbox), MAPPED),
               Meter(1 << 20, 100, lambda _: None))
    assert_nothing_outside(sandbox)


@pytest.mark.parametrize("archive", [
    zipped(("../outside", 0, b"x")), zipped(("s", stat.S_IFLNK | 0o777, b"/etc")),
    zipped(("s", stat.S_IFLNK | 0o777, b"../outside")), zipped(("f", stat.S_IFIFO | 0o644, b"")),
    zipped(("stdout", 0, b"x")), b"no archive", zipped(("f", 0, b"x" * 100))[:40], b"",
], ids=range(8))
def test_what_is_refused_of_a_zip(sandbox: Path, archive: bytes) -> None:
    with pytest.raises(REFUSALS):
        unpacked(sandbox, "a.zip", archive)
    assert_nothing_outside(sandbox)


@pytest.mark.parametrize(("name", "archive"), [
    ("a.tar.gz", gzip.compress(tar(entry("zeros"), data=bytes(1 << 21)))),
    ("a.tar.xz", lzma.compress(tar(entry("zeros"), data=bytes(1 << 21)))),
    ("a.zip", zipped(("zeros", 0, bytes(1 << 21)))), ("a.gz", gzip.compress(bytes(1 << 21))),
    ("a.tar", tar(*(entry(str(number)) for number in range(101)), data=b"")),
    ("a.zip", zipped(*((str(number), 0, b"") for number in range(101)))),
    ("a.tar", tar(*(entry(f"d{number}/", tarfile.DIRTYPE) for number in range(101)))),
])
def test_bombs_are_bounded(sandbox: Path, name: str, archive: bytes) -> None:
    with pytest.raises(TooMuchError):
        unpacked(sandbox, name, archive)
    assert sum(file.stat().st_size for file in sandbox.rglob("*") if file.name != name
               and file.is_file()) <= 1 << 20


STEPS = st.lists(st.sampled_from(["a", "b", "..", ".", "", "/"]), min_size=1,
                 max_size=5).map("/".join)
ENTRIES = st.builds(entry, STEPS, st.sampled_from([tarfile.REGTYPE, SYM, HARD, tarfile.DIRTYPE]),
                    st.integers(0, 0o7777), STEPS)


@example([entry("d/up", SYM, 0, ".."), entry("/b", SYM, 0, "d/up/../outside"),
          entry("c", SYM, 0, "d/up/../..")])
@settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(ENTRIES, max_size=8))
def test_no_archive_writes_outside_or_leaves_a_link_that_leads_there(
        tmp_path_factory: pytest.TempPathFactory,
                                                                     entries: list[tarfile.TarInfo]) -> None:
    sandbox = tmp_path_factory.mktemp("t") / "x" / "sandbox"
    sandbox.mkdir(parents=True)
    (sandbox.parent / "outside").write_text("untouched")
    with contextlib.suppress(*REFUSALS):
        unpacked(sandbox, "a.tar", tar(*entries))
    assert_nothing_outside(sandbox)


def assert_nothing_outside(sandbox: Path) -> None:
    assert sorted(path.name for path in sandbox.parent.iterdir()) == ["outside", "sandbox"]
    assert (sandbox.parent / "outside").read_text() == "untouched"
    root = os.path.realpath(sandbox)
    for path in sandbox.rglob("*"):
        assert os.path.realpath(path).startswith(root), path
