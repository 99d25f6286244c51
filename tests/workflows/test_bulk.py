"""What goes through all cases, piece by piece: a history that stays short, and nothing that is asked for is missed."""

import asyncio
from uuid import uuid4

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from api.engine import wake
from workers.worker import workflow_runner
from workflows.bulk import PIECES_IN_A_RUN
from workflows.messages import ADOPT_SOME, ADOPTION, bulk_id
from workflows.policy_adoption import PolicyAdoption


class Work:
    """So many pieces to do."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.looked = asyncio.Event()

    @activity.defn(name=ADOPT_SOME)
    async def adopt_some(self) -> bool:
        """Do a piece; say whether there was one."""
        self.looked.set()
        self.left = max(self.left - 1, 0)
        return self.left > 0


async def test_it_continues_as_new_and_ends_when_nothing_is_left_to_do(temporal: Client) -> None:
    """Woken while it works, or after it has ended, it looks again."""
    queue, work = f"bulk-{uuid4()}", Work(PIECES_IN_A_RUN + 20)
    async with Worker(
        temporal,
        task_queue=queue,
        workflows=[PolicyAdoption],
        activities=[work.adopt_some],
        workflow_runner=workflow_runner(sandbox=True),
    ):
        await wake(temporal, ADOPTION, queue=queue)
        handle = temporal.get_workflow_handle(bulk_id(queue, ADOPTION))
        first = (await handle.describe()).run_id
        await work.looked.wait()
        await asyncio.gather(*(wake(temporal, ADOPTION, queue=queue) for _ in range(5)))
        await handle.result()
        ended = (await temporal.get_workflow_handle(handle.id).describe()).run_id
        assert work.left == 0
        assert ended != first
        work.left = 3
        await wake(temporal, ADOPTION, queue=queue)
        await temporal.get_workflow_handle(handle.id).result()
        assert work.left == 0
