"""What must not be shown: values of variables whose names speak of a secret, and passwords in URLs.
"""
from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"

_WORDS: Final = ("SECRET", "PASSW", "TOKEN", "CREDENTIAL", "PRIVATE", "API_KEY", "APIKEY",
                 "ACCESS_KEY", "AUTH", "SIGNATURE")
_PASSWORD: Final = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
_PAIR: Final = re.compile(r"([\w.-]+)=([^,=&]*)(?=[,&]|$)")


def looks_secret(variable: str) -> bool:
    """Whether the name speaks of a secret. People put secrets into plain variables, so a value is
    hidden too early rather than too late."""
    return any(word in variable.upper().replace("-", "_") for word in _WORDS)


def shown_value(name: str, value: str) -> str:
    """The value of a variable, or what stands for it."""
    return HIDDEN if looks_secret(name) else shown_url(value)


def shown_url(text: str) -> str:
    """A URL or its last part, or a text with URLs in it, without passwords and without secret parts
    of a query.
    """
    return _PAIR.sub(_hide, _PASSWORD.sub(rf"\1:{HIDDEN}@",
                                          text)) if "://" in text or "?" in text else text


def shown_option(value: str) -> str:
    """KEY=VALUE, or several behind commas: the value of an option of `docker run`."""
    key = value.partition("=")[0]
    if key != value and looks_secret(key):
        return f"{key}={HIDDEN}"
    return shown_url(_PAIR.sub(_hide, value))


def _hide(pair: re.Match[str]) -> str:
    return f"{pair[1]}={shown_value(pair[1], pair[2])}"
