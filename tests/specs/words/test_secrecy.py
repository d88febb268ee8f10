"""Names that speak of a secret."""
from __future__ import annotations

import pytest

from specs.words.secrecy import looks_secret


@pytest.mark.parametrize("name", ["DB_PASSWORD", "db_passwd", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "ApiKey",
                                  "BASIC_AUTH"])
def test_hidden(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["PATH", "HOME", "MESOS_SANDBOX", "KEYBOARD", "PORT0"])
def test_shown(name: str) -> None:
    assert not looks_secret(name)
