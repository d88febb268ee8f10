"""Many apps, instances and changes: the browser always answers. In CI a tenth of it for a moment.

    make soak-page    # 1,000 apps, 10,000 instances, 100 changes a second for 30 s

A task of the browser (`longtask`) is what keeps it from answering; those of the first load are not counted.
"""
from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from scheduler.api.access import Access, Role
from tests.scheduler.api.page.browser import SHOTS, Browser
from tests.scheduler.api.page.conftest import WRITER
from tests.scheduler.service.serving import Serving, app

WHOLE = bool(os.environ.get("PAGE_LOAD"))
APPS, INSTANCES, SECONDS = (1000, 10, 30.0) if WHOLE else (100, 10, 4.0)
AGENTS = 60
RATE = 100  # changes per second
LONGEST = 100.0  # milliseconds of a task
CHECKED = {"healthChecks": [{"protocol": "COMMAND", "command": {"value": "true"}}],
           "upgradeStrategy": {"minimumHealthCapacity": 0, "maximumOverCapacity": 1}}


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """With many agents, so that all are soon placed."""
    with Serving(tmp_path_factory.mktemp("state") / "state", agents=AGENTS,
                 access=Access({WRITER: Role.WRITE})) as found:
        found.headers = {"Authorization": f"Bearer {WRITER}"}
        yield found


@pytest.fixture(scope="module")
def tasks(serving: Serving) -> list[str]:
    """All tasks, healthy."""
    apps = [app(f"app-{number:04}", instances=INSTANCES, cpus=0.001, mem=0.1, portDefinitions=[],
                **CHECKED)
            for number in range(APPS)]
    status, answer, _ = serving.ask("PUT", "/v2/groups", {"apps": apps})
    assert status == 200, answer
    deadline = time.monotonic() + 300
    while len(running(serving)) < APPS * INSTANCES:
        assert time.monotonic() < deadline, f"{len(running(serving))} of {APPS * INSTANCES} run"
        time.sleep(0.5)
    found = running(serving)
    for task in found:
        serving.master.update(task, "TASK_RUNNING", healthy=True)
    serving.wait(lambda: not serving.deployments())
    return found


def running(serving: Serving) -> list[str]:
    return [f"{each.id}._app.{each.incarnation}" for found in serving.service.view.apps.values()
            for each in found.instances if each.started_at is not None]


@pytest.fixture
def changing(serving: Serving, tasks: list[str]) -> Iterator[None]:
    """RATE tasks a second change their health."""
    over = threading.Event()

    def change() -> None:
        began, count = time.monotonic(), 0
        while not over.wait(0.02):
            while count < (time.monotonic() - began) * RATE:
                task = tasks[count * 7919 % len(tasks)]
                serving.master.update(task, "TASK_RUNNING", healthy=bool((count // len(tasks)) % 2))
                count += 1

    thread = threading.Thread(target=change)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.timeout(600)
def test_no_task_of_the_browser_is_long(logged_in: Browser, serving: Serving, tasks: list[str],
                                        changing: None) -> None:
    logged_in.shows(f"{APPS} apps")
    time.sleep(1.0)
    logged_in.script("longTasks.length = 0")
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:  # as somebody who looks around
        for place in ("#/apps", "#/apps/%2Fapp-0001", "#/apps?text=app-00",
                      "#/apps?state=unhealthy"):
            logged_in.script("location.hash = arguments[0]", place)
            logged_in.script(
                "scrollTo(0, 0); setTimeout(() => scrollTo(0, document.body.scrollHeight / 2), 150)")
            time.sleep(0.6)
    found = logged_in.script("return longTasks")
    if WHOLE:
        SHOTS.mkdir(parents=True, exist_ok=True)
        (SHOTS / "longtasks.txt").write_text(
            f"{APPS} apps, {len(tasks)} instances, {RATE}/s for {SECONDS:g} s: "
                                             f"longest tasks {sorted(found)[-5:]} ms\n")
        assert max(found, default=0.0) <= LONGEST
    logged_in.script("location.hash = '#/apps?state=unhealthy'")
    logged_in.wait(lambda: logged_in.count(".list .row") > 0)
    logged_in.shot("load")
    assert logged_in.count(".list .row") < 100  # only what can be seen is there


def test_what_changed_is_fetched_and_nothing_else(logged_in: Browser, serving: Serving,
                                                  tasks: list[str]) -> None:
    logged_in.shows(f"{APPS} apps")
    fetched = "return performance.getEntriesByType('resource').map((each) => each.name)"

    def is_quiet() -> bool:
        """Nothing is fetched for a while, once what came before has settled: nothing is polled."""
        logged_in.script("performance.clearResourceTimings()")
        time.sleep(2.0)
        return not logged_in.script(fetched)

    logged_in.wait(is_quiet)
    serving.master.update(tasks[0], "TASK_RUNNING", healthy=False)
    serving.master.update(tasks[0], "TASK_RUNNING", healthy=True)
    serving.master.update(tasks[0], "TASK_RUNNING", healthy=False)
    logged_in.wait(lambda: logged_in.script(fetched))
    time.sleep(2.5)
    asked = logged_in.script(fetched)
    assert {each.partition("/api/")[2] for each in asked} == {"v1/overview?app=%2Fapp-0000"}
    assert len(asked) <= 6  # a few times a second at most, and once more after the last event
