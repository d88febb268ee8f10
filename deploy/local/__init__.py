"""The embedded Mesos: a master and agents in one process, for development and tests.

    from deploy.local import LocalMesos

Where is what (a newcomer's map):

    the master
        master, master_http         scheduler calls; HTTP around them
        subscriptions               frameworks come and go
        accepting, task_checks      offers become tasks
        allocator                   who is offered what
        agent_registry              agents come, report, go
        reconciliation              "how are my tasks?"
        cluster, records            the master's memory
        call_validation             what calls must be like
        operator_calls, models      what people and tools read

    an agent
        agent, agent_http           the agent; HTTP around it
        executor_api                what executors say
        agent_launch                tasks become executors
        status_updates              re-sent until acknowledged
        checkpoints, recovery       an agent restarts
        containers, processes       executors as processes
        docker_containerizer        executors of Docker tasks
        command_executor            tasks without executor
        agent_state, executors      the agent's memory
        fetcher, sandbox, files     URIs, folders, and both over HTTP

    between and around them
        agent_link                  the wire between master and agent
        http_server, events         libprocess's HTTP; events as JSON or protobuf records
        json_text, json_message     JSON as Mesos reads and writes it
        local, control, settings    the whole; from outside; defaults
"""
from __future__ import annotations

from deploy.local.local import LocalMesos

__all__ = ["LocalMesos"]
