"""Texts in the code: whole, not cut into words by a formatter, and the files that they name are there."""
from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAMS = ("specs", "executor", "scheduler", "deploy")
SHORTEST = 20  # characters of a piece between two others; what is shorter was cut by a machine
FILES = sorted(path for program in PROGRAMS for path in (ROOT / program).rglob("*.py")
               if "generated" not in path.parts and "http-parser" not in path.parts)
NAMED = re.compile(r"`((?:specs|executor|scheduler|deploy|tests)/[\w/.-]*)`")


def _pieces(text: str) -> Iterator[list[tuple[int, str]]]:
    """The literals that stand one below the other and are one text: (line, literal) of each."""
    run: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING:
            run.append((token.start[0], token.string))
        elif token.type not in (tokenize.NL, tokenize.COMMENT):
            yield run
            run = []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_is_cut_into_words(path: Path) -> None:
    cut = [(line, piece) for pieces in _pieces(path.read_text()) for line, piece in pieces[1:-1]
           if len(piece) < SHORTEST and not piece.endswith('\\n"')]
    assert cut == []


def test_a_file_that_is_named_in_a_docstring_is_there() -> None:
    missing = [(str(path.relative_to(ROOT)), name) for path in FILES for name in NAMED.findall(path.read_text())
               if not (ROOT / name).exists() and not (ROOT / f"{name}.py").exists()]
    assert missing == []
