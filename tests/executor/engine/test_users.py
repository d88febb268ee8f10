"""Whom a container runs as: names are the image's."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.engine.users import Ids, by_files, by_numbers

PASSWD = """root:x:0:0:root:/root:/bin/sh
# a comment
broken
daemon:x:4321:1:daemon:/:/bin/false
many:x:99999999999:1::/:/bin/false
1234:x:77:78:a name that is a number:/:/bin/sh
twice:x:5:50::/:/bin/sh
twice:x:6:60::/:/bin/sh
"""
GROUP = "root:x:0:\nwheel:x:10:root\nbroken:x\ndaemon:x:1:\n"


@pytest.mark.parametrize(("user", "ids"), [
    ("", Ids(0)), ("0", Ids(0)), ("12", Ids(12)), ("12:34", Ids(12, 34)), (":34", Ids(0, 34)), ("12:", Ids(12)),
    ("daemon", None), ("12:wheel", None), ("daemon:1", None), ("-1", None), ("1.5", None), ("²", None),
    ("99999999999", None), ("2147483648", None),
])
def test_without_asking_the_image(user: str, ids: Ids | None) -> None:
    assert by_numbers(user) == ids


@pytest.mark.parametrize(("user", "ids"), [
    ("daemon", Ids(4321, 1)), ("daemon:wheel", Ids(4321, 10)), ("daemon:99", Ids(4321, 99)), ("root", Ids(0, 0)),
    ("4321", Ids(4321, 1)), ("1000", Ids(1000, 0)), ("1000:wheel", Ids(1000, 10)), ("1234", Ids(77, 78)),
    ("twice", Ids(5, 50)), ("", Ids(0, 0)), ("nobody", None), ("daemon:nobody", None), ("broken", None),
    ("many", None), ("# a comment", None),
])
def test_by_the_files_of_the_image(user: str, ids: Ids | None) -> None:
    assert by_files(user, PASSWD, GROUP) == ids


@given(st.text(), st.text(), st.text())
def test_whatever_an_image_has_in_its_files(user: str, passwd: str, group: str) -> None:
    found = by_files(user, passwd, group)
    assert found is None or (0 <= found.user < 2**31 and 0 <= (found.group or 0) < 2**31)
