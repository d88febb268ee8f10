from __future__ import annotations

import os
import subprocess

import pytest

from tests.bench import machine, processes

ROLLUP = """\
5581a000-7ffe2000 ---p 00000000 00:00 0                                  [rollup]
Rss:               10840 kB
Pss:                5000 kB
Private_Clean:         4 kB
Private_Dirty:      3000 kB
Locked:                0 kB
THPeligible:    0
"""


def test_rollup() -> None:
    sizes = processes.parse_rollup(ROLLUP)
    assert sizes["Rss"] == 10840 * 1024
    assert sizes["Pss"] == 5000 * 1024
    assert "THPeligible" not in sizes


@pytest.mark.parametrize("name", ["sleep", "a b", "a) S 1 2 (b"])
def test_a_stat_line_is_read_past_any_name(name: str) -> None:
    line = f"42 ({name}) S 7 42 42 0 -1 4194560 100 0 0 0 31 12 5 6 20 0 1 0 1000 1 1"
    assert processes.parse_cpu(line) == 43
    assert processes.parse_parent(line) == 7


def test_usage_of_this_process_and_its_children() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        mine = processes.usage(os.getpid())
        assert 0 < mine.private <= mine.pss <= mine.rss
        assert mine.threads >= 1
        assert mine.descriptors >= 3
        assert child.pid in processes.children(os.getpid())
        assert processes.total([os.getpid(), child.pid]).rss > mine.rss / 2
        child.kill()
    assert processes.total([child.pid]) == processes.NOTHING


def test_cpu_model() -> None:
    assert machine.cpu_model("processor\t: 0\nmodel name\t: Abacus 3000\n") == "Abacus 3000"
    assert machine.cpu_model("processor\t: 0\n") == os.uname().machine


def test_busy_is_the_share_that_was_not_idle() -> None:
    before = "cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 1 1 1\n"
    after = "cpu  130 0 60 850 60 0 0 0 0 0\ncpu0 1 1 1 1\n"
    assert machine.parse_busy(before, after) == pytest.approx(0.4)
    assert machine.parse_busy(before, before) == 0.0
