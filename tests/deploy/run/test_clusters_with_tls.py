"""`run` and `serve` towards a master and agents that speak TLS: what is believed, and what is told."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.run.files_agent import FilesAgent
from tests.fakes.certificates import Certificate, make_authority, make_certificate
from tests.fakes.cluster import FakeCluster
from tests.fakes.master import WAIT, ScriptedMaster, offer

PROGRAM = str(Path(sys.executable).parent / "mesos-docker")
BASIC = "Basic bWU6c2VjcmV0"  # me:secret
RUN = ("run", "--image", "busybox", "--name", "t", "--connect-timeout", "2secs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Certificate:
    return make_authority(folder)


@pytest.fixture(scope="module")
def certificate(folder: Path, authority: Certificate) -> Certificate:
    return make_certificate(folder, authority, "server", address="127.0.0.1")


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=2 * WAIT,
                          check=False, env={**os.environ, **environment})


@pytest.mark.parametrize("said", ["https", "environment"])
def test_a_master_that_proves_itself(said: str, certificate: Certificate,
                                     authority: Certificate) -> None:
    trusted = str(authority.certificate)
    with FakeCluster(tls=certificate.server()) as cluster:
        if said == "environment":
            done = command(*RUN, "--master", cluster.address, LIBPROCESS_SSL_ENABLED="true",
                           LIBPROCESS_SSL_CA_FILE=trusted)
        else:
            done = command(*RUN, "--master", f"https://{cluster.address}", SSL_CERT_FILE=trusted)
    assert done.returncode == 0, done
    assert "TASK_FINISHED" in done.stdout


@pytest.mark.parametrize("program", ["run", "serve"])
def test_a_master_that_does_not_is_told_nothing(
        program: str, folder: Path, tmp_path: Path, authority: Certificate) -> None:
    """The table of what does not hold is in tests/scheduler/master/test_tls.py."""
    expired = make_certificate(folder, authority, "expired", address="127.0.0.1", expired=True)
    with ScriptedMaster(tls=expired.server()) as master:
        arguments = ("--master", master.address, "--ssl-ca-file", str(authority.certificate),
                     "--principal", "me")
        words = f"{master.address}: its certificate does not hold: certificate has expired"
        if program == "run":
            done = command(*RUN, *arguments, MESOS_SECRET="secret")
            assert (done.returncode, done.stdout) == (3, "")
            assert done.stderr == f"error: no Mesos master could be reached within 2 s: {words}\n"
        else:
            told = _served(tmp_path, arguments, words)
            assert "Traceback" not in told
        assert master.subscriptions.empty()


def _served(folder: Path, arguments: tuple[str, ...], words: str) -> str:
    """What `serve` says, up to the trouble."""
    with subprocess.Popen(
            [PROGRAM, "serve", "--state", f"sqlite:{folder}/state", "--listen", "127.0.0.1:0",
             *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "MESOS_SECRET": "secret", "XDG_RUNTIME_DIR": str(folder)}) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(WAIT, process.kill)
        watchdog.start()
        told = ""
        for line in process.stdout:
            told += line
            if words in line:
                process.send_signal(signal.SIGTERM)
        watchdog.cancel()
    assert process.returncode == 0, told
    return told


@pytest.mark.parametrize("program", ["run", "serve"])
def test_a_secret_does_not_leave_this_machine_in_clear(program: str, tmp_path: Path) -> None:
    arguments = (RUN if program == "run"
                 else ("serve", "--state", f"sqlite:{tmp_path}/state", "--listen", "127.0.0.1:0"))
    done = command(*arguments, "--master", "192.0.2.1:5050", "--principal", "me",
                   MESOS_SECRET="secret")
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr == (
        "error: the secret would go in clear to 192.0.2.1:5050: say how TLS is spoken there "
        "(--ssl-ca-file, or LIBPROCESS_SSL_ENABLED and its like), or --insecure\n")


@pytest.mark.parametrize("secret", ["secret", None])
def test_the_output_of_agents_that_ask_over_tls(secret: str | None, certificate: Certificate,
                                                authority: Certificate) -> None:
    agent = FilesAgent(tls=certificate.server())
    agent.wants = BASIC
    folder = "/frameworks/F1/executors/t/runs/latest"
    agent.files = {f"{folder}/stdout": b"hello from t\n", f"{folder}/stderr": b""}
    place = offer()
    place["url"]["address"]["port"] = int(agent.address.rpartition(":")[2])
    more: dict[str, Any] = {} if secret is None else {"MESOS_AGENT_SECRET": secret}
    try:
        with FakeCluster(offers=[place], tls=certificate.server()) as cluster:
            done = command(*RUN, "--executor", "mesos", "--logs", "--master", cluster.address,
                           "--ssl-ca-file", str(authority.certificate),
                           *(("--agent-principal", "me") if secret is not None else ()), **more)
    finally:
        agent.close()
    assert done.returncode == 0, done
    if secret is not None:
        assert done.stdout == "hello from t\n"
    else:
        assert done.stdout == ""
        assert "401 Unauthorized" in done.stderr
