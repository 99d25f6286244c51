"""The schema's history leads to the tables that the code speaks of, and back."""

import asyncio

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.pool import NullPool

import migrations
from store.database import driver_url
from store.tables import metadata


async def test_a_migrated_database_has_exactly_the_tables_of_the_code(database: str) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    engine = create_engine(driver_url(database), poolclass=NullPool)
    with engine.connect() as connection:
        assert await asyncio.to_thread(differences, connection) == []


async def test_every_migration_can_be_undone_and_done_again(database: str) -> None:
    engine = create_engine(driver_url(database), poolclass=NullPool)
    await asyncio.to_thread(command.downgrade, migrations.configuration(database), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    await asyncio.to_thread(migrations.upgrade, database)
    assert {*inspect(engine).get_table_names()} == {"alembic_version", *metadata.tables}
