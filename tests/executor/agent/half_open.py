"""The script of test_driver_half_open.py; runs in a network namespace of its own, where it may lose every packet."""
from __future__ import annotations

import subprocess

from executor.agent.connection import Keepalive
from executor.agent.session import Timing
from specs.messages.status import TaskState, TaskStatus
from tests.fakes.agent_events import RecordedEvents
from tests.fakes.agent_server import ScriptedAgent
from tests.fakes.driving import driving

HASTY = Timing(answer=2.0, keepalive=Keepalive(idle=1, interval=1, count=2, user_timeout=3.0))


def packets(verb: str) -> None:
    """`-A`: lose them all, without a word; `-D`: no more."""
    subprocess.run(["iptables", verb, "INPUT", "-j", "DROP"], check=True)


def main() -> None:
    """Print what happens, a word each."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events, HASTY) as driver:
        events.wait("registered")
        print("registered", flush=True)
        packets("-A")
        events.wait("disconnected")
        print("disconnected", flush=True)
        driver.send(TaskStatus("t1", TaskState.STARTING))
        packets("-D")
        events.wait("reregistered")
        print("reregistered", flush=True)
        assert driver.drained(30)
        print(*agent.states("t1"), flush=True)


if __name__ == "__main__":
    main()
