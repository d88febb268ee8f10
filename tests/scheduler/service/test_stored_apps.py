"""Any app that is accepted survives being stored, in the form that the service's board gives it."""
from __future__ import annotations

import json

from hypothesis import given

from scheduler.service.board import Board
from scheduler.storage.plain import plain, valued
from specs.marathon.app import App
from specs.marathon.definitions import Config, read_app
from specs.marathon.errors import MarathonError
from tests.specs.marathon.definition_strategies import APPS, Definition

MARATHON = Config(frozenset({"secrets", "external_volumes"}), default_network_name="dcos", service=False)


@given(APPS)
def test_an_app_that_was_stored_is_the_same_app(definition: Definition) -> None:
    assert Board is not None  # its module says which values stand for each other
    try:
        app = read_app(definition, MARATHON).app
    except MarathonError:
        return
    assert valued(App, json.loads(json.dumps(plain(app)))) == app
