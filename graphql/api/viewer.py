"""Who asks, in GraphQL: what a front end needs to know of the person before it."""

import asyncio
from typing import Any, ForwardRef, Optional

import strawberry

from api import ids
from api.context import Identity, Info
from api.derive import LOADERS, Fields, enum, make, resolved
from domain.roles import Role
from store import messages


def _staff_id(self: Identity) -> strawberry.ID:
    return strawberry.ID(ids.encode("Staff", self.staff_id))


async def _staff(self: Identity, info: Info) -> Any:
    return await LOADERS["Staff"](info, self.staff_id)


def _roles(self: Identity) -> list[Role]:
    return sorted(self.roles, key=lambda role: role.rank)


async def _districts(self: Identity, info: Info) -> Any:
    if self.districts is None:
        return None
    found = await asyncio.gather(*(LOADERS["District"](info, each) for each in sorted(self.districts)))
    return [district for district in found if district]


async def _unread(self: Identity, info: Info) -> int:
    async with info.context.reading() as reading:
        return await messages.unread(reading, scope=self)


VIEWER = make(
    "Viewer",
    {
        "staff_id": resolved(strawberry.ID, _staff_id, description="The id of the member of staff."),
        "staff": resolved(
            Optional[ForwardRef("Staff")],  # noqa: UP045 (a forward reference has no `|`)
            _staff,
            description="The member of staff; null for one that the register does not know.",
        ),
        "roles": resolved(list[enum(Role)], _roles, description="What they may act as."),  # type: ignore[misc]
        "districts": resolved(
            Optional[list[ForwardRef("District")]],  # type: ignore[misc]  # noqa: UP045
            _districts,
            description="Whose persons and cases they see; null for those of the whole agency.",
        ),
        "unread_notices": resolved(int, _unread, description="How many `notices` they have still to read."),
    },
    description="Whoever asks, as their token says.",
)


def _viewer(self: Any, info: Info) -> Any:  # noqa: ARG001 (the root)
    return info.context.identity


QUERIES: Fields = {"viewer": resolved(VIEWER, _viewer, description="Whoever asks.")}
"""The query, by Python name."""
