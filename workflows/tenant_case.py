"""The workflow of a tenant's case."""

from temporalio import workflow

import domain.processes  # noqa: F401 (what a case may hold must have been declared)
from workflows.case_workflow import CaseWorkflow
from workflows.messages import CaseStart


@workflow.defn(name="TenantCase")
class TenantCaseWorkflow(CaseWorkflow):
    """A tenant's case, from first contact to the end of its reopening window."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, _start: CaseStart) -> None:
        """See `CaseWorkflow.live`."""
        await self.live()
