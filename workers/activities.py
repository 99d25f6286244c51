"""What case workflows ask of the world: PostgreSQL follows, and shares are taken."""

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from domain.refusals import Refused
from store import projection, reservations
from workflows.messages import PROJECT, RESERVE, Batch, Claim, Rejection, Reserved


class Activities:
    """The activities of the case task queue, on one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @activity.defn(name=PROJECT)
    async def project(self, batch: Batch) -> None:
        """Write a batch of entries, in order and once."""
        await projection.project(self._engine, batch.case_id, batch.entries)

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
