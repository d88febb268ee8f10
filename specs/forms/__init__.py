"""The forms that messages travel in: JSON, protobuf bytes, RecordIO."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]  # a message as it stands in Mesos's JSON form
Message = Mapping[str, Any]  # the same, only to be read
