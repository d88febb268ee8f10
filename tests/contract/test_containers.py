"""Containers, from create to remove, with every verb done twice."""
from __future__ import annotations

import contextlib
import re
import threading

import pytest

from executor.engine.failures import (
    Blame,
    CommandNotFound,
    ContainerNotRunning,
    ImageNotFound,
    NameConflict,
    NoSuchContainer,
    NoSuchNetwork,
    RuntimeFailure,
)
from executor.engine.port import ContainerAction
from tests.contract.conftest import World
from tests.contract.reading import heard_from, listening, read_all, read_until
from tests.patience import SLOW


def test_a_created_container_is_not_started(world: World) -> None:
    container = world.created("true")
    found = world.containers.inspect(container)
    assert (found.id, found.running, found.started, found.exit_code, found.pid) == (container, False, False, None, None)
    assert found.image == "busybox:static"
    assert found.labels["mesos-docker.test"] == world.labels["mesos-docker.test"]


def test_create_again_with_the_same_labels_answers_the_same_container(world: World) -> None:
    name = world.name()
    payload = world.payload("true")
    assert world.containers.create(payload, name) == world.containers.create(payload, name)
    assert world.containers.inspect(name).name == name


def test_a_name_that_is_somebody_elses_is_a_conflict(world: World) -> None:
    name = world.name()
    container = world.containers.create(world.payload("true"), name)
    with pytest.raises(NameConflict, match="already in use") as caught:
        world.containers.create({**world.payload("true"), "Labels": {"other": "label"}}, name)
    assert container in str(caught.value)
    with pytest.raises(NameConflict):
        world.containers.create({**world.payload("true"), "Labels": {}}, name)


def test_an_image_that_is_not_here(world: World) -> None:
    with pytest.raises(ImageNotFound, match=r"(?i)no such image: .*nothing/of-the-kind") as caught:
        world.containers.create({**world.payload("true"), "Image": "nothing/of-the-kind"}, world.name())
    assert caught.value.blame is Blame.TASK
    assert not caught.value.retry
    assert not world.has_image("nothing/of-the-kind")
    assert world.has_image("busybox:static")


@pytest.mark.parametrize(("argv", "code"), [(["true"], 0), (["false"], 1), (["sh", "-c", "exit 42"], 42)])
def test_exit_status_by_event_and_by_inspect(world: World, argv: list[str], code: int) -> None:
    with listening(world.runtime, world.labels) as heard:
        container = world.started(*argv)
        assert heard.until(ContainerAction.DIE, container).exit_code == code
    found = world.containers.inspect(container)
    assert (found.running, found.exit_code, found.started, found.oom_killed) == (False, code, True, False)
    assert found.finished_at is not None


def test_output_of_both_descriptors_reaches_the_attached(world: World) -> None:
    container = world.created("sh", "-c", "echo to stdout; echo to stderr >&2; exit 3")
    stream = world.containers.attach(container, tty=False)
    world.containers.start(container)
    assert read_all(stream) == {1: b"to stdout\n", 2: b"to stderr\n"}
    assert read_all(world.containers.logs(container, follow=False)) == {1: b"to stdout\n", 2: b"to stderr\n"}


def test_logs_follow_until_the_end(world: World) -> None:
    container = world.started("sh", "-c", "echo early; trap 'exit 0' TERM; sleep 600 & wait")
    stream = world.containers.logs(container, follow=True)
    assert read_until(stream, b"early\n") == b"early\n"
    world.containers.kill(container, "SIGKILL")
    assert read_all(stream) == {1: b"", 2: b""}


def test_logs_of_a_time(world: World) -> None:
    with listening(world.runtime, world.labels) as heard:
        container = world.started("sh", "-c", "echo first; exit 1",
                                  host={"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 1}})
        first = heard.until(ContainerAction.DIE, container).time_nano
        second = heard.until(ContainerAction.DIE, container).time_nano
    both = read_all(world.containers.logs(container, follow=False, until=second))
    before = read_all(world.containers.logs(container, follow=False, until=first))
    behind = read_all(world.containers.logs(container, follow=False, since=first, until=second))
    assert (both[1], before[1], behind[1]) == (b"first\nfirst\n", b"first\n", b"first\n")


def test_a_stream_with_nothing_to_say_does_not_block(world: World) -> None:
    stream = world.containers.attach(world.started("sleep", "600"), tty=False)
    assert stream.read() == []
    stream.close()


def test_kill_ends_it_with_137_and_does_no_harm_afterwards(world: World) -> None:
    with listening(world.runtime, world.labels) as heard:
        container = world.started("sleep", "600")
        world.containers.kill(container, "SIGKILL")
        assert heard.until(ContainerAction.DIE, container).exit_code == 137
    world.containers.kill(container, "SIGTERM")
    world.containers.remove(container)
    world.containers.kill(container, "9")
    world.containers.remove(container)


def test_start_twice_is_start(world: World) -> None:
    container = world.started("sleep", "600")
    first = world.containers.inspect(container)
    world.containers.start(container)
    assert world.containers.inspect(container).started_at == first.started_at


@pytest.mark.parametrize("signal", ["SIGTERM", "TERM", "15"])
def test_a_signal_by_name_and_by_number(world: World, signal: str) -> None:
    with listening(world.runtime, world.labels) as heard:
        container = world.created("sh", "-c", "trap 'exit 5' TERM; echo ready; sleep 600 & wait")
        stream = world.containers.attach(container, tty=False)
        world.containers.start(container)
        read_until(stream, b"ready")
        while not heard.all or heard.all[-1].action is not ContainerAction.DIE:
            world.containers.kill(container, signal)  # the shell hears it once it waits
            if not world.containers.inspect(container).running:
                heard.until(ContainerAction.DIE, container)
        stream.close()
    assert world.containers.inspect(container).exit_code == 5


def test_a_program_that_is_not_in_the_image(world: World) -> None:
    container = world.created("no-such-program")
    with pytest.raises(CommandNotFound, match=r"executable file .*not found") as caught:
        world.containers.start(container)
    assert caught.value.blame is Blame.TASK
    found = world.containers.inspect(container)
    assert (found.running, found.started, found.exit_code) == (False, False, 127)
    assert "no-such-program" in found.error


def test_a_network_that_does_not_exist(world: World) -> None:
    with pytest.raises(NoSuchNetwork, match=r"nowhere.* not found"):
        world.started("true", host={"NetworkMode": "nowhere"})


def test_what_is_asked_of_no_container(world: World) -> None:
    for verb in (world.containers.inspect, world.containers.start, world.containers.attach, world.containers.logs):
        with pytest.raises(NoSuchContainer, match=r'(?i)no such container: nobody|"nobody" found'):
            verb("nobody")
    with pytest.raises(NoSuchContainer):
        world.containers.exec("nobody", ["true"])


def test_a_running_container_is_removed_only_by_force(world: World) -> None:
    container = world.started("sleep", "600")
    with pytest.raises(RuntimeFailure, match=r"cannot remove (a running )?container"):
        world.containers.remove(container, force=False)
    with listening(world.runtime, world.labels) as heard:
        world.containers.remove(container, force=True)
        heard.until(ContainerAction.DESTROY, container)
    with pytest.raises(NoSuchContainer):
        world.containers.inspect(container)


def test_exec_runs_with_its_own_environment(world: World) -> None:
    container = world.started("sleep", "600", Env=["A=from the container"])
    done = world.containers.exec(container, ["sh", "-c", "echo $A $B; exit 4"], env={"B": "and from exec"})
    assert (done.exit_code, done.output) == (4, b"from the container and from exec\n")
    assert world.containers.exec(container, ["true"]).exit_code == 0


def test_exec_is_cut_off_in_time(world: World) -> None:
    container = world.started("sleep", "600")
    assert world.containers.exec(container, ["sleep", "600"], timeout=0.3 * SLOW).exit_code is None


def test_exec_of_a_missing_program_is_127(world: World) -> None:
    done = world.containers.exec(world.started("sleep", "600"), ["no-such-program"])
    assert done.exit_code == 127
    assert re.search(b"executable file .*not found", done.output)


def test_exec_needs_a_running_container(world: World) -> None:
    with pytest.raises(ContainerNotRunning, match=r"is not running|on running containers"):
        world.containers.exec(world.created("true"), ["true"])


def test_who_speaks_with_a_command_hears_it_to_its_end(world: World) -> None:
    spoken = world.containers.interact(world.started("sleep", "600"), ["sh", "-c", "echo begun; cat; exit 7"])
    try:
        assert spoken.write(b"said\n\xff") == 6
        spoken.close_input()
        assert heard_from(spoken) == (b"begun\nsaid\n\xff", 7)
    finally:
        spoken.close()


@pytest.mark.parametrize("signal", ["TERM", "SIGKILL"])
def test_a_command_that_is_spoken_with_gets_signals(world: World, signal: str) -> None:
    spoken = world.containers.interact(world.started("sleep", "600"), ["sh", "-c", "echo begun; exec sleep 600"])
    try:
        assert read_until(spoken, b"begun\n") == b"begun\n"
        spoken.signal("NONE")
        spoken.signal(signal)
        assert heard_from(spoken)[1] == (143 if signal == "TERM" else 137)
    finally:
        spoken.close()


def test_a_command_that_is_spoken_with_is_killed_with_all_its_processes(world: World) -> None:
    spoken = world.containers.interact(world.started("sleep", "600"), ["sh", "-c", "echo begun; sleep 600; true"])
    try:
        assert read_until(spoken, b"begun\n") == b"begun\n"
        spoken.kill()
        assert heard_from(spoken) == (b"", 137)
    finally:
        spoken.close()


def test_nobody_speaks_with_what_cannot_be_run(world: World) -> None:
    with pytest.raises(ContainerNotRunning, match=r"is not running|on running containers"):
        world.containers.interact(world.created("true"), ["true"])
    with pytest.raises(CommandNotFound, match="no-such-program"):  # at once, or at the end, as older engines say it
        _status(world, world.started("sleep", "600"), "no-such-program")


def _status(world: World, container: str, *argv: str) -> int:
    with contextlib.closing(world.containers.interact(container, argv)) as spoken:
        return heard_from(spoken)[1]


def test_containers_by_label(world: World) -> None:
    running, created = world.started("sleep", "600"), world.created("true")
    assert {found.id for found in world.containers.ls(world.labels)} == {running, created}
    assert world.containers.ls({**world.labels, "another": "label"}) == []
    listed = {each.id: each for each in world.containers.listed(world.labels)}
    assert set(listed) == {running, created}
    assert listed[running].name == world.containers.inspect(running).name
    assert world.labels.items() <= listed[running].labels.items()


def test_events_start_with_the_call_and_carry_labels(world: World) -> None:
    before = world.started("sleep", "600")
    world.containers.kill(before, "KILL")
    with listening(world.runtime, world.labels) as heard:
        after = world.started("true")
        died = heard.until(ContainerAction.DIE, after)
    assert [event.action for event in heard.all if event.id == after] == [ContainerAction.START, ContainerAction.DIE]
    assert world.labels.items() <= died.labels.items()
    assert died.time_nano > 1_600_000_000 * 10**9


def test_events_of_many_at_once_none_lost_none_doubled(world: World) -> None:
    with listening(world.runtime, world.labels) as heard:
        threads = [threading.Thread(target=world.started, args=("sh", "-c", f"exit {code}")) for code in range(8)]
        for thread in threads:
            thread.start()
        died = [heard.until(ContainerAction.DIE) for _ in threads]
        for thread in threads:
            thread.join()
    assert sorted(event.exit_code or 0 for event in died) == list(range(8))
    assert len({event.id for event in died}) == 8


def test_a_file_that_is_not_there(world: World) -> None:
    assert world.containers.read(world.created("true"), "/no/such/file") is None
    with pytest.raises(NoSuchContainer):
        world.containers.read("nobody", "/etc/passwd")


def test_version_is_three_numbers(world: World) -> None:
    assert len(world.runtime.engine.version()) == 3
    assert world.runtime.engine.version() > (4, 0, 0)  # podman has numbers of its own
