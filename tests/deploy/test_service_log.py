"""The log of `serve`: whatever is said in it is a line."""
from __future__ import annotations

import logging

from deploy.serve.start import OneLine


def test_what_others_say_is_a_line_and_drives_no_terminal() -> None:
    record = logging.makeLogRecord({"msg": "Subscribed as %s", "args": ("F\x1b[31m\nINFO all is well\r",),
                                    "levelname": "INFO"})
    assert OneLine("%(levelname)s %(message)s").format(record) == (
        "INFO Subscribed as F\\x1b[31m\\nINFO all is well\\r")
