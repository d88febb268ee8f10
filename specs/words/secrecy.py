"""Which environment variables hold something that must not be shown, judged by their names."""
from __future__ import annotations

_WORDS = ("SECRET", "PASSW", "TOKEN", "CREDENTIAL", "PRIVATE", "API_KEY", "APIKEY", "ACCESS_KEY", "AUTH")


def looks_secret(variable: str) -> bool:
    """Whether the name speaks of a secret. People put secrets into plain variables, so a value is hidden too early
    rather than too late."""
    return any(word in variable.upper() for word in _WORDS)
