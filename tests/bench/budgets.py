"""The budgets of the design, each in the unit of the row that it judges."""
from __future__ import annotations

from tests.bench.result import Bound, Budget, Statistic

LAUNCH_OVER_RAW = Budget(Statistic.RATIO, Bound.AT_MOST, 1.10)  # LAUNCH → TASK_RUNNING over raw create+start
EXIT_P50 = Budget(Statistic.MEDIAN, Bound.AT_MOST, 3.0)  # ms, `die` event read → terminal update, 50 tasks
EXIT_P99 = Budget(Statistic.P99, Bound.AT_MOST, 25.0)  # ms
BURST_OVER_RAW = Budget(Statistic.RATIO, Bound.AT_LEAST, 0.95)  # containers/s over the best raw rate
FIRST_TASK = Budget(Statistic.MEDIAN, Bound.AT_MOST, 30.0)  # MiB PSS
EACH_FURTHER_TASK = Budget(Statistic.MEDIAN, Bound.AT_MOST, 30.0)  # KiB
IDLE_CPU = Budget(Statistic.MEDIAN, Bound.AT_MOST, 0.1)  # % of a core, 100 idle containers
START_TO_SUBSCRIBE = Budget(Statistic.MEDIAN, Bound.AT_MOST, 100.0)  # ms
DROP_IN_START = Budget(Statistic.MEDIAN, Bound.AT_MOST, 100.0)  # ms
DROP_IN_PRIVATE = Budget(Statistic.MEDIAN, Bound.AT_MOST, 16.0)  # MiB
READOPTED = Budget(Statistic.MEDIAN, Bound.AT_MOST, 1.0)  # s, crash → 100 tasks re-adopted and subscribed
LAUNCH_RATE = Budget(Statistic.MEDIAN, Bound.AT_LEAST, 30_000.0)  # /s, scheduler against an in-memory master
STATUS_RATE = Budget(Statistic.MEDIAN, Bound.AT_LEAST, 30_000.0)  # /s
SERVICE_OVER_SCRIPTED = Budget(Statistic.RATIO, Bound.AT_MOST, 1.2)  # PUT → all running, over a scripted scheduler
LIST_OF_APPS = Budget(Statistic.P99, Bound.AT_MOST, 50.0)  # ms, GET /v2/apps with 1,000 apps
EACH_INSTANCE = Budget(Statistic.MEDIAN, Bound.AT_MOST, 3.0)  # KiB, of the service
LOOKED_AT = Budget(Statistic.RATIO, Bound.AT_MOST, 1.1)  # container killed → told, with followers and execs
LINE_FOLLOWED = Budget(Statistic.P99, Bound.AT_MOST, 500.0)  # ms, a task writes → `logs -f` has written
SERVICE_RESTART = Budget(Statistic.MEDIAN, Bound.AT_MOST, 3.0)  # s, 10,000 instances, start → first ACCEPT
