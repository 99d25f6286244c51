"""Who is to do what: a list that the agency keeps beside its processes, and that wakes none of them."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.fields import ProcessId, StaffId
from domain.register import MANAGERS
from domain.roles import STAFF

ASSIGNERS = MANAGERS
"""Who gives others something to do, and takes it from them."""

CLAIMERS = STAFF
"""Who takes something upon themselves, and gives it back."""

Processes = Annotated[tuple[ProcessId, ...], Field(min_length=1, max_length=1_000)]
"""What to do: up to a thousand processes at once."""


@dataclass(frozen=True, kw_only=True)
class AssignTasks:
    """What `staff` is to do from now on, whoever had it before."""

    processes: Processes
    staff: StaffId


@dataclass(frozen=True, kw_only=True)
class ClaimTasks:
    """What the caller takes upon themselves, all of it or nothing: somebody else's is refused."""

    processes: Processes


@dataclass(frozen=True, kw_only=True)
class ReleaseTasks:
    """What is anybody's again; what is not the caller's own takes a supervisor."""

    processes: Processes
