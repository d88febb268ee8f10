"""What holds for every definition: refused with a path, or an app that can be shown and sent back."""
from __future__ import annotations

import json
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from specs.marathon.app import App
from specs.marathon.definitions import Config, read_app, updated_app
from specs.marathon.errors import BROKEN_RULE, WRONG_TYPE, MarathonError
from specs.marathon.rendering import app_json
from tests.specs.marathon.definition_strategies import APPS, Definition

MARATHON = Config(frozenset({"secrets", "external_volumes"}), default_network_name="dcos", service=False)
SERVICE = Config(frozenset({"secrets", "external_volumes"}), default_network_name="dcos")
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(
        [10**400, -(2**31), 2**31, 2**63, 1.0, "RW", "host", "*", "a" * 2000]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["", "a", "id"]), inner, max_size=2),
    max_leaves=4)


def accepted(value: object, config: Config) -> App | None:
    """The app, or None if it is refused as it ought to be: for reasons, each with a path."""
    try:
        return read_app(value, config).app
    except MarathonError as error:
        refused = error
    assert (refused.status, refused.message) in {(422, WRONG_TYPE), (422, BROKEN_RULE)}
    assert refused.details
    for detail in refused.details:
        assert not isinstance(detail, str)
        assert detail.path.startswith("/")
        assert detail.errors
    return None


@given(APPS, st.sampled_from([MARATHON, SERVICE]))
def test_an_app_sent_back_as_it_is_shown_is_the_same_app(definition: Definition, config: Config) -> None:
    app = accepted(definition, config)
    event("accepted" if app else "refused")
    if app is None:
        return
    shown = json.loads(json.dumps(app_json(app)))
    whole = updated_app(shown, config, app, app.id, partial=False)
    assert whole.app == app
    assert not whole.unknown
    assert updated_app(shown, config, app, app.id, partial=True).app == app
    assert updated_app({}, config, app, app.id, partial=True).app == app
    assert {"ports", "uris", "ipAddress", "version", "x-mesos-docker"}.isdisjoint(shown)
    assert ("portDefinitions" in shown) is app.is_in_host_network
    assert all(value is not None for value in shown.values())


@given(APPS)
def test_a_partial_change_of_one_field_leaves_all_others(definition: Definition) -> None:
    app = accepted(definition, MARATHON)
    if app is None:
        return
    changed = updated_app({"instances": 1, "mem": 7, "user": None}, MARATHON, app, app.id, partial=True).app
    assert changed == updated_app({**app_json(app), "instances": 1, "mem": 7}, MARATHON, app, app.id, partial=False).app
    assert changed.mem == 7
    assert changed.user == app.user
    assert changed.container == app.container


@st.composite
def spoilt(draw: st.DrawFn) -> object:
    """A definition with something else somewhere in it."""
    definition = draw(APPS)
    path = draw(st.sampled_from(list(places(definition))))
    return put(definition, path, draw(ANY))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inside for place in places(each, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: object) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy


@settings(max_examples=300)
@given(spoilt(), st.sampled_from([MARATHON, SERVICE]))
def test_anything_anywhere_is_accepted_or_refused_with_a_path(value: object, config: Config) -> None:
    app = accepted(value, config)
    event("accepted" if app else "refused")
    if app is not None:
        json.dumps(app_json(app)).encode()
        assert updated_app(app_json(app), config, app, app.id, partial=False).app == app
