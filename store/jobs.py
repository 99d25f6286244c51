"""A reminder that was claimed, with all that it takes to do it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ladder import Rung, clause_of
from domain.placeholders import Values
from domain.policy import Policy
from domain.process import Process
from domain.record import read_value
from domain.refusals import Refused
from domain.terms import last_moment
from store.database import AnyRow
from store.policies import Policies

NUMBER_LENGTH = 8
"""Characters of a process's id that people read out to each other."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A reminder's row, as `store.dispatch.claim` gives it, its rung, and the policy that it is from."""

    row: AnyRow
    rung: Rung
    policy: Policy

    @property
    def key(self) -> dict[str, Any]:
        """What tells it from every other reminder, by column."""
        return key_of(self.row)

    @property
    def name(self) -> str:
        """The same, as the key of what is done for it."""
        return ":".join(map(str, self.key.values()))

    @property
    def kind(self) -> type[Process]:
        """The declaration of the process that it is about."""
        return Process.kinds[self.row.kind]

    @property
    def formal(self) -> bool:
        """Whether it is a formal notice."""
        text = self.policy.wording.texts.get(self.rung.text or "")
        return text is not None and text.formal

    @property
    def values(self) -> Values:
        """What any text may say of it; a formal notice says more."""
        end = self.row.deadline and last_moment(self.row.deadline)
        return Values(
            appointment=self.row.starts_at,
            place=self.row.place,
            by_day=end if end is None or not hasattr(end, "date") else end.date(),
            process=self.kind.label,
            number=self.row.process_id.hex[:NUMBER_LENGTH].upper(),
        )


def key_of(row: AnyRow) -> dict[str, Any]:
    """Return what tells a reminder from every other one, by column."""
    return {"process_id": row.process_id, "entry": row.entry, "rung": row.rung, "occurrence": row.occurrence}


async def jobs(connection: AsyncConnection, rows: Iterable[AnyRow], policies: Policies) -> list[Job]:
    """Return the jobs that these rows are; a rung that no policy knows any more is nothing to do."""
    found = [await job_of(connection, row, policies) for row in rows]
    return [job for job in found if job]


async def job_of(connection: AsyncConnection, row: AnyRow, policies: Policies) -> Job | None:
    """Return the job that a row is; None if no policy knows its rung any more."""
    try:
        policy = await policies.of(connection, row.policy)
    except Refused:
        return None
    rung = rung_of(row, policy)
    return Job(row=row, rung=rung, policy=policy) if rung else None


def rung_of(row: AnyRow, policy: Policy | None) -> Rung | None:
    """Return the rung that a reminder is of: its own, or the policy's; None if the policy has no such rung."""
    if row.own:
        rung: Rung = read_value(Rung, row.own)
        return rung
    return policy.rungs.get(clause_of(row.rung)) if policy else None
