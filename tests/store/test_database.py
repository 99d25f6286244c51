"""The connection to PostgreSQL."""

from datetime import timedelta

from sqlalchemy import select, text

from store import database as databases


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
