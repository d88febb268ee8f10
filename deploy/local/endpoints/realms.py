"""Which routes want to know who asks: Mesos's authentication realms.

Without a credential everybody may use everything, as on a Mesos without flags. With one, frameworks
and operators prove themselves by it, and executors by the token that the agent gave each of them,
which is good for the executor API alone. What tells nothing is open to all.

As Mesos: master/constants.hpp, slave/constants.hpp (the realms' names), the calls of `route` in
master.cpp, slave.cpp.
"""
from __future__ import annotations

from typing import Final

from deploy.local.wire.authentication import Authenticator, basic, bearer
from deploy.local.wire.server import Gate
from specs.network.credential import Credential

_OPEN: Final = frozenset({"/health", "/version", "/redirect"})
_WRITES: Final = frozenset({
    "/api/v1", "/teardown", "/reserve", "/unreserve", "/create-volumes", "/destroy-volumes",
    "/machine/up", "/machine/down", "/maintenance/schedule", "/weights", "/quota", "/local/agents"})


def master_gate(credential: Credential | None) -> Gate:
    """For a master's server."""

    def gate(route: str) -> Authenticator | None:
        if credential is None or route in _OPEN:
            return None
        kind = "scheduler" if route == "/api/v1/scheduler" else "readwrite" if route in _WRITES else "readonly"
        return basic(f"mesos-master-{kind}", credential)

    return gate


def agent_gate(credential: Credential | None, executors_key: bytes | None) -> Gate:
    """For an agent's server. `executors_key`: what the tokens of its executors are signed with."""

    def gate(route: str) -> Authenticator | None:
        if route.startswith("/mesos.internal."):
            return None  # agent.libprocess_api asks the kernel
        if route == "/api/v1/executor":
            return None if executors_key is None else bearer("mesos-agent-executor", executors_key)
        if credential is None or route in _OPEN:
            return None
        return basic(f"mesos-agent-{'readwrite' if route in _WRITES else 'readonly'}", credential)

    return gate
