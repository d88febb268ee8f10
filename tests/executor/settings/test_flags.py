"""What the vectors cli_flags do not say about the command line."""
from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from executor.settings.agent import AgentSettings
from executor.settings.flags import FlagError, Flags, parse
from executor.settings.settings import CniFolders, FetchSettings, settings
from specs.errors import SpecError
from specs.network.address import HostPort

ONE = ["--container=mesos-1", "--docker=docker", "--docker_socket=/d.sock", "--launcher_dir=/l",
       "--mapped_directory=/m", "--sandbox_directory=/s"]
TOLD = AgentSettings(HostPort("10.0.0.7", 5051), "/slave(1)/api/v1/executor", "F", "E", "A",
                     directory="/work", shutdown_grace=7.0)


def test_without_flags_it_is_a_custom_executor() -> None:
    assert parse([]) == Flags()
    assert not parse(["--docker_socket=/d.sock"]).drop_in


def test_a_flag_of_the_drop_in_wants_the_others() -> None:
    with pytest.raises(FlagError, match="Missing required option --container"):
        parse(["--docker=docker"])
    with pytest.raises(FlagError, match=r"Missing required option --docker$"):
        parse(["--container=mesos-1"])


@pytest.mark.parametrize(("word", "text"), [
    ("--no-log_dir", "Failed to load non-boolean flag 'log_dir' via 'no-log_dir'"),
    ("--no-quiet=true", "Failed to load boolean flag 'quiet' via 'no-quiet' with value 'true'"),
    ("--logbufsecs=x",
     "Failed to load flag 'logbufsecs': Failed to load value 'x': Failed to convert .*"),
    ("--stop_timeout=5",
     "Failed to load flag 'stop_timeout': Failed to load value '5': Invalid duration '5'"),
    ("--default_container_dns=[]", "Failed to parse --default_container_dns: .*"),
    ('--default_container_dns={"docker":7}', "Failed to parse --default_container_dns: .*"),
    ("--docker_socket=file:///no/such/file",
     ".*Error reading file '/no/such/file': No such file or directory"),
])
def test_errors(word: str, text: str) -> None:
    with pytest.raises(FlagError, match=f"^{text}$"):
        parse([*(each for each in ONE if each.split("=")[0] != word.split("=", maxsplit=1)[0]),
               word])


def test_a_value_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "env").write_text('{"A": "b"}')
    assert parse([*ONE, f"--task_environment=file://{tmp_path}/env"]).task_environment == {"A": "b"}


@pytest.mark.parametrize("word", ["--quiet", "--quiet=", "--quiet=1", "--quiet=true", "--QUIET"])
def test_booleans(word: str) -> None:
    assert parse([*ONE, word]).quiet


def test_help_wins_over_what_is_missing() -> None:
    assert parse(["--docker=x", "--help"]).help


def test_a_bad_grace_period_is_an_error_after_the_flags() -> None:
    environment = {"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5"}
    with pytest.raises(FlagError,
                       match="Failed to parse value '5' of 'MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD': "
                                        "Invalid duration '5'"):
        parse(ONE, environment)
    with pytest.raises(FlagError, match="task_environment"):
        parse([*ONE, "--task_environment={"], environment)


def test_the_flags_of_clusterds_agents() -> None:
    """Without both there is no CNI, as there."""
    config, plugins = "--network_cni_config_dir=/etc/a:/etc/b", "--network_cni_plugins_dir=/opt/cni"
    assert settings(parse([*ONE, config, plugins]), TOLD, {},
                    "me").cni == CniFolders("/etc/a:/etc/b", "/opt/cni")
    assert settings(parse([config, plugins]), TOLD, {}, "me").cni is not None  # a custom executor may have them, too
    for words in ([], [config], [plugins], [config, "--network_cni_plugins_dir="]):
        assert settings(parse([*ONE, *words]), TOLD, {}, "me").cni is None


def test_every_flag_that_an_agent_of_clusterd_passes() -> None:
    """Those of a flag with a default are passed as well, so this is in every command line."""
    assert parse([*ONE, "--cleanup_log_files=0", "--logbufsecs=0"]).drop_in
    with pytest.raises(FlagError, match="Failed to load flag 'cleanup_log_files'"):
        parse([*ONE, "--cleanup_log_files=x"])


def test_default_limits_of_containers() -> None:
    said = {"MESOS_DOCKER_DEFAULT_ULIMITS": "nofile=1048576:1048576, nproc=4096"}
    assert settings(parse([]), TOLD, said, "me").ulimits == ("nofile=1048576:1048576", "nproc=4096")
    with pytest.raises(SpecError,
                       match=r"Failed to parse MESOS_DOCKER_DEFAULT_ULIMITS: .*no such limit"):
        settings(parse([]), TOLD, {"MESOS_DOCKER_DEFAULT_ULIMITS": "files=7"}, "me")


def test_settings_of_the_drop_in() -> None:
    flags = parse([*ONE, "--stop_timeout=10secs"])
    chosen = settings(flags, TOLD, {}, "me")
    assert (chosen.directory, chosen.mapped_directory,
            chosen.docker_socket) == ("/s", "/m", "/d.sock")
    assert (chosen.shutdown_grace, chosen.drop_in, chosen.idle_timeout) == (10.0, True, None)
    assert chosen.labels == {"mesos-docker.framework-id": "F", "mesos-docker.executor-id": "E",
                             "mesos-docker.agent-id": "A", "mesos-docker.owner": "me"}


@pytest.mark.parametrize(("text", "seconds"), [(None, 120.0), ("90secs", 90.0), ("0ns", None)])
def test_settings_of_the_custom_executor(text: str | None, seconds: float | None) -> None:
    chosen = settings(parse([]), TOLD, {} if text is None else {"MESOS_DOCKER_IDLE_TIMEOUT": text},
                      "me")
    assert chosen.shutdown_grace == 7.0
    assert (chosen.directory, chosen.docker_socket,
            chosen.idle_timeout) == ("/work", "/var/run/docker.sock", seconds)


def test_an_idle_timeout_that_cannot_be_read_is_named() -> None:
    with pytest.raises(SpecError, match="Failed to parse MESOS_DOCKER_IDLE_TIMEOUT 'soon': "):
        settings(parse([]), TOLD, {"MESOS_DOCKER_IDLE_TIMEOUT": "soon"}, "me")


RUN = "/var/lib/mesos/slaves/agent/frameworks/f/executors/e/runs/c"


@pytest.mark.parametrize(("directory", "environment", "folders"), [
    ("/work", {}, ("/tmp/mesos-docker-fetch-agent",)),
    (RUN, {}, ("/var/lib/mesos/slaves/agent/mesos-docker-fetch", "/tmp/mesos-docker-fetch-agent")),
    (RUN, {"MESOS_DOCKER_FETCHER_CACHE_DIR": "/cache"}, ("/cache/mesos-docker-fetch-agent",)),
])
def test_the_cache_of_fetched_files_is_the_agents(directory: str, environment: dict[str, str],
                                                  folders: tuple[str, ...]) -> None:
    told = replace(TOLD, agent_id="agent", directory=directory)
    chosen = settings(parse([]), told, environment, "me").fetch
    assert chosen == FetchSettings(folders, 2 << 30, 16 << 30)


def test_sizes_of_fetched_files() -> None:
    chosen = settings(parse([]), TOLD, {"MESOS_DOCKER_FETCHER_CACHE_SIZE": "10MB",
                                        "MESOS_DOCKER_FETCHER_MAX_SIZE": "1GB"}, "me").fetch
    assert (chosen.cache_bytes, chosen.max_bytes) == (10 << 20, 1 << 30)
    with pytest.raises(SpecError, match="Failed to parse MESOS_DOCKER_FETCHER_MAX_SIZE: "):
        settings(parse([]), TOLD, {"MESOS_DOCKER_FETCHER_MAX_SIZE": "much"}, "me")


@pytest.mark.parametrize(("argv", "status", "text"), [
    (["--help"], 0, "Usage: mesos-docker-executor"),
    (["--version"], 0, "mesos-docker-executor, version "),
    (["--frobnicate"], 1,
     "Failed to load unknown flag 'frobnicate'\n\nUsage: mesos-docker-executor"),
    ([], 1, "Expecting 'MESOS_SLAVE_PID' to be set in the environment"),
])
def test_the_program_before_it_runs(argv: list[str], status: int, text: str) -> None:
    program = Path(sys.executable).with_name("mesos-docker-executor")
    done = subprocess.run([program, *argv], capture_output=True, text=True, check=False, env={})
    assert done.returncode == status
    assert (done.stdout if status == 0 else done.stderr).startswith(text)


def test_reading_flags_waits_for_no_message_of_a_task() -> None:
    program = "import sys, executor.settings.settings; print(*(n for n in sys.modules if n.startswith('specs.')))"
    read = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True,
                          text=True, cwd=Path(__file__).parents[3])
    assert not {"specs.messages.task", "specs.container.run_options"} & set(read.stdout.split())


@pytest.mark.parametrize(("argv", "problem"), [
    (["--zzz=1", "--docker=x", "--docker=y"], "Flag 'docker' is already loaded via name 'docker'"),
    (["--zzz=1", "--aaa=1"], "Failed to load unknown flag 'aaa'"),
    (["--no-quiet", "--no-quiet"], "Flag 'quiet' is already loaded via name 'quiet'"),
    (["--no-quiet=x"], "Failed to load boolean flag 'quiet' via 'no-quiet' with value 'x'"),
    (["--logbufsecs=5x"],
     "Failed to load flag 'logbufsecs': Failed to load value '5x': Failed to convert into required type"),
    (["--docker=file:///nil"], ("Failed to load flag 'docker': Failed to load value 'file:///nil': "
                                "Error reading file '/nil': No such file or directory")),
    (ONE[1:], "Missing required option --container"), (ONE[:1], "Missing required option --docker"),
    ([*ONE, "--task_environment={"],
     "Failed to parse --task_environment: syntax error at line 1 near: "),
    ([*ONE, "--task_environment=[]"],
     "Failed to parse --task_environment: Unexpected JSON type parsed"),
    ([*ONE, '--task_environment={"b": 1, "a": 2}'],
     "Value of key 'a' in --task_environment is not a string"),
    ([*ONE, '--default_container_dns={"docker": [{"network_mode": "BRIDGE"}], "mesos": [{}]}'],
     "Failed to parse --default_container_dns: Missing required fields: mesos[0].dns, docker[0].dns"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_of_several_mistakes_mesoss_first_is_told_in_its_words(argv: list[str],
                                                               problem: str) -> None:
    with pytest.raises(FlagError) as caught:
        parse(argv)
    assert str(caught.value) == problem


@pytest.mark.parametrize(("argv", "helped"), [
    (["--help", "--unknown"], True), (["--help", "--another"], False),
    (["--help=false", "--unknown"], False)])
def test_help_is_given_unless_something_was_wrong_before_it(argv: list[str], helped: bool) -> None:
    """As in Mesos: flags are loaded in the order of the alphabet, and what was loaded stays."""
    if helped:
        assert parse(argv).help
        return
    with pytest.raises(FlagError):
        parse(argv)
