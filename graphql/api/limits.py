"""How large a question may be, decided before it is validated: some of GraphQL's own rules are far from cheap.

Everything counts as often as it is asked for, fragments included. Each fragment is measured once, wherever it is
spread, so that measuring takes as long as reading the document and no longer.
"""

from collections import Counter
from typing import NamedTuple

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from api.connections import DEFAULT_FIRST
from domain.choices import Label
from domain.refusals import Refusal, Refused
from store.pages import MOST

MAX_TOKENS = 4_000
"""Words and brackets of a document, about 20 KB; long texts go into variables."""

MAX_DEPTH = 16
"""Fields within fields. The introspection of tools has 15."""

MAX_FIELDS = 1_000
"""Fields of one operation after its fragments are expanded. The introspection of tools has 229."""


MAX_REPEATED = 100
"""Fields of a document that are called the same: validation compares each with each of the others beside it."""

MAX_ROWS = 10_000
"""Rows of all the pages that one operation may be answered with, those of lists within lists included."""

LEAST_ROWS = 10
"""As many rows a page counts as, however short: within the rows of another it is a statement for each of them."""


def require_within_limits(document: DocumentNode, /) -> None:
    """Raise `Refused` (QUERY_TOO_DEEP, QUERY_TOO_LARGE) if an operation of the document asks for too much."""
    measure = Measure(document)
    try:
        sizes = measure.operations()
    except RecursionError:
        raise too_deep() from None
    for size in sizes:
        if size.depth > MAX_DEPTH:
            raise too_deep()
        if size.fields > MAX_FIELDS:
            raise too_large(Label(f"{MAX_FIELDS} campi", f"{MAX_FIELDS} fields"))
        if size.rows > MAX_ROWS:
            raise too_large(Label(f"{MAX_ROWS} righe", f"{MAX_ROWS} rows"))
    if any(times > MAX_REPEATED for times in measure.names.values()):
        raise too_large(Label(f"{MAX_REPEATED} campi con lo stesso nome", f"{MAX_REPEATED} fields of the same name"))


def too_deep() -> Refused:
    """Return the refusal of a question whose fields nest too deeply."""
    return Refused(Refusal.QUERY_TOO_DEEP, most=MAX_DEPTH)


def too_large(most: Label, /) -> Refused:
    """Return the refusal of a question that asks for more than `most`."""
    return Refused(Refusal.QUERY_TOO_LARGE, most=most)


class Size(NamedTuple):
    """How large a selection is; `a_row` is what of its rows comes once for each row of the page that it is in."""

    depth: int = 0
    fields: int = 0
    rows: int = 0
    a_row: int = 0


class Measure:
    """Measures a document in one pass. Raises RecursionError for an absurd one."""

    def __init__(self, document: DocumentNode) -> None:
        self.names: Counter[str] = Counter()
        """How often each response name is written."""
        self._document = document
        self._fragments = {
            definition.name.value: definition.selection_set
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Size] = {}

    def operations(self) -> list[Size]:
        """Measure everything, fragments that nobody spreads too, because they are validated; return the operations."""
        for name in self._fragments:
            self._fragment(name)
        return [
            _of_pages(self._selections(definition.selection_set), MOST)  # at the top only `nodes(ids:)` is a page
            for definition in self._document.definitions
            if isinstance(definition, OperationDefinitionNode)
        ]

    def _selections(self, node: SelectionSetNode | None) -> Size:
        depth = fields = rows = a_row = 0
        for selection in node.selections if node else ():
            match selection:
                case FieldNode():
                    size = self._field(selection)
                case InlineFragmentNode(selection_set=inner):
                    size = self._selections(inner)
                case FragmentSpreadNode(name=name):
                    size = self._fragment(name.value)
            depth, fields = max(depth, size.depth), fields + size.fields
            rows, a_row = rows + size.rows, a_row + size.a_row
        return Size(depth, fields, rows, a_row)

    def _field(self, node: FieldNode) -> Size:
        self.names[(node.alias or node.name).value] += 1
        inside = _of_pages(self._selections(node.selection_set), _first(node.arguments))
        below = inside._replace(depth=inside.depth + 1, fields=inside.fields + 1)
        return below._replace(rows=0, a_row=1 + below.rows) if node.name.value in _PAGE else below

    def _fragment(self, name: str) -> Size:
        if name not in self._measured:
            self._measured[name] = Size()  # while it is measured: within itself it adds nothing, and validation says so
            self._measured[name] = self._selections(self._fragments.get(name))
        return self._measured[name]


_PAGE = frozenset({"nodes", "edges"})
"""The fields that have the rows of a page."""


def _of_pages(size: Size, first: int) -> Size:
    return size._replace(rows=size.rows + first * size.a_row, a_row=0)


def _first(arguments: tuple[ArgumentNode, ...] | None) -> int:
    """How many rows the page of a field counts as; a variable may say anything that is allowed."""
    for argument in arguments or ():
        if argument.name.value == "first":
            given = argument.value
            return max(LEAST_ROWS, min(int(given.value), MOST)) if isinstance(given, IntValueNode) else MOST
    return DEFAULT_FIRST
