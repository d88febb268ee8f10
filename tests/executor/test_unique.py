"""They are what the standard library calls UUIDs."""
from __future__ import annotations

import uuid

from executor.unique import unique_bytes, unique_id


def test_they_are_uuids_and_each_is_another() -> None:
    texts, data = {unique_id() for _ in range(1000)}, {unique_bytes() for _ in range(1000)}
    assert len(texts) == len(data) == 1000
    for each in [*map(uuid.UUID, texts), *(uuid.UUID(bytes=part) for part in data)]:
        assert each.version == 4
        assert each.variant == uuid.RFC_4122
    assert all(str(uuid.UUID(text)) == text for text in texts)
