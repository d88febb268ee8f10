"""A service that loses all its instances at once, and is killed by the commit that records it:

    python -m tests.scheduler.service.losing_serving STATE before|after
"""
from __future__ import annotations

import math
import sys
import time
from pathlib import Path

from scheduler.tasks.timestamps import seconds
from tests.deploy.serve.killing_serve import KillingStorage, armed
from tests.scheduler.service.serving import PATIENCE, Serving, app

LOST = 10


def lose(serving: Serving, until: float = math.inf) -> None:
    """The master says of all instances that were staged until then, within one turn, that nobody knows how
    they are; seconds since 1970.
    """
    tasks = [each for each in serving.get("/v2/apps/web/tasks")["tasks"] if seconds(each["stagedAt"]) <= until]

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
