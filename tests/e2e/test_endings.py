"""How tasks end on real Docker, told through `mesos-docker run --task - --output json`.

Every case is run once, several at a time, on one embedded Mesos; then each is looked at in a test of its own, and the
table of all of them is printed.
"""
from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator

import pytest

from tests.e2e.endings import (
    PATIENCE,
    Case,
    Life,
    Outcome,
    Registry,
    docker,
    interrupt,
    local_mesos,
    once_running,
    run_all,
    when_killing,
    when_starting,
    when_written,
)
from tests.e2e.explained import compare
from tests.e2e.overheard_engine import OverheardEngine, overheard_engine
from tests.patience import SLOW

FINISHED, FAILED, KILLED, DROPPED = "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_DROPPED"
LAUNCH, OOM, TIME, DURING = ("REASON_CONTAINER_LAUNCH_FAILED", "REASON_CONTAINER_LIMITATION_MEMORY",
                             "REASON_MAX_COMPLETION_TIME_REACHED", "REASON_TASK_KILLED_DURING_LAUNCH")
ANY = "depends on who is quicker"
NOT_THE_TASK = "not the task's fault, another attempt may succeed"
READY = "touch /ready; sleep 600 & wait"


def exited(status: int, more: str = "") -> str:
    return f"Container exited with status {status}{more}"


def grace(seconds: float) -> dict[str, object]:
    return {"kill_policy": {"grace_period": {"nanoseconds": int(seconds * 1e9)}}}


def at_most(seconds: float) -> dict[str, object]:
    return {"max_completion_time": {"nanoseconds": int(seconds * SLOW * 1e9)}}


def parameters(**values: str) -> dict[str, object]:
    return {"parameters": [{"key": key.replace("_", "-"), "value": value} for key, value in values.items()]}


def health(**check: object) -> dict[str, object]:
    return {"health_check": {"delay_seconds": 0, "interval_seconds": 0.1, "grace_period_seconds": 0,
                             "timeout_seconds": 20 * SLOW, "consecutive_failures": 2, **check}}


def command(text: str) -> dict[str, object]:
    return health(type="COMMAND", command={"value": text})


HOG = "x=xxxxxxxxxxxxxxxx; while true; do x=$x$x; done"

BY_ITSELF = [
    Case("exit 0", FINISHED, exited(0), 0, command="exit 0"),
    Case("exit 1", FAILED, exited(1), 1, command="exit 1"),
    Case("exit 3 with last words", FAILED, exited(3, ": stderr: before .* the last"), 3,
         command="echo before >&2; echo the last >&2; exit 3"),
    Case("exit 255", FAILED, exited(255), 255, command="exit 255"),
    Case("shell: not executable", FAILED,
         exited(126, r": command cannot be executed \(in: sh -c /etc/passwd\); stderr: .*Permission denied"), 126,
         command="/etc/passwd"),
    Case("shell: not found", FAILED,
         exited(127, r": command not found \(in: sh -c no-such-program\); stderr: .*not found"), 127,
         command="no-such-program"),
    Case("exit 137 by itself", FAILED, exited(137, ": killed by SIGKILL"), 137, command="exit 137"),
    Case("segmentation fault", FAILED, exited(139, ": killed by SIGSEGV.*"), 139,
         command="sh -c 'kill -SEGV $$'; exit $?"),
    Case("reads stdin", FINISHED, exited(0), 0, command="cat"),
    Case("no shell", FAILED, exited(7), 7, argv=["sh", "-c", "exit 7"]),
    Case("out of memory", FAILED, exited(137, r": out of memory \(limit 32.0 MiB, peak 32.0 MiB\).*"), 137, OOM,
         command=HOG, mem=32),
    Case("a child out of memory", FAILED, exited(9, r": out of memory \(limit 32.0 MiB.*\).*"), 9, OOM,
         command=f"sh -c '{HOG}'; exit 9", mem=32),
    Case("read-only volume", FAILED, exited(1, ": stderr: .*Read-only file system"), 1, command="echo x > /v/file",
         container={"volumes": [{"container_path": "/v", "host_path": "v", "mode": "RO"}]}),
    Case("read-only root", FAILED, exited(1, ": stderr: .*Read-only file system"), 1, command="echo x > /file",
         docker=parameters(read_only="true")),
    Case("restart policy: once more", FINISHED, exited(0), 0,
         command="[ -e /mnt/mesos/sandbox/again ] && exit 0; touch /mnt/mesos/sandbox/again; exit 5",
         docker=parameters(restart="on-failure:3")),
    Case("restart policy: used up", FAILED, exited(5), 5, command="exit 5", docker=parameters(restart="on-failure:1")),
    Case("time enough", FINISHED, exited(0), 0, command="exit 0",
         fields=at_most(60)),
    Case("healthy", FINISHED, exited(0), 0, command="sleep 1", fields=command("true")),
]

OWN_SANDBOX = ("cd $MESOS_SANDBOX && echo x > mine && test $(id -u) = {0} && "
               "test \"$(stat -c %u . stdout stderr mine | sort -u)\" = {0}")

AS_A_USER = [
    Case("the image's user", FINISHED, exited(0), 0, command=OWN_SANDBOX.format(1234),
         docker={"image": "busybox:user"}),
    Case("a user by the image's name", FINISHED, exited(0), 0, command=OWN_SANDBOX.format(4321),
         docker={"image": "busybox:uid4321", **parameters(user="daemon")}),
    Case("a group by the image's name", FINISHED, exited(0), 0,
         command=f"{OWN_SANDBOX.format(4321)} && test $(id -g) = 4322 && test $(stat -c %g .) = 4322",
         docker={"image": "busybox:uid4321", **parameters(user="daemon:staff")}),
]

IN_MANY_WORDS = [  # nothing but what `explain` says of them is of interest
    Case("many fields", FINISHED, exited(0), 0, mem=32,
         command="test -x $MESOS_SANDBOX/passwd && test $GREETING = hello && id -u",
         docker={"network": "BRIDGE", "force_pull_image": False,
                 **parameters(ulimit="nofile=100:200", label="a=b", add_host="other:10.0.0.1", tmpfs="/t:size=1m")},
         container={"hostname": "inside", "tty_info": {},
                    "linux_info": {"shm_size": 2, "effective_capabilities": {"capabilities": ["CHOWN", "KILL"]}},
                    "volumes": [{"container_path": "/from", "host_path": "/etc", "mode": "RO"},
                                {"container_path": "/own", "host_path": "own", "mode": "RW"}]},
         fields={"limits": {"mem": {"value": 64}, "cpus": {"value": 0.5}}}, variables={"GREETING": "hello"},
         uris=({"value": "file:///etc/passwd", "executable": True},)),
    Case("limits without end", FINISHED, exited(0), 0, command="true", mem=16,
         fields={"limits": {"mem": {"value": "Infinity"}, "cpus": {"value": "Infinity"}}}),
    Case("drop-in: many fields", FINISHED, exited(0), 0, command="test $GREETING = hello", executor="mesos",
         docker={"network": "BRIDGE", **parameters(ulimit="nofile=100:200", label="a=b")},
         container={"volumes": [{"container_path": "/from", "host_path": "/etc", "mode": "RO"}]},
         fields={"limits": {"mem": {"value": 128}}}, variables={"GREETING": "hello"}),
    Case("in the image's words", FINISHED, exited(0), 0, argv=["echo", "two words", "$HOME"],
         docker=parameters(workdir="/tmp", user="1:2")),
]

NEVER_STARTED = [
    Case("program not found", FAILED, exited(127, ": command not found: /no/such/program; .*[Nn]o such file.*"), 127,
         LAUNCH, argv=["/no/such/program"]),
    Case("program not executable", FAILED,
         exited(126, ": command cannot be executed: /etc/passwd; .*permission denied.*"), 126, LAUNCH,
         argv=["/etc/passwd"]),
    Case("no command, and none in the image", FAILED,
         exited(125, ": the image has no command of its own, and none was given; "
                     "([Nn]o command specified|.*crun: cannot find ``.*)"), 125,
         LAUNCH, argv=()),
    Case("bad image name", "", ".*not an image.*", 2, command="true", docker={"image": "Not::An/Image"}),
    Case("registry away", DROPPED, "Failed to launch container: no answer from the registry of 127.0.0.1:1/x/y:1; "
                                  f".*connection refused.*; {NOT_THE_TASK}", 3, LAUNCH, command="true",
         docker={"image": "127.0.0.1:1/x/y:1"}),
    Case("unknown parameter", "", ".*unknown flag: --no-such-option.*", 2, command="true",
         docker=parameters(no_such_option="x")),
    Case("bad parameter value", "", ".*--memory: invalid value 'x'.*", 2, command="true",
         docker=parameters(memory="x")),
    Case("parameter that the engine refuses", FAILED, exited(125, ": .*"), 125, LAUNCH, command="true",
         docker=parameters(cap_add="NO_SUCH_CAPABILITY")),
    Case("device not on the node", FAILED,
         exited(125, ": the engine refused an option; .*/dev/none.*no such file or directory"), 125, LAUNCH,
         command="true", docker=parameters(device="/dev/none")),
    Case("working directory is a file", FAILED, exited(125, ": the engine refused an option; .*not a directory"), 125,
         LAUNCH, command="true", docker=parameters(workdir="/bin/sh")),
    Case("limit of the storage driver", FAILED, exited(125, ": the engine refused an option; .*storage-opt.*"), 125,
         LAUNCH, command="true", docker=parameters(storage_opt="size=10G")),
    Case("blank in the program's name", FAILED, exited(127, ": command not found: '/bin/echo hello world'; .*"), 127,
         LAUNCH, argv=["/bin/echo hello world"]),
    Case("drop-in: blank in the program's name", FAILED, exited(127), 127, argv=["/bin/echo hello world"],
         executor="mesos"),
    Case("user not in the image", FAILED, exited(125, ": .*unable to find user nobody-here.*"), 125, LAUNCH,
         command="true", docker=parameters(user="nobody-here")),
    Case("missing volume driver", FAILED, exited(125, ": .*no-such-driver.*"), 125, LAUNCH, command="true",
         container={"volumes": [{"container_path": "/v", "mode": "RW", "source": {
             "type": "DOCKER_VOLUME", "docker_volume": {"driver": "no-such-driver", "name": "some-volume"}}}]}),
    Case("missing network", FAILED, exited(125, ": .*no-such-network.*"), 125, LAUNCH, command="true",
         docker={"network": "USER"}, container={"network_infos": [{"name": "no-such-network"}]}),
    Case("host network with hostname", "", ".*Unable to set hostname with host network mode\n", 2, command="true",
         docker={"network": "HOST"}, container={"hostname": "inside"}),
    Case("both paths relative", "", ".*Both host_path 'a' and container_path 'b' of a volume are relative\n", 2,
         command="true",
         container={"volumes": [{"container_path": "b", "host_path": "a", "mode": "RW"}]}),
]

ON_DEMAND = [
    Case("killed, and it listens", KILLED, exited(0), 143, command=f"trap 'exit 0' TERM; {READY}",
         deed=once_running(when_written("/ready", interrupt)), fields=grace(60)),
    Case("killed, and it does not listen", KILLED, exited(137), 137, command="sleep 600",
         deed=once_running(interrupt), fields=grace(0.5)),
    Case("killed without grace", KILLED, exited(137), 137, command=f"trap '' TERM; {READY}",
         deed=once_running(interrupt), fields=grace(0)),
    Case("killed with the signal it asks for", KILLED, exited(9), 143, command=f"trap 'exit 9' USR1; {READY}",
         docker=parameters(stop_signal="USR1"), deed=once_running(when_written("/ready", interrupt)), fields=grace(60)),
    Case("interrupted twice", KILLED, exited(137), 130, command=f"trap '' TERM; {READY}",
         deed=once_running(when_written("/ready", interrupt), when_killing(interrupt)), fields=grace(600)),
    Case("killed while it starts", KILLED, "(Container exited with status|Killed while) .*", -1, ANY,
         command="sleep 600", deed=when_starting(interrupt), fields=grace(0)),
    Case("killed while paused", KILLED, exited(137), 137, command="sleep 600",
         deed=once_running(docker("pause"), interrupt), fields=grace(0.5)),
    Case("time over", FAILED, exited(137, ": max_completion_time was reached"), 137, TIME, command="sleep 600",
         fields=at_most(5)),
    Case("unhealthy", KILLED,
         exited(137, r": its health check failed \(2 times in a row, at last: Command exited with status 4\)"), 137,
         command="sleep 600", fields={**command("exit 4"), **grace(0)}, healthy=False),
    Case("unhealthy: nothing listens", KILLED, exited(137, r": its health check failed \(2 times in a row, .*\)"), 137,
         command="sleep 600", healthy=False,
         fields={**health(type="TCP", tcp={"port": 81}), **grace(0)}),
]

BEHIND_OUR_BACK = [
    Case("SIGKILL from outside", FAILED, exited(137, ": killed by SIGKILL; the engine sent SIGKILL without our asking"),
         137, command="sleep 600",
         deed=once_running(docker("kill"))),
    Case("SIGTERM from outside", FAILED, exited(5, ": the engine sent SIGTERM without our asking"), 5,
         command=f"trap 'exit 5' TERM; {READY}",
         deed=once_running(when_written("/ready", docker("kill", "-s", "TERM")))),
    Case("stopped from outside", FAILED, exited(137, ": killed by SIGKILL; the engine sent SIGKILL without our asking"),
         137, command="sleep 600",
         deed=once_running(docker("stop", "-t", "0"))),
    Case("removed from outside", FAILED, exited(137, ".*the container was removed by somebody else"), 137,
         command="sleep 600", deed=once_running(docker("rm", "-f"))),
    Case("restarted from outside", FAILED, exited(137, ": .*the engine sent SIGKILL without our asking.*"), 137,
         command="sleep 600",
         deed=once_running(docker("restart", "-t", "0", check=False))),  # we may have removed it in the middle
    Case("paused and resumed", FINISHED, exited(0), 0, command=f"sleep {8 * max(1.0, SLOW / 2):g}",
         deed=once_running(docker("pause"), docker("unpause"))),
]

AS_MESOS = [  # the drop-in in the place of Mesos's executor: its words, and no more
    Case("drop-in: exit 0", FINISHED, exited(0), 0, command="exit 0", executor="mesos"),
    Case("drop-in: exit 3", FAILED, exited(3), 3, command="echo words >&2; exit 3", executor="mesos"),
    Case("drop-in: not found", FAILED, exited(127), 127, argv=["/no/such/program"], executor="mesos"),
    Case("drop-in: parameter that the engine refuses", FAILED, exited(125), 125, command="true", executor="mesos",
         docker=parameters(cap_add="NO_SUCH_CAPABILITY")),
    Case("drop-in: device not on the node", FAILED, exited(127), 127, command="true", executor="mesos",
         docker=parameters(device="/dev/none")),  # as docker run
    Case("drop-in: killed", KILLED, exited(137), 137, command="sleep 600", executor="mesos",
         deed=once_running(interrupt), fields=grace(0)),
    Case("drop-in: time over", FAILED, exited(137), 137, TIME, command="sleep 600", executor="mesos",
         fields=at_most(5)),
]


def with_registries(missing: Registry, locked: Registry, broken: Registry, silent: Registry,
                    other: Registry) -> list[Case]:
    """Cases in which a registry plays its part."""
    return [
        Case("missing image", FAILED, f"Failed to launch container: image not found: {missing.image}; .*", 3, LAUNCH,
             command="true", docker={"image": missing.image}),
        Case("not authorised", FAILED, f"Failed to launch container: not authorised to pull {locked.image}; .*", 3,
             LAUNCH, command="true", docker={"image": locked.image}),
        Case("broken registry", DROPPED, f"Failed to launch container: no answer from the registry of {broken.image}; "
                                         f".*; {NOT_THE_TASK}", 3, LAUNCH, command="true",
             docker={"image": broken.image}),
        Case("killed during the pull", KILLED, "Killed while the image was being pulled", 143, DURING, command="true",
             docker={"image": silent.image}, deed=when_starting(interrupt, lambda: silent.asked.wait(PATIENCE))),
        Case("time over during the pull", FAILED,
             "Killed while the image was being pulled: max_completion_time was reached", 3, TIME, command="true",
             docker={"image": other.image}, fields=at_most(5)),
    ]


def port_conflict(port: int) -> Case:
    mappings = [{"host_port": port, "container_port": 80}]
    return Case("port in use", DROPPED, f"Failed to run docker container: .*in use.*; {NOT_THE_TASK}", 3, LAUNCH,
                command="true", ports=[port], docker={"network": "BRIDGE", "port_mappings": mappings})


REGISTRY_CASES = ("missing image", "not authorised", "broken registry", "killed during the pull",
                  "time over during the pull")
# Which executors the agent at MESOS_MASTER can start: without a docker containerizer there is no drop-in.
EXECUTORS = os.environ.get("MESOS_EXECUTORS", "custom,mesos").split(",")
CASES = [case for case in (*BY_ITSELF, *IN_MANY_WORDS, *AS_A_USER, *NEVER_STARTED, *ON_DEMAND, *BEHIND_OUR_BACK,
                           *AS_MESOS) if case.executor in EXECUTORS]
NAMES = [*(case.name for case in CASES), *REGISTRY_CASES, "port in use"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverheardEngine]:
    with overheard_engine(tmp_path_factory.mktemp("engine")) as overheard:
        yield overheard


@pytest.fixture(scope="module")
def outcomes(engine: OverheardEngine) -> Iterator[dict[str, Outcome]]:
    registries = [Registry(404), Registry(401), Registry(500), Registry(None), Registry(None)]
    with socket.create_server(("0.0.0.0", 20_100)), local_mesos("--docker_socket", engine.socket) as address:
        slow_first = [*with_registries(*registries), port_conflict(20_100), *NEVER_STARTED, *ON_DEMAND,
                      *BEHIND_OUR_BACK, *AS_MESOS, *AS_A_USER, *IN_MANY_WORDS,
                      *BY_ITSELF]
        yield run_all([case for case in slow_first if case.executor in EXECUTORS], address, engine.socket)
    for registry in registries:
        registry.close()


@pytest.mark.timeout(600 * SLOW)
@pytest.mark.parametrize("name", NAMES)
def test_ending(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    case, last = outcome.life.case, outcome.life.last
    assert outcome.status is not None, (last, outcome.life.errors)
    assert case.status in (outcome.status, -1), (last, outcome.life.errors)
    if not case.state:  # refused before anything was launched
        assert re.fullmatch(case.message, outcome.life.errors, re.DOTALL), outcome.life.errors
        assert not last
        return
    if SLOW > 1 and "the end of 1 task was not seen" in outcome.life.errors:  # `run` waits three seconds for it
        assert (case.name, last["state"]) == ("interrupted twice", "TASK_KILLING")
        return
    assert (last["state"], last.get("healthy")) == (case.state, case.healthy), (last, outcome.life.errors)
    assert case.reason in (last.get("reason"), ANY), last
    assert re.fullmatch(case.message, last.get("message", ""), re.DOTALL), last["message"]
    assert outcome.left == [] or case.executor == "mesos"
    told = [state for state in outcome.life.states if state != "STAGING"]  # which a master answers who is asked early
    assert told[0] == "STARTING"
    assert outcome.life.states.count("RUNNING") <= 1 or case.fields.get("health_check")


@pytest.mark.timeout(600 * SLOW)
@pytest.mark.parametrize("name", NAMES)
def test_explained(name: str, outcomes: dict[str, Outcome], engine: OverheardEngine) -> None:
    """What `explain` says of a task is what the engine was asked for, and no more."""
    compare(outcomes[name], engine)


@pytest.mark.timeout(600 * SLOW)
def test_table(outcomes: dict[str, Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    assert len(outcomes) == len(NAMES) >= 40
    with capsys.disabled():
        print(f"\n\n{len(outcomes)} endings on real Docker")
        for name in NAMES:
            last = outcomes[name].life.last
            reason = last.get("reason", "").removeprefix("REASON_").lower()
            print(f"  {name:38} {last.get('state', ''):14} {outcomes[name].status!s:>3}  {reason:29} "
                  f"{last.get('message', '')[:150]}")


@pytest.mark.timeout(60 * SLOW)
def test_nobody_waits_for_what_is_over() -> None:
    """A deed whose hour does not come is over with the run, not with all patience."""
    refused = Case("refused", "", "", 2, command="true", docker={"image": "Not::An/Image"},
                   deed=once_running(interrupt))
    assert Life(refused, "127.0.0.1:1").live() == 2
