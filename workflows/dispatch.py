"""Dispatch: one workflow that sleeps until somebody is to be told something, and then has it told."""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows.messages import DISPATCH, WOKEN, Rest, Round

ROUNDS_IN_A_RUN = 200
"""Then the workflow continues as new, so that its history stays short."""

UNTIL_IT_WORKS = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


@workflow.defn(name=DISPATCH)
class DispatchWorkflow:
    """Everybody is told what is due: round after round, with nothing to do in between."""

    def __init__(self) -> None:
        self.woken = False

    @workflow.run
    async def run(self) -> None:
        """Tell what is due; sleep until something is, or until what is scheduled meanwhile wakes it."""
        for _ in range(ROUNDS_IN_A_RUN):
            self.woken = False
            rest: Rest = await workflow.execute_activity(
                DISPATCH,
                Round(now=workflow.now()),
                result_type=Rest,
                start_to_close_timeout=timedelta(hours=1),
                heartbeat_timeout=timedelta(seconds=15),
                retry_policy=UNTIL_IT_WORKS,
            )
            await self._sleep(rest.until)
        workflow.continue_as_new()

    @workflow.signal(name=WOKEN)
    def wake(self) -> None:
        """Look at once."""
        self.woken = True

    async def _sleep(self, until: datetime) -> None:
        if until <= workflow.now():
            return
        try:
            await workflow.wait_condition(lambda: self.woken, timeout=until - workflow.now())
        except TimeoutError:
            return
