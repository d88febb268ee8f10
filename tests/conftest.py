"""How tests share this machine, and each other's time.

Much of the suite waits: for containers, for timers, for what a killed engine leaves. So `make test` runs files side by
side, more of them than there are processors, each file by one worker (pytest-xdist, `--dist loadfile`). The files that
take long begin, that nobody waits for one of them in the end. A test may therefore rely on nothing that it has not made
itself: not on a quiet engine, not on a port, not on being quick.
"""
from __future__ import annotations

from collections.abc import Generator
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

# How fast a machine makes examples today is nothing that a test says of the project.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

LONG: Final = ("e2e", "conformance", "scheduler/api", "executor/life", "executor/program", "docker",
               "scheduler/deployments", "deploy/demo", "contract", "deploy", "specs/forms", "executor")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long ones first; within a folder as they stand."""
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
