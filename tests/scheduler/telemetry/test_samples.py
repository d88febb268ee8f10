"""The rings of samples: bounded for each instance and in all, the newest last."""
from __future__ import annotations

from scheduler.telemetry.samples import KEPT, MOST, STALE, Samples, UsageSample


def test_the_newest_are_kept_in_order() -> None:
    samples = Samples()
    for number in range(KEPT + 10):
        samples.add("i", UsageSample(1_700_000_000 + number, number / 4, number << 40))
    found = samples.of("i")
    assert len(found) == KEPT
    assert found[-1] == UsageSample(1_700_000_000 + KEPT + 9, (KEPT + 9) / 4, (KEPT + 9) << 40)
    assert samples.last("i") == found[-1]
    assert [each.at for each in found] == sorted(each.at for each in found)


def test_of_nobody_there_are_none() -> None:
    assert Samples().of("i") == []
    assert Samples().last("i") is None


def test_the_least_recent_makes_room() -> None:
    samples = Samples()
    for number in range(MOST + 1):
        samples.add(str(number), UsageSample(1, 0.0, 0))
    assert samples.of("0") == []
    assert len(samples.of(str(MOST))) == 1


def test_the_stale_go() -> None:
    samples = Samples()
    samples.add("old", UsageSample(100, 0.0, 0))
    samples.add("new", UsageSample(200, 0.0, 0))
    samples.sweep(150 + STALE)
    assert samples.of("old") == []
    assert len(samples.of("new")) == 1
