"""Somebody at work on the register."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.record import read_value
from domain.refusals import Refused
from domain.registered import Registered
from store import register
from store.register import Stored
from store.requests import Asked
from store.scope import Scope

R = TypeVar("R", bound=Registered)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Desk:
    """Somebody at work, each request in a transaction of its own."""

    engine: AsyncEngine
    scope: Scope

    async def register(
        self,
        kind: type[R],
        given: Mapping[str, Any],
        *,
        key: str = "",
        fingerprint: str = "f",
        new_id: UUID | None = None,
    ) -> Stored[R]:
        asked = Asked(id=key or uuid4().hex, fingerprint=fingerprint)
        async with self.engine.begin() as connection:
            return await register.register(
                connection, read_value(kind, given), id=new_id or uuid4(), asked=asked, scope=self.scope, now=now()
            )

    async def amend(
        self,
        kind: type[R],
        identifier: UUID,
        version: int,
        *,
        key: str = "",
        fingerprint: str = "f",
        notes: Mapping[UUID, str] = MappingProxyType({}),
        **changes: Any,
    ) -> Stored[R]:
        asked = Asked(id=key or uuid4().hex, fingerprint=fingerprint)
        async with self.engine.begin() as connection:
            return await register.amend(
                connection,
                kind,
                changes,
                id=identifier,
                expected_version=version,
                asked=asked,
                scope=self.scope,
                now=now(),
                notes=notes,
            )

    async def load(self, kind: type[R], *identifiers: UUID) -> dict[UUID, Stored[R]]:
        async with self.engine.connect() as connection:
            return await register.load(connection, kind, identifiers, scope=self.scope)


async def refusal(writing: Any) -> tuple[str, tuple[str, ...]]:
    with pytest.raises(Refused) as refused:
        await writing
    return refused.value.code, refused.value.path
