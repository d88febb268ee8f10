"""Who may ask: tokens and passwords, each with the role `read` or `write`.

A credentials file has a line for each user, `NAME:PASSWORD` or `NAME:PASSWORD:read`; a token file
has a token in its first line. Both are compared in constant time. Without either everybody is
refused, unless the service is `insecure`. Clients that send something meaningless where nothing is
asked for are served: old ones always do.
"""
from __future__ import annotations

import base64
import binascii
import enum
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from specs.errors import SpecError


class Role(enum.Enum):
    """What a credential is good for."""

    READ = "read"
    WRITE = "write"

    @property
    def may_write(self) -> bool:
        return self is Role.WRITE


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Password:
    """One user's."""

    password: str
    role: Role = Role.WRITE


@dataclass(frozen=True, slots=True)
class Access:
    """`insecure`: everybody may do everything."""

    tokens: Mapping[str, Role] = field(default_factory=dict)
    users: Mapping[str, Password] = field(default_factory=dict)
    insecure: bool = False

    def caller(self, authorization: str | None) -> Caller | None:
        """Who a request's Authorization header names; None: nobody that we know."""
        kind, _, value = (authorization or "").strip().partition(" ")
        found = None
        if kind.lower() in ("bearer", "token") or (authorization
                                                   and authorization.startswith("token=")):
            found = self._by_token((value or authorization or "").strip().removeprefix("token="))
        elif kind.lower() == "basic":
            found = self._by_password(value.strip())
        if found is None and self.insecure:
            return Caller("", Role.WRITE)
        return found

    def _by_token(self, token: str) -> Caller | None:
        roles = [role for each, role in self.tokens.items() if _same(each, token)]
        return Caller("token", roles[0]) if roles else None

    def _by_password(self, encoded: str) -> Caller | None:
        try:
            name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        known = self.users.get(name)
        right = _same("" if known is None else known.password, password)
        return Caller(name, known.role) if known is not None and right and colon else None


def read_credentials(text: str) -> dict[str, Password]:
    """Of a credentials file. Raises SpecError, whose path is the line; nothing of the line is in
    it.
    """
    users: dict[str, Password] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, rest = line.partition(":")
        password, last, role = rest.rpartition(":")
        if not last or role not in ("read", "write"):
            password, role = rest, "write"
        if not name or not colon or not password:
            raise SpecError(f"line {number}", "is not NAME:PASSWORD or NAME:PASSWORD:read")
        users[name] = Password(password, Role(role))
    return users


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
