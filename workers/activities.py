"""What case workflows ask of the world: PostgreSQL follows, and shares are taken."""

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from api.engine import wake_dispatch
from domain.refusals import Refused
from store import projection, reservations
from store.policies import Policies
from workflows.messages import PROJECT, RESERVE, Batch, Claim, Rejection, Reserved


class Activities:
    """The activities of the case task queue, on one database."""

    def __init__(self, engine: AsyncEngine, policies: Policies, client: Client) -> None:
        self._engine = engine
        self._policies = policies
        self._client = client

    @activity.defn(name=PROJECT)
    async def project(self, batch: Batch) -> None:
        """Write a batch of entries, in order and once; wake dispatch if it is asleep for too long."""
        if await projection.project(self._engine, batch.case_id, batch.entries, self._policies):
            await wake_dispatch(self._client)

    @activity.defn(name=RESERVE)
    async def reserve(self, claim: Claim) -> Reserved:
        """Take a share, or say why not."""
        try:
            await reservations.reserve(
                self._engine,
                process_id=claim.process_id,
                entry=claim.entry,
                reservation=claim.reservation,
                at=claim.at,
            )
        except Refused as refused:
            return Reserved(rejection=Rejection.of(refused))
        return Reserved()
