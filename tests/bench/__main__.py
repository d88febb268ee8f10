"""`python -m tests.bench`: measure everything, show the table, write it down under build/bench/.

Each part is one module with one function, `bench(settings)`, that yields rows as it measures them. A part that cannot
be measured is named with its reason and the others go on; then the exit status is 1. A missed budget is no failure of
the benchmark: it is what the benchmark is there to tell.
"""
from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from deploy.demo import busybox
from tests.bench import machine, plots, raw_docker, report
from tests.bench.result import Failure, Result, Row
from tests.bench.settings import Settings
from tests.engine import real_docker

PARTS = {  # in the order of the table
    "launch": "launch_bench",
    "exit": "exit_bench",
    "burst": "burst_bench",
    "density": "density_bench",
    "start": "start_bench",
    "drop-in": "drop_in_bench",
    "recovery": "recovery_bench",
    "scheduler": "scheduler_bench",
    "docker": "docker_bench",
    "local": "local_bench",
    "specs": "specs_bench",
    "service": "service.service_bench",
    "looking": "looking.looking_bench",
}
ON_ANY_CLUSTER = ("launch", "exit", "burst")


def parse(arguments: Sequence[str]) -> tuple[Settings, list[str]]:
    """The settings, and the parts to run."""
    parser = argparse.ArgumentParser("python -m tests.bench", description="How fast we are, with the floor beside it.")
    usual = Settings()
    parser.add_argument("--quick", action="store_true", help="fewer rounds: under two minutes")
    parser.add_argument("--master", metavar="HOST:PORT", help="measure launch, exit and burst on this cluster")
    parser.add_argument("--executor", choices=("custom", "mesos"), default="custom",
                        help="mesos: plain command+container tasks, run by the cluster's own docker executor; without "
                             "--master: by our drop-in on the embedded Mesos")
    parser.add_argument("--only", metavar="PART", action="append", choices=tuple(PARTS),
                        help=f"one of {', '.join(PARTS)}; may be given several times")
    parser.add_argument("--output", type=Path, default=Path("build/bench"), help="folder for JSON and PNG")
    parser.add_argument("--docker-socket", metavar="PATH", default=usual.docker_socket)
    parser.add_argument("--image", default=usual.image, help="with `sleep` and `true`; the default one is built")
    parser.add_argument("--executor-command", metavar="COMMAND", default=usual.executor_command,
                        help="how an agent of that cluster starts our executor; default: the path of it here")
    given = parser.parse_args(arguments)
    on_cluster = given.master is not None or given.executor == "mesos"
    parts = given.only or list(ON_ANY_CLUSTER if on_cluster else PARTS)
    if on_cluster and (wrong := [part for part in parts if part not in ON_ANY_CLUSTER]):
        parser.error(f"with --master or --executor mesos only {', '.join(ON_ANY_CLUSTER)} can be measured, "
                     f"not {wrong[0]}")
    settings = Settings(quick=given.quick, master=given.master, executor=given.executor, output=given.output,
                        docker_socket=given.docker_socket, image=given.image,
                        executor_command=given.executor_command)
    return settings, parts


def measure(part: str, settings: Settings, console: Console) -> tuple[list[Row], Failure | None]:
    """Run one part; what it measured before it failed is kept."""
    rows: list[Row] = []
    began = time.monotonic()
    console.print(f"measuring {part} …", end="\r")
    try:
        module = importlib.import_module(f"tests.bench.{PARTS[part]}")
        others = machine.busy()
        for row in module.bench(settings):
            rows.append(dataclasses.replace(row, busy=others))
            others = machine.busy(0.2)
    except Exception as error:  # noqa: BLE001 - one part that cannot be measured must not take the others' figures along
        traceback.print_exc()
        return rows, Failure(part, f"{type(error).__name__}: {error}")
    finally:
        raw_docker.remove_all(settings.docker_socket)
        console.print(f"measured {part}: {len(rows)} rows, {time.monotonic() - began:.1f} s")
    return rows, None


@contextlib.contextmanager
def somewhere(settings: Settings) -> Iterator[Settings]:
    """The settings with a cluster, where its own docker executor is to be measured and none is named."""
    if settings.master is not None or settings.executor == "custom":
        yield settings
        return
    from deploy.local import LocalMesos

    with tempfile.TemporaryDirectory(prefix="mesos-docker-bench-") as folder, LocalMesos(work_dir=folder) as mesos:
        yield dataclasses.replace(settings, master=mesos.address)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 when a part could not be measured."""
    settings, parts = parse(sys.argv[1:] if arguments is None else arguments)
    console = Console(width=None if sys.stdout.isatty() else 180)
    settings.output.mkdir(parents=True, exist_ok=True)
    if settings.image == busybox.REFERENCE:
        with real_docker(settings.docker_socket) as docker:
            busybox.ensure(docker)
    began = time.monotonic()
    described = machine.describe(settings.docker_socket)
    load = {"load before": machine.load()}
    with somewhere(settings) as on:
        outcomes = [measure(part, on, console) for part in parts]
    done = Result(
        machine=described,
        settings={"run": f"{'quick' if settings.quick else 'full'}, {settings.master or 'embedded Mesos'}, "
                         f"{settings.executor} executor", "at": time.strftime("%Y-%m-%d %H:%M:%S %Z")},
        rows=tuple(row for rows, _ in outcomes for row in rows),
        failures=tuple(failure for _, failure in outcomes if failure),
        seconds=time.monotonic() - began,
        load={**load, "load after": machine.load()},
    )
    report.show(console, done)
    written = [settings.output / "result.json"]
    written[0].write_text(report.as_json(done))
    for draw, name in ((plots.latency, "launch-latency.png"), (plots.throughput, "throughput.png"),
                       (plots.growth, "service-growth.png")):
        if draw(done.rows, settings.output / name):
            written.append(settings.output / name)
    console.print(f"written: {', '.join(map(str, written))}")
    return 1 if done.failures else 0


if __name__ == "__main__":
    sys.exit(main())
