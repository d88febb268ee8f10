"""A browser and a service for the stories of the page."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from scheduler.api.access import Access, Role
from tests.scheduler.api.page.browser import Browser
from tests.scheduler.service.serving import Serving

WRITER, READER = "token-that-writes", "token-that-reads"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def logged_in(browser: Browser, serving: Serving) -> Iterator[Browser]:
    """On the page of the module's service, as somebody who may write; afterwards nothing was refused or uncaught."""
    key = serving.ask("POST", "/api/v1/session/links",
                      headers={"Authorization": f"Bearer {WRITER}"})[1]["path"]
    browser.open(serving.url() + key)
    browser.shows("live", "header")
    yield browser
    assert browser.complaints() == []


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    access = Access({WRITER: Role.WRITE, READER: Role.READ})
    with Serving(tmp_path_factory.mktemp("state") / "state", access=access) as found:
        found.headers = {"Authorization": f"Bearer {WRITER}"}
        yield found
