"""The disk under the state is full: no change is taken on, nothing is acknowledged that is not stored, and all goes on
when there is room.
"""
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.serve.serving_process import Cluster, ServeProcess


def app(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "cmd": "sleep 1000", "cpus": 0.1, "mem": 32,
            "container": {"type": "DOCKER", "docker": {"image": "busybox"}}, **more}


class Small:
    """A serve whose state is on a small file system of its own, which ends with it."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        mounted = f'mount -t tmpfs -o size=3m small {folder} && exec "$@"'
        self.serve = ServeProcess(cluster, folder / "state.sqlite", before=[*namespace, "sh", "-c", mounted, "sh"])
        self.folder = Path(f"/proc/{self.serve.process.pid}/root{folder}")

    def fill(self) -> None:
        with (self.folder / "filler").open("ab", buffering=0) as filler:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError:
                    continue

    def make_room(self) -> None:
        (self.folder / "filler").unlink()

    def refused(self, name: str) -> Any:
        """Ask for apps until one is refused; the answer, and how often it went well before."""
        for number in range(2000):
            status, answer = self.serve.ask("POST", "/v2/apps", app(f"{name}{number}", instances=0,
                                                                    labels={"x": "y" * 20_000}))
            if status != 201:
                return status, answer, number
        raise AssertionError("the disk is never full")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as found:
        yield found


def test_a_full_disk_under_the_state(cluster: Cluster, tmp_path: Path) -> None:
    small = Small(cluster, tmp_path)
    with small.serve as serve:
        assert serve.ask("POST", "/v2/apps", app("/kept"))[0] == 201
        serve.until(lambda: serve.ask("GET", "/v2/apps/kept")[1]["app"]["tasksRunning"] == 1, "the app")
        small.fill()
        status, answer, went_well = small.refused("/more")
        assert status == 507
        assert "the state cannot be written" in answer["message"]
        names = {each["id"] for each in serve.ask("GET", "/v2/apps")[1]["apps"]}
        assert names == {"/kept", *(f"/more{number}" for number in range(went_well))}

        [task] = cluster.tasks
        uuids = [cluster.say(task, "TASK_RUNNING", message="x" * 100_000)]  # more than any room that is left
        serve.until(lambda: serve.ask("GET", "/readyz")[0] == 503, "the trouble")
        uuids.append(cluster.say(task, "TASK_FAILED"))
        assert "the state cannot be written" in serve.ask("GET", "/readyz")[1]["why"][0]
        status, answer = serve.ask("DELETE", "/v2/apps/kept")
        assert (status, "the state cannot be written" in answer["message"]) == (507, True)
        assert not set(uuids) & set(cluster.acknowledged)
        assert cluster.launched == [task]

        small.make_room()
        serve.until(lambda: serve.ask("GET", "/readyz")[0] == 200, "the end of the trouble")
        serve.until(lambda: set(uuids) <= set(cluster.acknowledged), "the acknowledgements")
        serve.until(lambda: len(cluster.launched) == 2, "another try")
        assert {each["id"] for each in serve.ask("GET", "/v2/apps")[1]["apps"]} == names
        assert serve.ask("POST", "/v2/apps", app(f"/more{went_well}"))[0] == 201
        logged = [line for line in serve.errors if "ERROR" in line or "WARNING" in line]
        assert [line for line in logged if "launched, ended or acknowledged" in line]
        assert [line for line in logged if "can be written again" in line]
        assert serve.end() == 0


def test_an_end_while_the_disk_is_full(cluster: Cluster, tmp_path: Path) -> None:
    small = Small(cluster, tmp_path)
    with small.serve as serve:
        assert serve.ask("POST", "/v2/apps", app("/kept"))[0] == 201
        serve.until(lambda: serve.ask("GET", "/v2/apps/kept")[1]["app"]["tasksRunning"] == 1, "the app")
        small.fill()
        [task] = cluster.tasks
        small.refused("/more")
        cluster.say(task, "TASK_RUNNING", message="x" * 100_000)
        serve.until(lambda: serve.ask("GET", "/readyz")[0] == 503, "the trouble")
        assert serve.end() == 0
        text = "".join(serve.errors)
    assert "Traceback" not in text
    assert "is asked again at the next start" in text
