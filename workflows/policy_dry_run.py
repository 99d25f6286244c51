"""The dry run of a version of the policy: what it would change of all that is live."""

from temporalio import workflow

from workflows.bulk import BulkWorkflow
from workflows.messages import DRY_RUN, TRY_OUT


@workflow.defn(name=DRY_RUN)
class PolicyDryRun(BulkWorkflow):
    """Goes through the dry runs that are asked for, the oldest first."""

    @workflow.run
    async def run(self) -> None:
        """See `BulkWorkflow.work`."""
        await self.work(TRY_OUT)
