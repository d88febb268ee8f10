"""What an engine's silence means, for each thing that it is asked for; what comes of it is in
tests/e2e/test_silent_engine.py."""
from __future__ import annotations

import pytest

from executor.engine.failures import (
    BadOption,
    DaemonUnavailable,
    DeadlineExceeded,
    Fault,
    ImageNotFound,
    NetworkPluginFailed,
    NoSuchContainer,
    RuntimeFailure,
)
from executor.engine.silence import MEANINGS, Asked, Meaning, meaning


def test_every_question_has_a_meaning_of_its_own() -> None:
    assert set(MEANINGS) == set(Asked)
    assert set(MEANINGS.values()) == set(Meaning)


@pytest.mark.parametrize("asked", Asked)
@pytest.mark.parametrize("failure", [DaemonUnavailable, DeadlineExceeded, Fault])
def test_no_answer(asked: Asked, failure: type[RuntimeFailure]) -> None:
    assert meaning(asked, failure) is MEANINGS[asked]


@pytest.mark.parametrize("asked", Asked)
@pytest.mark.parametrize("failure", [BadOption, ImageNotFound, NoSuchContainer])
def test_an_answer_is_none_of_it(asked: Asked, failure: type[RuntimeFailure]) -> None:
    assert meaning(asked, failure) is None


@pytest.mark.parametrize(("asked", "expected"), [
    (Asked.CREATE, None), (Asked.START, Meaning.MAY_RUN), (Asked.CHECK, None)])
def test_a_network_plugin_fails_when_it_runs(asked: Asked, expected: Meaning | None) -> None:
    assert meaning(asked, NetworkPluginFailed) is expected
