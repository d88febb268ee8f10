"""How tests share this machine, and each other's time.

Much of the suite waits: for containers, for timers, for what a killed engine leaves. So `make test` runs files side by
side, more of them than there are processors, each file by one worker (pytest-xdist, `--dist loadfile`). The files that
take long begin, that nobody waits for one of them in the end. A test may therefore rely on nothing that it has not made
itself: not on a quiet engine, not on a port, not on being quick.

One that fails nevertheless because the machine was busy is a fault of the test. `.ci/run` tells it from a fault of the
program: the tests that failed are named in a file (`--failed=FILE`), and a few of them are run once more, alone
(`--again=FILE`). They must pass there, and are named as what they are.
"""
from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

# How fast a machine makes examples today is nothing that a test says of the project.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

LONG: Final = ("e2e", "conformance", "scheduler/api", "executor/life", "executor/program", "docker",
               "scheduler/deployments", "deploy/demo", "contract", "deploy", "specs/forms", "executor")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--failed", metavar="FILE", type=Path,
                     help="write the names of the tests that failed there, as JSON")
    parser.addoption("--again", metavar="FILE", type=Path, help="run only the tests that this file names")


def pytest_configure(config: pytest.Config) -> None:
    where: Path | None = config.getoption("--failed")
    if where is not None and not hasattr(config, "workerinput"):  # a worker of pytest-xdist only reports
        config.pluginmanager.register(FailedTests(where))


class FailedTests:
    """Names those that failed; no file where none did, or where that is not all that went wrong."""

    def __init__(self, where: Path) -> None:
        self._where = where
        self._failed: dict[str, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed[report.nodeid] = None

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        self._where.unlink(missing_ok=True)
        if exitstatus == pytest.ExitCode.TESTS_FAILED and self._failed:
            self._where.write_text(json.dumps(list(self._failed), indent=0))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long ones first; within a folder as they stand."""
    again: Path | None = config.getoption("--again")
    if again is not None:
        named = set(json.loads(again.read_text()))
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in named])
        items[:] = [item for item in items if item.nodeid in named]
    folder = config.rootpath / "tests"

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(folder).as_posix()
        return next((place for place, name in enumerate(LONG) if path.startswith(f"{name}/")), len(LONG))

    items.sort(key=rank)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hostile texts of tests stand in what these log, and workers send UTF-8."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report
