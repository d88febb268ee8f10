"""The fetching program, as the executor runs it: what is fetched and how, whose fault it is, and
that it ends.
"""
from __future__ import annotations

import gzip
import io
import os
import pwd
import stat
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from executor.engine.cancellation import Cancellation
from executor.engine.failures import Cancelled, FileNotFetched, FileSourceAway, RuntimeFailure
from executor.fetching.job import (
    FetchEnd,
    FetchFault,
    FetchProgress,
    Item,
    Job,
    job_text,
    read_job,
    read_told,
    told_text,
)
from executor.node.fetcher import fetch, progress_text
from tests.executor.fetching.web import JOE, Web, web_server


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as web:
        yield web


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    (tmp_path / "sandbox").mkdir()
    return tmp_path / "sandbox"


def fetched(sandbox: Path, *items: Item, **fields: object) -> list[FetchProgress]:
    told: list[FetchProgress] = []
    fetch(replace(Job(str(sandbox), items), **fields), Cancellation(), told.append)  # type: ignore[arg-type]
    return told


def packed(name: str = "inside", mode: int = 0o755) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size, info.mode = 4, mode
        archive.addfile(info, io.BytesIO(b"data"))
    return buffer.getvalue()


def test_job_and_words_survive_the_pipe() -> None:
    job = Job("/s", (Item("u", "n", executable=True), Item("v", "m", cache=True)), user=1,
              caches=("/c", "/d"))
    assert read_job(job_text(job)) == job
    for told in (FetchProgress(1, 2, 3), FetchProgress(0, 1), FetchEnd(), FetchEnd("why", 2, FetchFault.NODE)):
        assert read_told(told_text(told)) == told


def test_files_of_the_node_and_of_the_web(sandbox: Path, web: Web, tmp_path: Path) -> None:
    web.files = {"/a.tgz": packed(), "/run": b"#!/bin/sh", "/x.tgz?v=1": b"not unpacked",
                 "/b.tgz": packed("other")}
    (tmp_path / "local").write_text("here")
    (tmp_path / "local").chmod(0o750)
    fetched(sandbox, Item(web.url("/a.tgz"), "a.tgz"),
            Item(web.url("/run"), "run", executable=True),
            Item(web.url("/x.tgz?v=1"), "x.tgz?v=1"),
            Item(web.url("/b.tgz"), "d/e/b.tgz", extract=False),
            Item(f"file://localhost{tmp_path}/local", "local"),
            Item(web.url("/redirect/run"), "again"))
    assert (sandbox / "inside").read_bytes() == b"data"
    assert stat.S_IMODE((sandbox / "inside").stat().st_mode) == 0o755
    assert stat.S_IMODE((sandbox / "run").stat().st_mode) == 0o755
    assert (sandbox / "x.tgz?v=1").read_bytes() == b"not unpacked"
    assert not (sandbox / "other").exists()
    assert (sandbox / "local").read_text() == "here"
    assert stat.S_IMODE((sandbox / "local").stat().st_mode) == 0o750
    assert (sandbox / "again").read_bytes() == b"#!/bin/sh"


def test_a_login_in_the_url_goes_to_its_server_and_no_further(sandbox: Path, web: Web) -> None:
    web.files = {"/f": b"x"}
    fetched(sandbox, Item(web.url("/login/f", "joe:s3cret@"), "f"))
    assert web.logins == [JOE]
    fetched(sandbox, Item(web.url("/redirect/f", "joe:s3cret@"), "f"))
    assert web.logins[1:] == [JOE, None]
    with pytest.raises(FileNotFetched,
                       match=r"^Failed to fetch 'http://joe:\*\*\*@.*': received .* code 401$"):
        fetched(sandbox, Item(web.url("/login/f", "joe:wrong@"), "f"))


def test_a_login_that_a_redirect_names_goes_to_where_it_leads(sandbox: Path, web: Web) -> None:
    web.files = {"/f": b"x"}
    there = web.url("/login/f", "joe:s3cret@")
    fetched(sandbox, Item(web.url(f"/redirect{there}", "ann:other@"), "f"))
    assert web.logins[1:] == [JOE]
    with pytest.raises(FileNotFetched, match="received HTTP return code 302, which leads nowhere"):
        fetched(sandbox, Item(web.url("/redirecthttp://h:99999/f"), "f"))


def test_what_no_url_may_hold_is_encoded_and_the_name_is_as_it_was_said(sandbox: Path, web: Web) -> None:
    web.files = {"/a%20%C3%BC?q=%C3%BC%25": b"x"}
    fetched(sandbox, Item(web.url("/a ü?q=ü%25#part"), "a ü?q=ü%25#part"))
    assert (sandbox / "a ü?q=ü%25#part").read_bytes() == b"x"


def test_a_file_without_a_size_is_read_to_its_end(sandbox: Path) -> None:
    fetched(sandbox, Item("/proc/self/comm", "comm"))
    assert (sandbox / "comm").read_text().startswith("python")


@pytest.mark.parametrize(("path", "kind", "why"), [
    ("/no", FileNotFetched, "received HTTP return code 404"),
    ("/redirectfile:///etc/passwd", FileNotFetched,
     "received HTTP return code 302, which leads nowhere"),
    ("/redirect/redirect/loop", FileNotFetched, "received HTTP return code 404"),
    ("/short", FileSourceAway, "it broke off after 3 of 1000 bytes"),
    ("/stall", FileSourceAway, "no byte came for too long"),
    ("/busy", FileSourceAway, "received HTTP return code 503"),
])
def test_whose_fault_it_is(sandbox: Path, web: Web, path: str, kind: type[RuntimeFailure],
                           why: str) -> None:
    web.failures["/busy"] = 99
    with pytest.raises(kind) as caught:
        fetched(sandbox, Item(web.url(path), "f"), stall=0.2)
    assert type(caught.value) is kind
    assert str(caught.value) == f"Failed to fetch '{web.url(path)}': {why}"


def test_a_server_that_is_away_is_asked_again(sandbox: Path, web: Web) -> None:
    web.files, web.failures = {"/f": b"x"}, {"/f": 1}
    fetched(sandbox, Item(web.url("/f"), "f"))
    assert [status for _, status in web.asked] == [503, 200]


@pytest.mark.parametrize(("path", "why"), [
    ("/no/such/file", "No such file or directory"), ("/etc", "it is a folder"),
    ("/dev/zero", "it is not a file")])
def test_files_that_cannot_be_had(sandbox: Path, path: str, why: str) -> None:
    with pytest.raises(FileNotFetched, match=f"^Failed to fetch '{path}': {why}$"):
        fetched(sandbox, Item(path, "f"))


def test_a_pipe_does_not_hold_it_up(sandbox: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(FileNotFetched, match="it is not a file"):
        fetched(sandbox, Item(str(tmp_path / "fifo"), "f"))


def test_what_is_too_much_or_broken(sandbox: Path, web: Web) -> None:
    web.files = {"/big": bytes(2000), "/bomb.gz": gzip.compress(bytes(5000)), "/a.zip": b"none"}
    with pytest.raises(FileNotFetched,
                       match="it is more than the 1000B that a task may fetch and unpack"):
        fetched(sandbox, Item(web.url("/big"), "big"), max_bytes=1000)
    with pytest.raises(FileNotFetched, match="it is more than"):
        fetched(sandbox, Item(web.url("/bomb.gz"), "bomb.gz"), max_bytes=1000)
    with pytest.raises(FileNotFetched, match=r"a.zip': cannot unpack it: File is not a zip file"):
        fetched(sandbox, Item(web.url("/a.zip"), "a.zip"))


def test_it_works_as_the_tasks_user(tmp_path: Path, web: Web) -> None:
    nobody = pwd.getpwnam("nobody")
    sandbox = tmp_path / "s"
    sandbox.mkdir()
    tmp_path.chmod(0o700)  # as an executor's sandbox is, which has those of its tasks
    os.chown(sandbox, nobody.pw_uid, nobody.pw_gid)
    (tmp_path / "secret").write_text("of root")
    web.files = {"/a.tgz": packed()}
    for number in range(2):
        fetched(sandbox, Item(web.url("/a.tgz"), f"d{number}/a.tgz", cache=True),
                user=nobody.pw_uid, group=nobody.pw_gid, caches=(str(tmp_path / "cache"),))
    assert [status for _, status in web.asked] == [200, 304]
    assert {path.stat().st_uid for path in sandbox.rglob("*")} == {nobody.pw_uid}
    with pytest.raises(FileNotFetched, match="Permission denied"):
        fetched(sandbox, Item(str(tmp_path / "secret"), "secret"), user=nobody.pw_uid,
                group=nobody.pw_gid)


def test_a_kill_ends_it_at_once(sandbox: Path, web: Web) -> None:
    cancel = Cancellation()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            fetch(Job(str(sandbox), (Item(web.url("/stall"), "f"),)), cancel, lambda _: None)
        except Cancelled as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while not web.asked:
        time.sleep(0.01)
    cancel.set()
    thread.join(5)
    assert not thread.is_alive()
    assert [type(each) for each in failures] == [Cancelled]


def test_it_ends_with_its_starter(sandbox: Path, web: Web) -> None:
    import sys

    process = subprocess.Popen([sys.executable, "-m", "executor.fetching"], stdin=subprocess.PIPE,
                               text=True, cwd=Path(__file__).parents[3], stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    process.stdin.write(job_text(Job(str(sandbox), (Item(web.url("/stall"), "f"),))))
    process.stdin.flush()
    while not web.asked:
        time.sleep(0.01)
    process.stdin.close()
    assert process.wait(5) == 1


def test_progress() -> None:
    job = Job("/s", (Item("u", "app.tgz?token=x"), Item("v", "m")))
    assert progress_text(job, FetchProgress(0, 1_500_000, 3_000_000)) == (
        "Fetching app.tgz?token=***, 1 of 2 files: 1.5 of 3.0 MB")
    assert progress_text(job, FetchProgress(1, 0)) == "Fetching m, 2 of 2 files: 0.0 MB"
