"""What stands behind the instance of `exec`: options of ours, and the command."""
from __future__ import annotations

import pytest

from deploy.client.looking.exec import split


@pytest.mark.parametrize(("words", "letters", "command"), [
    (("--", "sh"), "", ("sh",)), (("-it", "--", "sh", "-i"), "it", ("sh", "-i")), (("-i", "-t", "sh"), "it", ("sh",)),
    (("--tty", "--interactive", "--", "--", "a"), "ti", ("--", "a")), (("ls", "-it"), "", ("ls", "-it")),
    (("-it",), "it", ()), ((), "", ()), (("-x", "a"), "", ("-x", "a"))])
def test_options_may_stand_behind_the_instance(words: tuple[str, ...], letters: str, command: tuple[str, ...]) -> None:
    assert split(words) == (letters, command)
