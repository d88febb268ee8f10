from __future__ import annotations

import pytest

from tests.bench import specs_bench


def entry(count: int, **extra: object) -> dict[str, object]:
    return {"name": "bench_taskinfo_to_run_options", "extra_info": extra, "stats": {"data": [0.5] * count}}


@pytest.mark.parametrize(("count", "kept"), [(1, 1), (500, 500), (501, 251), (100_000, 500)])
def test_a_row_is_a_rate_and_keeps_a_share_of_the_values(count: int, kept: int) -> None:
    row = specs_bench.row(entry(count, items=10, what="offers"))
    assert row.what == "taskinfo to run options"
    assert row.note == "offers"
    assert set(row.ours.values) == {20.0}
    assert len(row.ours.values) == kept
