"""The embedded Mesos: a master and agents in one process, for development and tests.

    from deploy.local import LocalMesos

Where is what (a newcomer's map):

    master, master_http         scheduler calls; HTTP around them     agent, agent_http        the same for an agent
    subscriptions               frameworks come and go                executor_api             what executors say
    accepting, task_checks      offers become tasks                   agent_launch             tasks become executors
    allocator                   who is offered what                   status_updates           re-sent until
    acknowledged agent_registry              agents come, report, go               checkpoints, recovery    an agent
    restarts reconciliation              "how are my tasks?"                   containers, docker_containerizer,
    processes, fetcher cluster, records            the master's memory                   agent_state, executors   an
    agent's memory call_validation             what calls must be like               sandbox, files           folders,
    and over HTTP operator_calls, models      what people and tools read            command_executor         for tasks
    without executor

    agent_link                  the wire between master and agent
    http_server, events         libprocess's HTTP; events as JSON or protobuf records
    json_text, json_message     JSON as Mesos reads and writes it
    local, control, settings    the whole; from outside; defaults
"""
from __future__ import annotations

from deploy.local.local import LocalMesos

__all__ = ["LocalMesos"]
