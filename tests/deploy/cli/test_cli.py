"""The command `mesos-docker` itself: what it imports, how it fails."""
from __future__ import annotations

import importlib.metadata
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from deploy.cli import main as cli
from deploy.cli.problems import Problem, refused
from specs.errors import SpecError

COMMAND = str(Path(sys.executable).parent / "mesos-docker")


def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=60,
                          check=False, env={**os.environ, **environment})


def test_version() -> None:
    assert call(
        "--version").stdout == f"mesos-docker, version {importlib.metadata.version('mesos-docker')}\n"


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("run", "-h")])
def test_help(arguments: tuple[str, ...]) -> None:
    done = call(*arguments)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: mesos-docker")


@pytest.mark.parametrize("columns", [40, 60, 120])
@pytest.mark.parametrize("command", [None, *cli.COMMANDS])
def test_help_fits_the_terminal(command: str | None, columns: int,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but an option's own name and values may be wider, which stand alone; and no sentence is cut."""
    monkeypatch.setenv("COLUMNS", str(columns))
    arguments = ["--help"] if command is None else [command, "--help"]
    done = CliRunner().invoke(cli.cli, arguments, prog_name="mesos-docker")
    wider = [line for line in done.stdout.splitlines() if len(line) > columns]
    assert done.exit_code == 0
    assert all(line.startswith("  -") and "  " not in line.strip() for line in wider), wider
    assert not [line for line in done.stdout.splitlines()
                if line.endswith("...") and not line.endswith(("COMMAND...", "[COMMAND]...", "[ARGS]..."))]


def test_a_command_to_be_copied_goes_on_behind_a_backslash(monkeypatch: pytest.MonkeyPatch) -> None:
    copied = {}
    for columns in ("40", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        text = CliRunner().invoke(cli.cli, ["run", "--help"], prog_name="mesos-docker").stdout
        joined = re.sub(r" \\\n\s*", " ", text)
        copied[columns] = re.findall("^  (mesos-docker run .*)", joined, re.MULTILINE)
    assert copied["40"] == copied["120"]
    assert len(copied["40"]) == 3


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [
    (Terminal(), "error: one two three\nfour\n  in the second line\n  also\na-word-that-is-longer-than-the-terminal"),
    (io.StringIO(), "error: one two three four\n  in the second line also\na-word-that-is-longer-than-the-terminal")])
def test_an_error_is_cut_between_words_on_a_terminal_and_nowhere_else(
        stream: io.StringIO, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "21")
    Problem("one two three four\n  in the second line also\na-word-that-is-longer-than-the-terminal").show(stream)
    assert stream.getvalue() == f"{shown}\n"


@pytest.mark.parametrize("arguments", [("fly",), ("--nonsense",), ("run", "--master")])
def test_a_command_line_that_cannot_be_read(arguments: tuple[str, ...]) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_command_that_is_refused_imports_neither_scheduler_nor_mesos() -> None:
    program = ("import sys, json; from deploy.cli.main import run\n"
               "status = run(['run', '--image', 'busybox', '-p', 'x'])\n"
               "print(json.dumps([status, sorted(sys.modules)]))")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=True)
    status, modules = json.loads(done.stdout)
    assert status == 2
    heavy = {"pymesos", "docker", "aiohttp", "rich", "scheduler.framework.framework",
             "deploy.local", "google.protobuf"}
    assert not heavy & set(modules)


def ends_with(error: BaseException) -> int:
    @click.command()
    def command() -> None:
        raise error
    return cli.run_command(command, [])


@pytest.mark.parametrize(("error", "status", "text"), [
    (Problem("it cannot be done"), 3, "error: it cannot be done\n"),
    (refused(SpecError("container.docker.image", "must be a text"), "task.json"), 2,
     "error: task.json: container.docker.image: must be a text\n"),
    (refused(SpecError("", "Task uses no resources")), 2, "error: Task uses no resources\n"),
    (click.Abort(), 130, ""),
    (RuntimeError("oh"), 3,
     "error: RuntimeError: oh (a fault of mesos-docker; set MESOS_DOCKER_TRACEBACK=1 to see where)\n"),
])
def test_errors_end_with_a_message_and_a_status(error: BaseException, status: int, text: str,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    assert ends_with(error) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == text


def test_a_fault_of_ours_can_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESOS_DOCKER_TRACEBACK", "1")
    with pytest.raises(RuntimeError, match="oh"):
        ends_with(RuntimeError("oh"))


def test_a_reader_that_goes_away_is_no_fault() -> None:
    process = subprocess.Popen([COMMAND, "run", "--help"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert "Traceback" not in errors
    assert "Exception" not in errors


def test_every_command_is_where_the_table_says() -> None:
    group = cli.cli
    assert isinstance(group, cli.LazyGroup)
    context = click.Context(group)
    names = group.list_commands(context)
    found = {name: command.name for name in names if (command := group.get_command(context, name)) is not None}
    assert found == {name: name for name in names}
    assert {"run", "local", "explain", "serve", "deploy", "ps"} <= set(names)
    assert group.get_command(context, "fly") is None


@pytest.mark.parametrize(("arguments", "words"), [
    (("deplo", "x"), "No such command 'deplo'. Did you mean \"deploy\"?"),
    (("scael", "x", "1"), "Did you mean \"scale\"?"),
    (("fly",), "No such command 'fly'."),
    (("scale", "hello", "-1"), "INSTANCES is a whole number from 0 on"),
    (("scale", "hello", "-12", "--force"), "INSTANCES is a whole number from 0 on"),
    (("scale", "hello", "1", "--forze"), "No such option '--forze'"),
    (("scale", "hello", "x"), "'x' is not a valid integer"),
    (("scale", "hello", "3", "--for", "banana"), "'banana' is not a duration, as 30secs, 1.5mins or 5m\n"),
    (("scale", "hello", "3", "--for", ""), "'' is not a duration, as 30secs, 1.5mins or 5m\n")])
def test_what_was_meant_is_said(arguments: tuple[str, ...], words: str,
                                capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(list(arguments)) == 2
    assert words in capsys.readouterr().err
