"""The fixture `local_mesos`, which pytest finds by itself where mesos-docker is installed.

pytest loads this in every project, whatever that has by the name of `deploy`: so nothing of ours is
imported before a test asks for it.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from .shadows import ShadowedError, check

if TYPE_CHECKING:
    from deploy.local.pytest_plugin import StartMesos


@pytest.fixture
def local_mesos() -> Iterator[StartMesos]:
    """A function that starts an embedded Mesos, which ends with the test; see
    deploy/local/pytest_plugin.py."""
    try:
        check()
    except ShadowedError as error:
        pytest.fail(str(error), pytrace=False)
    from deploy.local.pytest_plugin import starting
    with starting() as start:
        yield start
