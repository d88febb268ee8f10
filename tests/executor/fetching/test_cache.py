"""The cache: asked for what it keeps, fed with what may be asked for again, and never larger than
it may be.
"""
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.engine.cancellation import Cancellation
from executor.fetching.cache import Cache, cache_of
from executor.fetching.job import Item, Job
from executor.node.fetcher import fetch
from tests.executor.fetching.web import Web, web_server


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as web:
        yield web


def fetched(tmp_path: Path, uri: str, *, cache: bool = True, size: int = 1 << 20) -> bytes:
    sandbox = tmp_path / f"sandbox-{len(list(tmp_path.iterdir()))}"
    sandbox.mkdir()
    item = Item(uri, "f", cache=cache, extract=False)
    job = Job(str(sandbox), (item,), caches=(str(tmp_path / "cache"),), cache_bytes=size)
    fetch(job, Cancellation(), lambda _: None)
    return (sandbox / "f").read_bytes()


def kept(tmp_path: Path) -> list[int]:
    folder = tmp_path / f"cache-{os.geteuid()}"
    return sorted(path.stat().st_size for path in folder.iterdir()
                  if "." not in path.name) if folder.exists() else []


def test_what_is_kept_is_asked_for_and_not_sent_again(tmp_path: Path, web: Web) -> None:
    web.files = {"/f": b"one"}
    assert fetched(tmp_path, web.url("/f")) == fetched(tmp_path, web.url("/f")) == b"one"
    assert [status for _, status in web.asked] == [200, 304]
    web.files = {"/f": b"another"}
    assert fetched(tmp_path, web.url("/f")) == fetched(tmp_path, web.url("/f")) == b"another"
    assert [status for _, status in web.asked] == [200, 304, 200, 304]
    assert kept(tmp_path) == [7]


def test_without_a_validator_or_the_wish_nothing_is_kept(tmp_path: Path, web: Web) -> None:
    web.files, web.tags = {"/f": b"one"}, False
    assert fetched(tmp_path, web.url("/f")) == b"one"
    web.tags = True
    assert fetched(tmp_path, web.url("/f"), cache=False) == b"one"
    assert kept(tmp_path) == []


def test_files_of_the_node_are_kept_with_their_mode(tmp_path: Path) -> None:
    (tmp_path / "local").write_text("x")
    (tmp_path / "local").chmod(0o755)
    assert fetched(tmp_path, f"{tmp_path}/local") == fetched(tmp_path, f"{tmp_path}/local") == b"x"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("sandbox-*/f")} == {0o755}


def test_the_oldest_makes_room_and_what_is_too_large_is_not_kept(tmp_path: Path, web: Web) -> None:
    web.files = {"/a": bytes(400), "/b": bytes(500), "/c": bytes(300), "/large": bytes(1001)}
    for path in ("/a", "/b", "/a", "/c", "/large"):
        fetched(tmp_path, web.url(path), size=1000)
    assert kept(tmp_path) == [300, 400]


def test_a_damaged_entry_is_fetched_again(tmp_path: Path, web: Web) -> None:
    web.files = {"/f": b"one"}
    fetched(tmp_path, web.url("/f"))
    for path in (tmp_path / f"cache-{os.geteuid()}").iterdir():
        path.write_bytes(b"x" * 7)
    assert fetched(tmp_path, web.url("/f")) == b"one"
    assert [status for _, status in web.asked] == [200, 200]


@pytest.mark.parametrize("how", ["a link", "others may write", "a file"])
def test_a_folder_that_is_not_ours_alone_is_not_used(tmp_path: Path, how: str) -> None:
    folder = tmp_path / f"cache-{os.geteuid()}"
    if how == "a link":
        (tmp_path / "other").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "other")
    elif how == "a file":
        folder.touch(0o600)
    else:
        folder.mkdir()
        folder.chmod(0o777)
    folders = [str(tmp_path / "cache"), str(tmp_path / "no/cache")]
    assert cache_of(folders, 1, os.geteuid()) is None
    assert isinstance(cache_of([*folders, str(tmp_path / "mine")], 1, os.geteuid()), Cache)
    assert (tmp_path / f"mine-{os.geteuid()}").is_dir()
