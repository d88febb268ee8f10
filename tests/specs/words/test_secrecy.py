"""Names that speak of a secret."""
from __future__ import annotations

import pytest

from specs.words.secrecy import looks_secret, shown_option, shown_url


@pytest.mark.parametrize("name", ["DB_PASSWORD", "db_passwd", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "ApiKey",
                                  "BASIC_AUTH", "DB_PASS", "dbPass", "MYSQL_PWD", "SSH_KEY", "signing-key",
                                  "SENTRY_DSN", "SESSION_COOKIE", "DJANGO_KEY_1", "JWT"])
def test_hidden(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["PATH", "HOME", "MESOS_SANDBOX", "KEYBOARD", "PORT0", "PWD", "OLDPWD", "key",
                                  "BYPASSED", "MONKEYS"])
def test_shown(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(("text", "shown"), [
    ("postgres://joe:hunter2@db/app?sslmode=off", "postgres://joe:***@db/app?sslmode=off"),
    ("http://h/a?X-Amz-Signature=abc&x=1", "http://h/a?X-Amz-Signature=***&x=1"),
    ("http://joe@h/a", "http://joe@h/a"), ("http://joe:p@ss:w@h/a@b", "http://joe:***@h/a@b"),
    ("https://ghp_0123456789abcdefghij@h/a", "https://***@h/a"),
    ("http://h/a?key=AIza&sig=x&n=1", "http://h/a?key=***&sig=***&n=1"), ("a:b@c", "a:b@c"), ("TOKEN=1", "TOKEN=1"),
])
def test_urls_are_shown_without_passwords(text: str, shown: str) -> None:
    assert shown_url(text) == shown


@pytest.mark.parametrize(("option", "shown"), [
    ("DB_PASSWORD=hunter2=x", "DB_PASSWORD=***"), ("A=b", "A=b"), ("A=http://u:p@h/", "A=http://u:***@h/"),
    ("type=volume,volume-opt=password=x,target=/t", "type=volume,volume-opt=password=***,target=/t"),
    ("splunk-token=x", "splunk-token=***"), ("PASSWORD", "PASSWORD"), ("80:80", "80:80"),
])
def test_options_are_shown_without_secrets(option: str, shown: str) -> None:
    assert shown_option(option) == shown
