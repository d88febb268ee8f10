"""Micro benchmarks of the parser: those of bench_specs.py, measured by pytest-benchmark, as rows of the table."""
from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.bench.result import Row, Series
from tests.bench.settings import Settings

KEPT = 500
FILE = Path(__file__).with_name("bench_specs.py")


def bench(settings: Settings) -> Iterator[Row]:
    """One row for each benchmark: operations per second. RuntimeError with pytest's words when it fails."""
    with tempfile.TemporaryDirectory(prefix="mesos-docker-bench-") as folder:
        written = Path(folder, "benchmark.json")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", str(FILE), f"--benchmark-json={written}",
             f"--benchmark-max-time={settings.times(2, 1) / 2}", "--benchmark-min-rounds=5"],
            check=False, capture_output=True, text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-500:])
        for measured in json.loads(written.read_text())["benchmarks"]:
            yield row(measured)


def row(measured: Mapping[str, Any]) -> Row:
    """From one entry of pytest-benchmark's JSON; `extra_info` may say how many `items` a call handles, and `what`."""
    extra = measured.get("extra_info", {})
    items = float(extra.get("items", 1))
    data = measured["stats"]["data"]
    seconds = data[::-(-len(data) // KEPT)]  # evenly thinned: there may be a hundred thousand
    return Row("specs", measured["name"].removeprefix("bench_").removeprefix("test_").replace("_", " "), "/s",
               Series.of("specs", [[items / value for value in seconds]]), note=str(extra.get("what", "")))
