"""The interface `Node`: whatever has a global id."""

from typing import Protocol

import strawberry


class HasGlobalId(Protocol):
    """What the source object of every node has."""

    @property
    def global_id(self) -> str:
        """The id that clients know."""


def _id(self: HasGlobalId) -> strawberry.ID:
    return strawberry.ID(self.global_id)


@strawberry.interface(description="Whatever has a global id; `node` and `nodes` find it again.")
class Node:
    """The source is a `HasGlobalId`."""

    id: strawberry.ID = strawberry.field(
        resolver=_id, description="Opaque, and the same for as long as the object exists."
    )
