"""A duration or a size that is none is refused with what it would look like."""
from __future__ import annotations

import click
import pytest

from deploy.cli.local_command import Duration
from deploy.node.images import Size


@pytest.mark.parametrize(("kind", "text", "said"), [
    (Duration(), "never", "'never' is not a duration, as 30secs, 1.5mins or 1hrs: Failed to convert '' to number"),
    (Duration(), "5", "'5' is not a duration, as 30secs, 1.5mins or 1hrs: Invalid duration '5'"),
    (Size(), "much", "'much' is not a size, as 512MB or 20GB: Failed to convert '' to number"),
    (Size(), "5m", "'5m' is not a size, as 512MB or 20GB: Unknown bytes unit 'm'"),
])
def test_what_it_would_look_like(kind: Duration | Size, text: str, said: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        kind.convert(text, None, None)
    assert refused.value.message == said
