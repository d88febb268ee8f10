"""What hosts have brought back, as one table; and README's copy of it. Pure.

A test counts as passed only if it ran and passed, in the last run that it had. A skipped one is a failed one, unless
README names it with a reason (`allowed`); a suite that left no results has failed, and one that was stopped says how
many of its tests did not run.
"""
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

BEGIN: Final = "<!-- what tests/hosts has proved: begin; written by make test-hosts -->"
END: Final = "<!-- what tests/hosts has proved: end -->"
_TOLD: Final = re.compile(r"^\[gw\d+\] \[ *\d+%\] ([A-Z]+) (tests/\S+)\.py::(.+?) ?$", re.MULTILINE)
_ITEMS: Final = re.compile(r"^\d+ workers? \[(\d+) items?\]", re.MULTILINE)  # pytest-xdist's words
_SKIP: Final = re.compile(r"^- `(?P<test>[^`]+)` is skipped: \S", re.MULTILINE)
_SAID: Final = {"FAILED": "failure", "ERROR": "error", "SKIPPED": "skipped"}
_BAD: Final = tuple(_SAID.values())
HEAD: Final = ("host", "kernel", "engine", "API", "storage", "cgroups", "Python")


@dataclass(frozen=True, slots=True)
class Suite:
    """`failed`: names of tests; `seconds` None: it did not run; `missing`: how many tests of it did not."""

    passed: int = 0
    failed: tuple[str, ...] = ()
    seconds: float | None = None
    missing: int = 0

    @property
    def text(self) -> str:
        if self.seconds is None:
            return "did not run"
        bad = f", **{len(self.failed)} failed**" if self.failed else ""
        rest = f", {self.missing} not run" if self.missing else ""
        took = f", {self.seconds:.0f} s" if self.seconds else ""
        return f"{self.passed} passed{bad}{rest}{took}"


@dataclass(frozen=True, slots=True)
class Proved:
    """What ran on one host. `parts`: which tests were chosen, run by run, where not all in one."""

    name: str
    date: str
    facts: Mapping[str, str] = field(default_factory=dict)
    suites: Mapping[str, Suite] = field(default_factory=dict)
    parts: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return bool(self.suites) and all(suite.seconds is not None and not suite.failed and not suite.missing
                                         for suite in self.suites.values())


def suite(runs: Sequence[tuple[str | None, str]], allowed: Iterable[str] = ()) -> Suite:
    """From the JUnit files' texts and the logs of its runs, the first one first. None: it left only a log."""
    last: dict[str, set[str]] = {}
    for junit, log in runs:
        last |= _in_log(log) if junit is None else _kinds(junit)
    if not last:
        return Suite()
    known = set(allowed)
    failed = tuple(name for name, kinds in last.items()
                   if kinds & {"failure", "error"} or ("skipped" in kinds and name not in known))
    passed = sum(not kinds for kinds in last.values())
    seconds = sum(float(each.get("time") or 0) for junit, _ in runs if junit is not None
                  for each in ET.fromstring(junit).iter("testsuite"))
    there = max(int(items) for _, log in runs for items in _ITEMS.findall(log) or ("0",))
    return Suite(passed, failed, seconds, max(0, there - len(last)))


def _kinds(junit: str) -> dict[str, set[str]]:
    """What is said of each test, by name; nothing of one that passed."""
    found: dict[str, set[str]] = {}
    for case in ET.fromstring(junit).iter("testcase"):
        if not case.get("name"):  # one that ran when the suite was stopped
            continue
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        found.setdefault(name, set()).update(child.tag for child in case if child.tag in _BAD)
    return found


def _in_log(log: str) -> dict[str, set[str]]:
    """The same of a run that was stopped with its machine."""
    found: dict[str, set[str]] = {}
    for said, file, test in _TOLD.findall(log):
        found.setdefault(f"{file.replace('/', '.')}::{test}", set()).update({_SAID[said]} if said in _SAID else ())
    return found


def step(status: int | None, seconds: float | None) -> Suite:
    """Of a program that ends with 0, as if it were one test."""
    if status is None:
        return Suite()
    return Suite(1, (), seconds) if status == 0 else Suite(0, (f"exit status {status}",), seconds)


def allowed(readme: str) -> list[str]:
    """Skips that README lists with a reason, as "- `tests.x::y` is skipped: why"."""
    return _SKIP.findall(readme)


def table(found: Sequence[Proved], before: str = "") -> str:
    """In Markdown, with the date of each run. Rows of hosts in an older table that are not among these stay."""
    rows, parts = _read(before)
    for each in found:
        title = f"{each.facts.get('system', each.name)}"
        facts = [each.facts.get(key, "?") for key in ("kernel", "engine", "api", "storage")]
        groups = f"{each.facts.get('cgroups', '?')}, {each.facts.get('cgroup_driver', '?')}"
        cells = [f"{title} ({each.date})", *facts, groups, each.facts.get("python", "?")]
        rows[title, groups] = dict(zip(HEAD, cells, strict=True)) | {
            name: suite.text for name, suite in each.suites.items()}
        chosen = ", then ".join(f"`{part}`" if part else "all" for part in each.parts)
        parts[title] = f"On {title}: {'only ' if each.parts[0] else ''}{chosen}." if any(each.parts) else ""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(row.get(name, "–") for name in names) + " |" for row in rows.values()]
    told = [part for part in parts.values() if part]
    return "\n".join(lines + (["", *"\n\n".join(told).split("\n")] if told else []))


def _read(text: str) -> tuple[dict[tuple[str, str], dict[str, str]], dict[str, str]]:
    """Rows of a table by host and cgroups, each by column; and what it says of parts, by host."""
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:1] == "|"]
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for cells in lines[2:]:
        row = dict(zip(lines[0], cells, strict=True))
        title = row[HEAD[0]].rpartition(" (")[0]
        rows[title, row[HEAD[5]]] = {name: cell for name, cell in row.items() if cell != "–"}
    parts = {title: line for line in text.splitlines() for title, _ in rows if line.startswith(f"On {title}: ")}
    return rows, parts


def present(readme: str) -> str:
    """The table that README has; raises ValueError if it has no place for one."""
    _, begin, rest = readme.partition(BEGIN)
    text, end, _ = rest.partition(END)
    if not begin or not end:
        raise ValueError("README has no place for the table of hosts")
    return text.strip()


def written(readme: str, text: str) -> str:
    """README with this table between its marks; raises ValueError if it has none."""
    present(readme)
    before, _, rest = readme.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}"
