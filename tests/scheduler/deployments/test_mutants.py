"""The histories find what is wrong: each of these small mistakes, put into a copy of the source,
makes them fail.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HERE = "tests/scheduler/deployments"
TARGET, UPGRADE, ROLLING, PROGRESS = (f"scheduler/{name}.py" for name in (
    "apps/target", "deployments/upgrade", "deployments/rolling", "deployments/progress"))

# what is wrong then, where, the right text, the wrong one
MUTANTS = [
    ("the floor is rounded down", TARGET,
     "math.ceil(self.instances * self.minimum_health)", "math.floor(self.instances * self.minimum_health)"),
    ("the ceiling is rounded up", TARGET,
     "math.floor(self.instances * (1 + self.maximum_over))", "math.ceil(self.instances * (1 + self.maximum_over))"),
    ("one too many ends", UPGRADE, "max(0, present.serving - least)", "max(0, present.serving - least + 1)"),
    ("those beyond n all end", UPGRADE,
     "kill = min(max(spare, surplus), present.old - present.old_serving + spare, present.old)",
     "kill = min(max(spare, surplus), present.old)"),
    ("new ones count before they serve", UPGRADE,
     "self.old_serving + self.new_serving", "self.old_serving + self.new"),
    ("two more where one may", UPGRADE, "most += 1", "most += 2"),
    ("none more where one may", UPGRADE, "most += 1", "most += 0"),
    ("one more everywhere", UPGRADE, "if least == most <= present.serving:", "if most:"),
    ("those that leave take no room", ROLLING,
     "present.old + present.leaving, present.new", "present.old, present.new"),
    ("old ones take no room", UPGRADE, "max_capacity - old - new", "max_capacity - new"),
    ("those that serve end first", ROLLING,
     "if not instance.is_serving]\n    first", "if instance.is_serving]\n    first"),
    ("canaries are not waited for", ROLLING, "len(rest) - limits.outdated", "len(rest)"),
    ("nothing stays beside canaries alone", PROGRESS, "beside(strategy))", "0)"),
    ("nothing broken makes room", ROLLING, "and rest and _is_broken(rest[0])", "and rest and False"),
]


def histories(root: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DEPLOYMENT_HISTORIES": "600", "DEPLOYMENT_SHRINK": "no"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "--hypothesis-seed=1", f"{HERE}/test_histories.py"],
        cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("wrong", "file", "right", "text"), MUTANTS, ids=[mutant[0] for mutant in MUTANTS])
def test_a_mistake_is_found(wrong: str, file: str, right: str, text: str, tmp_path: Path) -> None:
    for folder in ("scheduler", "specs", HERE):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    source = (tmp_path / file).read_text()
    assert source.count(right) == 1, "the mutant is of another time"
    (tmp_path / file).write_text(source.replace(right, text))
    found = histories(tmp_path)
    assert found.returncode == 1, f"nobody noticed that {wrong}:\n{found.stdout}"
    assert "AssertionError" in found.stdout, found.stdout
