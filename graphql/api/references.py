"""Entries of the register that a row refers to, read along with it: no more of them than is asked for."""

from collections.abc import Collection

from api.errors import camel
from api.register import RegisterNode
from domain.registered import Registered
from domain.shape import shapes
from store.database import AnyRow
from store.joins import Part
from store.register import columns_of, partly_stored

_FIELDS = {
    kind: {camel(name): name for name in (*shapes(kind), "version")} | {"id": "id", "__typename": "id"}
    for kind in Registered.kinds.values()
}
"""The fields that are read from a column, by their GraphQL name."""


def columns_asked(kind: type[Registered], asked: Collection[str] | None, /) -> frozenset[str]:
    """Return the columns that these GraphQL fields of an entry are read from; None is all of them."""
    known = _FIELDS[kind]
    whole = asked is None or not known.keys() >= {*asked}
    return columns_of(kind, [name for field, name in known.items() if whole or field in (asked or ())])


def referred(kind: type[Registered], row: AnyRow, reference: str, columns: Collection[str], /) -> RegisterNode | None:
    """Return the entry that a row refers to, read from these columns; None if there is none in the caller's sight."""
    part = Part(row, reference)
    return RegisterNode(partly_stored(kind, part, columns)) if part.id else None
