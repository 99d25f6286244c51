"""One person's story: who they are, how far it has come, and the case that carries it."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

from workers.demo.client import Desk, Process
from workers.demo.office import District, Office, Stop
from workers.demo.people import Person
from workers.demo.weeks import Clock


@dataclass(kw_only=True)
class Story:
    """`stop` is where the person is met, `areas` are the needs that the interview brings up.

    What the person has is registered when something asks for it.
    """

    office: Office
    person: Person
    district: District
    stop: Stop
    chance: Random
    clock: Clock
    areas: Collection[str] = ()
    id: str = ""
    """The person's, once registered."""
    case: Process = field(init=False)
    tracks: list[Process] = field(default_factory=list)
    outcome: str = "RESOLVED"
    """With which the case will be closed."""
    _dwelling: str = ""
    _tenancy: str = ""

    @property
    def operator(self) -> Desk:
        """Who answers for the district."""
        return self.district.operator

    async def register(self, identity: str = "DECLARED") -> None:
        """Write the person down."""
        person = self.person
        registered = await self.operator.tell(
            "RegisterPerson",
            self.clock.now,
            identity=identity,
            givenName=person.given_name,
            familyName=person.family_name,
            bornOn=person.born_on.isoformat(),
            phone=person.phone,
            email=person.email,
            languages=person.languages,
            interpreter=person.interpreter,
            lowLiteracy=person.low_literacy,
            district=self.district.id,
        )
        self.id = registered["id"]

    async def dwelling(self) -> str:
        """Return the dwelling that the person lives in."""
        if not self._dwelling:
            code = f"VA-{self.chance.randrange(10**5):05}"
            registered = await self.office.administration.tell(
                "RegisterDwelling", self.clock.now, code=code, building=self.district.building
            )
            self._dwelling = registered["id"]
        return self._dwelling

    async def tenancy(self, *, balance: str = "0.00") -> str:
        """Return the tenancy that the person holds, on which the balance is owed."""
        if not self._tenancy:
            years, code = timedelta(days=365 * self.chance.randint(3, 25)), f"C-{self.chance.randrange(10**6):06}"
            registered = await self.office.administration.tell(
                "RegisterTenancy",
                self.clock.now,
                code=code,
                holder=self.id,
                dwelling=await self.dwelling(),
                rentArea=self.chance.choice(("PROTECTION", "ACCESS", "STAY")),
                startsOn=(self.clock.today - years).isoformat(),
                balance=balance,
                balanceOn=self.clock.today.isoformat(),
            )
            self._tenancy = registered["id"]
        return self._tenancy

    async def open(self, desk: Desk, operation: str, at: datetime, **given: Any) -> Process:
        """Open a track of the case."""
        shown = await desk.tell(
            operation, at, newId=str(uuid4()), case=self.case.id, occurredAt=at.isoformat(), **given
        )
        self.tracks.append(Process(shown, case=self.case))
        return self.tracks[-1]


Track = Callable[[Story, Clock], Awaitable[None]]
"""What is done for one of a person's needs, beside the case, on a clock of its own; its docstring says what."""
