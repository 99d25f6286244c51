"""Many cases at once: decided by the domain, written by the projection; no workflow carries them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.load import Load
from domain.case_file import CaseFile
from domain.events import Entry, StepRequest
from domain.processes import PROCESSES
from domain.register import Identity
from domain.tenant_case import TenantCase
from store import tables as t
from store.policies import Policies
from store.projection import project
from tests.world import World
from workers.demo.people import invented

STEPS = ("open", "record_interview", "take_charge", "monitor")
"""How far the cases have come: as many at each of these as at another."""

_AT_ONCE = 8
_NAMES = 100
"""So many people have names of their own; then come others of the same names."""


async def seed(engine: AsyncEngine, world: World, cases: int) -> None:
    """Write so many open cases on as many people, in the two districts."""
    now = datetime.now(UTC)
    life = [world.request(TenantCase, step, on=world.person) for step in STEPS]
    people = list(islice(_people(world), cases))
    async with engine.begin() as connection:
        await connection.execute(insert(t.person), people)
    numbered = iter(enumerate(people))
    policies = Policies(PROCESSES)

    async def turn() -> None:
        number, person = next(numbered)
        case_id = uuid4()
        told = life[: 1 + number % len(life)]
        await project(
            engine, case_id, list(_lived(case_id, person, told, since=now - timedelta(minutes=number))), policies
        )

    await Load().put([turn] * _AT_ONCE, cases, "writing cases")


def _lived(case_id: UUID, person: Mapping[str, Any], told: list[StepRequest], *, since: datetime) -> Iterator[Entry]:
    file = CaseFile(case_id)
    opening = {"person": str(person["id"]), "district": str(person["district_id"])}
    for version, step in enumerate(told):
        request = replace(
            step,
            request_id=f"{case_id}-{version}",
            process_id=case_id,
            expected_version=version,
            given={} if version else opening,
        )
        yield file.take(request, since)


def _people(world: World) -> Iterator[dict[str, Any]]:
    for district in cycle((world.district, world.elsewhere)):
        for person in islice(invented(), _NAMES):
            yield {
                "id": uuid4(),
                "identity": Identity.DECLARED.name,
                "given_name": person.given_name,
                "family_name": person.family_name,
                "district_id": district,
            }
