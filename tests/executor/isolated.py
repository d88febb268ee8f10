"""A Python of its own, that has loaded nothing of ours yet."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(code: str) -> str:
    """What it prints; it has to end well."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"
    ended = subprocess.run([sys.executable, "-I", "-c", code], check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
