"""The embedded Mesos answers as the recorded real one: one test per scenario of the conformance folder."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from specs.forms import Json
from tests.conformance.deliberate import DIFFERENCES
from tests.conformance.runner import FOLDER, Runner, Scenario, scenarios, unstable
from tests.conformance.transcripts import difference, pretty, updates
from tests.images import busybox_image

SCENARIOS = scenarios()
UNSTABLE = unstable()


@pytest.fixture(scope="session")
def runner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Runs all scenarios that this session has tests for, several at a time."""
    wanted = [item.callspec.params["scenario"] for item in request.session.items  # type: ignore[attr-defined]
              if item.originalname == "test_same_as_real_mesos"]  # type: ignore[attr-defined]
    if any(scenario.needs_docker for scenario in wanted):
        busybox_image()
    found = Runner(wanted, tmp_path_factory.mktemp("conformance"))
    yield found
    found.close()


def test_the_folder_has_scenarios() -> None:
    assert SCENARIOS, f"no scenarios with recordings in {FOLDER}"


@pytest.mark.timeout(1200)  # it waits for those before it, too
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_same_as_real_mesos(scenario: Scenario, runner: Runner) -> None:
    run = runner.result(scenario)
    assert run.transcript.exists(), run.output
    expected, actual = load(scenario.recorded), load(run.transcript)
    if scenario.name in UNSTABLE:
        differing = difference(updates(expected), updates(actual))
    else:
        allowed = [item for item in DIFFERENCES if item.scenario == scenario.name]
        differing = difference(pretty(expected), pretty(actual), allowed)
    assert not differing, "\n".join([run.output, *differing])


def load(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
