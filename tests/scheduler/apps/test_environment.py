"""The variables of a task."""
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.apps.environment import Context, double_text, label_variables, port_variables, task_variables
from scheduler.apps.ports import TaskPort, in_container_network

CONTEXT = Context("t", "/app", "2015-02-03T12:30:00.000Z", 0.5, 128, 0, 0, {}, image="redis")


def lowest(_: int) -> int:
    return 0


@pytest.mark.parametrize(("value", "text"), [
    (1, "1.0"), (0.1, "0.1"), (128, "128.0"), (0, "0.0"), (0.001, "0.001"), (1e7, "1.0E7"), (12345678, "1.2345678E7"),
    (0.0001, "1.0E-4"), (9999999.5, "9999999.5"), (-2.5e-5, "-2.5E-5"),
])
def test_numbers_as_java_writes_them(value: float, text: str) -> None:
    assert double_text(value) == text


@given(st.floats(0, 1e12))
def test_a_number_is_read_back(value: float) -> None:
    assert float(double_text(value)) == value


def test_ports() -> None:
    ports = in_container_network([(80, "http"), (0, "admin-ui"), (53, None), (0, None)], [31000, 31005, None, None],
                                 lowest)
    assert port_variables(ports) == {
        "PORT": "31000", "PORTS": "31000,31005,1025", "PORT0": "31000", "PORT1": "31005", "PORT2": "53",
        "PORT3": "1025", "PORT_80": "31000", "PORT_31005": "31005", "PORT_53": "53", "PORT_1025": "1025",
        "PORT_HTTP": "31000", "PORT_ADMIN-UI": "31005"}


def test_no_ports_no_variables() -> None:
    assert port_variables(()) == {}
    assert port_variables([TaskPort(53, None, 53)]) == {"PORT0": "53", "PORT_53": "53", "PORTS": ""}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8)))
def test_label_names_are_names_of_variables(labels: dict[str, str]) -> None:
    found = label_variables(labels)
    names = found.pop("MARATHON_APP_LABELS")
    assert all(re.fullmatch(r"MARATHON_APP_LABEL_\w*", name) for name in found)
    assert set(found.values()) <= set(labels.values())
    assert names.split(" ") == [name.removeprefix("MARATHON_APP_LABEL_") for name in found] or not labels


def test_long_labels_are_left_out() -> None:
    labels = {"k" * 492: "v", "l" * 493: "v", "m": "v" * 511, "n": "v" * 512}
    assert label_variables(labels)["MARATHON_APP_LABELS"] == f"{'K' * 492} M"


def test_later_ones_win_and_only_ports_and_host_have_a_prefix() -> None:
    found = task_variables(CONTEXT, [TaskPort(80, 31000, 80)], "h1", {"CTR_HOST": "mine", "MARATHON_APP_ID": "mine"},
                           prefix="CTR_")
    assert found["CTR_PORT"] == found["CTR_PORT_80"] == "31000"
    assert found["CTR_HOST"] == found["MARATHON_APP_ID"] == "mine"
    assert "PORT" not in found
    assert found["MARATHON_APP_DOCKER_IMAGE"] == "redis"
    assert found["MARATHON_APP_RESOURCE_CPUS"] == "0.5"
    assert "MARATHON_APP_ENFORCE_GROUP_ROLE" not in found
