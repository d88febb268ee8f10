"""What an engine's words mean, and whose fault that is; and that text of users does not decide."""
from __future__ import annotations

import inspect
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.engine import failures
from executor.engine.errors import (
    ENGINE,
    PULL,
    deciding,
    failure,
    network_failure,
    network_refusal,
    pull_failure,
    refusal,
)
from executor.engine.failures import (
    BadOption,
    Blame,
    CommandNotExecutable,
    CommandNotFound,
    DaemonUnavailable,
    ImageNotFound,
    NoSuchNetwork,
    NotAuthorised,
    PortInUse,
    RegistryUnavailable,
    RegistryUnreachable,
    RuntimeFailure,
)
from tests.executor.engine.words import Said, said

SAID = said()
TASK, NODE, OPERATOR = Blame.TASK, Blame.NODE, Blame.OPERATOR

# Whose fault; whether the task may succeed if it is launched again; whether the call is made again at once.
FAULTS: dict[str, tuple[Blame, bool, bool]] = {
    "RuntimeFailure": (NODE, True, False),
    "TaskFault": (TASK, False, False),
    "ImageNotFound": (TASK, False, False),
    "NotAuthorised": (TASK, False, False),
    "BadOption": (TASK, False, False),
    "NoCommand": (TASK, False, False),
    "FileNotFetched": (TASK, False, False),
    "FileSourceAway": (OPERATOR, True, False),
    "BadSandbox": (TASK, False, False),
    "CommandNotFound": (TASK, False, False),
    "CommandNotExecutable": (TASK, False, False),
    "NoSuchNetwork": (TASK, False, False),
    "PortInUse": (NODE, True, False),
    "NameConflict": (NODE, True, False),
    "NoSuchContainer": (NODE, True, False),
    "ContainerNotRunning": (NODE, True, False),
    "AlreadySo": (NODE, True, False),
    "RegistryUnavailable": (OPERATOR, True, True),
    "RegistryUnreachable": (OPERATOR, True, True),
    "RateLimited": (OPERATOR, True, True),
    "RegistryDistrusted": (OPERATOR, False, False),
    "BadNodeLogin": (OPERATOR, False, False),
    "DaemonUnavailable": (NODE, True, True),
    "DeadlineExceeded": (NODE, True, True),
    "NodeLacks": (NODE, False, False),
    "WrongVersion": (NODE, False, False),
    "NetworkPluginFailed": (NODE, True, False),
    "Fault": (NODE, True, False),
    "Cancelled": (NODE, True, False),
}


def test_whose_fault_each_kind_is() -> None:
    kinds = {name: kind for name, kind in inspect.getmembers(failures, inspect.isclass)
             if issubclass(kind, RuntimeFailure)}
    assert {name: (kind.blame, kind.again, kind.retry) for name, kind in kinds.items()} == FAULTS
    assert {name: kind.exit_status for name, kind in kinds.items() if kind.exit_status != 125} == {
        "CommandNotFound": 127, "CommandNotExecutable": 126}


@pytest.mark.parametrize("row", SAID["asked"], ids=str)
def test_words_of_the_engine(row: Said) -> None:
    found = failure(row.status or 0, row.text)
    assert (type(found), str(found)) == (row.kind, row.text)


@pytest.mark.parametrize("row", SAID["refused"], ids=str)
def test_words_that_refuse_a_container(row: Said) -> None:
    found = refusal(row.status or 0, row.text)
    assert (type(found), str(found)) == (row.kind, row.text)


@pytest.mark.parametrize("row", SAID["pulls"], ids=str)
def test_words_about_a_pull(row: Said) -> None:
    found = pull_failure(row.status, row.text)
    assert (type(found), str(found)) == (row.kind, row.text)


@pytest.mark.parametrize("row", SAID["networks"], ids=str)
def test_words_about_a_network(row: Said) -> None:
    assert type(network_failure(row.status or 0, row.text)) is row.kind


@pytest.mark.parametrize("row", SAID["joined"], ids=str)
def test_words_that_refuse_a_network(row: Said) -> None:
    assert type(network_refusal(row.status or 0, row.text)) is row.kind


def test_each_pattern_decides_about_some_words() -> None:
    """A row of the table without a text that an engine says is a guess."""
    others = [row for section, rows in SAID.items() if section != "pulls" for row in rows]
    for rules, samples in ((ENGINE, others), (PULL, SAID["pulls"])):
        decided = {next(deciding(rules, row.text), None) for row in samples}
        rows = [(rule.kind, pattern.pattern) for rule in rules for pattern in rule.patterns]
        assert [(kind.__name__, pattern) for kind, pattern in rows if (kind, pattern) not in decided] == []


RUNC = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
INIT = f"failed to create task for container: {RUNC}error during container init: "
SETUP = "failed to set up container networking: "
ENDPOINT = "driver failed programming external connectivity on endpoint x (4f2): "

# What an engine says, with a place for what a user chose: as it is, or (!r) as Go quotes it.
SENTENCES = [
    (INIT + "exec: {0!r}: executable file not found in $PATH: unknown", CommandNotFound),
    (RUNC + "exec: {0!r}: stat {0}: no such file or directory: unknown", CommandNotFound),
    (INIT + "exec {0}: no such file or directory: unknown", CommandNotFound),
    (INIT + "exec: {0!r}: permission denied: unknown", CommandNotExecutable),
    (INIT + "exec {0}: exec format error: unknown", CommandNotExecutable),
    ("crun: executable file `{0}` not found in $PATH: No such file or directory: OCI runtime attempted to invoke it",
     CommandNotFound),
    ("crun: the path `{0}` exists but it is not executable: Operation not permitted: OCI permission denied",
     CommandNotExecutable),
    ("crun: the path `{0}` is not a regular file: Operation not permitted: OCI permission denied",
     CommandNotExecutable),
    ("crun: open `/proc/sys/{0}`: No such file or directory: OCI runtime attempted to invoke it", BadOption),
    (INIT + "error mounting {0!r} to rootfs at {0!r}: mount {0}:{0} (via /proc/self/fd/6), flags: 0x5000: not a "
            "directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)?", BadOption),
    (INIT + "open /proc/sys/{0}: no such file or directory: unknown", BadOption),
    ("No such image: {0}:latest", ImageNotFound),
    ("image with reference {0} was found but does not match the specified platform: wanted {0}, actual: linux/amd64",
     ImageNotFound),
    ('invalid mount config for type "bind": bind source path does not exist: {0}', BadOption),
    ("could not get container for {0}: No such container: {0}", BadOption),
    ("No such container: {0}", BadOption),
    ("network {0} not found", NoSuchNetwork),
    (SETUP + "network {0} not found", NoSuchNetwork),
    ("error gathering device information while adding custom device {0!r}: no such file or directory", BadOption),
    ("stat {0}: no such file or directory", BadOption),
    ("Cannot mkdir: {0} is not a directory", BadOption),
    ("lstat /var/lib/docker/overlay2/d3/merged/{0}: not a directory", BadOption),
    ("unable to find user {0}: no matching entries in passwd file", BadOption),
    ("Unknown runtime specified {0}", BadOption),
    ("unknown or invalid runtime name: {0}", BadOption),
    ("unknown log opt '{0}' for json-file log driver", BadOption),
    ("error looking up logging plugin {0}: plugin {0!r} not found", BadOption),
    ("create {0}: {0!r} includes invalid characters for a local volume name, only \"[a-z]\" are allowed.", BadOption),
    ("failed to initialize logging driver: dial tcp {0}: connect: connection refused", BadOption),
    (ENDPOINT + "Bind for {0}:80 failed: port is already allocated", PortInUse),
]
OMINOUS = sorted({row.text for rows in SAID.values() for row in rows})


class Chosen(str):
    """A user's text, with Go's way to quote."""

    __slots__ = ()

    def __repr__(self) -> str:
        return json.dumps(self, ensure_ascii=False)


@pytest.mark.parametrize(("sentence", "kind"), SENTENCES)
@given(chosen=st.one_of(st.text(), st.sampled_from(OMINOUS), st.sampled_from(OMINOUS).map(lambda text: f"/x: {text}"),
                        st.sampled_from(OMINOUS).map(lambda text: f'"{text}')))
def test_text_of_a_user_never_decides(sentence: str, kind: type[RuntimeFailure], chosen: str) -> None:
    assert type(refusal(500, sentence.format(Chosen(chosen)))) is kind


PULLED = [
    ("manifest for {0}:{0} not found: manifest unknown: manifest unknown", ImageNotFound),
    ("pull access denied for {0}, repository does not exist or may require 'docker login'", ImageNotFound),
    ("docker.io/library/{0}:{0}: not found", ImageNotFound),
    ("failed to resolve reference \"r.example/{0}:{0}\": r.example/{0}:{0}: not found", ImageNotFound),
    ("unexpected status from HEAD request to https://r.example/v2/{0}/manifests/1: 500 Internal Server Error",
     RegistryUnavailable),
    ("Get https://r.example/v2/{0}/manifests/{0}: unauthorized: authentication required", NotAuthorised),
    ("Get \"https://{0}/v2/\": dial tcp: lookup {0} on 10.0.0.2:53: no such host", RegistryUnreachable),
]
WORDS = sorted({word for text in OMINOUS for word in re.findall(r"[a-z0-9]+", text.lower())})


@pytest.mark.parametrize(("sentence", "kind"), PULLED)
@given(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), joint=st.sampled_from("-._/"))
def test_the_name_of_an_image_never_decides(sentence: str, kind: type[RuntimeFailure], words: list[str],
                                            joint: str) -> None:
    assert type(pull_failure(None, sentence.format(joint.join(words)))) is kind


def test_what_an_engine_cannot_do_is_an_answer() -> None:
    """Asked again it says the same: 20.10 of a log driver that cannot be read."""
    found = failure(501, "configured logging driver does not support reading")
    assert type(found) is RuntimeFailure
    assert type(failure(503, "anything")) is DaemonUnavailable
