"""Agents and the master stop and start; executors end in all the ways they can."""
from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from deploy.local.agent.checkpoints import Checkpoints
from deploy.local.pytest_plugin import StartMesos
from tests.deploy.local.client import Scheduler, command_task, executor_task, get, wait_for

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"


def test_an_executor_that_exits_before_it_subscribes(local_mesos: StartMesos) -> None:
    scheduler = Scheduler(local_mesos(resources=RESOURCES).address)
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), executor_task("t", offer, "exit 3"))
    assert scheduler.expect("FAILURE")["failure"]["status"] == 3 << 8
    status = scheduler.update("t")
    assert (status["state"], status["reason"], status["source"], status["message"]) == (
        "TASK_FAILED", "REASON_EXECUTOR_TERMINATED", "SOURCE_AGENT", "Executor terminated")
    assert "container_status" not in status


def test_an_executor_that_never_subscribes_is_killed(local_mesos: StartMesos) -> None:
    scheduler = Scheduler(local_mesos(resources=RESOURCES,
                                      executor_registration_timeout=0.5).address)
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), executor_task("t", offer, "exec sleep 600"))
    status = scheduler.update("t")
    assert (status["reason"], status["message"]) == (
        "REASON_EXECUTOR_REGISTRATION_TIMEOUT", "Executor did not register within 500ms")
    assert scheduler.expect("FAILURE")["failure"]["status"] == signal.SIGKILL


def test_a_kill_before_the_executor_is_there(local_mesos: StartMesos) -> None:
    scheduler = Scheduler(local_mesos(resources=RESOURCES).address)
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), executor_task("t", offer, "exec sleep 600"))
    scheduler.call("KILL", task_id={"value": "t"})
    status = scheduler.update("t")
    assert (status["state"], status["reason"]) == ("TASK_KILLED",
                                                   "REASON_TASK_KILLED_DURING_LAUNCH")


def test_a_checkpointing_framework_keeps_its_tasks_over_an_agent_restart(
        local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address, checkpoint=True, failover_timeout=60.0)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("t", offer,
                                         "while ! test -e go; do sleep 0.05; done; exit 4"))
    scheduler.update("t", "TASK_RUNNING")
    agent_id, address = mesos.agent_ids[0], mesos.agent_addresses[0]
    mesos.stop_agent()
    assert get(mesos.address, "/slaves")[1]["slaves"][0]["active"] is False
    mesos.start_agent()
    assert (mesos.agent_ids[0], mesos.agent_addresses[0]) == (agent_id, address)
    [latest] = mesos.work_dir.glob("slaves/*/frameworks/*/executors/t/runs/latest")
    latest.joinpath("go").touch()
    status = scheduler.update("t", "TASK_FAILED")
    assert status["message"] == "Command exited with status 4"


def test_an_update_that_was_not_acknowledged_comes_again_after_a_restart(
        local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address, checkpoint=True)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("t", offer, "exec sleep 600"))
    first = scheduler.update("t", "TASK_STARTING", acknowledge=False)
    mesos.stop_agent()
    mesos.start_agent()
    again = scheduler.update("t", "TASK_STARTING")
    assert again["uuid"] == first["uuid"]
    scheduler.update("t", "TASK_RUNNING")


def test_an_executor_that_ends_while_its_agent_is_away_is_unknown_to_the_containerizer(
        local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address, checkpoint=True)
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(),
                     executor_task("t", offer, "echo $$ > pid; exec sleep 600"))
    wait_for(lambda: any(path.read_text().strip() for path in mesos.work_dir.glob(
        "slaves/*/frameworks/*/executors/e/runs/latest/pid")))
    [pid_file] = mesos.work_dir.glob("slaves/*/frameworks/*/executors/e/runs/latest/pid")
    mesos.stop_agent()
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    wait_for(lambda: not is_running(int(pid_file.read_text())))
    mesos.start_agent()
    status = scheduler.update("t")
    assert (status["state"], status["reason"], status["message"]) == (
        "TASK_FAILED", "REASON_EXECUTOR_TERMINATED",
        "Abnormal executor termination: unknown container")


def test_tasks_of_others_are_lost_at_once_and_their_executors_killed(
        local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, executor_task("t", offer, "echo $$ > pid; exec sleep 600"))
    pid_file = mesos.work_dir / "pid"
    wait_for(lambda: bool(list(mesos.work_dir.glob(
        "slaves/*/frameworks/*/executors/e/runs/*/pid"))))
    [pid_file] = mesos.work_dir.glob("slaves/*/frameworks/*/executors/e/runs/latest/pid")
    wait_for(lambda: pid_file.read_text().strip() != "")
    mesos.stop_agent()
    status = scheduler.update("t")
    assert (status["state"], status["reason"], status["message"]) == (
        "TASK_LOST", "REASON_AGENT_DISCONNECTED", "Agent 127.0.0.1 disconnected")
    mesos.start_agent()
    wait_for(lambda: not is_running(int(pid_file.read_text())))


def test_a_new_master_learns_of_running_tasks_from_the_agents(local_mesos: StartMesos) -> None:
    mesos = local_mesos(agents=2, resources=RESOURCES)
    scheduler = Scheduler(mesos.address, failover_timeout=60.0)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("t", offer, "exec sleep 600"))
    scheduler.update("t", "TASK_RUNNING")
    agents = set(mesos.agent_ids)
    mesos.stop_master()
    scheduler.expect("CLOSED")
    mesos.start_master()
    assert set(mesos.agent_ids) == agents
    framework = get(mesos.address, "/state")[1]["frameworks"][0]
    assert (framework["recovered"], framework["active"],
            len(framework["tasks"])) == (True, False, 1)
    scheduler.subscribe()
    scheduler.call("RECONCILE", tasks=[])
    status = scheduler.update("t")
    assert (status["state"], status["message"]) == ("TASK_RUNNING",
                                                    "Reconciliation: Latest task state")
    scheduler.call("KILL", task_id={"value": "t"})
    assert scheduler.update("t", "TASK_KILLED")[
        "message"] == "Command terminated with signal Terminated"


def test_offers_of_a_lost_agent_are_rescinded(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address)
    scheduler.subscribe()
    offer = scheduler.offer()
    mesos.stop_agent()
    assert scheduler.expect("RESCIND")["rescind"]["offer_id"] == offer["id"]
    mesos.start_agent()
    assert scheduler.offer()["agent_id"] == offer["agent_id"]


def test_an_agent_that_stays_away_is_unreachable(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES, agent_reregister_timeout=0.5)
    scheduler = Scheduler(mesos.address, checkpoint=True, capabilities=[
        {"type": "MULTI_ROLE"}, {"type": "PARTITION_AWARE"}])
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("t", offer, "exec sleep 600"))
    scheduler.update("t", "TASK_RUNNING")
    mesos.stop_agent()
    status = scheduler.update("t")
    assert (status["state"], status["reason"], status["message"]) == (
        "TASK_UNREACHABLE", "REASON_AGENT_REMOVED",
        "agent did not reregister within 500ms after disconnecting")
    assert "executor_id" not in scheduler.expect("FAILURE")["failure"]
    mesos.start_agent()
    status = scheduler.update("t", "TASK_RUNNING")
    assert status["message"] == "Unreachable agent re-reregistered"


def test_a_pid_that_belongs_to_another_by_now_is_left_alone(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    with subprocess.Popen(["sleep", "600"]) as stranger:
        saved = Checkpoints(mesos.work_dir, mesos.agent_ids[0])
        saved.save_container("long ago", stranger.pid, start=1)
        mesos.stop_agent()
        mesos.start_agent()
        assert saved.containers() == {}
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("busy", [False, True])
def test_close_leaves_no_process_and_no_folder(busy: bool) -> None:
    from deploy.local import LocalMesos

    mesos = LocalMesos(resources=RESOURCES, executor_shutdown_grace_period=1.0)
    with mesos:
        if busy:
            scheduler = Scheduler(mesos.address)
            scheduler.subscribe()
            offer = scheduler.offer()
            scheduler.launch(offer, command_task("t", offer, "trap '' TERM; sleep 600 & sleep 600"))
            scheduler.update("t", "TASK_RUNNING")
        folder = mesos.work_dir
    assert not folder.exists()
    listed = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True,
                            text=True).stdout
    assert str(folder) not in listed


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_program_that_cannot_be_executed(local_mesos: StartMesos) -> None:
    scheduler = Scheduler(local_mesos(resources=RESOURCES).address)
    scheduler.subscribe()
    task = executor_task("t", offer := scheduler.offer(), "/no/such/program")
    task["executor"]["command"]["shell"] = False
    scheduler.launch(offer, task)
    status = scheduler.update("t")
    assert (status["state"], status["reason"], status["message"]) == (
        "TASK_FAILED", "REASON_EXECUTOR_TERMINATED", "Executor terminated")
    assert scheduler.expect("FAILURE")["failure"]["status"] == 1001 << 8


def test_an_executor_whose_files_cannot_be_fetched(local_mesos: StartMesos) -> None:
    scheduler = Scheduler(local_mesos(resources=RESOURCES).address)
    scheduler.subscribe()
    task = executor_task("t", offer := scheduler.offer(), "true")
    task["executor"]["command"]["uris"] = [{"value": "/no/such/file"}]
    scheduler.launch(offer, task)
    assert scheduler.update("t")["reason"] == "REASON_CONTAINER_LAUNCH_FAILED"
    assert scheduler.expect("FAILURE")["failure"]["status"] == 1 << 8


def test_the_end_of_an_executor_that_did_not_come_back_is_told_once(
        local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES, executor_reregistration_timeout=0.2)
    scheduler = Scheduler(mesos.address, checkpoint=True, failover_timeout=60.0)
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), executor_task("t", offer, "exec sleep 600"))
    wait_for(lambda: list(mesos.work_dir.glob("meta/slaves/*/containers/*")))
    mesos.stop_agent()
    mesos.start_agent()
    status = scheduler.update("t")
    assert (status["state"], status["reason"], status["message"]) == (
        "TASK_LOST", "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
        "Executor did not reregister within 200ms")
    assert scheduler.expect("FAILURE")["failure"]["status"] == signal.SIGKILL  # it is known to end after all
    scheduler.call("RECONCILE", tasks=[{"task_id": {"value": "t"}}])
    assert scheduler.update("t")["reason"] == "REASON_RECONCILIATION"  # and not the same update again
