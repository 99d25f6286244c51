"""A case's workflow on real Temporal and real PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RetryConfig, RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from domain.contribution import Contribution
from domain.document_practice import DocumentPractice
from domain.events import StepRequest
from domain.tenant_case import TenantCase
from store import tables as t
from tests.world import POLICIES, Cases, World
from workers import embedded
from workers.verify import differences
from workers.worker import case_worker
from workflows.case_workflow import ANSWERS_KEPT, OPENED_WITHIN, STEPS_IN_A_RUN
from workflows.converter import data_converter
from workflows.messages import CaseStart, StepAnswer, workflow_id


def code(failed: WorkflowUpdateFailedError) -> str:
    """Return the refusal's code."""
    assert isinstance(failed.cause, ApplicationError)
    return str(failed.cause.message)


async def nothing_differs(engine: AsyncEngine, client: Client) -> None:
    """The log, the read model and the live workflows are the same."""
    assert [difference async for difference in differences(engine, client, now=datetime.now(UTC))] == []


async def test_what_a_step_answers_can_be_read_at_once(cases: Cases, world: World, engine: AsyncEngine) -> None:
    """When the update returns, PostgreSQL has the process at the version that it says."""
    case_id = uuid4()
    opened = await cases.open(world.open_case(case_id))
    listened = await cases.take(case_id, world.request(TenantCase, "record_interview", on=case_id, version=1))
    async with engine.connect() as connection:
        row = (await connection.execute(select(t.process).where(t.process.c.id == case_id))).one()
    assert (opened.version, listened.version, row.version, row.state) == (1, 2, 2, "LISTENED")
    await nothing_differs(engine, cases.client)


async def test_a_refused_step_leaves_no_trace_in_the_history(cases: Cases, world: World) -> None:
    """The validator refuses before anything is written."""
    case_id = uuid4()
    await cases.open(world.open_case(case_id))
    before = (await cases.handle(case_id).fetch_history()).events
    for step, version, refusal in (("take_charge", 1, "STEP_NOT_ALLOWED"), ("close", 7, "STALE_VERSION")):
        given = {"outcome": "RESOLVED"} if step == "close" else {}
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await cases.take(case_id, world.request(TenantCase, step, given, on=case_id, version=version))
        assert code(refused.value) == refusal
    after = (await cases.handle(case_id).fetch_history()).events
    assert [event.event_type for event in after] == [event.event_type for event in before]


async def test_the_same_request_twice_is_one_step(cases: Cases, world: World, engine: AsyncEngine) -> None:
    """The second time it gets the first answer."""
    case_id = uuid4()
    await cases.open(world.open_case(case_id))
    request = world.request(TenantCase, "set_urgency", {"urgency": "URGENT"}, on=case_id, version=1)
    first, second = await asyncio.gather(cases.take(case_id, request), cases.take(case_id, request))
    assert first == second
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(t.event))).scalar_one() == 2


async def test_a_refused_opening_leaves_no_workflow_behind(
    time_skipping: WorkflowEnvironment, engine: AsyncEngine, world: World
) -> None:
    """Update-with-start starts the workflow even if the update is refused: it ends by itself, and keeps no id."""
    cases = Cases(client=time_skipping.client, task_queue="refused-opening")
    case_id = uuid4()
    async with case_worker(cases.client, engine, POLICIES, task_queue=cases.task_queue):
        with pytest.raises(WorkflowUpdateFailedError):
            await cases.open(world.request(TenantCase, "close", {"outcome": "RESOLVED"}, on=case_id, version=1))
        left = cases.handle(case_id)
        assert (await left.describe()).status is WorkflowExecutionStatus.RUNNING
        await time_skipping.sleep(2 * OPENED_WITHIN)
        assert (await left.describe()).status is WorkflowExecutionStatus.COMPLETED
        assert (await cases.open(world.open_case(case_id))).version == 1


async def test_what_is_opened_after_a_refused_opening_goes_on(
    time_skipping: WorkflowEnvironment, engine: AsyncEngine, world: World
) -> None:
    """The workflow that the refusal left serves the case, and no longer ends after its minute."""
    cases = Cases(client=time_skipping.client, task_queue="opened-after-all")
    case_id = uuid4()
    async with case_worker(cases.client, engine, POLICIES, task_queue=cases.task_queue):
        with pytest.raises(WorkflowUpdateFailedError):
            await cases.open(world.request(TenantCase, "close", {"outcome": "RESOLVED"}, on=case_id, version=1))
        await cases.open(world.open_case(case_id, at=await time_skipping.get_current_time()))
        await time_skipping.sleep(2 * OPENED_WITHIN)
        assert (await cases.handle(case_id).describe()).status is WorkflowExecutionStatus.RUNNING


async def test_a_worker_carries_more_cases_than_it_keeps_in_memory(
    temporal: Client, engine: AsyncEngine, world: World
) -> None:
    """What it has dropped for another case is replayed, and goes on where it was."""
    cases = Cases(client=temporal, task_queue=f"one-at-a-time-{uuid4()}")
    found = [uuid4() for _ in range(3)]
    async with case_worker(temporal, engine, POLICIES, cached=1, task_queue=cases.task_queue):
        for case_id in found:
            await cases.open(world.open_case(case_id))
        for case_id in found:
            taken = await cases.take(case_id, world.request(TenantCase, "record_interview", on=case_id, version=1))
            assert taken.version == 2


async def test_a_track_opens_and_ends_with_the_case(cases: Cases, world: World, engine: AsyncEngine) -> None:
    """A case cannot close while a track is open, and its version counts tracks opened and ended."""
    case_id, track = uuid4(), uuid4()
    await cases.open(world.open_case(case_id))
    await cases.take(case_id, world.request(DocumentPractice, "open", {"document": "ISEE"}, on=track))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await cases.take(case_id, world.request(TenantCase, "close", {"outcome": "RESOLVED"}, on=case_id, version=2))
    assert code(refused.value) == "TRACKS_OPEN"
    await cases.take(case_id, world.request(DocumentPractice, "enter_in_error", on=track, version=1))
    closed = await cases.take(
        case_id, world.request(TenantCase, "close", {"outcome": "RESOLVED"}, on=case_id, version=3)
    )
    assert closed.version == 4
    await nothing_differs(engine, cases.client)


async def granted(cases: Cases, world: World, amount: str) -> tuple[UUID, StepRequest]:
    """Return a case with a contribution of `amount` EUR assessed, and the request that grants it."""
    case_id, track = uuid4(), uuid4()
    await cases.open(world.open_case(case_id))
    asked = {"tenancy": str(world.tenancy), "purpose": "RENT", "requested": amount}
    await cases.take(case_id, world.request(Contribution, "open", asked, on=track))
    found = {
        "measure": "DIFFICULTY",
        "isee": "4000",
        "months_assigned": 60,
        "eligible": amount,
        "attested": True,
    }
    await cases.take(case_id, world.request(Contribution, "assess", found, on=track, version=1))
    grant = {"funding_line": str(world.funding_line), "amount": amount}
    return case_id, world.request(Contribution, "grant", grant, on=track, version=2)


async def test_the_last_of_a_funding_line_is_granted_once(cases: Cases, world: World, engine: AsyncEngine) -> None:
    """Two cases ask for the last 1,000 EUR at the same moment: one grant, one clear refusal, nothing overspent."""
    (one, first), (other, second) = [await granted(cases, world, "1000") for _ in range(2)]
    answers = await asyncio.gather(cases.take(one, first), cases.take(other, second))
    rejections = [answer.rejection.code for answer in answers if answer.rejection]
    assert rejections == ["FUNDS_SHORT"]
    assert sorted(answer.version for answer in answers) == [2, 3]
    async with engine.connect() as connection:
        assert (await connection.execute(select(t.funding_line.c.committed))).scalar_one() == 1_000
        assert (await connection.execute(select(func.count()).select_from(t.reservation))).scalar_one() == 1
    await nothing_differs(engine, cases.client)


async def test_money_of_a_revoked_grant_returns_to_its_line(cases: Cases, world: World, engine: AsyncEngine) -> None:
    """What a process gives back, another may take."""
    case_id, grant = await granted(cases, world, "600")
    await cases.take(case_id, grant)
    revoke = world.request(Contribution, "revoke_grant", {"reason": "WRONG_LINE"}, on=grant.process_id, version=3)
    await cases.take(case_id, revoke)
    async with engine.connect() as connection:
        assert (await connection.execute(select(t.funding_line.c.committed))).scalar_one() == 0


async def test_a_long_history_continues_as_new_and_forgets_nothing(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    """More steps than a run takes, ten at a time and none lost; a key of the run before still has its answer."""
    case_id = uuid4()
    await cases.open(world.open_case(case_id))
    run = (await cases.handle(case_id).describe()).run_id

    async def urgent(turn: int) -> StepAnswer:
        urgency = ("ROUTINE", "URGENT", "DANGER")[turn % 3]
        request = world.request(
            TenantCase, "set_urgency", {"urgency": urgency}, on=case_id, version=turn + 1, key=f"{case_id}-{turn}"
        )
        return await cases.take(case_id, request)

    steps = STEPS_IN_A_RUN + 10
    answers = [await urgent(turn) for turn in range(steps)]
    assert [answer.version for answer in answers] == list(range(2, steps + 2))
    assert (await cases.handle(case_id).describe()).run_id != run
    remembered = steps - ANSWERS_KEPT // 2
    assert await urgent(remembered) == answers[remembered]
    await nothing_differs(engine, cases.client)


async def test_of_eleven_updates_at_once_one_is_told_to_ask_again(
    temporal_server: embedded.Temporal, engine: AsyncEngine, world: World
) -> None:
    """Temporal holds ten for one workflow. The client asks again by itself, unless it is told not to, as here."""
    client = await Client.connect(
        temporal_server.address,
        namespace=temporal_server.namespace,
        data_converter=data_converter,
        retry_config=RetryConfig(max_retries=1, max_elapsed_time_millis=1),
    )
    cases, case_id = Cases(client=client, task_queue=f"eleven-{uuid4()}"), uuid4()
    await client.start_workflow(
        TenantCase.__name__, CaseStart(case_id=case_id), id=workflow_id(case_id), task_queue=cases.task_queue
    )
    asked = [asyncio.create_task(cases.take(case_id, world.open_case(case_id))) for _ in range(11)]
    (busy,), ten = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    with pytest.raises(RPCError) as exhausted:
        busy.result()
    assert exhausted.value.status is RPCStatusCode.RESOURCE_EXHAUSTED
    async with case_worker(client, engine, POLICIES, task_queue=cases.task_queue):
        answers = await asyncio.gather(*ten, return_exceptions=True)
    assert len(answers) == 10
    assert [answer.version for answer in answers if isinstance(answer, StepAnswer)] == [1]
    refused = [answer for answer in answers if isinstance(answer, WorkflowUpdateFailedError)]
    assert [code(failed) for failed in refused] == ["ALREADY_EXISTS"] * 9


async def test_of_forty_updates_at_once_none_is_lost(cases: Cases, world: World) -> None:
    """One is first, the others are refused: the client waits for room among the ten."""
    case_id = uuid4()
    await cases.open(world.open_case(case_id))
    asked = [
        cases.take(case_id, world.request(TenantCase, "set_urgency", {"urgency": "URGENT"}, on=case_id, version=1))
        for _ in range(40)
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [answer.version for answer in answers if isinstance(answer, StepAnswer)] == [2]
    refused = [answer for answer in answers if isinstance(answer, WorkflowUpdateFailedError)]
    assert [code(failed) for failed in refused] == ["STALE_VERSION"] * 39


async def test_a_deadline_that_passes_is_a_task_of_the_supervisor(
    cases: Cases, world: World, engine: AsyncEngine
) -> None:
    """A case told late is overdue at once: an event, a task, and no new version that would make open forms stale."""
    case_id = uuid4()
    long_ago = datetime.now(UTC) - timedelta(days=60)
    await cases.open(world.open_case(case_id, at=long_ago))
    # The next step is written after the mark: when it can be read, so can the mark.
    answer = await cases.take(
        case_id, world.request(TenantCase, "set_urgency", {"urgency": "URGENT"}, on=case_id, version=1)
    )
    async with engine.connect() as connection:
        tasks = (await connection.execute(select(t.task.c.reason, t.task.c.role).order_by(t.task.c.reason))).all()
        names = (await connection.execute(select(t.event.c.name).order_by(t.event.c.seq))).scalars().all()
    assert answer.version == 2
    assert [tuple(task) for task in tasks] == [("OVERDUE", "SUPERVISOR"), ("STATE", "OPERATOR")]
    assert names == ["open", "deadline_passed", "set_urgency"]
    await nothing_differs(engine, cases.client)
