"""What the soak would notice."""
from __future__ import annotations

from typing import Any

import pytest

from tests.soak.numbers import Numbers
from tests.soak.wishes import Wish, Wishes

ONE, TWO = Wish(1, "v1"), Wish(2, "v2")


def shown(**apps: Wish) -> dict[str, Any]:
    return {f"/{name}": {"instances": wish.instances, "env": {"VERSION": wish.version}} for name, wish in apps.items()}


def test_what_was_acknowledged_and_is_not_so() -> None:
    wishes = Wishes()
    wishes.answered("/a", ONE, 201)
    assert wishes.broken(shown(a=ONE)) == []
    assert len(wishes.broken(shown(a=TWO))) == len(wishes.broken({})) == 1
    assert wishes.broken(shown(a=ONE, b=ONE)) == ["/b was never asked for"]
    wishes.answered("/a", TWO, None)
    assert wishes.broken(shown(a=ONE)) == wishes.broken(shown(a=TWO)) == []
    wishes.answered("/a", None, 200)
    assert len(wishes.broken(shown(a=TWO))) == 1


def test_a_refusal_is_a_failure() -> None:
    with pytest.raises(AssertionError, match="409 for /a"):
        Wishes().answered("/a", ONE, 409)


def test_numbers_that_are_missing_or_come_again() -> None:
    numbers = Numbers(lambda: ("", ""))
    numbers.seen = [1, 2, 3]
    assert numbers.broken() == []
    numbers.seen = [1, 3, 3]
    assert numbers.broken() == ["event 3 came after 1", "event 3 came after 3"]
