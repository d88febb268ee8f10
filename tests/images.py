"""Images for tests: built if they are missing, never removed, so that a test machine needs no registry."""
from __future__ import annotations

from deploy.demo import busybox, nginx
from tests.engine import real_docker


def busybox_image() -> str:
    """Static busybox with a link for each of its commands."""
    with real_docker() as docker:
        return busybox.ensure(docker)


def nginx_image() -> str:
    """nginx that logs to stdout and stderr, serves /var/www/html on port 80 and stays in the foreground."""
    with real_docker() as docker:
        return nginx.ensure(docker)
