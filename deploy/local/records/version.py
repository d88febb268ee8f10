"""The Mesos that we claim to be."""
from __future__ import annotations

from typing import Final

VERSION: Final = "1.12.0"  # of the Mesos whose behaviour this is
GIT_SHA: Final = "c1b42f79d157aa900be5cbb0c1023f1479962aa7"  # likewise
