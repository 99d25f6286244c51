"""The worker process: it carries the workflows of cases, and writes what they do into PostgreSQL.

Beside them, on a queue of its own, what goes through all cases.
"""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from api.engine import wake
from domain.processes import PROCESSES
from store import database
from store.policies import Policies
from workers import engine, memory
from workers.activities import Activities
from workers.bulk import BulkActivities
from workers.channels import Channels, channels
from workers.dispatch import Dispatcher
from workers.settings import Settings
from workflows.dispatch import DispatchWorkflow
from workflows.messages import ADOPTION, BULK_QUEUE, DISPATCH, DISPATCH_QUEUE, DRY_RUN, TASK_QUEUE
from workflows.policy_adoption import PolicyAdoption
from workflows.policy_dry_run import PolicyDryRun
from workflows.tenant_case import TenantCaseWorkflow

DATABASE_CONNECTIONS = 10
"""As many batches are written at once; activities beyond them wait their turn."""

BULK_CONNECTIONS = 2
"""Of their own, for what goes through all cases: a dry run and an adoption."""


def case_worker(
    client: Client,
    database_engine: AsyncEngine,
    policies: Policies,
    *,
    cached: int = Settings.cached_cases,
    sandbox: bool = True,
    task_queue: str = TASK_QUEUE,
) -> Worker:
    """Return the worker of case workflows and their activities, not started; `cached` cases are kept in memory."""
    activities = Activities(database_engine, policies, client)
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[TenantCaseWorkflow],
        activities=[activities.project, activities.reserve],
        workflow_runner=workflow_runner(sandbox=sandbox),
        max_cached_workflows=cached,
        max_concurrent_activities=4 * DATABASE_CONNECTIONS,
    )


def dispatch_worker(
    client: Client,
    database_engine: AsyncEngine,
    policies: Policies,
    channels: Channels,
    *,
    sandbox: bool = True,
    task_queue: str = DISPATCH_QUEUE,
) -> Worker:
    """Return the worker of the dispatch workflow and its activity, not started."""
    dispatcher = Dispatcher(database_engine, policies, client, channels)
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[DispatchWorkflow],
        activities=[dispatcher.round],
        workflow_runner=workflow_runner(sandbox=sandbox),
    )


async def start_dispatch(client: Client, *, task_queue: str = DISPATCH_QUEUE) -> None:
    """Have the one dispatch workflow of the namespace running."""
    await client.start_workflow(
        DISPATCH, id=DISPATCH, task_queue=task_queue, id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING
    )


def bulk_worker(
    client: Client,
    database_engine: AsyncEngine,
    policies: Policies,
    *,
    sandbox: bool = True,
    task_queue: str = BULK_QUEUE,
) -> Worker:
    """Return the worker of what goes through all cases, not started."""
    activities = BulkActivities(database_engine, policies, client)
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[PolicyDryRun, PolicyAdoption],
        activities=[activities.try_out, activities.adopt_some],
        workflow_runner=workflow_runner(sandbox=sandbox),
        max_concurrent_activities=BULK_CONNECTIONS,
    )


async def run_worker(settings: Settings) -> None:
    """Run a worker until it is cancelled: of cases, and of what people are told."""
    client = await engine.connect(settings)
    database_engine = database.connect(settings.database_url, pool_size=DATABASE_CONNECTIONS)
    bulk_engine = database.connect(settings.database_url, pool_size=BULK_CONNECTIONS)
    policies = Policies(PROCESSES)
    try:
        async with channels(settings) as by_channels:
            workers = [
                case_worker(client, database_engine, policies, cached=settings.cached_cases, sandbox=settings.sandbox),
                dispatch_worker(client, database_engine, policies, by_channels, sandbox=settings.sandbox),
                bulk_worker(client, bulk_engine, policies, sandbox=settings.sandbox),
            ]
            await start_dispatch(client)
            memory.settle()
            async with asyncio.TaskGroup() as group:
                for worker in workers:
                    group.create_task(worker.run())
                group.create_task(_go_on(client))
    finally:
        await asyncio.gather(database_engine.dispose(), bulk_engine.dispose())


async def _go_on(client: Client) -> None:
    """Have what was left unfinished gone on with: whoever asked for it may not have lived to say so."""
    for workflow in (DRY_RUN, ADOPTION):
        while True:
            try:
                await wake(client, workflow)
                break
            except RPCError:  # it was there a moment ago
                await asyncio.sleep(1)


def workflow_runner(*, sandbox: bool) -> WorkflowRunner:
    """Return how workflows run. Our own pure modules pass through: they have no clock, no chance and no I/O."""
    if not sandbox:
        return UnsandboxedWorkflowRunner()
    ours = ("domain", "workflows.messages", "pydantic", "pydantic_core", "transitions", "annotated_types")
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*ours))
