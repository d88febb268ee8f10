"""Durable before told: nothing is acknowledged, launched or ended before what the storage was told
of it is written.
"""
from __future__ import annotations

import logging

from scheduler.storage.port import Storage, StorageError

log = logging.getLogger(__name__)


class Durable:
    """A storage that may be in trouble, such as a full disk; it is tried again, and nothing is lost
    meanwhile.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.trouble: str | None = None  # why it cannot be written, if it cannot

    def write(self) -> bool:
        """Make durable what was saved; whether it is now."""
        try:
            self._storage.flush()
        except StorageError as error:
            if self.trouble is None:
                log.error("Nothing is launched, ended or acknowledged for now: %s", error)  # noqa: TRY400 - no fault
            self.trouble = str(error)
            return False
        if self.trouble is not None:
            log.warning("The state can be written again")
        self.trouble = None
        return True
