"""How long tests wait for what must come: longer where the machine is slow, which tests/hosts says of some hosts."""
from __future__ import annotations

import os
from typing import Final

SLOW: Final = float(os.environ.get("TESTS_SLOW", "1"))  # how many times as slow as another machine
