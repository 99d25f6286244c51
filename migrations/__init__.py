"""The schema's history. `upgrade` brings a database to the newest version."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def configuration(database_url: str) -> Config:
    """Return Alembic's configuration for a database, without any ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str) -> None:
    """Bring the database to the newest version; does nothing when it is there already."""
    command.upgrade(configuration(database_url), "head")
