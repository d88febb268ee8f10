"""Sandboxes of ended tasks: the last ones stay, and what is young and has room."""
from __future__ import annotations

from pathlib import Path

import pytest

from executor.admission.ended import LAST, Ended, next_due, remove, set_aside, size_of, superfluous
from executor.settings.settings import SandboxLimits
from tests.deep import make_deep

LIMITS = SandboxLimits(age=100.0, size=1000, count=20)


def names(*ended: Ended, now: float = 0.0) -> list[str]:
    return [each.task_id for each in superfluous(ended, now, LIMITS)]


def several(count: int, size: int = 0, at: float = 0.0) -> list[Ended]:
    return [Ended(f"{number}", at, size) for number in range(count)]


@pytest.mark.parametrize(("ended", "now", "gone"), [
    (several(LAST, 10_000), 1e9, []),  # the last ones stay, however old and large
    (several(LAST + 2), 100.0, []), (several(LAST + 2), 101.0, ["0", "1"]),
    (several(LAST + 5, 80), 0.0, ["0", "1", "2"]),  # 12 of them have room
    (several(LAST + 5, 10), 0.0, []),
    (several(23), 0.0, ["0", "1", "2"]),
    ([], 0.0, []),
])
def test_what_may_go(ended: list[Ended], now: float, gone: list[str]) -> None:
    assert names(*ended, now=now) == gone


@pytest.mark.parametrize(("ended", "now", "due"), [
    (several(LAST), 1e9, None), ([], 0.0, None),
    (several(LAST + 2, at=50.0), 60.0, 91.0), (several(LAST + 1), 500.0, 1.0)])
def test_when_the_next_one_is_too_old(ended: list[Ended], now: float, due: float | None) -> None:
    assert next_due(ended, now, LIMITS) == due
    if due is not None:
        assert superfluous(ended, now + due, LIMITS)


def test_a_sandbox_is_removed_and_what_its_links_lead_to_is_not(tmp_path: Path) -> None:
    sandbox, outside = tmp_path / "tasks/t", tmp_path / "outside"
    sandbox.mkdir(parents=True)
    outside.mkdir()
    (outside / "file").write_bytes(bytes(1 << 20))
    (sandbox / "file").write_bytes(bytes(1 << 16))
    (sandbox / "folder").symlink_to(outside)
    (sandbox / "link").symlink_to(outside / "file")
    assert 1 << 16 <= size_of(sandbox) < 1 << 20
    aside = set_aside(sandbox)
    assert aside is not None
    remove(aside)
    assert list((tmp_path / "tasks").iterdir()) == []
    assert (outside / "file").exists()
    assert set_aside(sandbox) is None


def test_a_sandbox_may_be_deeper_than_a_path_is_long(tmp_path: Path) -> None:
    make_deep(tmp_path)
    assert size_of(tmp_path) >= 1 << 16
    aside = set_aside(tmp_path)
    assert aside is not None
    remove(aside)
    assert not aside.exists()


def test_what_is_not_there_has_no_size_and_needs_no_removal(tmp_path: Path) -> None:
    assert size_of(tmp_path / "-rf") == 0
    remove(tmp_path / "-rf")
