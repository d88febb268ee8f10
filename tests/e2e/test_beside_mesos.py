"""Of every ending the drop-in says what Mesos's own docker executor says, update by update."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pytest

from tests.e2e.beside import Update, drop_in_cases, recorded, said
from tests.e2e.endings import local_mesos, run_all
from tests.engine import has_containerd_store, real_docker
from tests.patience import SLOW

OURS: Final = {  # where Mesos's own says what is not so
    # It takes the first run of a container for the last, and leaves it to run on by its restart policy.
    "restart policy: once more": [("TASK_STARTING", None), ("TASK_RUNNING", None), ("TASK_FINISHED", None)],
}
QUICKER: Final = {  # where the kill was quicker than the start; Mesos's start was over before
    "killed while it starts": [("TASK_STARTING", None), ("TASK_KILLING", None),
                               ("TASK_KILLED", "REASON_TASK_KILLED_DURING_LAUNCH")],
}
UNSEEN: Final = ("interrupted twice", [("TASK_KILLING", None)])  # `run` waits three seconds for the end
IN_OTHER_WORDS: Final = {"killed during the pull", "time over during the pull",  # Docker's differ each time
                         "bad image name"}  # and with its builds: some say which part of the name it is
PULLS: Final = {"missing image", "not authorised", "broken registry", "registry away"}  # containerd's store words them
CHECKED: Final = "healthy"  # its task is so short that on a busy machine no check, or a late one, comes
HEALTH: Final = "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, list[Update]]]:
    with local_mesos() as address, drop_in_cases() as cases:
        yield {name: said(outcome) for name, outcome in run_all(cases, address).items()}


@pytest.fixture(scope="module")
def stored() -> bool:
    """Whether the engine keeps images in containerd's store."""
    with real_docker() as docker:
        return has_containerd_store(docker)


@pytest.mark.timeout(600 * SLOW)
@pytest.mark.parametrize("name", recorded())
def test_the_same(name: str, told: dict[str, list[Update]], stored: bool) -> None:
    states = [(each["state"], each["reason"]) for each in told[name]]
    if name in OURS:
        assert states == OURS[name]
    elif SLOW > 1 and (name, states[-1:]) == UNSEEN:
        assert told[name] == recorded()[name][:-1]
    elif states != QUICKER.get(name):
        assert words(name, told[name], stored) == words(name, recorded()[name], stored)


def words(name: str, updates: Sequence[Update], stored: bool) -> list[Update]:
    if name in IN_OTHER_WORDS:
        return [{**each, "message": None} for each in updates]
    if name in PULLS and stored:
        return [{**each, "message": str(each["message"]).partition("stderr=")[0]} for each in updates]
    return [each for each in updates if name != CHECKED or each["reason"] != HEALTH]


def test_all_are_compared(told: dict[str, list[Update]]) -> None:
    assert told.keys() == recorded().keys()
    assert len(told) > 60
