"""What the tests of a task's output share."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.run.files_agent import FilesAgent, Terminal


@pytest.fixture
def agent() -> Iterator[FilesAgent]:
    served = FilesAgent()
    yield served
    served.close()


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()
