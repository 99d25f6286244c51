"""The bulk adoption of the policy in force: every live case gets its new terms, a few at a time."""

from temporalio import workflow

from workflows.bulk import BulkWorkflow
from workflows.messages import ADOPT_SOME, ADOPTION


@workflow.defn(name=ADOPTION)
class PolicyAdoption(BulkWorkflow):
    """Goes through the adoptions that are asked for, one after the other, until they are done or stopped."""

    @workflow.run
    async def run(self) -> None:
        """See `BulkWorkflow.work`."""
        await self.work(ADOPT_SOME)
