"""Output, files and commands of instances with real containers, through the commands that people type."""
from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import PATIENCE, PROGRAM, Served, app, serving

TALKS = ("i=0; while [ ! -e /tmp/end ]; do i=$((i+1)); echo \"line $i\"; echo \"err $i\" >&2; "
         "printf '\\033[31mred\\007\\n'; sleep 0.2; done; echo over")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with serving(folder) as found:
        for definition in (app("/talks", instances=3, cmd=TALKS), app("/once", cmd="echo first; echo second; exit 3")):
            found.ask("POST", "/v2/apps", definition)
        found.until(lambda: len(found.containers()) >= 3, "three containers")
        found.until(lambda: bool(found.ask("GET", "/api/v1/history/once")[1]), "the end of one")
        found.ask("PUT", "/v2/apps/once?force=true", {"instances": 0})
        yield found


@contextmanager
def following(served: Served, *arguments: str) -> Iterator[list[str]]:
    """The lines of a command that goes on, as they come."""
    process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, text=True, env=served.environment)
    lines: list[str] = []

    def read() -> None:
        assert process.stdout is not None
        lines.extend(process.stdout)  # each as it comes

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield lines
    finally:
        process.terminate()
        process.wait(PATIENCE)
        thread.join(PATIENCE)
        if process.stdout is not None:
            process.stdout.close()


def instances(served: Served, name: str = "/talks") -> list[dict[str, Any]]:
    return list(served.ask("GET", f"/api/v1/instances?app={name}")[1])


def test_all_instances_of_an_app_are_followed(served: Served) -> None:
    wanted = {each["id"].partition(".instance-")[2][:8] for each in instances(served)}
    with following(served, "logs", "-f", "talks", "--tail", "1", "--grep", r"line \d+5") as lines:
        served.until(lambda: {line.partition(".")[2][:8] for line in lines} == wanted, "a line of each")
        assert all("line" in line for line in lines)
    with following(served, "logs", "-f", instances(served)[0]["id"], "--stderr") as lines:
        served.until(lambda: len(lines) > 3, "lines of one")
        assert lines[:2] == ["err 1\n", "err 2\n"]
        before = len(lines)
        served.until(lambda: len(lines) > before + 3, "more lines")


def test_an_instance_that_is_new_is_followed_too(served: Served) -> None:
    victim = instances(served)[0]
    with following(served, "logs", "-f", "talks", "--output", "json") as lines:
        served.until(lambda: len(lines) > 5, "lines")
        assert served.command("kill", victim["id"]).returncode == 0
        served.until(lambda: victim["taskId"] not in {each["taskId"] for each in instances(served)} and {
            each["taskId"] for each in instances(served)} <= {json.loads(line)["taskId"] for line in list(lines)},
                     "lines of the new one")


def test_what_has_ended_is_read_to_its_end(served: Served) -> None:
    [ended, *_] = served.ask("GET", "/api/v1/history/once")[1]
    for name in (ended["taskId"], ended["id"]):
        shown = served.command("logs", name)
        assert (shown.returncode, shown.stdout) == (0, "first\nsecond\n"), shown.stderr
    whole = served.command("logs", "once", "--tail", "1")
    assert whole.returncode == 0
    assert {line.split("  ")[1] for line in whole.stdout.splitlines()} == {"second"}
    began = time.monotonic()
    followed = served.command("logs", "-f", ended["taskId"])
    assert (followed.returncode, followed.stdout) == (0, "first\nsecond\n")
    assert time.monotonic() - began < PATIENCE


def test_since_leads_to_what_was_written_then(served: Served) -> None:
    one = instances(served)[1]["id"]
    served.until(lambda: "line 30\n" in served.command("logs", one).stdout, "some output")
    recent = served.command("logs", one, "--since", "3s")
    assert recent.returncode == 0, recent.stderr
    assert recent.stdout
    assert "line 1\n" not in recent.stdout
    assert served.command("logs", one, "--since", "1h").stdout.startswith("line 1\n")
    [ended, *_] = served.ask("GET", "/api/v1/history/once")[1]
    shown = served.command("logs", ended["taskId"], "--since", "2099-01-01T00:00:00Z")
    assert (shown.returncode, shown.stdout) == (0, ""), shown.stderr


@pytest.mark.parametrize(("arguments", "says"), [
    (("nothing",), "no instance"), (("talks", "--grep", "("), "no regular expression"),
    (("talks", "--tail", "-1"), "-1")])
def test_what_cannot_be_shown_is_refused(served: Served, arguments: tuple[str, ...], says: str) -> None:
    refused = served.command("logs", *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert says in refused.stderr


@pytest.mark.parametrize("command", ["logs talks", "logs -f talks", "events -f", "exec INSTANCE -- echo hi"])
def test_where_nobody_reads_it_ends_quietly(served: Served, command: str) -> None:
    words = command.replace("INSTANCE", instances(served)[1]["id"]).split()
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([PROGRAM, *words], stdout=writer, stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
                          env=served.environment)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_output_that_cannot_be_written_is_no_service_that_is_away(served: Served) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([PROGRAM, "exec", instances(served)[1]["id"], "--", "echo", "hi"], stdout=full,
                              stderr=subprocess.PIPE, timeout=PATIENCE, check=False, env=served.environment)
    assert done.returncode == 125
    assert b"cannot be written: No space left on device" in done.stderr


@pytest.mark.parametrize("options", [(), ("-f",)])
def test_events_of_an_app_that_is_not_there_are_refused(served: Served, options: tuple[str, ...]) -> None:
    refused = served.command("events", *options, "talsk")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "there is /talks" in refused.stderr
    assert "/talks" in served.command("events", "talks").stdout


def test_files_are_listed_shown_and_saved(served: Served, tmp_path: Path) -> None:
    one = instances(served)[0]["id"]
    listed = json.loads(served.command("files", one, "--output", "json").stdout)
    assert {"stdout", "stderr"} <= {each["path"] for each in listed}
    assert "stdout" in served.command("files", one).stdout
    shown = served.command("files", one, "stdout")
    assert shown.stdout.startswith("line 1\n\x1b[31mred\x07\nline 2\n")  # a pipe gets every byte
    saved = served.command("files", one, "./stderr", "-o", str(tmp_path / "saved"))
    assert saved.returncode == 0, saved.stderr
    assert (tmp_path / "saved").read_text().startswith("err 1\n")
    for path in ("nothing", "/etc/passwd", ".."):
        refused = served.command("files", one, path)
        assert (refused.returncode, refused.stdout) == (2, ""), path


def running(words: str) -> list[int]:
    """Processes of this machine, those in containers too, with these words in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if words in line and "mesos-docker" not in line:
                found.append(int(path.parent.name))
    return found


def run_in(served: Served, *command: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    options = ("-i",) if stdin is not None else ()
    return subprocess.run([PROGRAM, "exec", instances(served)[1]["id"], *options, "--", *command], input=stdin,
                          capture_output=True, timeout=PATIENCE, check=False, env=served.environment)


@pytest.mark.parametrize(("command", "status", "out", "err"), [
    (("sh", "-c", "echo out; echo err >&2; exit 7"), 7, b"out\n", b"err\n"), (("true",), 0, b"", b""),
    (("sh", "-c", "kill -9 $$"), 137, b"", b""), (("echo", "-n", "--help", "ü\n"), 0, "--help ü\n".encode(), b"")])
def test_a_command_has_its_own_streams_and_status(served: Served, command: tuple[str, ...], status: int, out: bytes,
                                                  err: bytes) -> None:
    done = run_in(served, *command)
    assert (done.returncode, done.stdout, done.stderr) == (status, out, err)


def test_a_command_that_is_not_there_is_125(served: Served) -> None:
    done = run_in(served, "no-such-program")
    assert done.returncode == 125
    assert b"no-such-program" in done.stderr + done.stdout


def test_tar_goes_through_it_both_ways(served: Served, tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "f").write_bytes(content)
    archive = subprocess.run(["tar", "-cC", str(tmp_path), "f"], capture_output=True, check=True).stdout
    assert run_in(served, "tar", "-xC", "/tmp", "-f", "-", stdin=archive).returncode == 0
    back = run_in(served, "tar", "-cC", "/tmp", "-f", "-", "f")
    assert back.returncode == 0
    assert subprocess.run(["tar", "-xO", "f"], input=back.stdout, capture_output=True, check=True).stdout == content


def test_a_terminal_has_the_size_of_ours(served: Served) -> None:
    main, other = os.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
    process = subprocess.Popen([PROGRAM, "exec", "-it", instances(served)[1]["id"], "--", "sh"], stdin=other,
                               stdout=other, stderr=other, env=served.environment, start_new_session=True)
    os.close(other)
    seen = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):
            while piece := os.read(main, 4096):
                seen.extend(piece)

    thread = threading.Thread(target=read)
    thread.start()
    served.until(lambda: b"# " in seen or b"$ " in seen, "a prompt")
    os.write(main, b"stty size\r")
    served.until(lambda: b"33 101" in seen, "the size")
    fcntl.ioctl(main, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 99, 0, 0))
    process.send_signal(signal.SIGWINCH)

    def resized() -> bool:
        os.write(main, b"stty size\r")
        time.sleep(0.3)
        return b"44 99" in seen

    served.until(resized, "the new size")
    os.write(main, b"sleep 4713\r")
    served.until(lambda: bool(running("sleep 4713")), "a program")
    os.write(main, b"\x03")  # Ctrl-C goes there
    served.until(lambda: not running("sleep 4713"), "its end")
    os.write(main, b"exit 5\r")
    assert process.wait(PATIENCE) == 5
    thread.join(PATIENCE)
    os.close(main)


@contextmanager
def executing(served: Served, *arguments: str, stdin: Any = None) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([PROGRAM, "exec", *arguments], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=served.environment) as process:
        yield process


def test_a_command_ends_with_its_client(served: Served) -> None:
    with executing(served, instances(served)[1]["id"], "--", "sh", "-c", "sleep 4711; true") as process:
        served.until(lambda: bool(running("sleep 4711")), "the command")
        process.kill()
        served.until(lambda: not running("sleep 4711"), "its end")


def test_signals_reach_it_also_while_it_reads_nothing(served: Served) -> None:
    one = instances(served)[1]["id"]
    with Path("/dev/zero").open("rb") as endless, executing(served, "-i", one, "--", "sleep", "4712",
                                                            stdin=endless) as process:
        served.until(lambda: bool(running("sleep 4712")), "the command")
        time.sleep(1)
        process.terminate()
        assert process.stderr is not None
        assert (process.wait(PATIENCE), process.stderr.read()) == (143, b"")
    caught = "trap 'echo got; exit 9' INT; echo ready; while :; do sleep 0.1; done"
    with executing(served, one, "--", "sh", "-c", caught) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert (process.stdout.read(), process.wait(PATIENCE)) == (b"got\n", 9)


def test_an_app_may_say_that_nobody_runs_commands_in_it(served: Served) -> None:
    served.ask("POST", "/v2/apps", app("/closed", labels={"MESOS_DOCKER_EXEC": "false"}))
    served.until(lambda: any(each["state"] == "TASK_RUNNING" for each in instances(served, "/closed")), "an instance")
    refused = served.command("exec", instances(served, "/closed")[0]["id"], "--", "true")
    assert (refused.returncode, refused.stdout) == (125, "")
    assert "MESOS_DOCKER_EXEC" in refused.stderr


def test_what_an_app_wrote_is_there_after_its_removal(served: Served) -> None:
    served.ask("POST", "/v2/apps", app("/leaves", cmd="echo here; exec sleep 1000"))
    served.until(lambda: any(each["state"] == "TASK_RUNNING" for each in instances(served, "/leaves")), "an instance")
    [one] = instances(served, "/leaves")
    assert served.command("rm", "leaves").returncode == 0
    for name in ("leaves", one["id"], one["taskId"]):
        assert served.command("logs", name).stdout.endswith("here\n"), name
    assert "stdout" in served.command("files", one["id"]).stdout
    assert served.command("files", one["id"], "stdout").stdout == "here\n"
    refused = served.command("exec", one["id"], "--", "true")
    assert (refused.returncode, refused.stdout) == (125, "")
