"""Enough of a shell for containers in memory: what the tests' commands mean, as data.

Known: `true`, `false`, `echo WORDS`, `sleep N`, `cat`, `env`, and `sh -c` with these, `exit N`, `echo … >&2`,
`trap 'exit N' SIGNAL`, `exec` and `sleep N & wait`, joined by `;`. A program that is not known is not in the image.
"""
from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PROGRAMS = frozenset({"true", "false", "echo", "sleep", "cat", "env", "sh"})


@dataclass(frozen=True, slots=True)
class Write:
    """Something is written, to descriptor 1 or 2."""

    descriptor: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Sleep:
    """It sleeps so many seconds; traps are heard only while the shell itself waits."""

    seconds: float
    hears: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """What a program does from start to end, and how it answers to signals (names without SIG → exit status)."""

    steps: tuple[Write | Sleep, ...]
    exit_code: int
    traps: Mapping[str, int] = field(default_factory=dict)


def life(argv: Sequence[str], env: Mapping[str, str]) -> Life | None:
    """What a command does; None if its program is not in the image."""
    program = argv[0].rpartition("/")[2] if argv else ""
    if program not in PROGRAMS:
        return None
    if program == "sh" and len(argv) >= 3 and argv[1] == "-c":
        return _script(argv[2], env)
    return _script(shlex.join([program, *argv[1:]]), env)


def _script(text: str, env: Mapping[str, str]) -> Life:
    steps: list[Write | Sleep] = []
    traps: dict[str, int] = {}
    code = 0
    for command in (part.strip() for part in text.split(";") if part.strip()):
        words = [re.sub(r"\$(\w+)", lambda name: env.get(name[1], ""), word) for word in shlex.split(command)]
        if words[0] == "exec":
            words = words[1:]
        match words:
            case ["exit", status]:
                return Life(tuple(steps), int(status), traps)
            case ["trap", action, signal]:
                traps[signal] = int(action.split()[-1])
            case ["sleep", seconds, *rest]:
                steps.append(Sleep(float(seconds), hears="wait" in rest))
            case ["echo", *rest]:
                loud = [word for word in rest if word != ">&2"]
                steps.append(Write(2 if ">&2" in rest else 1, " ".join(loud).encode() + b"\n"))
            case ["env"]:
                steps.append(Write(1, "".join(f"{name}={value}\n" for name, value in env.items()).encode()))
            case ["cat"]:
                steps.append(Sleep(3600))
            case [program]:
                code = {"true": 0, "false": 1}.get(program, 127)
            case _:
                code = 127
    return Life(tuple(steps), code, traps)
