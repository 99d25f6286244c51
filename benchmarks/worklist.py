"""The first page of a worklist: fifty tasks with their deadlines and the names of the people."""

from collections.abc import AsyncIterator
from time import perf_counter, thread_time
from typing import Any

import psycopg

from benchmarks import cpu
from benchmarks.figures import Figure
from benchmarks.front_end import FrontEnd, front_end
from benchmarks.load import Load
from benchmarks.size import Size
from domain.roles import Role
from tests.stories.deployment import Deployment

ROWS = 50
_WARM_UP = 20

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


class _Bare:
    """One connection to PostgreSQL, on which the statement is prepared."""

    def __init__(self, connection: psycopg.Connection[Any], values: dict[str, Any]) -> None:
        self._connection = connection
        self._values = values
        self.cpu = 0.0
        self.load = Load()

    def put(self, times: int) -> None:
        """Read the page so many times; count the CPU time of this side of the connection."""
        started = thread_time()
        for _ in range(times):
            at = perf_counter()
            rows = self._connection.execute(_SQL, self._values, prepare=True).fetchall()
            self.load.turns.append(1_000 * (perf_counter() - at))
            if len(rows) <= ROWS:
                raise RuntimeError("there are not enough tasks for a page")
        self.cpu += thread_time() - started


async def measured(deployment: Deployment, size: Size) -> AsyncIterator[Figure]:
    """Yield the figures of the page, each beside bare SQL."""
    districts = [deployment.world.district, deployment.world.elsewhere]
    postgres, api = deployment.postgres.pid, deployment.programs["api"].pid
    async with front_end(deployment, role=Role.OPERATOR, districts=districts) as operator:
        with psycopg.connect(deployment.database_url, autocommit=True) as connection:
            page, bare = Load(), _Bare(connection, {"mine": districts})
            page_cpu, bare_cpu = 0.0, 0.0
            await Load().put([lambda: _read(operator)], _WARM_UP)
            _Bare(connection, {"mine": districts}).put(_WARM_UP)
            for _ in range(size.rounds):
                before = cpu.seconds(postgres, api)
                await page.put([lambda: _read(operator)], size.requests)
                between = cpu.seconds(postgres, api)
                bare.put(size.requests)
                page_cpu, bare_cpu = page_cpu + between - before, bare_cpu + cpu.seconds(postgres) - 0
