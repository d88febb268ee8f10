"""`mesos-docker node reap`: removes what executors have left that are gone for good."""
from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from deploy.cli.local_command import Duration
from deploy.cli.problems import FAILED, Problem
from deploy.client.options import shown_json, table
from deploy.node import evidence as known
from deploy.node.engine import labelled, remove
from deploy.node.evidence import AskedAgent
from deploy.node.options import asked_agents, on_this_machine, opened_docker
from deploy.node.verdicts import Evidence, Verdict, judge
from executor.docker.mesos_docker import Docker
from executor.engine.failures import RuntimeFailure

NOT_REMOVED: Final = 1  # exit status: something was to be removed and could not be


@dataclass(frozen=True, slots=True)
class Reaped:
    """What has become of a thing: kept, removed, to be removed, or `problem`."""

    verdict: Verdict
    done: str
    problem: str = ""


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--grace", default="1hrs", type=Duration(), show_default=True,
              help="Leave alone what has been made, started or ended within this time.")
@on_this_machine
def reap(*, dry_run: bool, grace: float, agent: tuple[str, ...], agent_principal: str | None,
         work_dir: tuple[Path, ...], docker_socket: str, output: str) -> int:
    """Remove containers, networks and volumes of executors that are gone for good.

    An executor is gone for good when its agent does not have it any more, and no process of it
    runs; without an answer of its agent, when a work directory says that the agent was followed by
    another one, or that the executor has ended. Nothing is removed for its age. Two at once do no
    harm.

    Exit status: 0; 1 if something could not be removed; 2 for what cannot be asked for; 3 if
    Docker or an agent does not answer.
    """
    ask = asked_agents(agent, agent_principal)
    with opened_docker(docker_socket) as docker:
        try:
            things, first_pids = labelled(docker)  # first: what is made later is none of ours
        except RuntimeFailure as failure:
            raise Problem(f"cannot ask Docker: {failure}") from failure
        agents = ask()
        verdicts = judge(things, _evidence(agents, work_dir, first_pids), time.time(), grace)
        done = [_reaped(docker, verdict, dry_run=dry_run) for verdict in verdicts]
    _show(done, agents, output, dry_run=dry_run)
    if any(each.problem for each in done):
        return NOT_REMOVED
    return FAILED if any(each.problem for each in agents) else 0


def _evidence(agents: list[AskedAgent], work_dirs: tuple[Path, ...],
              first_pids: Mapping[str, int]) -> Evidence:
    processes, seen = known.processes(first_pids)
    after: dict[str, str] = {}
    for folder in work_dirs:
        after.update(known.followed(folder))
    return Evidence({each.id: each.executors for each in agents if each.id and not each.problem},
                    processes, seen and known.sees_all(first_pids), after,
                    frozenset().union(*(known.ended(folder) for folder in work_dirs)))


def _reaped(docker: Docker, verdict: Verdict, *, dry_run: bool) -> Reaped:
    if not verdict.remove:
        return Reaped(verdict, "kept")
    if dry_run:
        return Reaped(verdict, "would be removed")
    try:
        remove(docker, verdict.thing)
    except RuntimeFailure as failure:
        return Reaped(verdict, "not removed", str(failure))
    return Reaped(verdict, "removed")


def _show(done: list[Reaped], agents: list[AskedAgent], output: str, *, dry_run: bool) -> None:
    if output == "json":
        shown_json({"dryRun": dry_run, "agents": [_agent(each) for each in agents],
                    "things": [_thing(each) for each in done]})
        return
    for agent in agents:
        said = agent.problem or f"agent {agent.id}, {len(agent.executors)} executors"
        click.echo(f"{agent.address}: {said}", err=bool(agent.problem))
    if done:
        table(["WHAT", "NAME", "TASK", "DONE", "WHY"], (
            [each.verdict.thing.kind.value, each.verdict.thing.name, each.verdict.thing.task, each.done,
             each.problem or each.verdict.why] for each in done))
    counts = {name: sum(each.done == name for each in done) for name in
              ("would be removed" if dry_run else "removed", "not removed", "kept")}
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing is ours")


def _agent(agent: AskedAgent) -> dict[str, Any]:
    return {"address": agent.address, "id": agent.id or None, "executors": len(agent.executors),
            "problem": agent.problem or None}


def _thing(each: Reaped) -> dict[str, Any]:
    thing = each.verdict.thing
    return {"kind": thing.kind.value, "id": thing.id, "name": thing.name, "task": thing.task or None,
            "framework": thing.executor.framework, "executor": thing.executor.executor,
            "agent": thing.executor.agent, "running": thing.running, "done": each.done,
            "why": each.verdict.why, "problem": each.problem or None}
