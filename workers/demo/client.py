"""What a front end does: the ready-made documents, sent over HTTP with a key each, and sent again until answered."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, Visitor, parse, print_ast, visit

from domain.refusals import ASK_AGAIN
from workers.errors import OperatorError

OPERATIONS = Path(__file__).parents[2] / "graphql" / "operations"
"""The documents that any front end may copy."""

AT_ONCE = 12
"""Requests under way."""

_TRIES = 100
_PAUSE_SECONDS = 0.3


class Declined(OperatorError):
    """The engine refuses, with a `code` for programs and a sentence; what no story expects ends the demo."""

    def __init__(self, operation: str, error: dict[str, Any]) -> None:
        super().__init__(f"{operation}: {error['message']} ({error['code']}, {'.'.join(error['path']) or 'no field'})")
        self.code: str = error["code"]


class Unanswered(OperatorError):
    """The API gave no answer that a front end can use: say what it said."""


class Documents:
    """The documents of graphql/operations by the names of their operations, each with the fragments that it spreads."""

    def __init__(self, folder: Path = OPERATIONS) -> None:
        self._definitions = {
            each.name.value: each
            for file in sorted(folder.glob("*.graphql"))
            for each in parse(file.read_text("utf-8")).definitions
            if isinstance(each, OperationDefinitionNode | FragmentDefinitionNode) and each.name
        }
        self._texts: dict[str, str] = {}

    def __iter__(self) -> Iterator[str]:
        """The names of all operations."""
        return (name for name, each in self._definitions.items() if isinstance(each, OperationDefinitionNode))

    def __getitem__(self, operation: str) -> str:
        if operation not in self._texts:
            names = dict.fromkeys([operation, *self._spread(operation)])
            whole = DocumentNode(definitions=tuple(self._definitions[name] for name in names))
            self._texts[operation] = print_ast(whole)
        return self._texts[operation]

    def _spread(self, name: str) -> Iterator[str]:
        found: list[str] = []

        class Spreads(Visitor):
            def enter_fragment_spread(self, node: Any, *_: object) -> None:
                found.append(node.name.value)

        visit(self._definitions[name], Spreads())
        for each in found:
            yield each
            yield from self._spread(each)


class Turns:
    """Lets some requests through at a time; of those that wait, the one whose fact happened first comes first."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = at_once
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @asynccontextmanager
    async def turn(self, at: datetime) -> AsyncIterator[None]:
        """Wait for a turn, and have it while the context lasts."""
        if self._free:
            self._free -= 1
        else:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (at, next(self._numbers), mine))
            await mine
        try:
            yield
        finally:
            self._free += 1
            while self._free and self._waiting:
                *_, next_one = heapq.heappop(self._waiting)
                if not next_one.done():
                    next_one.set_result(None)
                    self._free -= 1


class Api:
    """The engine's address, and everything that goes there."""

    def __init__(self, http: httpx.AsyncClient, url: str, since: datetime) -> None:
        self._http = http
        self._url = url
        self.documents = Documents()
        self.turns = Turns()
        self.requests = 0
        self.latest = since
        """How far the facts that were told have come."""
        self.on_told: Callable[[datetime], None] = lambda _: None
        """Called with how far they have come, whenever they come further."""

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str, *, since: datetime) -> AsyncIterator[Self]:
        """Give the API at a URL for as long as the context lasts; what is told happened from `since` on."""
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        async with httpx.AsyncClient(limits=limits, timeout=15, trust_env=False) as http:
            yield cls(http, url, since)

    def come_to(self, at: datetime) -> None:
        """Note that what happened `at` that time is being told."""
        if at > self.latest:
            self.latest = at
            self.on_told(at)

    async def send(self, token: str, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Send one operation and return its data. Raises Unanswered."""
        self.requests += 1
        body = {"query": self.documents[operation], "operationName": operation, "variables": variables}
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        answer = await self._http.post(self._url, json=body, headers=headers)
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict) or not said.keys() & {"data", "errors"}:
            raise Unanswered(f"{operation} was answered with {answer.status_code} by {self._url}, which is no GraphQL.")
        if said.get("errors"):
            raise Unanswered(f"{operation} was answered with {said['errors'][0]}.")
        data: dict[str, Any] = said["data"]
        return data


class Desk:
    """A member of staff at work, signed in with a token of their own."""

    def __init__(self, api: Api, *, token: str, staff: str) -> None:
        self._api, self._token, self.staff = api, token, staff

    async def ask(self, operation: str, at: datetime, /, **variables: Any) -> Any:
        """Return what a query's one field answers, when its turn comes among what happens `at` that time."""
        async with self._api.turns.turn(at):
            (answer,) = (await self._api.send(self._token, operation, variables)).values()
        return answer

    async def write(self, operation: str, /, **given: Any) -> Any:
        """Take a mutation before the weeks begin, and return the object. Raises Declined."""
        return await self.tell(operation, self._api.latest, **given)

    async def tell(self, operation: str, at: datetime, /, *, form: "Process | None" = None, **given: Any) -> Any:
        """Take a mutation about something that happened `at` that time, and return the object. Raises Declined.

        `form` is the process that it is a step of, sent with the version that was last shown. The key is the same at
        every try, so that what was done once is not done again.
        """
        async with self._api.turns.turn(at):
            self._api.come_to(at)
            shown = {"id": form.id, "expectedVersion": form.version} if form else {}
            variables = {"input": given | shown | {"idempotencyKey": uuid4().hex}}
            for _ in range(_TRIES):
                with suppress(httpx.TransportError):
                    (answer,) = (await self._api.send(self._token, operation, variables)).values()
                    errors = answer.pop("userErrors")
                    if not errors:
                        (done,) = answer.values()
                        return done
                    if errors[0]["code"] not in ASK_AGAIN:
                        raise Declined(operation, errors[0])
                await asyncio.sleep(_PAUSE_SECONDS)
        raise Unanswered(f"{operation} was not answered in {_TRIES} tries.")


class Process:
    """A case or a track, as its last answer showed it."""

    def __init__(self, shown: dict[str, Any], *, case: "Process | None" = None) -> None:
        self._case = case
        self.version = 0
        self.show(shown)

    def show(self, shown: dict[str, Any]) -> None:
        """Take over an answer; what a track says of its case goes to the case."""
        if shown["version"] < self.version:
            return
        self.shown = shown
        self.id: str = shown["id"]
        self.kind: str = shown["kind"]
        self.version = shown["version"]
        self.state: str = shown["stateName"]
        self._why_not: dict[str, str | None] = {each["name"]: each["code"] for each in shown["availableSteps"]}
        if self._case and "case" in shown:  # a step's answer has it, a form does not
            self._case.version = max(self._case.version, shown["case"]["version"])

    def why_not(self, step: str) -> str | None:
        """Return the code for which a step is not open to whoever asked last; None if it is open."""
        return self._why_not[step]

    async def look(self, desk: Desk, at: datetime) -> None:
        """Read it again."""
        self.show(await desk.ask("ProcessForm", at, id=self.id))

    async def take(self, desk: Desk, operation: str, at: datetime, **given: Any) -> None:
        """Take a step at a desk; if the process has moved on meanwhile, read it and take the step again.

        It happened `at` that time, unless `occurredAt` is given. Raises Declined.
        """
        step = {"occurredAt": at.isoformat()} | given
        while True:
            try:
                self.show(await desk.tell(operation, at, form=self, **step))
            except Declined as declined:
                if declined.code != "STALE_VERSION":
                    raise
                await self.look(desk, at)
            else:
                return
