"""What commands in containers cost an executor that has none: nothing; and else: the standard library."""
from __future__ import annotations

import json
import subprocess
import sys

LOADED = "import sys, json, {}; print(json.dumps(sorted(sys.modules)))"


def loaded(module: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", LOADED.format(module)], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_a_session_is_loaded_when_there_is_one() -> None:
    begun = loaded("executor.endpoint.execs, executor.endpoint.requests")
    assert begun.isdisjoint({"executor.endpoint.session", "executor.endpoint.dialing", "executor.endpoint.frames",
                             "ssl", "socket", "selectors"})


def test_a_session_needs_nothing_but_the_standard_library() -> None:
    alone = loaded("site")
    packages = {name.partition(".")[0] for name in loaded("executor.endpoint.session") - alone}
    assert packages <= {*sys.stdlib_module_names, "executor", "specs"}
