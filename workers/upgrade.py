"""The database, brought up to date by whoever starts: its schema, and the first version of its policy."""

from datetime import UTC, datetime

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

import migrations
from store.database import driver_url
from store.policies import first_version, never_published
from workers import policy
from workers.errors import ServerFailed
from workers.settings import Settings


def upgrade(settings: Settings) -> None:
    """Bring the database to its newest version, and put a policy in force if none has ever been; others may try too.

    Raises ServerFailed if PostgreSQL does not answer, BadSetting if the first policy cannot be used.
    """
    try:
        migrations.upgrade(settings.database_url)
        _found(settings)
    except OperationalError as error:
        said = str(error.orig).splitlines()[0]
        raise ServerFailed(f"PostgreSQL does not answer as PRATICA_DATABASE_URL asks: {said}") from error


def _found(settings: Settings) -> None:
    engine = create_engine(driver_url(settings.database_url), poolclass=NullPool)
    with engine.begin() as connection:
        if not connection.execute(never_published()).scalar_one():
            return
        document, first = policy.first(settings)
        for statement in first_version(first.id, document, datetime.now(UTC)):
            connection.execute(statement)
