"""A project that has packages named like ours: its own tests and our fixture, and what the command says."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).parent / "mesos-docker")


def run_pytest(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(project)],
                          cwd=project, capture_output=True, text=True, check=False, timeout=120)


def test_a_project_with_a_deploy_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "__init__.py").touch()
    (tmp_path / "deploy" / "tool.py").write_text("NAME = 'theirs'\n")
    (tmp_path / "test_theirs.py").write_text(
        "from deploy.tool import NAME\n\ndef test_it():\n    assert NAME == 'theirs'\n")
    assert run_pytest(tmp_path).returncode == 0
    (tmp_path / "test_ours.py").write_text("def test_it(local_mesos):\n    pass\n")
    done = run_pytest(tmp_path)
    assert "1 passed, 1 error" in done.stdout, done.stdout
    assert f"mesos-docker's package deploy is hidden by another one of this name, {tmp_path}/deploy/__init__.py" \
        in done.stdout.replace("\n", "")
    assert "Traceback" not in done.stdout


def test_a_project_without_finds_the_fixture_by_itself(tmp_path: Path) -> None:
    (tmp_path / "test_ours.py").write_text(
        "def test_it(local_mesos):\n    assert local_mesos(resources='cpus:1;mem:100').address\n")
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["specs", "executor", "scheduler", "deploy"])
@pytest.mark.parametrize("form", ["package", "module", "folder"])
def test_the_command_says_by_what_it_is_hidden(name: str, form: str, tmp_path: Path) -> None:
    """A folder without an __init__.py hides nothing of ours, which is found behind it."""
    if form == "module":
        (tmp_path / f"{name}.py").touch()
    else:
        (tmp_path / name).mkdir()
    if form == "package":
        (tmp_path / name / "__init__.py").touch()
    done = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=False, timeout=60,
                          env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd="/")
    if form == "folder":
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert f"package {name} is hidden by another one of this name, {tmp_path / name}" in done.stderr
