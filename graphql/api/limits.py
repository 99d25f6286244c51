"""How large a question may be, decided before it is validated: some of GraphQL's own rules are far from cheap.

Everything counts as often as it is asked for, fragments included. Each fragment is measured once, wherever it is
spread, so that measuring takes as long as reading the document and no longer.
"""

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from domain.choices import Label
from domain.refusals import Refusal, Refused

MAX_TOKENS = 4_000
"""Words and brackets of a document, about 20 KB; long texts go into variables."""

MAX_DEPTH = 16
"""Fields within fields. The introspection of tools has 15."""

MAX_FIELDS = 1_000
"""Fields of one operation after its fragments are expanded. The introspection of tools has 229."""


def require_within_limits(document: DocumentNode, /) -> None:
    """Raise `Refused` (QUERY_TOO_DEEP, QUERY_TOO_LARGE) if an operation of the document asks for too much."""
    try:
        sizes = measured(document)
    except RecursionError:
        raise too_deep() from None
    for depth, fields in sizes:
        if depth > MAX_DEPTH:
            raise too_deep()
        if fields > MAX_FIELDS:
            raise too_large(Label(f"{MAX_FIELDS} campi", f"{MAX_FIELDS} fields"))


def measured(document: DocumentNode, /) -> list[tuple[int, int]]:
    """Return (depth, number of fields) of each operation. Raises RecursionError for an absurd document."""
    measure = _Measure(document)
    return [
        measure.selections(definition.selection_set)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ]


def too_deep() -> Refused:
    """Return the refusal of a question whose fields nest too deeply."""
    return Refused(Refusal.QUERY_TOO_DEEP, most=MAX_DEPTH)


def too_large(most: Label, /) -> Refused:
    """Return the refusal of a question that asks for more than `most`."""
    return Refused(Refusal.QUERY_TOO_LARGE, most=most)


class _Measure:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            definition.name.value: definition.selection_set
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, tuple[int, int]] = {}

    def selections(self, node: SelectionSetNode | None) -> tuple[int, int]:
        """Return (depth, number of fields)."""
        depth = fields = 0
        for selection in node.selections if node else ():
            match selection:
                case FieldNode(selection_set=inner):
                    below, more = self.selections(inner)
                    below, more = below + 1, more + 1
                case InlineFragmentNode(selection_set=inner):
                    below, more = self.selections(inner)
                case FragmentSpreadNode(name=name):
                    below, more = self._fragment(name.value)
            depth, fields = max(depth, below), fields + more
        return depth, fields

    def _fragment(self, name: str) -> tuple[int, int]:
        if name not in self._measured:
            self._measured[name] = 0, 0  # while it is measured: within itself it adds nothing, and validation says so
            self._measured[name] = self.selections(self._fragments.get(name))
        return self._measured[name]
