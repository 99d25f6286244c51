"""The way to PostgreSQL: one engine a process, made by the composition root."""

from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from psycopg import Error, OperationalError
from sqlalchemy import Row, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

PATIENCE_SECONDS = 15
"""PostgreSQL gives up a statement that takes longer: nobody waits for its answer any more."""

AnyRow = Row[*tuple[Any, ...]]
"""A row of whatever columns its statement names."""


def driver_url(url: str) -> URL:
    """Return `url` (`postgresql://...`) with the driver that the engine speaks to PostgreSQL with."""
    return make_url(url).set(drivername="postgresql+psycopg")


def connect(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """Return an engine for `url` with at most `pool_size` connections.

    A connection that PostgreSQL closed meanwhile (a restart) is replaced unseen.
    """
    engine = create_async_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        hide_parameters=True,  # they hold personal data, and errors are logged
        json_serializer=to_json,
        json_deserializer=orjson.loads,
        # Wherever the server stands, an instant reads the same from a column as from a process's own data.
        connect_args={"connect_timeout": 3, "options": f"-c timezone=UTC -c statement_timeout={PATIENCE_SECONDS}s"},
    )
    event.listen(engine.sync_engine, "checkout", _require_open)
    event.listen(engine.sync_engine, "handle_error", _without_detail)
    return engine


def _require_open(adapted: Any, *_: object) -> None:
    """Have the pool's connections replaced if PostgreSQL has closed this one; unlike a ping, this is no round trip."""
    try:
        for _last_words_then_the_end in range(2):
            adapted.driver_connection.pgconn.consume_input()
    except OperationalError:
        raise InvalidatePoolError from None


def _without_detail(context: ExceptionContext) -> None:
    """Leave out what PostgreSQL quotes of a row: errors end in logs and in Temporal's histories."""
    error, wrapped = context.original_exception, context.sqlalchemy_exception
    if isinstance(error, Error) and wrapped and error.diag.message_primary:
        error.args = wrapped.args = (error.diag.message_primary,)


@lru_cache(maxsize=8)
def autocommit(engine: AsyncEngine) -> AsyncEngine:
    """Return the same engine for single statements, each its own transaction: two round trips less."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def to_json(value: object) -> str:
    """Return `value` as JSON, decimals and ids as text."""
    return orjson.dumps(value, default=_default).decode()


def _default(value: Any) -> str:
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
