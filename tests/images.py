"""Images for tests: built if they are missing, never removed, so that a test machine needs no registry."""
from __future__ import annotations

from deploy.engine import Engine
from deploy.images import busybox, nginx


def busybox_image() -> str:
    """Static busybox with a link for each of its commands."""
    return busybox.ensure(Engine())


def nginx_image() -> str:
    """nginx that logs to stdout and stderr, serves /var/www/html on port 80 and stays in the foreground."""
    return nginx.ensure(Engine())
