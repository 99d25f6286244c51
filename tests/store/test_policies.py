"""The versions of the policy as rows: which is in force, and what a version may not be."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.calendar import closures
from domain.processes import PROCESSES
from domain.refusals import Refused
from store import policies
from store import tables as t
from store.calendars import closed_days
from store.policies import KEPT, Policies
from tests.world import DOCUMENT, POLICY, World
from workers.settings import Settings
from workers.upgrade import _found, upgrade

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def later(version: str) -> str:
    """Return the shipped document as another version."""
    return DOCUMENT.replace("version: 2026-11-22", f"version: {version}")


async def test_the_first_start_puts_one_policy_in_force_however_many_start(database: str, engine: AsyncEngine) -> None:
    settings = Settings(database_url=database)
    await asyncio.gather(*(asyncio.to_thread(_found, settings) for _ in range(4)))
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(t.publication))).scalar_one() == 1
        assert (await Policies(PROCESSES).in_force(connection)).id == POLICY.id


async def test_a_later_start_leaves_what_was_published_in_force(
    database: str, engine: AsyncEngine, world: World, tmp_path: Path
) -> None:
    """PRATICA_POLICY is for an empty database alone, even if it says something else by now."""
    (tmp_path / "other.yaml").write_text(later("2027-01-01"))
    await asyncio.to_thread(upgrade, Settings(database_url=database, policy=tmp_path / "other.yaml"))
    async with engine.connect() as connection:
        assert (await Policies(PROCESSES).in_force(connection)).id == POLICY.id


async def test_going_back_is_publishing_the_earlier_version_again(engine: AsyncEngine, world: World) -> None:
    known, seen = Policies(PROCESSES), []
    async with engine.begin() as connection:
        await policies.submit(connection, "lombardia@2027-01-01", later("2027-01-01"), by=world.staff, now=NOW)
        seen.append((await known.in_force(connection)).id)
        for version in ("lombardia@2027-01-01", POLICY.id):
            await policies.publish(connection, version, by=world.staff, now=NOW)
            seen.append((await known.in_force(connection)).id)
        with pytest.raises(Refused, match="POLICY_IN_FORCE"):
            await policies.publish(connection, POLICY.id, by=world.staff, now=NOW)
        other = await policies.version(connection, "lombardia@2027-01-01")
    assert seen == [POLICY.id, "lombardia@2027-01-01", POLICY.id]
    assert other
    assert policies.status(other).name == "WITHDRAWN"


async def test_a_version_is_one_text(engine: AsyncEngine, world: World) -> None:
    async with engine.begin() as connection:
        await policies.submit(connection, POLICY.id, DOCUMENT, by=world.staff, now=NOW)
        with pytest.raises(Refused, match="POLICY_VERSION_TAKEN"):
            await policies.submit(connection, POLICY.id, DOCUMENT + "\n", by=world.staff, now=NOW)


async def test_only_so_many_versions_are_kept_in_memory(engine: AsyncEngine, world: World) -> None:
    known = Policies(PROCESSES)
    async with engine.begin() as connection:
        for day in range(1, KEPT + 2):
            version = f"2028-01-{day:02}"
            await policies.submit(connection, f"lombardia@{version}", later(version), by=None, now=NOW)
            assert (await known.of(connection, f"lombardia@{version}")).id == f"lombardia@{version}"
        assert len(known._kept) == KEPT
        with pytest.raises(Refused, match="POLICY_MISSING"):
            await known.of(connection, "nowhere@2020-01-01")


async def test_closures_of_the_agency_are_closed_days_where_they_hold(engine: AsyncEngine, world: World) -> None:
    """One everywhere, one in the municipality, one elsewhere, one withdrawn; the last runs beyond what is asked."""
    start, until = date(2027, 8, 1), date(2027, 8, 31)
    como = uuid4()
    rows: list[dict[str, Any]] = [
        {"starts_on": date(2027, 8, 9), "ends_on": date(2027, 8, 13), "municipality_id": None},
        {"starts_on": date(2027, 8, 17), "ends_on": date(2027, 8, 17), "municipality_id": world.municipality},
        {"starts_on": date(2027, 8, 19), "ends_on": date(2027, 8, 20), "withdrawn": True},
        {"starts_on": date(2027, 8, 31), "ends_on": date(2027, 9, 3), "municipality_id": None},
        {"starts_on": date(2027, 8, 25), "ends_on": date(2027, 8, 25), "municipality_id": como},
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(t.municipality).values(id=como, name="Como", province="CO"))
        for row in rows:
            await connection.execute(insert(t.closure).values(id=uuid4(), reason="Ferie", **row))
        districts = [world.district, world.elsewhere]
        found = await closed_days(connection, districts, start=start, until=until, saturday_works=False)
    shut = [date(2027, 8, 9) + timedelta(days=more) for more in range(5)]
    expected = closures(
        None, start=start, until=until, saturday_works=False, extra=[*shut, date(2027, 8, 17), date(2027, 8, 31)]
    )
    assert found == {world.district: expected, world.elsewhere: expected}
