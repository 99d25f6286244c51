"""A year, lived in seconds: real PostgreSQL, the time-skipping Temporal, both workers, and a real post office."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from api.engine import wake_dispatch
from domain.ladder import clause_of
from domain.message import MessageStatus, Receipt
from domain.process import Process
from domain.tenant_case import TenantCase
from domain.terms import ROME
from store import dispatch
from store import tables as t
from tests.world import POLICIES, POLICY, Cases, World
from workers.channels import channels
from workers.embedded.post_office import PostOffice
from workers.settings import Settings
from workers.worker import case_worker, dispatch_worker, start_dispatch

_SOON = timedelta(seconds=3)
"""Longer than a step takes."""


@dataclass(kw_only=True)
class Year:
    """One tenant's case; `versions` are those that a front end would have read."""

    environment: WorkflowEnvironment
    engine: AsyncEngine
    world: World
    office: PostOffice
    cases: Cases
    now: datetime
    case_id: UUID = field(default_factory=uuid4)
    versions: dict[UUID, int] = field(default_factory=dict)
    read: int = 0
    """How many messages `news` has told of."""

    async def until(self, year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> None:
        """Let time pass until a local time in Italy."""
        await self._to(datetime(year, month, day, hour, minute, tzinfo=ROME))

    async def later(self, **span: float) -> None:
        await self._to(self.now + timedelta(**span))

    async def _to(self, moment: datetime) -> None:
        now = await self.environment.get_current_time()
        if moment > now:
            await self.environment.sleep(moment - now)
        # A workflow that is woken at the very moment at which its timer fires is lost to this server (sdk-java#3088),
        # and dispatch wakes a day after the last thing that a test did: past it, if that is now.
        while await self._dispatch_wakes_soon():
            await self.environment.sleep(_SOON)
        self.now = await self.environment.get_current_time()

    async def _dispatch_wakes_soon(self) -> bool:
        now = await self.environment.get_current_time()
        soon = select(t.dispatch.c.id).where(t.dispatch.c.wakes_at.between(now, now + _SOON))
        async with self.engine.connect() as connection:
            return (await connection.execute(soon)).first() is not None

    async def open(self, **given: Any) -> None:
        """Open the case."""
        request = self.world.open_case(self.case_id, at=self.now)
        request = replace(request, given=request.given | {name: str(value) for name, value in given.items()})
        answer = await self.cases.open(request)
        self.versions[self.case_id] = answer.version

    async def take(
        self,
        process: type[Process],
        step: str,
        given: Mapping[str, Any] | None = None,
        *,
        on: UUID | None = None,
        at: datetime | None = None,
    ) -> UUID:
        """Take a step, of the case unless of another process, now or `at`; a new one if the step opens it."""
        opens = process.steps[step].opens
        about = on or (uuid4() if opens else self.case_id)
        version = None if opens else self.versions[about]
        request = self.world.request(process, step, given, on=about, version=version, at=self.now if opens else None)
        answer = await self.cases.take(self.case_id, replace(request, occurred_at=at))
        assert not answer.rejection, answer.rejection
        self.versions[about] = answer.version
        if about != self.case_id:
            self.versions[self.case_id] = await self._version(self.case_id)
        return about

    async def _version(self, process_id: UUID) -> int:
        async with self.engine.connect() as connection:
            row = select(t.process.c.version).where(t.process.c.id == process_id)
            return int((await connection.execute(row)).scalar_one())

    async def change(self, table: Any, identifier: UUID, **values: Any) -> None:
        """Change the register, as an amendment does."""
        async with self.engine.begin() as connection:
            await connection.execute(update(table).where(table.c.id == identifier).values(values))

    async def add(self, table: Any, **values: Any) -> UUID:
        """Add to the register."""
        identifier = uuid4()
        async with self.engine.begin() as connection:
            await connection.execute(insert(table).values(id=identifier, **values))
        return identifier

    async def convene(self, year: int, month: int, day: int, hour: int) -> None:
        """Give the tenant an appointment at the stop, which is open then."""
        appointment = datetime(year, month, day, hour, tzinfo=ROME)
        hours = {"starts_at": appointment - timedelta(hours=1), "ends_at": appointment + timedelta(hours=3)}
        await self.change(t.stop, self.world.stop, **hours)
        await self.take(TenantCase, "convene", {"stop": str(self.world.stop), "appointment": appointment.isoformat()})

    async def told(self, *recipients: str) -> list[str]:
        """Everything that left, in order: "2027-01-11 09:00 SMS PERSON appointment", texts joined by a plus."""
        return [
            f"{_minute(row)} {row.channel} {row.recipient} {'+'.join(sorted(said for _, said in texts))}"
            for row, texts in await self._left()
            if not recipients or row.recipient in recipients
        ]

    async def news(self) -> list[str]:
        """What left since this was last asked: "2027-01-28 08:30 EMAIL Carla it TENANT_CASE task_overdue".

        That is when, how, to whom (staff by their name), in which language, about which process and with which text.
        """
        said = [
            f"{_minute(row)} {row.channel} {row.who} {row.language} {' + '.join(map(' '.join, sorted(texts)))}"
            for row, texts in await self._left()
        ]
        new, self.read = said[self.read :], len(said)
        return new

    async def _left(self) -> list[tuple[Any, list[tuple[str, str]]]]:
        """Every message in order, each with the kind of process and the text of all that it tells."""
        rows = text(
            """
            select m.created_at, m.channel, m.recipient, m.language, m.told, coalesce(s.name, m.recipient) as who
              from message m left join staff s on s.id = m.recipient_id order by m.created_at, m.channel, m.id
            """
        )
        reminder, process = t.reminder.c, t.process.c
        known = select(reminder.process_id, reminder.entry, reminder.rung, reminder.own, process.kind).join(
            t.process, process.id == reminder.process_id
        )
        async with self.engine.connect() as connection:
            found = (await connection.execute(rows)).all()
            of = {(row.process_id, row.entry, row.rung): row for row in await connection.execute(known)}
        return [
            (row, [_said(of[UUID(each["process_id"]), each["entry"], each["rung"]]) for each in row.told])
            for row in found
        ]

    async def messages(self, **columns: Any) -> list[Any]:
        """The rows of messages with these values, oldest first."""
        found = select(t.message).order_by(t.message.c.created_at, t.message.c.id)
        for name, value in columns.items():
            found = found.where(t.message.c[name] == value)
        async with self.engine.connect() as connection:
            return [*await connection.execute(found)]

    async def receipt(self, message: Any, status: MessageStatus) -> None:
        """What the provider says of a message, now."""
        async with self.engine.begin() as connection:
            await dispatch.receive(connection, [Receipt(key=message.key, status=status, at=self.now)], now=self.now)
        await wake_dispatch(self.environment.client)

    async def state(self, process_id: UUID | None = None) -> str:
        """The state that a process is in; its version is read with it, which a step of the engine may have raised."""
        about = process_id or self.case_id
        async with self.engine.connect() as connection:
            row = select(t.process.c.state).where(t.process.c.id == about)
            state = str((await connection.execute(row)).scalar_one())
        self.versions[about] = await self._version(about)
        return state

    async def tasks(self, *, open_only: bool = True) -> list[tuple[str, str, str]]:
        """What there is to do: the kind, why, and whose it is."""
        task = t.task.c
        found = select(task.kind, task.reason, task.role).order_by(task.opened_at, task.reason)
        async with self.engine.connect() as connection:
            rows = await connection.execute(found.where(task.done_at.is_(None)) if open_only else found)
            return [(row.kind, row.reason, row.role) for row in rows]


def _minute(message: Any) -> str:
    return str(message.created_at.astimezone(ROME).strftime("%Y-%m-%d %H:%M"))


def _said(reminder: Any) -> tuple[str, str]:
    """The kind of process that a reminder is about, and the name of its text."""
    return reminder.kind, str((reminder.own or {}).get("text") or POLICY.rungs[clause_of(reminder.rung)].text)


@asynccontextmanager
async def a_year(
    environment: WorkflowEnvironment, engine: AsyncEngine, world: World, folder: Path
) -> AsyncIterator[Year]:
    """Everything that tells people, in a time that a test moves on."""
    office = PostOffice(folder, receipts_url="http://127.0.0.1:1/receipts")
    cases = Cases(client=environment.client, task_queue="year")
    async with office.serving():
        settings = Settings(
            smtp_url=office.smtp_url,
            mail_from="pratica@example.org",
            gateway_url=office.gateway_url,
            gateway_secret=office.gateway_secret,
        )
        async with (
            channels(settings) as by_channels,
            case_worker(environment.client, engine, POLICIES, task_queue=cases.task_queue),
            dispatch_worker(environment.client, engine, POLICIES, by_channels),
        ):
            await start_dispatch(environment.client)
            now = await environment.get_current_time()
            yield Year(environment=environment, engine=engine, world=world, office=office, cases=cases, now=now)
