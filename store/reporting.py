"""The activity report's figures, counted: contacts, and the events of cases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, distinct, exists, func, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.arrears_support import ArrearsSupport
from domain.choices import Choice
from domain.contact import ContactChannel, ContactOutcome
from domain.contribution import Contribution
from domain.document_practice import DocumentPractice
from domain.external_referral import ExternalReferral
from domain.fields import Day, DistrictId, ServicePointId, start_of
from domain.maintenance_facts import FaultPlace
from domain.maintenance_resolution import MaintenanceResolution
from domain.process import ENTERED_IN_ERROR, Process
from domain.reporting import ActivityReport, Tally
from domain.tenant_case import Fragility, Outcome, TenantCase
from store import tables as t
from store.database import AnyRow
from store.scope import Scope, within


@dataclass(frozen=True, kw_only=True)
class ReportFilter:
    """Of a service point, of a district, or of all that the caller sees."""

    service_point: ServicePointId | None = None
    district: DistrictId | None = None


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Give a connection that reads everything as it is at one moment: figures of one report agree with each other."""
    async with engine.connect() as connection:
        yield await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


async def activity_report(
    connection: AsyncConnection, first_day: Day, last_day: Day, given: ReportFilter, *, scope: Scope
) -> ActivityReport:
    """Return the report on the local days from `first_day` to `last_day`, as far as the caller may see."""
    report = _Counting(connection, start_of(first_day), start_of(last_day + timedelta(days=1)), given, scope)
    channels = await report.first_channels()
    events = await report.events()
    return ActivityReport(
        first_day=first_day,
        last_day=last_day,
        registered=sum(channels.values()),
        convened=channels.get(ContactChannel.CONVENED.name, 0),
        walk_ins=channels.get(ContactChannel.WALK_IN.name, 0),
        contacts=await report.contacts(),
        cases_opened=events.get((TenantCase.kind, "open"), 0),
        maintenance_reports=events.get((MaintenanceResolution.kind, "open"), 0),
        maintenance_in_dwellings=await report.faults(FaultPlace.DWELLING),
        arrears_cases=events.get((ArrearsSupport.kind, "open"), 0),
        document_practices=events.get((DocumentPractice.kind, "open"), 0),
        referrals=await report.first_times(ExternalReferral, "send"),
        contributions_granted=events.get((Contribution.kind, "grant"), 0),
        contributions_paid_eur=await report.paid(),
        contacts_by_channel=await report.contacts_by(t.contact.c.channel, ContactChannel),
        contacts_by_outcome=await report.contacts_by(t.contact.c.outcome, ContactOutcome),
        needs_by_area=await report.needs(),
        cases_closed_by_outcome=await report.closures(),
    )


@dataclass(frozen=True)
class _Counting:
    connection: AsyncConnection
    start: datetime
    end: datetime
    given: ReportFilter
    scope: Scope

    async def first_channels(self) -> dict[str, int]:
        """How many persons had their first contact of the period through each channel."""
        c = t.contact.c
        first = (
            select(c.person_id, c.channel)
            .ext(distinct_on(c.person_id))
            .where(c.person_id.is_not(None), *self._contacts())
            .order_by(c.person_id, c.occurred_at, c.id)
            .subquery()
        )
        return await self._pairs(select(first.c.channel, func.count()).group_by(first.c.channel))

    async def contacts(self) -> int:
        return int(await self._number(select(func.count()).select_from(t.contact).where(*self._contacts())))

    async def contacts_by(self, column: ColumnElement[Any], choices: type[Choice]) -> tuple[Tally, ...]:
        counted = select(column, func.count()).where(*self._contacts()).group_by(column)
        return _tallies(await self._pairs(counted), choices)

    async def events(self) -> dict[tuple[str, str], int]:
        """How many processes had each step in the period, by kind and step."""
        e = t.event.c
        counted = select(e.kind, e.name, func.count(distinct(e.process_id))).where(*self._events())
        rows = await self._rows(counted.group_by(e.kind, e.name))
        return {(row[0], row[1]): row[2] for row in rows}

    async def first_times(self, process: type[Process], step: str) -> int:
        """How many processes had the step in the period, and never before."""
        earlier, e = t.event.alias("earlier").c, t.event.c
        before = exists().where(
            earlier.case_id == e.case_id,
            earlier.process_id == e.process_id,
            earlier.name == step,
            earlier.seq < e.seq,
        )
        return int(await self._number(self._of(process, step, select(func.count())).where(~before)))

    async def faults(self, place: FaultPlace) -> int:
        opened = self._of(MaintenanceResolution, "open", select(func.count()))
        return int(await self._number(opened.where(t.process.c.data["place"].astext == place.name)))

    async def paid(self) -> Decimal:
        amount = cast(t.process.c.data["granted"].astext, t.reservation.c.amount.type)
        total = self._of(Contribution, "pay", select(func.coalesce(func.sum(amount), Decimal(0))))
        return Decimal(await self._number(total))

    async def needs(self) -> tuple[Tally, ...]:
        need = (
            func.jsonb_array_elements(t.event.c.request["given"]["needs"]).table_valued("value", name="need").lateral()
        )
        area = cast(need.c.value, t.event.c.request.type)["area"].astext.label("area")
        heard = self._of(TenantCase, "record_interview", select(area, func.count())).select_from(
            t.event.join(need, true())
        )
        return _tallies(await self._pairs(heard.group_by(area)), Fragility)

    async def closures(self) -> tuple[Tally, ...]:
        outcome = cast(t.event.c.request["given"]["outcome"].astext, Text).label("outcome")
        closed = self._of(TenantCase, "close", select(outcome, func.count()))
        return _tallies(await self._pairs(closed.group_by(outcome)), Outcome)

    def _contacts(self) -> list[ColumnElement[bool]]:
        c = t.contact.c
        clauses = [
            c.occurred_at >= self.start,
            c.occurred_at < self.end,
            c.entered_in_error_at.is_(None),
            within(self.scope, t.contact),
        ]
        if self.given.service_point:
            clauses.append(c.service_point_id == self.given.service_point)
        if self.given.district:
            clauses.append(c.district_id == self.given.district)
        return clauses

    def _events(self) -> list[ColumnElement[bool]]:
        """The steps of the period on processes that were not opened by mistake, with their process and its case."""
        e, p, f = t.event.c, t.process.c, t.case_file.c
        clauses = [
            e.occurred_at >= self.start,
            e.occurred_at < self.end,
            p.id == e.process_id,
            f.id == e.case_id,
            p.state.not_in(ENTERED_IN_ERROR),
            within(self.scope, t.process),
        ]
        if self.given.service_point:
            clauses.append(f.service_point_id == self.given.service_point)
        if self.given.district:
            clauses.append(p.district_id == self.given.district)
        return clauses

    def _of(self, process: type[Process], step: str, counted: Any) -> Any:
        if step not in process.steps:
            raise TypeError(f"{process.__name__} has no step {step}")
        return counted.select_from(t.event).where(
            t.event.c.kind == process.kind, t.event.c.name == step, *self._events()
        )

    async def _rows(self, statement: Any) -> list[AnyRow]:
        return list((await self.connection.execute(statement)).all())

    async def _pairs(self, statement: Any) -> dict[str, int]:
        return {row[0]: row[1] for row in await self._rows(statement)}

    async def _number(self, statement: Any) -> Any:
        return (await self.connection.execute(statement)).scalar_one()


def _tallies(counts: dict[str, int], choices: type[Choice]) -> tuple[Tally, ...]:
    """Every member of a closed list, in its order, also those that nothing was counted of."""
    return tuple(Tally(code=each.name, label=each.label, count=counts.get(each.name, 0)) for each in choices)
