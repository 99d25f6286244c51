"""Whom a reminder tells, and what it says: for whoever sends it, and for whoever wants to see it before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.fields import local_day
from domain.ladder import STAFF, Whom
from domain.placeholders import Values
from domain.recipient import Recipient
from domain.record import load
from domain.rendering import Said
from store import dispatch, recipients
from store import tables as t
from store.jobs import Job
from store.recipients import Desks

Facts = Mapping[UUID, Values]
"""What formal notices say of a process, by its id."""


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Everybody who may be told by one batch."""

    persons: Mapping[UUID, Recipient]
    referents: Mapping[UUID, Sequence[Recipient]]
    desks: Desks

    def recipients(self, job: Job) -> Sequence[Recipient]:
        """Return whom a job tells; nobody, if the register names nobody."""
        row = job.row
        match job.rung.tell:
            case Whom.PERSON:
                person = self.persons.get(row.person_id)
                return [person] if person else []
            case Whom.OPERATOR:
                return self.desks.of(row.staff_id, row.district_id)
            case Whom.SUPERVISOR:
                return self.desks.supervisors(row.district_id)
            case Whom.REFERENT:
                return self._referents(row.service_id)[:1]
            case Whom.DEPUTY_REFERENT:
                return self._referents(row.service_id)[1:2]
            case _:
                return []

    def _referents(self, service_id: str | None) -> Sequence[Recipient]:
        return self.referents.get(UUID(service_id), []) if service_id else []


async def directory_of(connection: AsyncConnection, told: Iterable[Job], now: datetime) -> Directory:
    """Return everybody whom these jobs may tell, as they are reached on the day."""
    told = [*told]
    staff = any(job.rung.tell in STAFF for job in told)
    persons = {job.row.person_id for job in told if job.rung.tell is Whom.PERSON and job.row.person_id}
    services = {
        UUID(job.row.service_id)
        for job in told
        if job.rung.tell in {Whom.REFERENT, Whom.DEPUTY_REFERENT} and job.row.service_id
    }
    return Directory(
        persons=await recipients.persons(connection, persons) if persons else {},
        referents=await recipients.referents(connection, services) if services else {},
        desks=await Desks.on(connection, local_day(now)) if staff else Desks((), ()),
    )


async def facts_of(connection: AsyncConnection, told: Iterable[Job], now: datetime) -> Facts:
    """Return what the formal notices among these jobs say."""
    formal = {job.row.process_id for job in told if job.formal}
    if not formal:
        return {}
    processes = [load(row.kind, row.data) for row in (await dispatch.processes(connection, formal)).values()]
    tenancies = {process.id: getattr(process, "tenancy", None) for process in processes}
    tenancy = t.tenancy.c
    rows = await connection.execute(select(tenancy.id, tenancy.code).where(tenancy.id.in_({*tenancies.values()})))
    codes = {row.id: row.code for row in rows}
    today = local_day(now)
    return {
        process.id: replace(process.formal_facts(today), tenancy=codes.get(tenancies[process.id]))
        for process in processes
    }


def said_of(job: Job, facts: Facts) -> Said:
    """Return the text of a job, and what it says: the facts too if it is a formal notice."""
    values, more = job.values, facts.get(job.row.process_id) if job.formal else None
    if more:
        values = replace(values, **{name: value for name, value in vars(more).items() if value is not None})
    return Said(text=job.rung.text or "", values=values)
