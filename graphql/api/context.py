"""What a request carries: who asks, in which language, at what time, and the ways to the store and the engine."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from strawberry.dataloader import DataLoader

from domain.choices import Language
from store.policies import Policies
from store.scope import Scope

if TYPE_CHECKING:
    from api.engine import Engine


Identity = Scope
"""Who asks, as the verified token says; every statement is kept to what they may see."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the composition root makes once and every request shares."""

    database: AsyncEngine
    """For transactions."""
    reading: AsyncEngine
    """The same connections, for single statements: each its own transaction."""
    engine: "Engine"
    policies: Policies
    token_secret: str
    clock: Callable[[], datetime]


@dataclass(kw_only=True)
class Context:
    """One request. Its loaders live as long as it does, so that nothing is remembered longer."""

    identity: Identity
    language: Language
    now: datetime
    services: Services
    _loaders: dict[object, DataLoader[Any, Any]] = field(default_factory=dict)

    def loader(self, load: Callable[["Context", list[Any]], Awaitable[Sequence[Any]]]) -> DataLoader[Any, Any]:
        """Return this request's loader of what `load` fetches: one statement for all the keys of one level."""
        if load not in self._loaders:
            self._loaders[load] = DataLoader(load_fn=partial(load, self))
        return self._loaders[load]

    def forget(self) -> None:
        """Drop what the loaders have read: something has been written."""
        self._loaders.clear()

    def reading(self) -> AsyncConnection:
        """Return a connection, as a context manager, that reads without opening a transaction."""
        return self.services.reading.connect()


Info = strawberry.Info[Context, Any]
