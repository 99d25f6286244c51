"""What goes through all cases: piece by piece, each an activity that finds in PostgreSQL where the one before left off.

So a history holds nothing but how many pieces there were, and whatever is killed goes on from there.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows.messages import WOKEN

PIECES_IN_A_RUN = 200
"""Then the workflow continues as new."""

PIECE_WITHIN = timedelta(minutes=5)
"""How long a piece may take: some ten seconds, unless servers are away."""

SILENT_MOST = timedelta(seconds=10)
"""How long nothing may be heard of a piece before another worker takes it over."""

UNTIL_IT_WORKS = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


class BulkWorkflow:
    """Does pieces until there are none; a subclass is the `@workflow.defn`."""

    def __init__(self) -> None:
        self._woken = True
        self._pieces = 0

    async def work(self, activity: str) -> None:
        """Have the activity do pieces for as long as it says that there are more, or somebody does."""
        while self._woken:
            self._woken = False
            while await self._piece(activity):
                if self._pieces >= PIECES_IN_A_RUN:
                    workflow.continue_as_new()

    @workflow.signal(name=WOKEN)
    def wake(self) -> None:
        """There is something to do: look again before ending."""
        self._woken = True

    async def _piece(self, activity: str) -> bool:
        self._pieces += 1
        more: bool = await workflow.execute_activity(
            activity,
            result_type=bool,
            start_to_close_timeout=PIECE_WITHIN,
            heartbeat_timeout=SILENT_MOST,
            retry_policy=UNTIL_IT_WORKS,
        )
        return more
