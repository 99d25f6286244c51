"""A case's workflow on real Temporal and PostgreSQL."""

from datetime import UTC, date, datetime
from uuid import uuid4

from sqlalchemy import insert, select
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

from domain.events import Actor, Opening, StepRequest
from domain.roles import Role
from domain.terms import Closures, Term, Terms, Unit
from store import database as db
from store import tables as t
from workers.worker import case_worker
from workflows.messages import STEP, CaseStart, StepAnswer, workflow_id


async def test_a_case_opens_and_moves(database: str, temporal: Client) -> None:
    engine = db.connect(database)
    ids = [uuid4() for _ in range(6)]
    async with engine.begin() as c:
        await c.execute(insert(t.municipality).values(id=ids[0], name="Varese", province="VA"))
        await c.execute(insert(t.district).values(id=ids[1], name="San Fermo", municipality_id=ids[0]))
        await c.execute(insert(t.person).values(id=ids[2], identity="DECLARED"))
        await c.execute(insert(t.staff).values(id=ids[3], name="Anna"))
    terms = Terms(
        policy="x@1",
        deadlines={"CONTACTED": Term(10, Unit.WORKING_DAYS)},
        closures=Closures(until=date(2027, 1, 1), days=(), saturday_works=False),
    )
    limits = {"reconvocations": 2, "reopen_within": "3 months"}
    case_id = ids[4]
    queue = f"q-{case_id}"
    async with case_worker(temporal, engine, task_queue=queue):
        now = datetime.now(UTC)
        actor = Actor(id=ids[3], role=Role.OPERATOR)
        request = StepRequest(
            request_id="k1",
            fingerprint="f",
            process_id=case_id,
            kind="TENANT_CASE",
            step="open",
            actor=actor,
            occurred_at=now,
            given={"person": str(ids[2]), "district": str(ids[1])},
            opening=Opening(terms=terms, limits=limits),
        )
        start = WithStartWorkflowOperation(
            "TenantCase",
            CaseStart(case_id=case_id),
            id=workflow_id(case_id),
            task_queue=queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        try:
            answer = await temporal.execute_update_with_start_workflow(
                STEP, request, start_workflow_operation=start, id="k1", result_type=StepAnswer
            )
        except Exception as e:
            print(repr(e.cause), e.cause.details if hasattr(e.cause,"details") else "", e.cause.stack_trace)
            raise SystemExit
        print(answer)
        handle = temporal.get_workflow_handle(workflow_id(case_id))
        import time

        for i in range(30):
            a = time.perf_counter()
            answer = await handle.execute_update(
                STEP,
                StepRequest(
                    request_id=f"s{i}",
                    fingerprint="f",
                    process_id=case_id,
                    kind="TENANT_CASE",
                    step="set_urgency",
                    actor=actor,
                    expected_version=i + 1,
                    given={"urgency": "URGENT"},
                ),
                id=f"s{i}",
                result_type=StepAnswer,
            )
            print(i, (time.perf_counter() - a) * 1000, answer.version, answer.visible)
    async with engine.begin() as c:
        print((await c.execute(select(t.process))).mappings().all())
        print((await c.execute(select(t.task))).mappings().all())
    await engine.dispose()
