"""JSON as Mesos reads and writes it. The texts that the recordings have are compared there; here is
the rest.
"""
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.wire.debug_text import debug_text
from deploy.local.wire.events import accepted_type
from deploy.local.wire.json_message import MessageError, _integer, full, read_message
from specs.forms.json_text import JsonSyntaxError, parse_json

CALL = "mesos.v1.scheduler.Call"


@pytest.mark.parametrize(("text", "value"), [
    (" {\"a\": [1, -2.5e3, true, false, null, \"\\u00e9\\n\"]} \n",
     {"a": [1, -2500.0, True, False, None, "é\n"]}),
    ("01", 1), ("1.", 1.0), ("+1", None), ('"\\ud83d\\ude00"', "😀"), ('{"a":1,"a":2}', {"a": 2}),
    ("[]", []),
])
def test_what_can_be_read(text: str, value: Any) -> None:
    if value is None:
        with pytest.raises(JsonSyntaxError):
            parse_json(text)
    else:
        assert parse_json(text) == value


@pytest.mark.parametrize(("text", "problem"), [
    ("", "syntax error at line 1 near: "), ("{nope", "syntax error at line 1 near: nope"),
    ("nope", "syntax error at line 1 near: ope"),
    ("[1,\n 2,\n x y]\n", "syntax error at line 3 near: x y]"),
    ('{"a" 1}', "syntax error at line 1 near: 1}"), ('"a\tb"', "syntax error at line 1 near: b\""),
    ('"\\x"', 'syntax error at line 1 near: "'), ('"\\ud800"', 'syntax error at line 1 near: "'),
    ("{} x", "Parsed JSON included non-whitespace trailing characters:  x"),
    ("[1", "syntax error at line 1 near: "),
])
def test_what_cannot(text: str, problem: str) -> None:
    with pytest.raises(JsonSyntaxError) as caught:
        parse_json(text)
    assert str(caught.value) == problem


@given(st.recursive(st.none() | st.booleans() | st.integers(-2**63,
                                                            2**63) | st.text(
                                                                st.characters(codec="utf-8")),
                    lambda inner: st.lists(inner) | st.dictionaries(
                        st.text(st.characters(codec="utf-8")), inner)))
def test_both_readers_agree(value: Any) -> None:
    from specs.forms.json_text import _parse_as_picojson

    text = json.dumps(value)
    assert parse_json(text) == value
    assert _parse_as_picojson(text) == value


@given(st.text())
def test_no_text_gives_another_error(text: str) -> None:
    try:
        parse_json(text)
    except JsonSyntaxError:
        return


def kill(nanoseconds: Any) -> dict[str, Any]:
    return {"type": "KILL", "kill": {"task_id": {"value": "t"},
                                     "kill_policy": {"grace_period": {"nanoseconds": nanoseconds}}}}


@pytest.mark.parametrize(("given_", "read"), [
    (5, 5), ("5", 5), (5.9, 5), (-5.9, -5), ("1e3", 1000), (2**63 - 1, 2**63 - 1), (-2**63, -2**63),
    (2**63, -2**63), (str(2**63), -2**63), (-2**70, -2**63), (1e300, -2**63),
])
def test_int64(given_: Any, read: int) -> None:
    call = parse_json(json.dumps(kill(given_)))
    assert read_message(CALL, call)["kill"]["kill_policy"]["grace_period"]["nanoseconds"] == read


@pytest.mark.parametrize(("kind", "number", "read"), [
    ("int32", 2**31, -2**31), ("int32", 2**32 + 5, 5), ("int32", 3e9, -2**31), ("int32", -7.9, -7),
    ("uint32", 2**32 + 5, 5), ("uint32", -1, 2**32 - 1), ("uint32", 1e10, 10**10 % 2**32),
    ("uint32", 1e300, 0),
    ("uint64", 2.0**63, 2**63), ("uint64", 2.0**64, 0), ("uint64", -1, 2**64 - 1),
    ("uint64", -1e300, 2**63),
])
def test_integers_beyond_their_range_are_what_cpp_makes_of_them_on_x86(kind: str, number: float,
                                                                       read: int) -> None:
    assert _integer(number, kind) == read


@pytest.mark.parametrize("text", ["1e400", "[-1e400]", "1" * 400, '{"a": ' + "9" * 5000 + "}",
                                  "[01, 1e999]"])
def test_a_number_that_no_double_holds_is_out_of_range(text: str) -> None:
    with pytest.raises(JsonSyntaxError, match=r"^Value out of range$"):
        parse_json(text)


@pytest.mark.parametrize(("value", "problem"), [
    ([], "Expecting a JSON object"),
    ({"type": "KILL", "kill": {}}, "Missing required fields: kill.task_id"),
    ({"subscribe": {"framework_info": {}}},
     "Missing required fields: subscribe.framework_info.user, subscribe.framework_info.name"),
    ({"reconcile": {"tasks": [{}, {"task_id": {}}]}},
     "Missing required fields: reconcile.tasks[0].task_id, reconcile.tasks[1].task_id.value"),
    (kill("true"), "Failed to parse 'true' as a JSON number for field 'nanoseconds': unexpected JSON type parsed"),
    ({"zz": 1, "type": 1, "kill": 1}, "Not expecting a JSON number for field 'kill'"),  # the first key by name
])
def test_messages_that_cannot_be_read(value: Any, problem: str) -> None:
    with pytest.raises(MessageError) as caught:
        read_message(CALL, value)
    assert str(caught.value) == problem


def test_leniency() -> None:
    assert read_message(CALL, {"type": "NO_SUCH", "unknown": {"a": 1}, "decline": {
        "offer_ids": {"value": "o"}, "filters": {"refuse_seconds": "1.5"}}, "revive": None}) == {
            "decline": {"offer_ids": [{"value": "o"}], "filters": {"refuse_seconds": 1.5}}}


def test_an_unknown_enum_name_is_an_error_where_the_field_is_required() -> None:
    with pytest.raises(MessageError) as caught:
        read_message("mesos.v1.Resource", {"name": "cpus", "type": "NO_SUCH"})
    assert str(caught.value) == "Failed to find enum for 'NO_SUCH'"


def test_defaults_are_shown_but_not_those_of_deprecated_fields() -> None:
    assert full("mesos.v1.FrameworkInfo", {"name": "n", "user": "u", "capabilities": []}) == {
        "user": "u", "name": "n", "failover_timeout": 0.0, "checkpoint": False}
    command = {"value": "v", "environment": {"variables": [{"name": "A", "value": "b"}]}}
    assert full("mesos.v1.CommandInfo", command) == {
        "value": "v", "shell": True, "environment": {"variables": [{"name": "A", "value": "b",
                                                                    "type": "VALUE"}]}}


@pytest.mark.parametrize(("accept", "chosen"), [
    (None, "application/json"), ("", "application/json"), ("*/*", "application/json"),
    ("application/x-protobuf", "application/x-protobuf"), ("text/html", None),
    ("text/html, application/x-protobuf;q=0.1", "application/x-protobuf"),
    ("application/json;q=0, application/x-protobuf", "application/x-protobuf"),
    ("application/*", "application/json"),
])
def test_accept(accept: str | None, chosen: str | None) -> None:
    assert accepted_type(accept) == chosen


def test_debug_text() -> None:
    assert debug_text("mesos.v1.ExecutorInfo", {
        "executor_id": {"value": 'e"\n\x01é'}, "data": "AAE=", "type": "CUSTOM", "resources": [
            {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.25}}]}) == (
        'executor_id {\n  value: "e\\"\\n\\001\\303\\251"\n}\ndata: "\\000\\001"\n'
        'resources {\n  name: "cpus"\n  type: SCALAR\n  scalar {\n    value: 0.25\n  }\n}\ntype: CUSTOM\n')
