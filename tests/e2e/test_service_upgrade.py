"""`mesos-docker agents --upgrade`: the service has its executors make way, by framework messages, under apps' tasks."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.served import Served, app, serving
from tests.executor.program.test_executor_process import COMMAND


def upgraded(service: Served) -> tuple[int, dict[str, Any]]:
    done = service.command("agents", "--upgrade", "--output", "json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_executors_make_way_under_the_apps_tasks(tmp_path: Path) -> None:
    here = tmp_path / "executor"
    here.symlink_to(COMMAND)
    with serving(tmp_path, "--executor-command", str(here)) as service:
        assert service.ask("POST", "/v2/apps", app("/kept", instances=2))[0] == 201
        service.until(lambda: len(service.containers()) == 2, "two instances")
        before = service.containers()
        tasks = [each["id"] for each in service.ask("GET", "/v2/apps//kept/tasks")[1]["tasks"]]
        service.until(lambda: bool(service.ask("GET", "/api/v1/agents")[1][0]["executorVersion"]), "a report")

        status, done = upgraded(service)
        assert (status, done["done"], done["why"]) == (0, "made way", "")
        assert done["before"] == done["version"] != ""
        assert service.containers() == before
        assert [each["id"] for each in service.ask("GET", "/v2/apps//kept/tasks")[1]["tasks"]] == tasks

        here.unlink()
        here.write_text("#!/bin/sh\necho no such thing >&2\nexit 1\n")
        here.chmod(0o755)
        status, again = upgraded(service)
        assert (status, again["done"]) == (1, "goes on")
        assert again["why"] == f"{here} --check ended with status 1: no such thing"
        assert service.containers() == before

        here.unlink()
        here.symlink_to(COMMAND)
        assert upgraded(service)[0] == 0, "a refusal is not for ever"
        assert service.containers() == before
        unknown = service.ask("POST", "/api/v1/agents/nobody/upgrade")
        assert unknown[0] == 404
        assert service.command("agents", "--upgrade", "--agent", "nobody").returncode == 2
