"""Whom a container runs as, as numbers: a name is its image's, not the node's.

As the engine reads `--user` and an image's USER: runc, libcontainer/user, `GetExecUser`.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

USERS: Final = "/etc/passwd"
GROUPS: Final = "/etc/group"
_LARGEST: Final = 2**31 - 1


class Ids(NamedTuple):
    """A user and a group as numbers; a group that is not said is None."""

    user: int
    group: int | None = None


def by_numbers(user: str) -> Ids | None:
    """NUMBER or NUMBER:NUMBER; None if it has a name in it, so that the image has to be asked.

    Nobody at all is root.
    """
    name, _, group = user.partition(":")
    number, group_number = _number(name or "0"), _number(group)
    if number is None or (group and group_number is None):
        return None
    return Ids(number, group_number)


def by_files(user: str, passwd: str, group: str) -> Ids | None:
    """NAME, NUMBER, and either with :GROUP, by an image's /etc/passwd and /etc/group.

    None if there is no such user, or group: the engine does not start such a container.
    """
    name, _, group_name = user.partition(":")
    found = _user(name or "0", passwd)
    if found is None or not group_name:
        return found
    chosen = _group(group_name, group)
    return None if chosen is None else Ids(found.user, chosen)


def _user(name: str, passwd: str) -> Ids | None:
    number = _number(name)
    for entry, (uid, gid) in _lines(passwd, (2, 3)):
        if entry == name or uid == number:
            return Ids(uid, gid)
    return None if number is None else Ids(number, 0)


def _group(name: str, group: str) -> int | None:
    number = _number(name)
    for entry, (gid,) in _lines(group, (2,)):
        if entry == name or gid == number:
            return gid
    return number


def _lines(text: str, number_at: tuple[int, ...]) -> Iterator[tuple[str, list[int]]]:
    """The name and the numbers of each line that has them."""
    for line in text.splitlines():
        fields = line.strip().split(":")
        numbers = [_number(fields[at]) if at < len(fields) else None for at in number_at]
        known = [number for number in numbers if number is not None]
        if len(known) == len(number_at):
            yield fields[0], known


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdecimal() and len(text) <= 10
    return int(text) if plain and int(text) <= _LARGEST else None
