"""What must not be shown: values of variables whose names speak of a secret, and passwords in URLs.
"""
from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"

_WORDS: Final = ("SECRET", "PASSW", "TOKEN", "CREDENTIAL", "PRIVATE", "API_KEY", "APIKEY",
                 "ACCESS_KEY", "AUTH", "SIGNATURE")
_ENDS: Final = ("PASS", "PWD", "KEY", "JWT", "COOKIE", "DSN", "BEARER")  # of one of a name's words
_NO_SECRETS: Final = frozenset({"KEY", "PWD", "OLDPWD"})  # a shell's folders; one half of a pair
_IN_QUERIES: Final = frozenset({"key", "sig", "code"})
_PASSWORD: Final = re.compile(r"(://[^/\s:@]*):[^/\s?#]+@")
_TOKEN: Final = re.compile(r"(://)[^/\s:@]{20,}@")  # in a user's place
_PAIR: Final = re.compile(r"([\w.-]+)=([^,=&]*)(?=[,&]|$)")


def looks_secret(variable: str) -> bool:
    """Whether the name speaks of a secret. People put secrets into plain variables, so a value is
    hidden too early rather than too late."""
    name = variable.upper().replace("-", "_")
    return any(word in name for word in _WORDS) or (
        name not in _NO_SECRETS and any(word.endswith(_ENDS) for word in name.split("_")))


def shown_value(name: str, value: str) -> str:
    """The value of a variable, or what stands for it."""
    return HIDDEN if looks_secret(name) else shown_url(value)


def shown_url(text: str) -> str:
    """A URL or its last part, or a text with URLs in it, without passwords and without secret parts
    of a query.
    """
    if "://" not in text and "?" not in text:
        return text
    text = _TOKEN.sub(rf"\1{HIDDEN}@", _PASSWORD.sub(rf"\1:{HIDDEN}@", text))
    return _PAIR.sub(_hide, text)


def shown_option(value: str) -> str:
    """KEY=VALUE, or several behind commas: the value of an option of `docker run`."""
    key = value.partition("=")[0]
    if key != value and looks_secret(key):
        return f"{key}={HIDDEN}"
    return shown_url(_PAIR.sub(_hide, value))


def _hide(pair: re.Match[str]) -> str:
    hidden = pair[1].lower() in _IN_QUERIES
    return f"{pair[1]}={HIDDEN if hidden else shown_value(pair[1], pair[2])}"
