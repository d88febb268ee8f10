"""A service that loses all its instances at once, and is killed by the commit that records it:

    python -m tests.scheduler.service.losing_serving STATE before|after
"""
from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.deploy.serve.killing_serve import KillingStorage, armed
from tests.scheduler.service.serving import PATIENCE, Serving, app

LOST = 10


def lose(serving: Serving) -> None:
    """The master says of all instances, within one turn, that nobody knows how they are."""
    tasks = serving.get("/v2/apps/web/tasks")["tasks"]

    def say() -> None:
        for each in tasks:
            serving.master.say(each["id"], each["slaveId"], "TASK_UNREACHABLE")

    serving.framework.call(say)


def main(state: Path, when: str) -> None:
    with Serving(state, storage=KillingStorage) as serving:
        serving.change("POST", "/v2/apps", app(instances=LOST))
        armed(state).write_text(f"losses {when}")
        lose(serving)
        time.sleep(PATIENCE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
