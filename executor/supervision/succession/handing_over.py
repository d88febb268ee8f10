"""Before a container starts: what it is to write belongs to whom it runs as."""
from __future__ import annotations

import logging

from executor.admission.plan import Plan
from executor.admission.sandbox import everything, give
from executor.engine.failures import RuntimeFailure
from executor.engine.port import Containers
from executor.engine.users import GROUPS, USERS, Ids, by_files, by_numbers

log = logging.getLogger(__name__)


def hand_over(containers: Containers, container: str, plan: Plan) -> None:
    """Let the container's user write where it is to write."""
    whose = _user(containers, container, plan.user) if plan.theirs else None
    if whose is None:  # in the drop-in the agent does it; a user whom the image lacks is refused
        return
    try:
        give(plan.theirs, whose)
        give(everything(plan.sandbox) if plan.files else (), whose)
    except OSError as error:
        raise RuntimeFailure(f"cannot give {error.filename} to user {whose.user}: "
                             f"{error.strerror}") from error


def _user(containers: Containers, container: str, said: str) -> Ids | None:
    """Whom it runs as: whom the task says, else whom the image says; names are the image's."""
    user = said or containers.inspect(container).user
    known = by_numbers(user)
    if known is not None:
        return known
    try:
        files = [containers.read(container, path) or b"" for path in (USERS, GROUPS)]
    except RuntimeFailure as failure:
        if not failure.answered:
            raise
        log.warning("Cannot read who user %s of %s is: %s", user, container, failure)
        return None  # what is wrong with it, the start will say
    return by_files(user, *(content.decode(errors="replace") for content in files))
