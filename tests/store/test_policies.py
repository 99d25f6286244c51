"""The versions of the policy as rows: which is in force, and what a version may not be."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.calendar import closures
from domain.case_file import CaseFile
from domain.processes import PROCESSES
from domain.refusals import Refused
from store import adoptions, dry_runs, policies
from store import tables as t
from store.calendars import closed_days
from store.policies import KEPT, Policies
from store.projection import project
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


async def test_one_adoption_runs_at_a_time_and_a_stopped_one_goes_on_where_it_was(
    engine: AsyncEngine, world: World
) -> None:
    """Unless another version was in force in between: then it begins anew."""
    own: dict[str, Any] = {"by": world.staff, "published_at": NOW}
    async with engine.begin() as connection:
        await adoptions.start(connection, POLICY.id, now=NOW, **own)
        with pytest.raises(Refused, match="ADOPTION_RUNNING"):
            await adoptions.start(connection, POLICY.id, now=NOW, **own)
        first = await adoptions.running(connection)
        assert first
        case = await connection.execute(update(t.adoption).values(cursor=world.person).returning(t.adoption.c.id))
        assert case.scalar_one() == first.id
        await adoptions.stop(connection, POLICY.id, now=NOW)
        with pytest.raises(Refused, match="ADOPTION_NOT_RUNNING"):
            await adoptions.stop(connection, POLICY.id, now=NOW)
        await adoptions.start(connection, POLICY.id, now=NOW, **own)
        gone_on = await adoptions.running(connection)
        assert gone_on
        assert (gone_on.id, gone_on.cursor) == (first.id, world.person)

        await policies.submit(connection, "lombardia@2027-01-01", later("2027-01-01"), by=world.staff, now=NOW)
        await policies.publish(connection, "lombardia@2027-01-01", by=world.staff, now=NOW)
        await adoptions.stop_others(connection, "lombardia@2027-01-01", now=NOW)
        assert await adoptions.running(connection) is None
        back = NOW + timedelta(hours=1)
        await adoptions.start(connection, POLICY.id, by=world.staff, now=back, published_at=back)
        anew = await adoptions.running(connection)
        assert anew
        assert (anew.id != first.id, anew.cursor) == (True, None)


async def test_two_who_try_a_version_out_at_once_have_one_dry_run(engine: AsyncEngine, world: World) -> None:
    async def try_out() -> None:
        async with engine.begin() as connection:
            await dry_runs.start(connection, POLICY.id, now=NOW)

    await asyncio.gather(*(try_out() for _ in range(4)))
    async with engine.begin() as connection:
        run = await dry_runs.latest(connection, POLICY.id)
        assert run
        assert (run.total, run.ended_at) == (0, None)
        assert await dry_runs.go_on(connection, Policies(PROCESSES), now=NOW)
        assert not await dry_runs.go_on(connection, Policies(PROCESSES), now=NOW)


async def test_a_dry_run_goes_on_where_it_was_and_tells_nothing_twice(engine: AsyncEngine, world: World) -> None:
    """Piece by piece, each with how far it is; an open case that is met again is told once."""
    shorter = later("2027-01-01").replace("CONTACTED: {within: 5 working days", "CONTACTED: {within: 1 working day")
    ids = sorted(uuid4() for _ in range(3))
    for case_id in ids:
        await project(
            engine, case_id, [CaseFile(case_id).take(world.open_case(case_id, at=NOW), NOW)], Policies(PROCESSES)
        )
    known = Policies(PROCESSES)
    async with engine.begin() as connection:
        await policies.submit(connection, "lombardia@2027-01-01", shorter, by=None, now=NOW)
        await dry_runs.start(connection, "lombardia@2027-01-01", now=NOW)
        assert await dry_runs.go_on(connection, known, now=NOW)
        await connection.execute(update(t.dry_run).values(cursor=ids[0]))  # as one that was interrupted
        while await dry_runs.go_on(connection, known, now=NOW):
            pass
        changed = (await connection.execute(select(t.dry_run_change.c.process_id))).scalars().all()
    assert sorted(changed) == ids
