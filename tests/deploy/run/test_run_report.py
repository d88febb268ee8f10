"""What people and programs see of tasks that run."""
from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from deploy.run.report import JsonLines, Lines, LiveTable
from deploy.run.table import Row, addresses, ports, reason, table
from scheduler.placement.matching import Launch
from specs.forms.taskstatus import status_from_mapping
from specs.messages.containerinfo import ContainerInfo, DockerInfo, PortMapping
from specs.messages.resource import Range, Resource
from specs.messages.task import TaskInfo
from tests.fakes.master import heard, update

NETWORKS = {"network_infos": [{"ip_addresses": [{"ip_address": "172.17.0.2"},
                                                {"ip_address": "fd00::2"}]}]}
INFO = TaskInfo("t", "t", "S0", container=ContainerInfo("DOCKER", docker=DockerInfo(
    "busybox", "BRIDGE", (PortMapping(8080, 80), PortMapping(53, 53, "udp")))))
PLAIN = TaskInfo("t", "t", "S0")
LAUNCH = Launch("S0", "host0", "10.0.0.5:5051", (), ())


def stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


def written(file: io.TextIOWrapper) -> str:
    file.flush()
    buffer = file.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def test_a_row_gathers_what_is_known() -> None:
    row = Row("t")
    assert row.line == "t  waits for an offer"
    row = row.launched(LAUNCH, INFO)
    assert row.line == "t  launching  on host0  8080→80, 53→53/udp"
    row = row.updated(heard("t", "TASK_RUNNING", container_status=NETWORKS))
    assert row.line == "t  TASK_RUNNING  on host0  172.17.0.2, fd00::2  8080→80, 53→53/udp"
    agents_own = {"network_infos": [{"ip_addresses": [{"ip_address": "10.0.0.5"}]}]}
    assert "10.0.0.5" not in row.updated(heard("t", "TASK_KILLING",
                                               container_status=agents_own)).line
    row = row.updated(heard("t", "TASK_RUNNING", healthy=False))
    assert "unhealthy" in row.line
    row = row.updated(heard("t", "TASK_FAILED", message="Container exited with status 3"))
    assert row.line.endswith(
        "172.17.0.2, fd00::2  8080→80, 53→53/udp  Container exited with status 3")


@pytest.mark.parametrize(("network", "shown"), [("HOST", True), ("BRIDGE", False), ("USER", False)])
def test_the_agents_address_is_the_containers_only_on_the_hosts_network(network: str,
                                                                        shown: bool) -> None:
    container = ContainerInfo("DOCKER", docker=DockerInfo("busybox", network))
    row = Row("t").launched(LAUNCH, replace(PLAIN, container=container))
    own = {"network_infos": [{"ip_addresses": [{"ip_address": "10.0.0.5"}]}]}
    assert ("10.0.0.5" in row.updated(heard("t", "TASK_RUNNING",
                                            container_status=own)).line) is shown


def test_pieces() -> None:
    assert addresses(heard("t", "TASK_RUNNING")) == []
    assert ports(PLAIN) == ""
    offered = Resource("ports", "RANGES", ranges=(Range(1, 1), Range(5, 9)))
    assert ports(replace(PLAIN, resources=(offered,))) == "1, 5-9"
    assert reason(heard("t", "TASK_FAILED",
                        reason="REASON_CONTAINER_LAUNCH_FAILED")) == "container launch failed"
    assert reason(heard("t", "TASK_FAILED")) == ""


def test_lines_keep_news_output_and_notes_apart() -> None:
    news, out, err = stream(), stream(), stream()
    report = Lines(news, out, err)
    report.launched(Row("t").launched(LAUNCH, PLAIN))
    report.updated(Row("t").updated(heard("t", "TASK_RUNNING")), heard("t", "TASK_RUNNING"))
    report.note("a note")
    report.output(b"\xffout", 1)
    report.output(b"err", 2)
    assert written(news) == "t  launching  on host0\nt  TASK_RUNNING\n"
    assert out.buffer.getvalue() == b"\xffout"  # type: ignore[attr-defined]
    assert written(err) == "a note\nerr"


def test_json_lines_keep_stdout_for_statuses() -> None:
    out, err = stream(), stream()
    report = JsonLines(out, err)
    status = update("t", "TASK_RUNNING", message="line\nbreak")
    report.waiting(Row("t", message="host0 (S0): cpus: 8 needed, 1 offered"))
    report.launched(Row("t"))
    report.updated(Row("t"), status_from_mapping(status))
    report.note("a note")
    report.output(b"out", 1)
    assert [json.loads(line) for line in written(out).splitlines()] == [status]
    assert written(err).splitlines() == [
        "t  waits for an offer  host0 (S0): cpus: 8 needed, 1 offered", "a note", "out"]


def terminal(height: int = 20, width: int = 120) -> tuple[LiveTable, io.StringIO]:
    from rich.console import Console
    from rich.live import Live
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=width, height=height, color_system=None)
    return LiveTable(Live(console=console, auto_refresh=False, redirect_stdout=False,
                          redirect_stderr=False)), file


def test_the_table_on_a_terminal() -> None:
    live, file = terminal()
    status = heard("t", "TASK_RUNNING", container_status=NETWORKS, message="[bold] is no markup")
    live.updated(Row("t").launched(LAUNCH, INFO).updated(status), status)
    live.note("[a note]")
    live.close()
    text = file.getvalue()
    for part in ("Task", "State", "Agent", "Address", "Ports", "TASK_RUNNING", "host0",
                 "172.17.0.2", "8080→80", "[bold] is no markup", "[a note]"):
        assert part in text


@pytest.mark.parametrize(("count", "height", "shown"), [(3, 20, 3), (50, 20, 17), (50, 5, 4)])
def test_the_table_fits_the_terminal_and_shows_what_is_alive(count: int, height: int,
                                                             shown: int) -> None:
    rows = [Row(f"t{i}", state="TASK_FINISHED") for i in range(count - 2)]
    rows += [Row("alive-1", state="TASK_RUNNING"), Row("alive-2", state="TASK_STARTING")]
    made = table(rows, height)
    assert made.row_count == shown
    names = [str(cell) for cell in made.columns[0].cells]
    assert {"alive-1", "alive-2"} <= set(names)
    if count > shown:
        assert names[-1] == f"… and {count - shown + 1} more"


def test_all_tasks_and_their_whole_messages_stay_when_the_table_closes() -> None:
    shown, file = terminal(height=8)
    for number in range(30):
        shown.waiting(Row(f"T{number}", state="TASK_FAILED",
                          message="word " * 40 + f"end-{number}"))
    shown.close()
    last = file.getvalue().rpartition("more")[2]
    assert all(f"end-{number}" in last for number in range(30))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_states_and_messages_are_readable_on_every_terminal(width: int) -> None:
    shown, file = terminal(width=width)
    message = "Container exited with status 3: stderr: " + " ".join(f"word-{number}" for number in range(20))
    for state in ("TASK_UNREACHABLE", "TASK_FAILED", "waits for an offer"):
        name = f"a-task-with-a-long-name-{state[-4:]}"
        shown.waiting(Row(name, state=state, agent="agent-7.cluster.example", healthy=False,
                          address="172.17.0.2, fd00::2", ports="8080→80, 53→53/udp", message=message))
    shown.close()
    last = file.getvalue().rpartition("\x1b[2K")[2]
    lines = last.splitlines()
    assert all(len(line.removeprefix("\r")) <= width for line in lines if "\x1b" not in line), lines
    for state in ("TASK_UNREACHABLE", "TASK_FAILED", "waits for an offer"):
        assert f"{state} unhealthy" in last
    assert all(f"word-{number}" in last for number in range(20))


def test_columns_where_they_have_room() -> None:
    short = [Row("t", state="TASK_FAILED", agent="host0", message="Container exited with status 3")]
    assert [each.header for each in table(short, None, 80).columns] == [
        "Task", "State", "Agent", "Address", "Ports", "Message"]
    assert [each.header for each in table(short, None, 60).columns] == ["State", "Task"]


class Terminal(io.TextIOWrapper):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_no_control_characters_and_a_pipe_every_byte() -> None:
    said = b"a\x1b[2J\r\n\xe2\x9c", b"\x93\xff\n"
    terminal, pipe = Terminal(io.BytesIO(), encoding="utf-8"), stream()
    lines = Lines(stream(), terminal, pipe)
    for piece in said:
        lines.output(piece, 1)
        lines.output(piece, 2)
    assert written(terminal) == "a\\x1b[2J\n✓\ufffd\n"
    pipe.flush()
    assert isinstance(pipe.buffer, io.BytesIO)
    assert pipe.buffer.getvalue() == b"".join(said)


def test_words_of_a_task_are_printed_and_not_acted_on() -> None:
    row = Row("t").updated(heard("t", "TASK_FAILED", message="stderr: \x1b]0;title\x07evil\r"))
    assert row.line == "t  TASK_FAILED  stderr: \\x1b]0;title\\x07evil\\r"
    news, notes = stream(), stream()
    Lines(news, stream(), notes).updated(row, heard("t", "TASK_FAILED"))
    Lines(news, stream(), notes).note("an agent says:\n\x9b2J")
    assert written(news) == f"{row.line}\n"
    assert written(notes) == "an agent says:\n\\x9b2J\n"
