"""What goes through all cases asks of the world: a version of the policy is tried out on them, and adopted by them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.engine import UNTAKEN, code_of
from domain.dry_run import opening
from domain.fields import local_day
from domain.process import Process
from domain.refusals import Refusal
from domain.terms import CLOSED_DAYS_KNOWN
from store import adoptions, dry_runs
from store.calendars import closed_days
from store.database import AnyRow
from store.policies import Policies
from workflows.messages import ADOPT, ADOPT_SOME, TRY_OUT, Adopt, Adopted, workflow_id

PIECE_SECONDS = 10
"""After so long a piece ends, so that a history says now and then how it goes."""

ADOPTIONS_A_SECOND = 25
"""Cases that adopt in a second, at the most: a quarter of what a small server carries, so that operators wait for none
of them. 100,000 cases take a little over an hour."""

AT_ONCE = 2
"""Of them at the same moment."""

PAGE = 25
"""Cases between two looks at whether the adoption was stopped."""

ADOPTED_WITHIN = timedelta(seconds=5)
"""How long a case may take; it is listed as failed then, and tried once more at the end."""


class BulkActivities:
    """The activities of the bulk queue, on one database and the cases of one namespace."""

    def __init__(self, engine: AsyncEngine, policies: Policies, client: Client) -> None:
        self._engine = engine
        self._policies = policies
        self._client = client

    @activity.defn(name=TRY_OUT)
    async def try_out(self) -> bool:
        """Go on with the oldest dry run for a while."""
        return await _for_a_while(self._compare)

    @activity.defn(name=ADOPT_SOME)
    async def adopt_some(self) -> bool:
        """Go on with the adoption that runs for a while."""
        return await _for_a_while(self._adopt)

    async def _compare(self) -> bool:
        async with self._engine.begin() as connection:
            return await dry_runs.go_on(connection, self._policies, now=_now())

    async def _adopt(self) -> bool:
        """Have a page of cases adopt, no faster than is allowed; say whether there was anything to do."""
        began, now = time.monotonic(), _now()
        async with self._engine.begin() as connection:
            adoption = await adoptions.running(connection)
            if adoption is None:
                return False
            cases = await adoptions.next_cases(connection, adoption, now, most=PAGE)
            if not cases:
                await adoptions.end_round(connection, adoption, now=now)
                return True
            given = await self._given(connection, adoption, cases, now)
        room, failures = asyncio.Semaphore(AT_ONCE), dict[UUID, str]()

        async def one(case: AnyRow) -> None:
            async with room:
                code = await self._adopt_one(case, given[case.case_id])
            activity.heartbeat()
            if code:
                failures[case.case_id] = code

        async with asyncio.TaskGroup() as group:
            for case in cases:
                group.create_task(one(case))
        async with self._engine.begin() as connection:
            await adoptions.gone_through(connection, adoption, cases, failures, now=now)
        await asyncio.sleep(max(0, len(cases) / ADOPTIONS_A_SECOND - (time.monotonic() - began)))
        return True

    async def _given(
        self, connection: AsyncConnection, adoption: AnyRow, cases: Sequence[AnyRow], now: datetime
    ) -> dict[UUID, Adopt]:
        """Resolve the policy into what each case carries: workflows read neither policy nor calendar."""
        policy, today = await self._policies.of(connection, adoption.policy_id), local_day(now)
        kinds = await adoptions.kinds(connection, [case.case_id for case in cases])
        closures = await closed_days(
            connection,
            {case.district_id for case in cases},
            start=today,
            until=today + CLOSED_DAYS_KNOWN,
            saturday_works=policy.saturday_works,
        )
        return {
            case.case_id: Adopt(
                openings={
                    kind: opening(policy, Process.kinds[kind], closures[case.district_id])
                    for kind in kinds[case.case_id]
                }
            )
            for case in cases
        }

    async def _adopt_one(self, case: AnyRow, given: Adopt) -> str | None:
        """Return why a case could not adopt; None if it has, or has nothing to adopt, or has ended meanwhile.

        Raises RPCError when the server is away: then the whole piece waits for it.
        """
        handle = self._client.get_workflow_handle(workflow_id(case.case_id))
        try:
            async with asyncio.timeout(ADOPTED_WITHIN.total_seconds()):
                await handle.execute_update(ADOPT, given, result_type=Adopted)
        except UNTAKEN as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.UNAVAILABLE:
                raise
            code = code_of(error)
        else:
            return None
        nothing_to_do = Refusal.NOTHING_TO_ADOPT.name, *([Refusal.CASE_ENDED.name] if case.ended_at else [])
        return None if code in nothing_to_do else code


def _now() -> datetime:
    """Return the server's time, which a test may have moved on."""
    return activity.info().current_attempt_scheduled_time


async def _for_a_while(piece: Callable[[], Awaitable[bool]]) -> bool:
    ends = time.monotonic() + PIECE_SECONDS
    while time.monotonic() < ends:
        if not await piece():
            return False
        activity.heartbeat()
    return True
