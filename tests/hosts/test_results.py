"""The table of hosts: what counts as passed, and where it stands in README."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.hosts.__main__ import SUITES, suites
from tests.hosts.hosts import HOSTS
from tests.hosts.inside import ended, of_podman
from tests.hosts.results import BEGIN, END, Proved, Suite, allowed, step, suite, table, written

JUNIT = """<?xml version="1.0"?><testsuites><testsuite name="pytest" time="12.5">
<testcase classname="tests.a" name="good"/>
<testcase classname="tests.a" name="bad"><failure message="m">text</failure></testcase>
<testcase classname="tests.a" name="broken"><error message="m"/></testcase>
<testcase classname="tests.a" name="left_out"><skipped message="why"/></testcase>
</testsuite></testsuites>"""
ONCE = suite([(JUNIT, "")])
AGAIN = """<testsuites><testsuite name="pytest" time="3">
<testcase classname="tests.a" name="bad"/>
<testcase classname="tests.a" name="good"><failure message="m">text</failure></testcase>
<testcase time="0.000" />
</testsuite></testsuites>"""
LOG = """bringing up nodes...
2 workers [7 items]
scheduling tests via LoadFileScheduling
[gw0] [ 14%] PASSED tests/a/test_b.py::test_one[a b]{blank}
[gw1] [ 28%] PASSED tests/a/test_b.py::test_two{blank}
[gw1] [ 28%] ERROR tests/a/test_b.py::test_two{blank}
[gw0] [100%] FAILED tests/a/test_c.py::test_three{blank}
""".format(blank=" ")
FACTS = {"system": "Debian 12", "kernel": "6.1", "engine": "docker 20.10.24", "api": "1.12 to 1.41",
         "storage": "overlay2", "cgroups": "v1", "cgroup_driver": "cgroupfs", "python": "3.11.2"}


def test_what_was_skipped_has_failed_unless_readme_says_why() -> None:
    assert ONCE.failed == ("tests.a::bad", "tests.a::broken", "tests.a::left_out")
    assert (ONCE.passed, ONCE.seconds) == (1, 12.5)
    known = allowed("text\n- `tests.a::left_out` is skipped: it needs two machines\n- `tests.a::bad` is skipped: \n")
    assert known == ["tests.a::left_out"]
    assert suite([(JUNIT, "")], known) == Suite(1, ("tests.a::bad", "tests.a::broken"), 12.5)


@pytest.mark.parametrize(("part", "wanted"), [
    ("", SUITES), ("-k one", {name: [*words, "-k", "one"] for name, words in SUITES.items()}),
    ("tests/e2e/test_x.py tests/contract tests/e2e/test_y.py --ignore=tests/e2e/z",
     {"e2e": ["tests/e2e/test_x.py", "tests/e2e/test_y.py", "--ignore=tests/e2e/z"],
      "contract": ["tests/contract", "--ignore=tests/e2e/z"]})])
def test_what_was_chosen_runs_by_folder(part: str, wanted: dict[str, list[str]]) -> None:
    assert suites(part) == wanted
    assert list(suites(part)) == list(wanted)


def test_a_skip_that_is_allowed_is_no_test_that_passed_and_one_that_failed_is_not_excused() -> None:
    assert suite([(JUNIT, "")], ["tests.a::left_out", "tests.a::bad"]).failed == ("tests.a::bad", "tests.a::broken")


def test_each_test_counts_by_its_last_run() -> None:
    assert suite([(JUNIT, ""), (AGAIN, "")]) == Suite(
        1, ("tests.a::good", "tests.a::broken", "tests.a::left_out"), 15.5)
    told = table([Proved("sid", "2026-01-02", {}, {"a": ONCE}, ("tests/a", "tests/a/test_b.py"))])
    assert told.endswith("\nOn sid: only `tests/a`, then `tests/a/test_b.py`.")
    told = table([Proved("sid", "2026-01-02", {}, {"a": ONCE}, ("", "tests/a/test_b.py"))])
    assert told.endswith("\nOn sid: all, then `tests/a/test_b.py`.")


def test_what_was_stopped_says_how_many_tests_did_not_run() -> None:
    stopped = suite([(JUNIT, "2 workers [7 items]\n")])
    assert stopped.text == "1 passed, **3 failed**, 3 not run, 12 s"
    of_log = suite([(None, LOG)])
    assert of_log == Suite(1, ("tests.a.test_b::test_two", "tests.a.test_c::test_three"), 0.0, 4)
    assert of_log.text == "1 passed, **2 failed**, 4 not run"
    assert suite([(None, LOG), (None, "")]) == of_log
    assert suite([(None, "")]).text == "did not run"


@pytest.mark.parametrize(("found", "complete"), [
    ({}, False), ({"contract": suite([])}, False), ({"contract": Suite(3, (), 1.0)}, True),
    ({"contract": Suite(3, ("x",), 1.0)}, False),
    ({"contract": Suite(3, (), 1.0, missing=1)}, False), ({"main job": step(0, 4.0)}, True),
    ({"main job": step(1, 4.0)}, False), ({"main job": step(None, None)}, False)])
def test_what_left_no_results_is_not_proved(found: dict[str, Suite], complete: bool) -> None:
    assert Proved("h", "2026-01-01", FACTS, found).complete is complete


def test_the_table_says_what_ran_when_and_which_part() -> None:
    found = [Proved("debian12-v1", "2026-01-01", FACTS, {"main job": step(0, 4.2), "docker": ONCE}),
             Proved("sid", "2026-01-02", {}, {"chosen": suite([])}, ("tests/contract",))]
    assert table(found).splitlines() == [
        "| host | kernel | engine | API | storage | cgroups | Python | main job | docker | chosen |",
        "|---|---|---|---|---|---|---|---|---|---|",
        ("| Debian 12 (2026-01-01) | 6.1 | docker 20.10.24 | 1.12 to 1.41 | overlay2 | v1, cgroupfs | 3.11.2 "
         "| 1 passed, 4 s | 1 passed, **3 failed**, 12 s | – |"),
        "| sid (2026-01-02) | ? | ? | ? | ? | ?, ? | ? | – | – | did not run |",
        "", "On sid: only `tests/contract`."]


def test_a_host_that_did_not_run_again_keeps_its_row() -> None:
    there = [Proved("sid", "2026-01-01", {**FACTS, "system": "sid (forky)"}, {"main job": step(0, 4.2)}, ("tests/x",)),
             Proved("debian12", "2026-01-01", FACTS, {"main job": step(0, 4.2), "docker": ONCE}, ("tests/y",))]
    v1, v2 = (Proved("debian12", "2026-02-02", {**FACTS, "cgroups": groups}, {"chosen": ONCE})
              for groups in ("v1", "v2"))
    again = [there[0], v1]
    assert table([v1], table(there)) == table(again)
    assert table([v2], table(again)) == table([*again, v2])
    assert table([], table(again)) == table(again)


def test_a_suite_that_is_out_of_time_may_say_what_it_knows(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = f"trap 'echo told > {said}; exit 2' INT; echo ready; while :; do sleep 0.01; done"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert ended(process, 0.05) == 2
    assert said.read_text() == "told\n"


def test_podman_tells_what_it_is_in_words_of_its_own() -> None:
    assert of_podman({"host": {"cgroupVersion": "v2", "cgroupManager": "systemd", "ociRuntime": {"name": "crun"}},
                      "store": {"graphDriverName": "overlay"},
                      "version": {"Version": "5.4.2", "APIVersion": "5.4.2"}}) == {
        "engine": "podman 5.4.2", "api": "podman's 5.4.2", "storage": "overlay", "cgroups": "v2",
        "cgroup_driver": "systemd", "runtime": "crun"}
    assert of_podman({})["engine"] == "podman ?"


def test_it_stands_between_its_marks() -> None:
    readme = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert written(readme, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    with pytest.raises(ValueError, match="no place"):
        written("before", "new")


def test_readme_has_the_place_and_the_makefile_the_hosts() -> None:
    root = Path(__file__).parents[2]
    assert written((root / "README.md").read_text(), "x")
    assert all(name in (root / "Makefile").read_text() for name in HOSTS)
