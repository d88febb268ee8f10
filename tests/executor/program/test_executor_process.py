"""The installed `mesos-docker-executor` as an agent starts it: whatever the task's environment is, it subscribes.

An agent replaces the environment, puts the task's variables into it, makes a new session and the sandbox the working
directory, a pipe the stdin, and appends stdout and stderr to files. As Mesos: docker.cpp, `launchExecutorProcess`.
"""
from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import executor
from deploy.demo.busybox import binary as busybox_binary
from tests.fakes.agent_server import ScriptedAgent

ROOT = Path(__file__).resolve().parents[3]
COMMAND = Path(sys.executable).with_name("mesos-docker-executor")
CONTAINER = "mesos-5ad0f0a7-7a5c-4b5a-9d41-000000000000"  # never made in these tests


def drop_in(sandbox: Path) -> list[str]:
    """The flags that an agent with its defaults gives, sorted by name."""
    said = {"cgroups_enable_cfs": "false", "container": CONTAINER, "docker": "docker",
            "docker_socket": "/var/run/docker.sock", "help": "false", "initialize_driver_logging": "true",
            "launcher_dir": str(COMMAND.parent), "logbufsecs": "0", "logging_level": "INFO",
            "mapped_directory": "/mnt/mesos/sandbox", "quiet": "false", "sandbox_directory": str(sandbox),
            "stop_timeout": "0ns"}
    return [f"--{name}={value}" for name, value in said.items()]


def hear_signals() -> None:
    """Also where whoever runs the tests hears none, as under nohup: a shell cannot trap what was ignored before."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def started(environment: dict[str, str], sandbox: Path, flags: Sequence[str] = (),
            command: Path = COMMAND) -> Iterator[subprocess.Popen[bytes]]:
    """The process; at the end it must be gone, or is killed with its group."""
    with (sandbox / "stdout").open("ab") as out, (sandbox / "stderr").open("ab") as errors:
        process = subprocess.Popen(["mesos-docker-executor", *flags], executable=command, env=environment, cwd=sandbox,
                                   stdin=subprocess.PIPE, stdout=out, stderr=errors, start_new_session=True,
                                   preexec_fn=hear_signals)  # noqa: PLW1509 - no thread of ours holds a lock here
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def subscribed(agent: ScriptedAgent, process: subprocess.Popen[bytes], sandbox: Path) -> None:
    for _ in range(300):  # an end of the process wakes nobody
        if agent.subscribed or process.poll() is not None:
            break
        with contextlib.suppress(AssertionError):
            agent.wait_for(lambda: agent.subscribed, timeout=0.1)
    assert agent.subscribed, f"exit status {process.returncode}: {(sandbox / 'stderr').read_text()}"


def environment(agent: ScriptedAgent, sandbox: Path, **more: str) -> dict[str, str]:
    return agent.environment(MESOS_DIRECTORY=str(sandbox), MESOS_SANDBOX=str(sandbox), **more)


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder with modules that end the process when they are imported, named as what we need."""
    folder = tmp_path / "trap"
    folder.mkdir()
    for name in ("re", "json", "socket", "executor", "specs", "pymesos", "encodings", "sitecustomize", "usercustomize"):
        (folder / f"{name}.py").write_text(f"import os\nos.write(2, b'trapped by {name}')\nos._exit(77)\n")
    for name in ("libz.so.1", "libssl.so.3", "libcrypto.so.3", "libexpat.so.1", "libffi.so.8", "libm.so.6"):
        (folder / name).write_bytes(b"not a library")
    return folder


HOSTILE = {
    "PYTHONPATH": "{trap}", "PYTHONHOME": "{trap}", "PYTHONSTARTUP": "{trap}/re.py", "PYTHONINSPECT": "1",
    "PYTHONUNBUFFERED": "", "PYTHONWARNINGS": "error", "PYTHONHASHSEED": "not a number", "PYTHONIOENCODING": "ascii",
    "PYTHONUSERBASE": "{trap}", "PYTHONVERBOSE": "1", "PYTHONPLATLIBDIR": "nowhere", "PYTHONCASEOK": "1",
    "PYTHONMALLOC": "nonsense", "PYTHONTRACEMALLOC": "nonsense", "PYTHONUTF8": "0",
    "LD_LIBRARY_PATH": "{trap}", "LD_PRELOAD": "{trap}/libz.so.1",
    "DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "{trap}",
    "DOCKER_API_VERSION": "1.0", "DOCKER_CONFIG": "{trap}", "DOCKER_CONTEXT": "nowhere",
    "PATH": "", "HOME": "{trap}", "TMPDIR": "/nowhere", "LANG": "xx_XX.nonsense", "LC_ALL": "xx_XX.nonsense", "TZ": "?",
    "HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "socks5://127.0.0.1:1",
    "no_proxy": "", "SSL_CERT_FILE": "/nowhere", "ENV": "{trap}/re.py", "BASH_ENV": "{trap}/re.py", "IFS": "/",
    "OPENSSL_CONF": "{trap}/openssl.cnf", "OPENSSL_MODULES": "{trap}", "GCONV_PATH": "{trap}",
    "GLIBC_TUNABLES": "glibc.rtld.nns=1", "SHELLOPTS": "xtrace",
    "VIRTUAL_ENV": "{trap}", "__PYVENV_LAUNCHER__": "{trap}/python",
}


@pytest.mark.parametrize("name", [*HOSTILE, "all of them"])
def test_a_variable_of_the_task_does_not_stop_the_executor(name: str, trap: Path, tmp_path: Path) -> None:
    values = {each: value.format(trap=trap) for each, value in HOSTILE.items()}
    hostile = values if name == "all of them" else {name: values[name]}
    with ScriptedAgent() as agent, started(environment(agent, tmp_path, **hostile), tmp_path) as process:
        subscribed(agent, process, tmp_path)


def script(folder: Path, shell: str) -> Path:
    """The start script, with another first line."""
    text = (ROOT / "deploy/bin/mesos-docker-executor").read_text()
    made = folder / "mesos-docker-executor"
    made.write_text(text.replace("@PYTHON@", sys.executable).replace("#!/bin/sh", f"#!{shell}", 1))
    made.chmod(0o755)
    return made


def test_where_sh_is_bash_it_calls_no_function_of_the_tasks(trap: Path, tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to("/bin/bash")
    functions = {f"BASH_FUNC_{name}%%": f"() {{ echo trapped by {name} >&2; exit 77; }}"
                 for name in ("readlink", "sleep", "kill", "wait", "command", "echo", "read", "trap", "find_python")}
    hostile = {**functions, "SHELLOPTS": "xtrace", "PS4": "$(echo trapped by PS4 >&2)"}
    with ScriptedAgent() as agent, started(environment(agent, tmp_path, **hostile), tmp_path,
                                           command=script(trap, f"{tmp_path}/sh")) as process:
        subscribed(agent, process, tmp_path)
    assert "trapped" not in (tmp_path / "stderr").read_text()


def test_with_a_static_shell_no_loader_reads_the_tasks_variables(trap: Path, tmp_path: Path) -> None:
    """As README says; the shell that is there says in stderr that it has tried."""
    loads = {"LD_PRELOAD": f"{trap}/libz.so.1"}
    said = {}
    for shell in ("/bin/sh", f"{busybox_binary()} sh"):
        with ScriptedAgent() as agent, started(environment(agent, tmp_path, **loads), tmp_path,
                                               command=script(trap, shell)) as process:
            subscribed(agent, process, tmp_path)
        said[shell] = (tmp_path / "stderr").read_text()
        (tmp_path / "stderr").unlink()
    assert ["LD_PRELOAD" in each for each in said.values()] == [True, False]


@pytest.mark.parametrize("mode", ["custom", "drop-in"])
def test_a_sandbox_full_of_modules_is_not_imported_from(mode: str, trap: Path) -> None:
    flags = drop_in(trap) if mode == "drop-in" else []
    with ScriptedAgent() as agent, started(environment(agent, trap), trap, flags) as process:
        subscribed(agent, process, trap)


def test_what_it_subscribes_with(tmp_path: Path) -> None:
    with ScriptedAgent(token="header.claims.signature") as agent, \
            started(environment(agent, tmp_path), tmp_path, drop_in(tmp_path)) as process:
        subscribed(agent, process, tmp_path)
        (received,) = agent.calls("SUBSCRIBE")
        assert received.path == "/slave(1)/api/v1/executor"
        assert received.headers["authorization"] == "Bearer header.claims.signature"
        assert received.call == {
            "type": "SUBSCRIBE", "framework_id": {"value": agent.framework_id},
            "executor_id": {"value": agent.executor_id},
            "subscribe": {"unacknowledged_tasks": [], "unacknowledged_updates": []}}


def test_through_a_link_in_the_launcher_directory(tmp_path: Path) -> None:
    link = tmp_path / "libexec" / "mesos-docker-executor"
    link.parent.mkdir()
    link.symlink_to(COMMAND)
    with ScriptedAgent() as agent, started(environment(agent, tmp_path), tmp_path, drop_in(tmp_path), link) as process:
        subscribed(agent, process, tmp_path)


def usage(program: Path) -> str:
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=False, env={})
    return done.stdout.partition("\n")[0] or done.stderr


def test_a_copy_starts(tmp_path: Path) -> None:
    copy = Path(shutil.copy(COMMAND, tmp_path))
    assert usage(copy) == "Usage: mesos-docker-executor [options]"


def test_as_pip_installs_it_for_a_user(tmp_path: Path) -> None:
    """The file is in a folder without a Python; its packages are beside that folder."""
    site = tmp_path / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    site.mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    for package in ("executor", "specs"):
        (site / package).symlink_to(Path(executor.__file__).parents[1] / package)
    script = Path(shutil.copy(COMMAND, tmp_path / "bin"))
    assert usage(script) == "Usage: mesos-docker-executor [options]"


def test_a_copy_that_cannot_find_the_executor_says_so(tmp_path: Path) -> None:
    text = (ROOT / "deploy/bin/mesos-docker-executor").read_text()
    lost = tmp_path / "mesos-docker-executor"
    lost.write_text("\n".join("installed=/nowhere" if line.startswith("installed=") else line
                              for line in text.splitlines()))
    lost.chmod(0o755)
    assert "link to the file that was installed" in usage(lost)


@pytest.mark.parametrize("mode", ["custom", "drop-in"])
def test_shutdown_before_any_task_is_a_clean_end_without_an_update(mode: str, tmp_path: Path) -> None:
    flags = drop_in(tmp_path) if mode == "drop-in" else []
    with ScriptedAgent() as agent, started(environment(agent, tmp_path), tmp_path, flags) as process:
        subscribed(agent, process, tmp_path)
        agent.event("SHUTDOWN")
        assert process.wait(60) == 0
        assert not agent.updates


def test_an_agent_that_dies_ends_an_executor_without_checkpointing(tmp_path: Path) -> None:
    with ScriptedAgent() as agent, started(environment(agent, tmp_path, MESOS_CHECKPOINT="0"), tmp_path) as process:
        subscribed(agent, process, tmp_path)
        agent.go_away()
        assert process.wait(60) == 0


def test_an_agent_that_dies_and_comes_back_finds_the_same_executor(tmp_path: Path) -> None:
    with ScriptedAgent() as agent, started(environment(agent, tmp_path), tmp_path) as process:
        subscribed(agent, process, tmp_path)
        agent.go_away()
        agent.come_back()
        agent.wait_subscribed(times=2)
        assert process.poll() is None


def test_sigterm_is_a_clean_end(tmp_path: Path) -> None:
    """What an agent sends to the executor's process tree when it destroys a container."""
    with ScriptedAgent() as agent, started(environment(agent, tmp_path), tmp_path) as process:
        subscribed(agent, process, tmp_path)
        process.terminate()
        assert process.wait(60) == 0


@pytest.mark.parametrize("name", ["MESOS_SLAVE_PID", "MESOS_FRAMEWORK_ID", "MESOS_EXECUTOR_ID", "MESOS_SLAVE_ID",
                                  "MESOS_DIRECTORY", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "MESOS_RECOVERY_TIMEOUT",
                                  "MESOS_SUBSCRIPTION_BACKOFF_MAX"])
def test_a_missing_variable_ends_it_with_mesoss_words(name: str, tmp_path: Path) -> None:
    with ScriptedAgent() as agent:
        without = {each: value for each, value in environment(agent, tmp_path).items() if each != name}
        ran = subprocess.run([COMMAND], env=without, cwd=tmp_path, capture_output=True, text=True, timeout=60,
                             check=False)
    assert ran.returncode == 1
    assert f"Expecting '{name}' to be set in the environment" in ran.stderr
    assert "Traceback" not in ran.stderr
