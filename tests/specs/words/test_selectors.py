"""Label selectors: what is one, and which labels it means."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.errors import SpecError
from specs.words.selectors import matches, parse_selectors

LABELS = {"env": "prod", "tier": "web", "in": "x", "a b": "c,d", "": "nothing"}


@pytest.mark.parametrize(("selector", "meant"), [
    ("", True),
    ("  ", True),
    ("env", True),
    ("ENV", False),
    ("env,tier", True),
    ("env , none", False),
    ("env==prod", True),
    ("env == prod,tier!=web", False),
    ("none != prod", False),
    ("env != test", True),
    ("env in (test, prod)", True),
    ("env in(prod)", True),
    ("env notin (test)", True),
    ("env notin (test,prod)", False),
    ("none notin (a)", False),
    ("env in ()", False),
    ("env notin ()", True),
    ("in in (x)", True),
    ("in", True),
    ("a\\ b == c\\,d", True),
])
def test_selectors(selector: str, meant: bool) -> None:
    assert matches(selector, LABELS) is meant


@pytest.mark.parametrize("selector", [
    ",", "env,", ",env", "env ==", "== prod", "env = prod", "env in", "env in prod", "env in (prod", "env in (prod,)",
    "env in (,prod)", "env prod", "(env)", "!env", "env in (a) b", "\\", "env=='prod'", "env\u00a0"])
def test_no_selectors(selector: str) -> None:
    with pytest.raises(SpecError, match="Can not parse label selector"):
        parse_selectors(selector)


@given(st.text("abAin=!()\\, \n.-", max_size=20))
def test_anything_is_a_selector_or_an_error(selector: str) -> None:
    try:
        found = parse_selectors(selector)
    except SpecError:
        return
    assert all(each.key for each in found)
    assert matches(selector, {}) is (not found)
    assert matches(selector, {each.key: "~" for each in found}) is all(
        each.values is None or each.negated for each in found)
