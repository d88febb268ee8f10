"""What Java's regular expressions mean, in Python. Each row was asked of java.util.regex.Pattern, too."""
from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.words.javaregex import compiled, matches

MEANINGS = [
    ("r-1", "r-1", True),
    ("r-1", "r-10", False),  # the whole text
    ("web.*", "web3", True),
    (r"\[6-7\]", "[6-7]", True),
    (r"\{0,1\}", "{0,1}", True),
    (r"\Qa.b\E+", "a.bbb", True),
    (r"\Qa.b", "axb", False),
    (r"\p{Alpha}\p{Digit}", "a1", True),
    (r"\P{Lower}", "a", False),
    (r"[\p{Upper}_]+", "A_B", True),
    (r"[a-z&&[^b]]+", "ac", True),
    (r"[a-z&&[^b]]+", "ab", False),
    (r"[a-c[x-z]]+", "ay", True),
    (r"[^a-c[x-z]]", "y", False),
    (r"[]a]+", "]a", True),
    (r"[^]]", "]", False),
    (r"[--a]", "5", True),  # from - to a
    (r"[a\-z]", "-", True),
    (r"[&~|\[]+", "&~|[", True),
    (r"[\D]", "a", True),
    (r"(?<rack>a)\k<rack>", "aa", True),
    (r"(a)\1", "aa", True),
    (r"a(?i)b|c", "C", True),  # a flag in the middle holds for the alternatives that follow
    (r"a(?i)b|c", "AB", False),
    (r"(?i:A)b", "ab", True),
    (r"(?i:A)b", "aB", False),
    (r"x(?-i)", "x", True),
    (r"\x41\u0042\x{43}\0104", "ABCD", True),
    (r"\cA\e", "\x01\x1b", True),
    (r"\h\v", "\t\n", True),
    (r"^^a$$", "a", True),
    (r"^*a\z?", "a", True),
    (r"(?>a+)b", "aab", True),
    (r"a++b", "aab", True),
    (r"\d", "٣", False),  # ASCII only, as in Java
    (r"\w", "é", False),
    ("", "", True),
]


@pytest.mark.parametrize(("pattern", "text", "wanted"), MEANINGS)
def test_meaning(pattern: str, text: str, wanted: bool) -> None:
    assert matches(pattern, text) is wanted


@pytest.mark.parametrize("pattern", ["(", ")", "[", "a**", "a{", "{", "{,3}", "\\", r"\q", r"\8", "(?P<n>a)", "(?<1>a)",
                                     "(?#c)", r"\p{Greek}", r"\p", "[a", "[z-a]", "(?<=a+)b", r"(?x)a b", r"\k<none>"])
def test_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(pattern))):
        compiled(pattern)


@given(st.text(max_size=12))
def test_a_quoted_text_matches_itself_only(text: str) -> None:
    quoted = "\\Q" + text.replace("\\E", "\\E\\\\E\\Q") + "\\E"
    assert matches(quoted, text)
    assert not matches(quoted, text + "x")


@given(st.text(alphabet="ab1-.[]()|*+?{}^$\\QEdwpk<>&i:", max_size=12), st.text(alphabet="ab1-.", max_size=6))
def test_every_pattern_is_understood_or_refused(pattern: str, text: str) -> None:
    with contextlib.suppress(ValueError):  # what else is raised fails
        assert (compiled(pattern).fullmatch(text) is not None) is matches(pattern, text)
