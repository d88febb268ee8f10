"""The public fixture, as a framework author would use it."""
from __future__ import annotations

from deploy.local.pytest_plugin import local_mesos

__all__ = ["local_mesos"]
