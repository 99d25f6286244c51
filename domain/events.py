"""What happens to a case, as data: the request of a step, the event it becomes, the processes as it left them.

No personal data: ids, codes, amounts. Temporal's histories, the outbox and the event log hold exactly these.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.roles import Role
from domain.tasks import TaskReason
from domain.terms import Closures, Terms

DEADLINE_PASSED = "deadline_passed"
"""Not a step: a deadline went by, and the supervisor has a task."""

POLICY_ADOPTED = "policy_adopted"
"""Not a step: the process has other terms and limits from then on."""

TASK_RAISED, TASK_DONE = "task_raised", "task_done"
"""Not steps: somebody was given something to do beside them, and has done it."""

WINDOW_ENDED = "window_ended"
"""Not a step: nothing can happen to a closed case any more, and what was still to be done for it is over."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The member of staff who asks, and the role that allows the step; the engine is nobody."""

    id: UUID | None
    role: Role


ENGINE = Actor(id=None, role=Role.ENGINE)
"""Who acts when policy and time do."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What the policy gives a process when it opens or adopts it, resolved outside: workflows read no policy."""

    terms: Terms
    limits: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class StepRequest:
    """A step that somebody asks for.

    `request_id` is the hash of identity and idempotency key; `fingerprint` that of the whole canonical input.
    `occurred_at` None means now. Unless it opens, a step says what it was decided upon: a person's the
    `expected_version`, the engine's the `entry` into a state, whatever was noted since. `opening` comes with a step
    that opens a process, `closures` when those that the process carries will soon not reach far enough.
    """

    request_id: str
    fingerprint: str
    process_id: UUID
    kind: str
    step: str
    actor: Actor
    expected_version: int | None = None
    entry: int | None = None
    occurred_at: datetime | None = None
    given: dict[str, Any] = field(default_factory=dict)
    notes: tuple[UUID, ...] = ()
    """The notes that `given` names: already stored, seen once the step is."""
    opening: Opening | None = None
    closures: Closures | None = None


@dataclass(frozen=True, kw_only=True)
class TaskChange:
    """Something to do for a `role`, beside the steps of a process; or that it is `done`.

    It is for one `entry` into a state, and nothing once that was left; without an entry it is about the state as it is,
    or about the case if the process has ended. `clause` is the rung of the policy that raises it.
    """

    request_id: str
    fingerprint: str
    process_id: UUID
    actor: Actor
    reason: TaskReason
    role: Role
    entry: int | None = None
    clause: str = ""
    done: bool = False
    notes: tuple[UUID, ...] = ()
    """What was written down with it: already stored, seen once it is done."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of a case's history: `name` is a step or one of the constants above; `seq` counts from 1 without gaps.

    `occurred_at` is when it happened, `recorded_at` when it was told. `request` is what was asked for, if anything.
    """

    seq: int
    process_id: UUID
    kind: str
    name: str
    from_state: str
    to_state: str
    version: int
    entry: int
    occurred_at: datetime
    recorded_at: datetime
    request: StepRequest | TaskChange | None = None
    adopted: Opening | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """A process as it stands, as `domain.record.dump` writes it."""

    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An event, and the processes as it left them: what PostgreSQL takes in one transaction."""

    event: Event
    records: tuple[Record, ...]
