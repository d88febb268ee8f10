"""What the ends of a command in a container say to each other."""
from __future__ import annotations

import json

import pytest

from specs.between.exec_frames import CloseStdin, Control, Resize, Signal, control, exited, failed, taken


@pytest.mark.parametrize(("text", "meant"), [
    ('{"resize": {"columns": 80, "rows": 24}}', Resize(80, 24)), ('{"signal": "INT"}', Signal("INT")),
    ('{"signal": "SIGRTMIN+1"}', Signal("SIGRTMIN+1")), ('{"closeStdin": true}', CloseStdin()),
    ('{"resize": {"columns": 0, "rows": 24}}', None), ('{"resize": {"columns": 80, "rows": 1e9}}', None),
    ('{"resize": {"columns": 80, "rows": 100000}}', None), ('{"resize": 3}', None), ('{"signal": "int; rm"}', None),
    ('{"signal": 9}', None), ('{"closeStdin": false}', None), ("", None), ("[" * 100_000, None), ("null", None)])
def test_what_a_frame_means(text: str, meant: Control | None) -> None:
    assert control(text) == meant


def test_what_an_executor_says() -> None:
    assert [json.loads(each) for each in (exited(7), failed('"no"'), taken(3))] == [
        {"exitCode": 7}, {"error": '"no"'}, {"taken": 3}]
