"""The versions of the policy that are being used, kept parsed."""

from collections.abc import Iterable
from importlib.resources import files

from sqlalchemy.ext.asyncio import AsyncConnection

from domain import policy
from domain.policy import Policy
from domain.process import Process


class Policies:
    """The versions as programs need them: parsed against the processes that there are."""

    def __init__(self, processes: Iterable[type[Process]]) -> None:
        self._processes = tuple(processes)
        self._kept: dict[str, Policy] = {}

    async def of(self, connection: AsyncConnection, identifier: str) -> Policy:
        """Return a version by its id."""
        if not self._kept:
            document = files("domain").joinpath("policies/lombardia.yaml").read_text("utf-8")
            self._kept[""] = policy.load(document, self._processes)
        return self._kept[""]
