"""Nothing that stands where secrets stand is left, wherever else it stands."""
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.words.redaction import SHORTEST, Redaction, found

SECRET = "s3cr3t-value"


@pytest.mark.parametrize("value", [
    {"env": {"A": SECRET}}, {"environment": {"variables": [{"name": "A", "value": SECRET}]}},
    {"a": [{"env": {"A": SECRET}}], "message": f"it died: {SECRET}!"}, {"labels": {"DB_PASSWORD": SECRET}},
    {"parameters": [{"key": "env", "value": f"A={SECRET}"}], "message": SECRET},
    {"cmd": f"serve --password={SECRET} --port 1"}, {"cmd": f"serve --api-key {SECRET}"},
    {"message": f"token: {SECRET}"}, {"uri": f"https://user:{SECRET}@host/x"}, {"uri": f"https://host/x?token={SECRET}"},
    {"cmd": f"curl -d secret={SECRET}", "data": {"line": f"x{SECRET}y"}}, {"env": {"A": SECRET}, SECRET: 1}])
def test_secrets(value: dict[str, Any]) -> None:
    assert SECRET not in json.dumps(Redaction(found(value)).json(value))


@pytest.mark.parametrize("value", [
    {"id": "/web", "instances": 3, "healthy": True, "cmd": "sleep 1000", "none": None, "cpus": 0.5},
    {"env": {"A": {"secret": "db"}}, "secrets": {"db": {"source": "/path"}}}, {"image": "host:5000/a/b:tag"},
    {"parameters": [{"key": "hostname", "value": "h"}]}, {"message": "Container exited with status 3"}])
def test_what_is_no_secret_stays(value: dict[str, Any]) -> None:
    assert Redaction(found(value)).json({**value, "env": value.get("env", {})}) | {"env": 0} == {**value, "env": 0}


def test_short_values_are_hidden_only_in_their_places() -> None:
    value = {"env": {"A": "1"}, "message": "1 of 1"}
    assert Redaction(found(value)).json(value) == {"env": {"A": "***"}, "message": "1 of 1"}


def test_a_part_of_another_one_does_not_save_it() -> None:
    value = {"env": {"A": "pass", "B": "passwords"}, "message": "passwords and pass"}
    assert Redaction(found(value)).json(value)["message"] == "*** and ***"


def test_without_secrets_nothing_is_hidden() -> None:
    assert Redaction(()).text("hello world") == "hello world"


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
                    max_leaves=12)


@given(JSON, st.text("abcdefgh\"\\é", min_size=SHORTEST, max_size=20))
def test_a_variable_is_left_nowhere(value: Any, secret: str) -> None:
    whole = {"app": {"env": {"NAME": secret}}, "said": [value, f"before {secret} after"]}
    clean = Redaction(found(whole)).json(whole)
    assert clean["app"]["env"]["NAME"] == "***"
    assert secret not in clean["said"][1]
