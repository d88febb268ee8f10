"""What is answered when something is refused: Marathon's form below /v2, RFC 9457 elsewhere."""
from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from specs.marathon.errors import Detail, MarathonError


class RefusedError(Exception):
    """A request is refused. `more`: further keys of Marathon's body, such as `deployments`."""

    def __init__(self, status: int, message: str, details: Sequence[Detail] | str | None = None,
                 **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details
        self.more = more

    def marathon(self) -> dict[str, Any]:
        """`{"message": …, "details": […]}`; details is a text where the JSON cannot be read."""
        body: dict[str, Any] = {"message": self.message}
        if isinstance(self.details, str):
            body["details"] = self.details
        elif self.details is not None:
            body["details"] = [{"path": each.path, "errors": list(each.errors)}
                               for each in self.details]
        return body | self.more

    def problem(self) -> dict[str, Any]:
        """application/problem+json."""
        body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(self.status).phrase,
                                "status": self.status, "detail": self.message}
        if self.details is not None and not isinstance(self.details, str):
            body["errors"] = [{"path": each.path, "errors": list(each.errors)}
                              for each in self.details]
        elif isinstance(self.details, str):
            body["detail"] = f"{self.message}: {self.details}"
        return body | self.more


def refused(error: MarathonError) -> RefusedError:
    """A definition that is not accepted."""
    return RefusedError(error.status, error.message, error.details)


def not_found(message: str) -> RefusedError:
    """404, with the empty details that some clients read."""
    return RefusedError(404, message, ())


def no_app(app_id: str) -> RefusedError:
    return not_found(f"App '{app_id}' does not exist")
