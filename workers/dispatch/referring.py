"""The rung of a ladder that proposes a referral to the next matching partner."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.external_referral import ExternalReferral
from domain.fields import PartnerServiceId, local_day
from domain.matching import rank
from domain.process import Process
from domain.record import dump_value
from domain.referral_facts import ChooseService
from domain.roles import Role
from domain.tasks import TaskReason
from store import dispatch
from store.jobs import Job
from store.matching import candidates, seeker_of
from workers.dispatch.acting import Act, step, task


async def to_the_next(connection: AsyncConnection, job: Job, referral: Process, *, now: datetime) -> Act:
    """Return that it is proposed to the service that matches best; that the operator has something to do, if none does.

    So they have if it was told of, days late, only after the partner's term: nobody was reminded in time, and the
    partner's answer may be what is told next.
    """
    told_at = await dispatch.told_of_entry(connection, job.row.process_id, job.row.entry)
    in_time = job.row.deadline is not None and told_at < job.row.deadline
    service = await _best(connection, referral, now) if in_time else None
    if service is None:
        return task(job, TaskReason.ESCALATED, Role.OPERATOR)
    return step(job, "repropose", dump_value(ChooseService(service=service)))


async def _best(connection: AsyncConnection, referral: Process, now: datetime) -> PartnerServiceId | None:
    """Return the service that stands first, of those that can be proposed; None if none can."""
    if not isinstance(referral, ExternalReferral) or referral.area is None:
        return None
    known = [candidate for candidate, _ in await candidates(connection, referral.area)]
    seeker = await seeker_of(connection, referral.id, referral.area)
    ranked = rank(known, seeker, on=local_day(now), assured_days=referral.limits.assured_days)
    return next((each.id for each in ranked if not each.excluded), None)
