"""The connection to PostgreSQL."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from store import database as databases
from store import tables as t


async def test_an_instant_is_told_in_utc_wherever_the_server_stands(database: str) -> None:
    """The same instant is a column of one table and text within a process: clients must not see two spellings."""
    engine = databases.connect(database)
    async with engine.begin() as connection:
        await connection.execute(text(f"alter database {engine.url.database} set timezone to 'Europe/Rome'"))
    await engine.dispose()
    async with engine.connect() as connection:
        now = (await connection.execute(select(text("now()")))).scalar_one()
    await engine.dispose()
    assert now.utcoffset() == timedelta(0)


async def test_connections_that_postgresql_has_closed_are_replaced_unseen(engine: AsyncEngine, database: str) -> None:
    """After a restart nobody is told of an error, and none of the pool's connections is used again."""
    me = select(func.pg_backend_pid())
    async with engine.connect() as one, engine.connect() as other:
        before = {(await each.execute(me)).scalar_one() for each in (one, other)}
    killer = databases.connect(database)
    async with killer.connect() as connection:
        ended = select(func.pg_terminate_backend(func.unnest(list(before)), 5_000))
        assert (await connection.execute(ended)).scalars().all() == [True, True]
    await killer.dispose()
    async with engine.connect() as one, engine.connect() as other:
        assert before.isdisjoint({(await each.execute(me)).scalar_one() for each in (one, other)})


async def test_an_error_does_not_quote_the_row(engine: AsyncEngine) -> None:
    """It ends in logs and histories."""
    row = {"id": uuid4(), "identity": "DECLARED", "given_name": "Pasqualina", "family_name": "Zappacosta"}
    async with engine.connect() as connection:
        await connection.execute(insert(t.person).values(row))
        with pytest.raises(IntegrityError) as raised:
            await connection.execute(insert(t.person).values(row | {"identity": None, "id": uuid4()}))
    assert "identity" in str(raised.value)
    assert "Pasqualina" not in f"{raised.value!r} {raised.value} {raised.value.orig!r} {raised.value.orig}"
