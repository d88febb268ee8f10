"""Who asks: a credential in HTTP's basic form for frameworks and operators, a signed token for each
executor.

An authenticator reads the header `Authorization` and says who that is, or why nobody. Which one
stands before a route is the route's realm (`endpoints.realms`). A token holds claims and no name;
what its holder may say is checked where the call is understood.

As Mesos: libprocess authenticator.cpp, jwt_authenticator.cpp, jwt.cpp.
"""
from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from specs.network.credential import Credential

_HEADER: Final = {"alg": "HS256", "typ": "JWT"}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. Frameworks and operators have a name, executors have claims."""

    value: str | None = None
    claims: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.value is not None and not self.claims:
            return self.value
        parts: dict[str, Any] = {} if self.value is None else {"value": self.value}
        return json.dumps({**parts, "claims": dict(sorted(self.claims.items()))},
                          separators=(",", ":"))


class Unauthorized(Exception):  # noqa: N818 - an answer: 401
    """Nobody that is known. `challenge` says how to prove oneself."""

    def __init__(self, challenge: str) -> None:
        super().__init__(challenge)
        self.challenge = challenge


Authenticator = Callable[[str | None], Principal]  # of the header Authorization; raises Unauthorized


def basic(realm: str, credential: Credential) -> Authenticator:
    """Whoever knows this credential."""
    challenge = f'Basic realm="{realm}"'
    known = f"{credential.principal}:{credential.secret}".encode()

    def authenticate(header: str | None) -> Principal:
        scheme, _, coded = (header or "").partition(" ")
        try:
            given = b64decode(coded.encode("ascii"), validate=True) if scheme == "Basic" else b""
        except ValueError:
            given = b""
        if not hmac.compare_digest(given, known):
            raise Unauthorized(challenge)
        return Principal(credential.principal)

    return authenticate


def bearer(realm: str, key: bytes) -> Authenticator:
    """Whoever holds a token that was signed with this key."""
    challenge = f'Bearer realm="{realm}"'

    def authenticate(header: str | None) -> Principal:
        if header is None:
            raise Unauthorized(challenge)
        try:
            return Principal(claims=_claims(_token_in(header), key))
        except _TokenError as error:
            text = "".join(char for char in str(error) if " " <= char < "\x7f"
                           and char not in '"\\')
            raise Unauthorized(
                f'{challenge}, error="invalid_token", error_description="{text}"') from None

    return authenticate


def token(claims: Mapping[str, str], key: bytes) -> str:
    """A token with these claims; it does not expire."""
    signed = f"{_coded(_json(_HEADER))}.{_coded(_json(claims))}"
    return f"{signed}.{_coded(_signature(signed, key))}"


class _TokenError(Exception):
    pass


def _token_in(header: str) -> str:
    words = header.split(" ")
    if len(words) != 2:
        raise _TokenError("Malformed 'Authorization' header")
    if words[0] != "Bearer":
        raise _TokenError(f"Scheme '{words[0]}' unsupported")
    return words[1]


def _claims(text: str, key: bytes) -> dict[str, str]:
    """The signature is looked at first: who cannot sign learns nothing about the rest."""
    parts = text.split(".")
    if len(parts) != 3:
        raise _TokenError(f"Invalid JWT: Expected 3 components in token, got {len(parts)}")
    if not hmac.compare_digest(_decoded(parts[2], "signature"),
                               _signature(f"{parts[0]}.{parts[1]}", key)):
        raise _TokenError("Invalid JWT: Token signature does not match")
    header, payload = _object(parts[0], "header"), _object(parts[1], "payload")
    if header.get("alg") != "HS256" or "crit" in header:
        raise _TokenError('Invalid JWT: Token header does not match, expected "HS256"')
    expires = payload.get("exp")
    if expires is not None and (not isinstance(expires, int | float) or expires < time.time()):
        raise _TokenError("Invalid JWT: Token has expired")
    if not payload:
        raise _TokenError("JWT claims missing")
    return {name: value if isinstance(value, str) else json.dumps(value) for name,
            value in payload.items()}


def _object(coded: str, what: str) -> Mapping[str, Any]:
    try:
        value = json.loads(_decoded(coded, what))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise _TokenError(f"Invalid JWT: Failed to decode token {what}: Failed to parse into JSON")
    return value


def _decoded(coded: str, what: str) -> bytes:
    try:
        return urlsafe_b64decode(coded.encode("ascii") + b"=" * (-len(coded) % 4))
    except ValueError:
        raise _TokenError(
            f"Invalid JWT: Failed to decode token {what}: Failed to base64url-decode") from None


def _coded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _json(value: Mapping[str, str]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _signature(signed: str, key: bytes) -> bytes:
    return hmac.digest(key, signed.encode("utf-8", "surrogateescape"), hashlib.sha256)
