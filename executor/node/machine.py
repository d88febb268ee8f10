"""What this machine has."""
from __future__ import annotations

import os


def total_memory() -> int:
    """The node's memory, bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
