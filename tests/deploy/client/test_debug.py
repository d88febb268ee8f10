"""`mesos-docker debug`: all that helps is in the archive, and no secret is."""
from __future__ import annotations

import gzip
import json
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.main import run
from scheduler.api.access import Access, Role
from tests.scheduler.service.serving import Serving, app

PLANTED = "pl4nted-S3cret"
TOKEN = "t0ken-of-the-caller"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """With a secret wherever one may be, and one that a task told before it died."""
    with Serving(tmp_path_factory.mktemp("state") / "state", access=Access({TOKEN: Role.WRITE})) as found:
        found.headers = {"Authorization": f"Bearer {TOKEN}"}
        container: dict[str, Any] = {"type": "DOCKER", "docker": {
            "image": "busybox", "parameters": [{"key": "env", "value": f"B={PLANTED}2"}]}}
        found.change("POST", "/v2/apps", app(
            "/web", env={"PASSWORD": PLANTED}, labels={"API_TOKEN": f"{PLANTED}1"}, container=container,
            cmd=f"serve --password={PLANTED}3", fetch=[{"uri": f"http://u:{PLANTED}4@host/x"}]))
        victim = found.running("/web")[0]
        found.master.update(victim, "TASK_FAILED", message=f"cannot log in with {PLANTED}")
        found.wait(lambda: victim not in found.running("/web"))
        found.change("PATCH", "/v2/apps/web?force=true", {"env": {"PASSWORD": "an0ther-one"}})
        yield found


@pytest.fixture
def chosen(serving: Serving, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MESOS_DOCKER_SERVICE", serving.url())
    monkeypatch.setenv("MESOS_DOCKER_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "out.tar.gz"


def contents(path: Path) -> dict[str, str]:
    with tarfile.open(path) as tar:
        return {member.name.partition("/")[2]: file.read().decode() for member in tar
                if (file := tar.extractfile(member)) is not None}


def test_no_secret_is_in_it(chosen: Path) -> None:
    assert run(["debug", "-o", str(chosen)]) == 0
    whole = gzip.decompress(chosen.read_bytes())
    for secret in (PLANTED, TOKEN, "an0ther-one"):
        assert secret.encode() not in whole
    assert b"cannot log in with ***" in whole


def test_what_helps_is_in_it(chosen: Path) -> None:
    assert run(["debug", "-o", str(chosen)]) == 0
    assert stat.S_IMODE(chosen.stat().st_mode) == 0o600
    files = contents(chosen)
    assert {"about.json", "info.json", "ready.json", "configuration.json", "apps.json", "groups.json", "instances.json",
            "deployments.json", "queue.json", "why.json", "agents.json", "losses.json", "metrics.txt", "events.jsonl",
            "history/web.json", "versions/web.json"} <= files.keys()
    about = json.loads(files["about.json"])
    assert about["failures"] == {}
    assert about["client"]["python"]
    (shown,) = json.loads(files["apps.json"])["apps"]
    assert (shown["id"], shown["env"]) == ("/web", {"PASSWORD": "***"})
    events = [json.loads(line) for line in files["events.jsonl"].splitlines()]
    assert [each["id"] for each in events] == list(range(1, len(events) + 1))
    assert "deployment_success" in {each["eventType"] for each in events}
    assert "mesos_docker_scheduler_subscribed 1.0" in files["metrics.txt"]


def test_what_is_there_is_not_written_over(chosen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen.write_text("mine")
    assert run(["debug", "-o", str(chosen)]) == 2
    assert chosen.read_text() == "mine"
    assert "File exists" in capsys.readouterr().err


def test_a_service_that_is_away_leaves_nothing(chosen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESOS_DOCKER_SERVICE", "http://127.0.0.1:1")
    assert run(["debug", "-o", str(chosen)]) == 3
    assert not chosen.exists()


def test_by_itself_it_finds_a_name(chosen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["debug", "--output", "json"]) == 0
    (path,) = chosen.parent.glob("mesos-docker-debug-*.tar.gz")
    assert json.loads(capsys.readouterr().out) == {"file": path.name, "failures": {}}
