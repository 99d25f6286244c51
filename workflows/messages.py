"""What travels between the API, a case's workflow and its activities; the names of queue, workflows and activities."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.choices import Label
from domain.events import Entry, Opening, Record
from domain.process import Reservation
from domain.refusals import Refused

TASK_QUEUE = "pratica-cases"
"""Where case workflows and their activities are polled from."""

PROJECT = "project"
"""Activity `(Batch) -> None`: write a batch of entries to PostgreSQL, in order, once."""

RESERVE = "reserve"
"""Activity `(Claim) -> Reserved`: take a share of what several cases share."""

STEP = "step"
"""Update `(StepRequest) -> StepAnswer`: take one step; its id is the request's."""

CHANGE_TASK = "change_task"
"""Update `(TaskChange) -> StepAnswer`: give somebody something to do beside the steps, or note that it is done."""
ADOPT = "adopt"
"""Update `(Adopt) -> Adopted`: take over another version of the policy, or of the calendar."""

CARRIED = "carried"
"""Query `() -> Carried`: the case as its workflow holds it; for `pratica verify` and tests, never for the API."""


BULK_QUEUE = "pratica-bulk"
"""Where what goes through all cases is polled from, so that it keeps no case waiting."""

DRY_RUN, ADOPTION = "PolicyDryRun", "PolicyAdoption"
"""Workflows `() -> None`, one of each at a time: they go through what the tables `dry_run` and `adoption` ask for."""

WOKEN = "woken"
"""Signal `()` to either: there is something to do."""

TRY_OUT = "try_out"
"""Activity `() -> bool`: compare some cases with a version of the policy; say whether there are more."""

ADOPT_SOME = "adopt_some"
"""Activity `() -> bool`: have some cases adopt the policy; say whether there are more."""


def bulk_id(queue: str, workflow: str) -> str:
    """Return the id of the one workflow of this name that a bulk queue has."""
    return f"{queue}/{workflow}"


_CASE = "case/"


def workflow_id(case_id: UUID) -> str:
    """Return the id of the one workflow that carries a case."""
    return f"{_CASE}{case_id}"


def case_of(workflow: str) -> UUID | None:
    """Return the case that a workflow carries, by the workflow's id; None if it carries none."""
    return UUID(workflow.removeprefix(_CASE)) if workflow.startswith(_CASE) else None


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """A refusal as data."""

    code: str
    label: Label
    path: tuple[str, ...] = ()

    @classmethod
    def of(cls, refused: Refused) -> "Rejection":
        """Return what was refused, as data."""
        return cls(code=refused.code, label=refused.label, path=refused.path)


@dataclass(frozen=True, kw_only=True)
class StepAnswer:
    """What became of a step: `version` is that of the process after it, `seq` its event's place in the history.

    `visible` is False when it was accepted but PostgreSQL has not taken it yet; `rejection` says why nothing happened.
    """

    request_id: str
    fingerprint: str
    process_id: UUID
    version: int
    seq: int
    visible: bool = True
    rejection: Rejection | None = None


@dataclass(frozen=True, kw_only=True)
class Adopt:
    """What the policy gives each kind of process, with the closed days of the case's place from today on."""

    openings: Mapping[str, Opening]


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """How many processes of the case have new terms; `seq` is the last event's place in the history."""

    changed: int
    seq: int


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A share that a step needs, keyed by process and entry, so that asking twice takes once."""

    case_id: UUID
    process_id: UUID
    entry: int
    reservation: Reservation
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Reserved:
    """Whether the share was taken, or why not."""

    rejection: Rejection | None = None


DISPATCH_QUEUE = "pratica-dispatch"
"""Where the dispatch workflow and its activity are polled from: a burst of messages keeps no case waiting."""

DISPATCH = "dispatch"
"""Activity `(Round) -> Rest`: tell everybody what is due; and the name and id of the workflow that asks for it."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """One round of dispatch: everything that is due `now`."""

    now: datetime


@dataclass(frozen=True, kw_only=True)
class Rest:
    """Until when there is nothing to do."""

    until: datetime


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Contiguous entries of one case, oldest first."""

    case_id: UUID
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What a case's workflow takes along when it continues as new."""

    records: tuple[Record, ...]
    seq: int
    answers: tuple[StepAnswer, ...]


@dataclass(frozen=True, kw_only=True)
class CaseStart:
    """The argument of a case's workflow; a new one carries nothing."""

    case_id: UUID
    carried: Carried | None = None
