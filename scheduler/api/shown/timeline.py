"""What happened to one instance, on one time line: what the scheduler decided, what its executor and
its agent told.
"""
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from scheduler.storage.records import StoredEvent
from scheduler.tasks.timestamps import timestamp


def timeline_json(events: Iterable[StoredEvent], instance_id: str) -> Iterator[dict[str, Any]]:
    """Those of its events, in their order."""
    for event in events:
        if instance_id in event.data:  # so that the others need not be read
            found = _told(event.type, json.loads(event.data), instance_id)
            if found is not None:
                yield {"number": event.number, "at": timestamp(event.at), **found}


def _told(kind: str, data: dict[str, Any], instance_id: str) -> dict[str, str] | None:
    match kind:
        case "status_update_event" if str(data.get("taskId", "")).startswith(f"{instance_id}."):
            return {"by": "executor", "what": str(data["taskStatus"]), "text": str(data["message"])}
        case "instance_changed_event" if data.get("instanceId") == instance_id:
            where = f"on {data['host']}" if data.get("host") else ""
            return {"by": "scheduler", "what": str(data["condition"]), "text": where}
        case "instance_health_changed_event" if data.get("instanceId") == instance_id:
            healthy = data.get("healthy")
            words = "health not known" if healthy is None else "healthy" if healthy else "unhealthy"
            return {"by": "check", "what": words, "text": ""}
        case "unknown_instance_terminated_event" if data.get("instanceId") == instance_id:
            return {"by": "executor", "what": str(data["condition"]),
                    "text": "after it was given up"}
    return None
