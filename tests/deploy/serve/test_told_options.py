"""What the service tells of its options: each with where it comes from, and no secret."""
from __future__ import annotations

import pytest

from deploy.serve.command import serve, told


def test_options_have_origins_and_hide_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESOS_SECRET", "hush-hush")
    monkeypatch.setenv("MESOS_DOCKER_USER", "me:hush-hush")
    monkeypatch.setenv("MESOS_DOCKER_REPORT_INTERVAL", "1secs")
    ctx = serve.make_context("serve", ["--name", "mine", "--executor-uri", "http://u:hush-hush@host/x"])
    found = {name: (value, origin) for name, value, origin in told(ctx, ctx.params, "local")}
    assert found["--name"] == ("mine", "flag")
    assert found["--role"] == ("*", "default")
    assert found["--state"] == (None, "default")
    assert found["--master"] == ("local", "default")
    assert found["MESOS_SECRET"] == ("***", "environment")
    assert found["MESOS_DOCKER_REPORT_INTERVAL"] == ("1secs", "environment")
    assert "hush" not in str(found)
