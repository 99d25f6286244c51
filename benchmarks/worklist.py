"""The first page of a worklist: fifty tasks with their deadlines and the names of the people."""

from collections.abc import AsyncIterator
from functools import partial
from time import perf_counter, thread_time
from typing import Any
from uuid import UUID

import psycopg

from benchmarks import cpu
from benchmarks.figures import Figure
from benchmarks.front_end import FrontEnd, front_end
from benchmarks.load import Load
from benchmarks.stage import Stage
from domain.roles import Role

ROWS = 50
READERS = 4
"""At once, for the CPU of a page: on a server that sleeps between two requests most of it is waking up."""

_WARM_UP = 20
_TOO_FEW = "there are not enough tasks for a page and one more"

_DOCUMENT = """
{
  worklist(first: 50) {
    nodes { id stateLabel dueAt overdue person { id givenName familyName } process { id } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

# The same columns, of the same rows, in the same order; and one row more, to know whether there is another page.
_SQL = """
select k.process_id, k.entry, k.reason, k.kind, k.state, k.due_at, p.id, p.given_name, p.family_name
  from task k left join person p on p.id = k.person_id and (p.district_id = any(%(mine)s) or p.district_id is null)
 where k.done_at is null and k.role = 'OPERATOR' and k.district_id = any(%(mine)s)
 order by k.due_at, k.process_id, k.reason
 limit 51
"""


async def measured(stage: Stage) -> AsyncIterator[Figure]:
    """Yield the figures of the page, each beside bare SQL on a connection of its own."""
    deployment, size = stage.deployment, stage.size
    name = f"worklist page of {ROWS} at {size.cases:,} cases"
    mine = [deployment.world.district, deployment.world.elsewhere]
    programs = deployment.postgres.pid, deployment.programs["api"].pid
    alone, together, bare, page_cpu, bare_cpu = Load(), Load(), Load(), 0.0, 0.0
    with psycopg.connect(deployment.database_url, autocommit=True) as connection:
        async with front_end(deployment, role=Role.OPERATOR, districts=mine) as operator:
            turn = partial(_through_graphql, operator)
            await Load().put([turn] * READERS, _WARM_UP)
            _by_sql(connection, mine, _WARM_UP)
            for _ in range(size.rounds):
                await alone.put([turn], size.requests, name)
                began = cpu.seconds(*programs)
                await together.put([turn] * READERS, size.requests, name)
                between = cpu.seconds(*programs)
                used, turns = _by_sql(connection, mine, size.requests)
                page_cpu += between - began
                bare_cpu += used + cpu.seconds(*programs) - between
                bare.turns += turns
    asked = size.rounds * size.requests
    yield Figure(name=f"{name}, CPU", value=1_000 * page_cpu / asked, unit="ms", floor=1_000 * bare_cpu / asked)
    yield Figure(name=f"{name}, p50", value=alone.percentile(50), unit="ms", floor=bare.percentile(50))


async def _through_graphql(operator: FrontEnd) -> None:
    page = await operator.send(_DOCUMENT)
    if len(page["nodes"]) < ROWS:
        raise RuntimeError(_TOO_FEW)


def _by_sql(connection: psycopg.Connection[Any], mine: list[UUID], times: int) -> tuple[float, list[float]]:
    """Return the CPU seconds of this side of the connection, and how many milliseconds each page took."""
    turns, began = [], thread_time()
    for _ in range(times):
        at = perf_counter()
        rows = connection.execute(_SQL, {"mine": mine}, prepare=True).fetchall()
        turns.append(1_000 * (perf_counter() - at))
        if len(rows) <= ROWS:
            raise RuntimeError(_TOO_FEW)
    return thread_time() - began, turns
