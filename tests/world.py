"""A small agency to test in: a register with one of each, and requests as the API would send them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from domain.calendar import closures
from domain.dry_run import opening
from domain.events import Actor, StepRequest
from domain.policy import Policy
from domain.process import Process
from domain.processes import PROCESSES
from domain.roles import Role
from domain.tenant_case import TenantCase
from store import tables as t
from store.policies import Policies, first_version
from workers import policy as policies
from workers.settings import Settings
from workflows.messages import STEP, CaseStart, StepAnswer, workflow_id

POLICIES = Policies(PROCESSES)
"""The policy that is in force in a new database."""
DOCUMENT, POLICY = policies.first(Settings())
"""The policy that is shipped, in force from the start."""

PATRON = (5, 8)
"""San Vittore, Varese."""


@dataclass(kw_only=True)
class World:
    """The register's ids, the patron's day, and the policy."""

    municipality: UUID = field(default_factory=uuid4)
    district: UUID = field(default_factory=uuid4)
    elsewhere: UUID = field(default_factory=uuid4)
    person: UUID = field(default_factory=uuid4)
    staff: UUID = field(default_factory=uuid4)
    building: UUID = field(default_factory=uuid4)
    dwelling: UUID = field(default_factory=uuid4)
    tenancy: UUID = field(default_factory=uuid4)
    service_point: UUID = field(default_factory=uuid4)
    stop: UUID = field(default_factory=uuid4)
    past_stop: UUID = field(default_factory=uuid4)
    funding_line: UUID = field(default_factory=uuid4)
    partner: UUID = field(default_factory=uuid4)
    partner_service: UUID = field(default_factory=uuid4)
    patron: tuple[int, int] = PATRON
    """Month and day of the municipality's."""

    async def settle(
        self, engine: AsyncEngine, *, budget: int = 1_000, capacity: int = 10, document: str = DOCUMENT
    ) -> None:
        """Write the register: a funding line of `budget` EUR, and stops with `capacity` places, one past.

        The policy of the `document` is in force.
        """
        today = datetime.now(UTC).replace(microsecond=0)
        rows: list[tuple[Any, dict[str, Any]]] = [
            (t.municipality, {"id": self.municipality, "name": "Varese", "province": "VA"}),
            (t.district, {"id": self.district, "name": "San Fermo", "municipality_id": self.municipality}),
            (t.district, {"id": self.elsewhere, "name": "Biumo", "municipality_id": self.municipality}),
            (t.building, {"id": self.building, "address": "Via Uno 1", "district_id": self.district}),
            (t.dwelling, {"id": self.dwelling, "code": "A1", "building_id": self.building}),
            (t.person, {"id": self.person, "identity": "DECLARED", "district_id": self.district}),
            (t.staff, {"id": self.staff, "name": "Anna"}),
            (
                t.tenancy,
                {
                    "id": self.tenancy,
                    "code": "T1",
                    "holder_id": self.person,
                    "dwelling_id": self.dwelling,
                    "starts_on": date(2015, 1, 1),
                    "balance": 3_000,
                    "balance_on": date(2026, 10, 1),
                },
            ),
            (
                t.service_point,
                {
                    "id": self.service_point,
                    "kind": "MOBILE_OFFICE",
                    "name": "Camper",
                    "municipality_id": self.municipality,
                },
            ),
            *(
                (
                    t.stop,
                    {
                        "id": stop,
                        "service_point_id": self.service_point,
                        "district_id": self.district,
                        "place": "Piazza",
                        "starts_at": today + timedelta(days=days),
                        "ends_at": today + timedelta(days=days, hours=4),
                        "capacity": capacity,
                    },
                )
                for stop, days in ((self.stop, 7), (self.past_stop, -37))
            ),
            (
                t.funding_line,
                {"id": self.funding_line, "code": "L1", "name": "L1", "budget": budget, "starts_on": date(2020, 1, 1)},
            ),
            (t.partner, {"id": self.partner, "name": "Caritas", "kind": "CHARITY", "status": "ACTIVE"}),
            (
                t.partner_service,
                {
                    "id": self.partner_service,
                    "partner_id": self.partner,
                    "name": "Ascolto",
                    "area": "HEALTH",
                    "status": "ACTIVE",
                    "channel": "EMAIL",
                },
            ),
        ]
        async with engine.begin() as connection:
            for table, row in rows:
                await connection.execute(insert(table).values(row))
            for statement in first_version(POLICY.id, document, today):
                await connection.execute(statement)

    def request(
        self,
        process: type[Process],
        step: str,
        given: Mapping[str, Any] | None = None,
        *,
        on: UUID,
        version: int | None = None,
        key: str = "",
        at: datetime | None = None,
        role: Role = Role.SUPERVISOR,
        fingerprint: str = "f",
        policy: Policy = POLICY,
    ) -> StepRequest:
        """Return a step on the process with the id `on`, as the API sends it: with its terms if it opens one."""
        today = (at or datetime.now(UTC)).date()
        known = closures(self.patron, start=today, until=today + timedelta(days=1_095), saturday_works=False)
        return StepRequest(
            request_id=key or uuid4().hex,
            fingerprint=fingerprint,
            process_id=on,
            kind=process.kind,
            step=step,
            actor=Actor(id=self.staff, role=role),
            expected_version=version,
            occurred_at=at,
            given=dict(given or {}),
            opening=opening(policy, process, known) if process.steps[step].opens else None,
        )

    def open_case(self, case_id: UUID, **options: Any) -> StepRequest:
        """Return the opening of a tenant's case."""
        given = {"person": str(self.person), "district": str(self.district)}
        return self.request(TenantCase, "open", given, on=case_id, **options)


@dataclass(frozen=True, kw_only=True)
class Cases:
    """The workflows of a task queue, asked as the API asks them."""

    client: Client
    task_queue: str

    async def open(self, request: StepRequest) -> StepAnswer:
        """Open a case with update-with-start."""
        start: WithStartWorkflowOperation[Any, None] = WithStartWorkflowOperation(
            TenantCase.__name__,
            CaseStart(case_id=request.process_id),
            id=workflow_id(request.process_id),
            task_queue=self.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        answer: StepAnswer = await self.client.execute_update_with_start_workflow(
            STEP, request, start_workflow_operation=start, id=request.request_id, result_type=StepAnswer
        )
        return answer

    async def take(self, case_id: UUID, request: StepRequest) -> StepAnswer:
        """Take a step."""
        answer: StepAnswer = await self.handle(case_id).execute_update(
            STEP, request, id=request.request_id, result_type=StepAnswer
        )
        return answer

    def handle(self, case_id: UUID) -> WorkflowHandle[Any, Any]:
        """Return the case's workflow."""
        return self.client.get_workflow_handle(workflow_id(case_id))


async def row_is_awaited(engine: AsyncEngine) -> bool:
    """Whether somebody waits for a row that somebody else has locked."""
    async with engine.connect() as connection:
        waiting = "select exists (select from pg_locks where not granted)"
        return bool((await connection.exec_driver_sql(waiting)).scalar_one())
