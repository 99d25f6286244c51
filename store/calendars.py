"""The closed days of districts, from the register and the national calendar."""

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calendar import closures
from domain.terms import Closures
from store import tables as t

_ONE_DAY = timedelta(days=1)

_PATRONS = (
    select(t.district.c.id, t.municipality.c.id.label("municipality"), t.municipality.c.patron_month)
    .add_columns(t.municipality.c.patron_day)
    .join(t.municipality, t.district.c.municipality_id == t.municipality.c.id)
    .where(t.district.c.id == any_(bindparam("districts", type_=ARRAY(Uuid))))
)
_closure = t.closure.c
_CLOSURES = select(_closure.municipality_id, _closure.starts_on, _closure.ends_on).where(
    ~_closure.withdrawn,
    _closure.ends_on >= bindparam("start"),
    _closure.starts_on <= bindparam("until"),
    or_(
        _closure.municipality_id.is_(None),
        _closure.municipality_id.in_(
            select(t.district.c.municipality_id).where(
                t.district.c.id == any_(bindparam("districts", type_=ARRAY(Uuid)))
            )
        ),
    ),
)


async def closed_days(
    connection: AsyncConnection, districts: Collection[UUID], *, start: date, until: date, saturday_works: bool
) -> dict[UUID, Closures]:
    """Return the days between `start` and `until`, both included, on which offices of these districts are closed."""
    asked = {"districts": [*districts]}
    places = (await connection.execute(_PATRONS, asked)).all()
    closed = (await connection.execute(_CLOSURES, {**asked, "start": start, "until": until})).all()
    known = {}
    for municipality, patron in {(row.municipality, _patron(row)) for row in places}:
        extra = {
            row.starts_on + _ONE_DAY * more
            for row in closed
            if row.municipality_id in {None, municipality}
            for more in range((row.ends_on - row.starts_on).days + 1)
        }
        known[municipality] = closures(patron, start=start, until=until, saturday_works=saturday_works, extra=extra)
    return {row.id: known[row.municipality] for row in places}


def _patron(row: object) -> tuple[int, int] | None:
    month, day = getattr(row, "patron_month", None), getattr(row, "patron_day", None)
    return (month, day) if month and day else None
