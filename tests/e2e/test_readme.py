"""The README's Python runs as it stands, and its task file is one."""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from specs.forms.taskinfo import task_from_json
from tests.images import busybox_image
from tests.patience import SLOW

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python(number: int) -> None:
    busybox_image()
    ran = subprocess.run([sys.executable, "-c", blocks("python")[number]], cwd=ROOT, capture_output=True, text=True,
                         timeout=120 * SLOW, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout


def test_task_file() -> None:
    (text,) = blocks("json")
    assert task_from_json(text, without_agent=True).container is not None


def test_there_is_python() -> None:
    assert len(blocks("python")) >= 2
