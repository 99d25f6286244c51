"""Alembic's entry: runs the migrations on the database that `migrations.configuration` names."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from store.database import driver_url
from store.tables import metadata

engine = create_engine(driver_url(context.config.attributes["database_url"]), poolclass=NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
