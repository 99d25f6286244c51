"""The versions of the policy: submitted, published, in force; and those that are being used, kept parsed.

What is in force is the latest publication: nothing is cached of that, so that no process needs to be told.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, insert, lateral, literal, select, text, true
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain import policy
from domain.policy import Policy
from domain.process import Process
from domain.publication import PolicyStatus
from domain.refusals import Refusal, Refused
from store import tables as t
from store.database import AnyRow
from store.pages import Order, Page, Pages

KEPT = 16
"""Versions that are kept parsed: reading a document takes some tenths of a second."""

_latest = t.publication.alias("latest")

IN_FORCE: Any = select(_latest.c.policy_id).order_by(_latest.c.id.desc()).limit(1).scalar_subquery()
"""The id of the version in force, null before the first, to be part of any statement."""


class Policies:
    """The versions as programs need them: parsed against the processes that there are."""

    def __init__(self, processes: Iterable[type[Process]]) -> None:
        self._processes = tuple(processes)
        self._kept: OrderedDict[str, Policy] = OrderedDict()
        self._reading = asyncio.Lock()  # what several ask for at once is read once

    async def in_force(self, connection: AsyncConnection) -> Policy:
        """Return the version in force now. Raises `Refused` (POLICY_MISSING)."""
        return await self.of(connection, (await connection.execute(select(IN_FORCE))).scalar_one())

    async def of(self, connection: AsyncConnection, identifier: str | None) -> Policy:
        """Return a version by its id. Raises `Refused` (POLICY_MISSING) if there is none."""
        if identifier is None:
            raise Refused(Refusal.POLICY_MISSING)
        if identifier not in self._kept:
            async with self._reading:
                if identifier not in self._kept:
                    document = await document_of(connection, identifier)
                    if document is None:
                        raise Refused(Refusal.POLICY_MISSING)
                    self._kept[identifier] = await self.read(document)
        self._kept.move_to_end(identifier)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[identifier]

    async def read(self, document: str) -> Policy:
        """Return what a document says, without holding up anything else. Raises `PolicyInvalid`."""
        return await asyncio.to_thread(policy.load, document, self._processes)


async def document_of(connection: AsyncConnection, identifier: str) -> str | None:
    """Return the document of a version, None if there is no such version."""
    asked = select(t.policy.c.document).where(t.policy.c.id == identifier)
    return (await connection.execute(asked)).scalar_one_or_none()


# Reading.


def _published() -> Any:
    own = select(t.publication.c.published_at, t.publication.c.published_by)
    return lateral(
        own.where(t.publication.c.policy_id == t.policy.c.id).order_by(t.publication.c.id.desc()).limit(1)
    ).alias("published")


def _versions() -> Select[Any]:
    published = _published()
    return select(
        t.policy, published.c.published_at, published.c.published_by, (t.policy.c.id == IN_FORCE).label("in_force")
    ).select_from(t.policy.outerjoin(published, true()))


_VERSIONS = _versions()
_SUBMITTED = Order("policies.submitted", ((t.policy.c.submitted_at, False), (t.policy.c.id, False)))


async def version(connection: AsyncConnection, identifier: str | None = None) -> AnyRow | None:
    """Return a version by its id, or the one in force."""
    wanted = t.policy.c.id == (IN_FORCE if identifier is None else identifier)
    row: AnyRow | None = (await connection.execute(_VERSIONS.where(wanted))).one_or_none()
    return row


async def versions(connection: AsyncConnection, *, first: int, after: str | None) -> Page:
    """Return a page of the versions, the latest first. Raises `Refused` (PAGE_INVALID, CURSOR_INVALID)."""
    return await Pages(_VERSIONS, _SUBMITTED).page(connection, first=first, after=after)


def status(row: AnyRow) -> PolicyStatus:
    """Return how a version stands."""
    if row.in_force:
        return PolicyStatus.IN_FORCE
    return PolicyStatus.WITHDRAWN if row.published_at else PolicyStatus.DRAFT


# Writing: each is part of its caller's transaction.


async def require_staff(connection: AsyncConnection, staff_id: UUID) -> None:
    """Make sure that who acts is in the register; raise `Refused` (STAFF_UNKNOWN)."""
    if not (await connection.execute(select(exists().where(t.staff.c.id == staff_id)))).scalar_one():
        raise Refused(Refusal.STAFF_UNKNOWN)


async def submit(
    connection: AsyncConnection, identifier: str, document: str, *, by: UUID | None, now: datetime
) -> None:
    """Keep a version; the same one again changes nothing. Raises `Refused` (POLICY_VERSION_TAKEN)."""
    row = {"id": identifier, "document": document, "submitted_at": now, "submitted_by": by}
    await connection.execute(upsert(t.policy).values(row).on_conflict_do_nothing())
    if await document_of(connection, identifier) != document:
        raise Refused(Refusal.POLICY_VERSION_TAKEN, path=("document",), version=identifier)


async def publish(connection: AsyncConnection, identifier: str, *, by: UUID, now: datetime) -> None:
    """Have a version in force from now on. Raises `Refused` (POLICY_IN_FORCE)."""
    await locked(connection)
    if (await connection.execute(select(IN_FORCE))).scalar_one() == identifier:
        raise Refused(Refusal.POLICY_IN_FORCE, path=("id",))
    row = {"policy_id": identifier, "published_at": now, "published_by": by}
    await connection.execute(insert(t.publication).values(row))


async def locked(connection: AsyncConnection) -> None:
    """Let nobody else publish or adopt until the transaction ends; who asks who is in force need not wait."""
    await connection.execute(text("lock table publication in share row exclusive mode"))


def first_version(identifier: str, document: str, now: datetime) -> list[Any]:
    """Return the statements, for one transaction, that put a version in force if none has ever been."""
    never = ~exists(select(t.publication.c.id))
    kept: ColumnElement[Any] = literal(identifier)
    row = {"id": identifier, "document": document, "submitted_at": now, "submitted_by": None}
    columns = ["policy_id", "published_at"]
    return [
        text("lock table publication in share row exclusive mode"),
        upsert(t.policy).values(row).on_conflict_do_nothing(),
        insert(t.publication).from_select(columns, select(kept, literal(now)).where(never)),
    ]


def never_published() -> Select[Any]:
    """Return the question whether no version has ever been in force."""
    return select(func.count() == 0).select_from(t.publication)
