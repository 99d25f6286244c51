"""The database's schema, brought up to date by whoever starts."""

from sqlalchemy.exc import OperationalError

import migrations
from workers.errors import ServerFailed


def upgrade(database_url: str) -> None:
    """Bring the schema to its newest version. Raises ServerFailed if PostgreSQL does not answer."""
    try:
        migrations.upgrade(database_url)
    except OperationalError as error:
        said = str(error.orig).splitlines()[0]
        raise ServerFailed(f"PostgreSQL does not answer as PRATICA_DATABASE_URL asks: {said}") from error
