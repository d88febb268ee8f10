"""deploy/bin/starter.c: nothing of what a task says to a loader is read by anybody."""
from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.executor.program.test_executor_process import HOSTILE, ROOT, drop_in, environment, started, subscribed
from tests.fakes.agent_server import ScriptedAgent

LIBRARY = """
#include <fcntl.h>
#include <unistd.h>
unsigned int la_version(unsigned int version) { return version; }
__attribute__((constructor)) static void run(void) { close(open("%s", O_CREAT | O_WRONLY, 0600)); }
"""


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As it is installed where there is a compiler."""
    script = (ROOT / "deploy/bin/mesos-docker-executor").read_text().replace("@PYTHON@", sys.executable)
    made: bytes = runpy.run_path(str(ROOT / "setup.py"), run_name="tests")["compiled"](script.encode())
    path = tmp_path_factory.mktemp("bin") / "mesos-docker-executor"
    path.write_bytes(made)
    path.chmod(0o755)
    return path


@pytest.fixture
def library(tmp_path: Path) -> tuple[Path, Path]:
    """A library, and the file that is there once anybody has loaded it."""
    source, built, loaded = tmp_path / "library.c", tmp_path / "library.so", tmp_path / "loaded"
    source.write_text(LIBRARY % loaded)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", built, source], check=True)
    return built, loaded


@pytest.mark.parametrize("name", ["LD_PRELOAD", "LD_AUDIT"])
def test_a_library_of_the_tasks_runs_nowhere(name: str, starter: Path, library: tuple[Path, Path],
                                             tmp_path: Path) -> None:
    built, loaded = library
    subprocess.run(["/bin/sh", "-c", "exit"], env={name: str(built)}, check=True)
    assert loaded.exists(), "the library would have been noticed"
    loaded.unlink()
    with ScriptedAgent() as agent, started(environment(agent, tmp_path, **{name: str(built)}), tmp_path,
                                           drop_in(tmp_path), command=starter) as process:
        subscribed(agent, process, tmp_path)
    assert not loaded.exists()


def test_all_other_variables_do_it_no_harm_either(starter: Path, tmp_path: Path) -> None:
    hostile = {name: value.format(trap=tmp_path / "trap") for name, value in HOSTILE.items()}
    with ScriptedAgent() as agent, started(environment(agent, tmp_path, **hostile), tmp_path,
                                           command=starter) as process:
        subscribed(agent, process, tmp_path)
    assert "trap" not in (tmp_path / "stderr").read_text()


def test_functions_for_bash_are_dropped_and_the_rest_is_kept(tmp_path: Path) -> None:
    """What the script that is within sees, and how it was called."""
    script = b'echo "$*|$#"; env | sort; exit 3\n'
    made: bytes = runpy.run_path(str(ROOT / "setup.py"), run_name="tests")["compiled"](script)
    path = tmp_path / "starter"
    path.write_bytes(made)
    path.chmod(0o755)
    said = {"A": "b", "LDA": "kept", "LD_": "x", "LD_BIND_NOW": "1", "BASH_FUNC_echo%%": "() { :; }", "ENV": "/x",
            "ENVY": "kept", "GLIBC_TUNABLES": "x", "PS4": "x", "SHELLOPTS": "xtrace", "BASHOPTS": "x", "BASH_ENV": "/x",
            "GCONV_PATH": "/x"}
    done = subprocess.run(["called", "a b", ""], executable=path, env=said, capture_output=True, text=True, check=False)
    first, *variables = done.stdout.splitlines()
    assert (done.returncode, first) == (3, f"{path} a b |3")
    assert {line.split("=")[0] for line in variables} - {"PWD", "_", "OLDPWD", "SHLVL"} == {"A", "LDA", "ENVY"}


def test_by_a_link_and_by_its_name_alone(starter: Path, tmp_path: Path) -> None:
    link = tmp_path / "libexec" / "mesos-docker-executor"
    link.parent.mkdir()
    link.symlink_to(starter)
    for command in ([link], ["mesos-docker-executor"], ["./mesos-docker-executor"]):
        done = subprocess.run([*command, "--version"], cwd=link.parent, env={"PATH": f"{link.parent}:{os.defpath}"},
                              capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.partition(",")[0]) == (0, "mesos-docker-executor"), done.stderr
