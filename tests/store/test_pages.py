"""Pages by keyset: nothing twice, nothing left out, whatever is added meanwhile."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import event, false, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.refusals import Refused
from store import tables as t
from store.pages import MOST, Order, Page, Pages

_town = t.municipality.c
BY_NAME = Order("towns.name", ((_town.name, True), (_town.id, True)))
BY_NAME_DOWN = Order("towns.down", ((_town.name, False), (_town.id, False)))
BY_NAME_UNTOLD = Order("towns.untold", ((_town.name, True), (_town.id, True)), personal=True)
BY_DAY = Order("towns.day", ((_town.patron_day, True), (_town.id, True)))
BY_DAY_DOWN = Order("towns.day_down", ((_town.patron_day, False), (_town.name, True), (_town.id, True)))
DAYS = [None, 3, 3, None, 1, 2, 3, None, 2]


@pytest.fixture
async def towns(engine: AsyncEngine) -> list[dict[str, Any]]:
    rows = [
        {"id": UUID(int=n), "name": "ABBACCDDE"[n], "province": "VA", "patron_month": 1, "patron_day": day}
        for n, day in enumerate(DAYS)
    ]
    await add(engine, *rows)
    return rows


async def add(engine: AsyncEngine, *rows: dict[str, Any]) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(t.municipality).values([*rows]))


async def read(engine: AsyncEngine, order: Order, first: int, after: str | None = None) -> Page:
    pages = Pages(select(_town.id, _town.name), order)
    async with engine.connect() as connection:
        return await pages.page(connection, first=first, after=after)


async def read_all(engine: AsyncEngine, order: Order, first: int) -> list[int]:
    found: list[int] = []
    after = None
    while True:
        page = await read(engine, order, first, after)
        found += [row.id.int for row in page.rows]
        if not page.has_next_page:
            return found
        after = page.cursor(page.rows[-1])


WHOLE = {
    BY_NAME: [0, 3, 1, 2, 4, 5, 6, 7, 8],
    BY_NAME_UNTOLD: [0, 3, 1, 2, 4, 5, 6, 7, 8],
    BY_NAME_DOWN: [8, 7, 6, 5, 4, 2, 1, 3, 0],
    BY_DAY: [4, 5, 8, 1, 2, 6, 0, 3, 7],
    BY_DAY_DOWN: [1, 2, 6, 5, 8, 4, 0, 3, 7],
}


async def test_pages_are_the_whole_list_in_its_order_with_nulls_last(
    engine: AsyncEngine, towns: list[dict[str, Any]]
) -> None:
    """Ascending, descending, mixed; however long the pages are."""
    for order, expected in WHOLE.items():
        for first in (1, 2, 4, 9, 100):
            assert await read_all(engine, order, first) == expected, (order.name, first)


async def test_what_is_added_before_a_cursor_moves_nothing_after_it(
    engine: AsyncEngine, towns: list[dict[str, Any]]
) -> None:
    """An offset would show the last row of the first page again."""
    first = await read(engine, BY_NAME, 4)
    before, after = towns[0] | {"id": UUID(int=90), "name": "A"}, towns[0] | {"id": UUID(int=91), "name": "CC"}
    await add(engine, before, after)
    second = await read(engine, BY_NAME, 4, first.cursor(first.rows[-1]))
    assert [row.id.int for row in second.rows] == [4, 5, 91, 6]


async def test_a_page_is_one_statement_and_knows_whether_there_is_another(
    engine: AsyncEngine, towns: list[dict[str, Any]]
) -> None:
    """It asks for one row more than it shows."""
    sent: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    assert (await read(engine, BY_NAME, 8)).has_next_page
    assert not (await read(engine, BY_NAME, 9)).has_next_page
    assert len(sent) == 2


def coded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


A_TOWN = '"00000000-0000-0000-0000-000000000001"'


NONSENSE = [
    "",
    "nonsense",
    "é",
    "====",
    coded("[]"),
    coded("5"),
    coded("{}"),
    coded("null"),
    coded('"towns.day"'),
    coded('["towns.day"]'),
    coded('["towns.day", 1, "B"]'),
    coded(f'["towns.day", "1", {A_TOWN}]'),
    coded(f'["towns.day", 1.5, {A_TOWN}]'),
    coded(f'["towns.day", true, {A_TOWN}]'),
    coded(f'["towns.day", 99999999999, {A_TOWN}]'),
    coded(f'["towns.day", [1], {A_TOWN}]'),
    coded(f'["towns.day", 1, {A_TOWN}, "more"]'),
    coded('["towns.day", 1, null]'),
    coded(f'["towns.name", "A", {A_TOWN}]'),
    coded(f'["towns.day_down", 1, "A\\u0000", {A_TOWN}]'),
    "A" * 100_000,
]


async def test_a_malformed_or_foreign_cursor_is_refused(engine: AsyncEngine) -> None:
    for order in (BY_DAY, BY_DAY_DOWN):
        for cursor in NONSENSE:
            with pytest.raises(Refused) as refused:
                await read(engine, order, 5, cursor)
            assert (refused.value.code, refused.value.path) == ("CURSOR_INVALID", ("after",))


async def test_a_page_has_one_to_a_hundred_rows(engine: AsyncEngine) -> None:
    for first in (-1, 0, MOST + 1, 10**9):
        with pytest.raises(Refused) as refused:
            await read(engine, BY_NAME, first)
        assert refused.value.code == "PAGE_INVALID"


async def test_a_cursor_holds_no_name_where_names_are_those_of_people(
    engine: AsyncEngine, towns: list[dict[str, Any]]
) -> None:
    """It is in the logs of whatever stands between; the row is looked up by its id, if the caller sees it."""
    page = await read(engine, BY_NAME_UNTOLD, 2)
    cursor = page.cursor(page.rows[-1])
    name, *told = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    assert (name, told) == (BY_NAME_UNTOLD.name, [str(page.rows[-1].id)])
    blind = Pages(select(_town.id, _town.name), BY_NAME_UNTOLD, sight=false())
    async with engine.connect() as connection:
        with pytest.raises(Refused, match="CURSOR_INVALID"):
            await blind.page(connection, first=2, after=cursor)
