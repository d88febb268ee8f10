from __future__ import annotations

import pytest

from tests.bench import raw_docker
from tests.bench.settings import LABEL


@pytest.mark.parametrize(("text", "seconds"), [
    ("1970-01-01T00:00:01.5Z", 1.5),
    ("1970-01-01T00:00:01Z", 1.0),
    ("2026-11-24T06:28:00.123456789Z", 1795501680.123456789),
])
def test_parse_time(text: str, seconds: float) -> None:
    assert raw_docker.parse_time(text) == pytest.approx(seconds, abs=1e-6)


def test_repeat_pairs_the_sides_and_changes_who_goes_first() -> None:
    order: list[str] = []

    def side(name: str, value: float) -> float:
        order.append(name)
        return value

    rounds = list(raw_docker.repeat(3, [lambda: side("a", 1.0), lambda: side("b", 2.0)]))
    assert rounds == [(1.0, 2.0)] * 3
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_the_payload_carries_the_label_that_is_cleaned_up_by() -> None:
    body = raw_docker.payload("busybox:static", ["true"], network="none")
    assert body["HostConfig"] == {"NetworkMode": "none"}
    assert body["Labels"] == {LABEL: "1"}
