"""Who may ask the service: credentials and tokens out of files, or a token that is made for the
same user's commands.

The made token lies beside the state, mode 0600, and once more where commands of the same user look
for the token of an address (`deploy.cli.service`).
"""
from __future__ import annotations

import secrets
from pathlib import Path

from deploy.cli.private_files import write_private
from deploy.cli.problems import REFUSED, Problem
from scheduler.api.access import Access, Password, Role, read_credentials
from specs.errors import SpecError


def access(state: Path, credentials: Path | None, token_file: Path | None, *,
           insecure: bool) -> tuple[Access, str]:
    """Who may ask, and the token that the same user's commands may use ("" if they know one
    themselves).

    Raises Problem.
    """
    users: dict[str, Password] = {}
    tokens: dict[str, Role] = {}
    if credentials is not None:
        try:
            users = read_credentials(_text(credentials))
        except SpecError as error:
            raise Problem(f"{credentials}: {error.path} {error.problem}", REFUSED) from error
    if token_file is not None:
        tokens[_token(token_file)] = Role.WRITE
    own = ""
    if not users and not tokens and not insecure:
        own = _made(state.with_name(state.name + ".token"))
        tokens[own] = Role.WRITE
    return Access(tokens, users, insecure), own


def _made(path: Path) -> str:
    """The token in this file; made if it is not there."""
    try:
        return _token(path)
    except Problem:
        token = secrets.token_urlsafe(32)
        write_private(path, token + "\n")
        return token


def _token(path: Path) -> str:
    token = _text(path).strip().split("\n")[0].strip()
    if len(token) < 8:
        raise Problem(f"{path}: a token has at least 8 characters", REFUSED)
    return token


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"{path}: {getattr(error, 'strerror', None) or error}", REFUSED) from error
