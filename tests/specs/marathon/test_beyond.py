"""Labels that go beyond Marathon, and the block that is another way to write them."""
from __future__ import annotations

import re

import pytest

from specs.marathon.app import App
from specs.marathon.beyond import Beyond, beyond, check_beyond
from specs.marathon.definitions import Config, read_app
from specs.marathon.errors import BROKEN_RULE, MarathonError, Problems


def labelled(**labels: str) -> App:
    return App("/a", labels={f"MESOS_DOCKER_{name}": text for name, text in labels.items()} | {"other": "x"})


@pytest.mark.parametrize(("labels", "expected"), [
    ({}, Beyond()),
    ({"CANARY": "2", "PROMOTE_AFTER": "5mins"}, Beyond(canary=2, promote_after=300)),
    ({"BATCH": "3", "FAILURE_LIMIT": "0"}, Beyond(batch=3, failure_limit=0)),
    ({"PROGRESS_DEADLINE": "1.5h", "AUTO_ROLLBACK": "True"}, Beyond(progress_deadline=5400, auto_rollback=True)),
    ({"RESTART_POLICY": "On-Failure", "DRAIN_SECONDS": " 10 "}, Beyond(restart_policy="on-failure", drain=10)),
    ({"EXEC": "false", "DRAIN_SECONDS": "90secs"}, Beyond(exec=False, drain=90)),
])
def test_labels(labels: dict[str, str], expected: Beyond) -> None:
    assert beyond(labelled(**labels)) == expected


@pytest.mark.parametrize(("labels", "words"), [
    ({"CANARY": "two"}, "must be a whole number, not 'two'"),
    ({"CANARY": "-1"}, "must be a whole number"),
    ({"CANARY": "9" * 5000}, "must be a whole number"),
    ({"BATCH": "0"}, "must be a whole number above 0"),
    ({"DRAIN_SECONDS": "-5"}, "must be a duration such as"),
    ({"DRAIN_SECONDS": "inf"}, "must be a duration such as"),
    ({"PROMOTE_AFTER": "500days"}, "must be a duration of at most a year"),
    ({"PROGRESS_DEADLINE": "0s"}, "must be a duration above 0"),
    ({"AUTO_ROLLBACK": "yes"}, "must be true or false"),
    ({"RESTART_POLICY": "no"}, "must be one of always, on-failure, never"),
    ({"RESTART": "never"}, "did you mean MESOS_DOCKER_RESTART_POLICY?"),
    ({"": "x"}, "is not known; known are MESOS_DOCKER_"),
    ({"canary": "1"}, "is not known"),
])
def test_labels_that_say_nothing(labels: dict[str, str], words: str) -> None:
    with pytest.raises(MarathonError) as raised:
        beyond(labelled(**labels))
    assert words in str(raised.value)
    assert f"/labels/MESOS_DOCKER_{next(iter(labels))}" in str(raised.value)


def test_a_single_instance_has_no_canaries() -> None:
    app = App("/a", labels={"MARATHON_SINGLE_INSTANCE_APP": "true", "MESOS_DOCKER_CANARY": "1"})
    with pytest.raises(MarathonError, match="neither canaries nor batches"):
        beyond(app)


@pytest.mark.parametrize(("labels", "refused", "words"), [
    ({"PROMOTE_AFTER": "5mins"}, "PROMOTE_AFTER", "does nothing without MESOS_DOCKER_CANARY"),
    ({"PROMOTE_AFTER": "0s", "CANARY": "0"}, "PROMOTE_AFTER", "does nothing without MESOS_DOCKER_CANARY"),
    ({"PROMOTE_AFTER": "5mins", "CANARY": "two"}, "CANARY", "must be a whole number"),
    ({"PROMOTE_AFTER": "5mins", "CANARY": "1"}, None, ""),
    ({"AUTO_ROLLBACK": "true"}, "AUTO_ROLLBACK", "by MESOS_DOCKER_FAILURE_LIMIT or MESOS_DOCKER_PROGRESS_DEADLINE"),
    ({"AUTO_ROLLBACK": "true", "RESTART_POLICY": "on-failure"}, "AUTO_ROLLBACK", "a deployment cannot fail"),
    ({"AUTO_ROLLBACK": "true", "RESTART_POLICY": "never"}, None, ""),
    ({"AUTO_ROLLBACK": "true", "FAILURE_LIMIT": "0"}, None, ""),
    ({"AUTO_ROLLBACK": "true", "FAILURE_LIMIT": "few"}, "FAILURE_LIMIT", "must be a whole number"),
    ({"AUTO_ROLLBACK": "true", "PROGRESS_DEADLINE": "1m"}, None, ""),
    ({"AUTO_ROLLBACK": "false"}, None, ""),
])
def test_a_label_that_does_nothing_without_another_one_is_refused(
        labels: dict[str, str], refused: str | None, words: str) -> None:
    problems = Problems()
    check_beyond(labelled(**labels), problems)
    if refused is None:
        assert not problems
        return
    with pytest.raises(MarathonError) as raised:
        problems.raise_if_any(BROKEN_RULE)
    path, _, error = str(raised.value).removeprefix(f"{BROKEN_RULE}: ").partition(": ")
    assert path == f"/labels/MESOS_DOCKER_{refused}"
    assert words in error


def test_an_app_that_was_taken_before_a_rule_about_two_labels_is_still_read() -> None:
    assert beyond(labelled(PROMOTE_AFTER="5s", AUTO_ROLLBACK="true")) == Beyond(promote_after=5, auto_rollback=True)


def test_the_block_is_rewritten_into_labels() -> None:
    block = {"canary": 2.0, "autoRollback": True, "restartPolicy": "never", "progressDeadline": "10mins", "exec": None}
    app = read_app({"id": "a", "cmd": "true", "x-mesos-docker": block, "labels": {"x": "y"}}, Config()).app
    assert app.labels == {
        "x": "y", "MESOS_DOCKER_CANARY": "2", "MESOS_DOCKER_AUTO_ROLLBACK": "true",
        "MESOS_DOCKER_RESTART_POLICY": "never", "MESOS_DOCKER_PROGRESS_DEADLINE": "10mins"}
    assert beyond(app) == Beyond(canary=2, auto_rollback=True, restart_policy="never", progress_deadline=600)


@pytest.mark.parametrize(("key", "words"), [
    ("cannary", "cannary is not known; did you mean canary?"),
    ("promote-afer", "promote-afer is not known; did you mean promoteAfter?"),
    ("MESOS_DOCKER_CANARY", "MESOS_DOCKER_CANARY is not known; did you mean canary?"),
    ("x", "x is not known; known are drainSeconds, restartPolicy, canary, promoteAfter, batch, ")])
def test_the_block_refuses_a_key_by_its_path_and_says_what_would_be_right(key: str, words: str) -> None:
    with pytest.raises(MarathonError, match=re.escape(f"/x-mesos-docker/{key}: {words}")):
        read_app({"id": "a", "cmd": "true", "x-mesos-docker": {key: 1}}, Config())


@pytest.mark.parametrize(("block", "labels"), [
    ({"canary": 1, "Canary": 2}, None), ({"drainSeconds": 1, "drain-seconds": 2}, None),
    ({"canary": 1, "CANARY": "1"}, {"MESOS_DOCKER_CANARY": "1"})])
def test_two_keys_of_the_block_for_one_label_may_not_differ(block: dict[str, object],
                                                           labels: dict[str, str] | None) -> None:
    if labels is not None:
        assert read_app({"id": "a", "cmd": "true", "x-mesos-docker": block}, Config()).app.labels == labels
        return
    with pytest.raises(MarathonError, match="another key for the same label says '1'"):
        read_app({"id": "a", "cmd": "true", "x-mesos-docker": block}, Config())
