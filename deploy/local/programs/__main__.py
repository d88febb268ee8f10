"""`python -IS deploy/local/programs`: the command executor.

Of a folder that is run Python itself makes the first place to look for modules, also when it is
isolated. So the program needs neither a path of its own nor this project's packages, and starts in
a moment.
"""
from __future__ import annotations

import runpy

if __name__ == "__main__":
    runpy.run_module("command_executor", run_name="__main__", alter_sys=True)
