from __future__ import annotations

from tests.bench.start_bench import costliest, parse_import_times

TOLD = """\
import time: self [us] | cumulative | imported package
import time:       250 |        250 |   _io
import time:      1500 |       2000 | specs.task
import time:       500 |        500 |   specs
Traceback, or whatever else a program says
"""


def test_import_times_are_each_modules_own() -> None:
    assert parse_import_times(TOLD) == [(250, "_io"), (1500, "specs.task"), (500, "specs")]


def test_the_costliest_packages_come_first() -> None:
    assert costliest(parse_import_times(TOLD), 1) == "3 modules; specs 2 ms"
