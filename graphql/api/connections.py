"""Lists in GraphQL, page by page: `{edges {cursor node} nodes pageInfo {hasNextPage endCursor}}`, as Relay has them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ForwardRef, TypeVar

import strawberry
from graphql import FieldNode, FragmentSpreadNode

from api.context import Info
from api.derive import Reader, make
from domain.choices import Choice
from domain.record import read_value
from store.database import AnyRow
from store.pages import MOST, Page

T = TypeVar("T")
C = TypeVar("C", bound=Choice)

First = Annotated[int, strawberry.argument(description=f"How many, 1 to {MOST}.")]
After = Annotated[str | None, strawberry.argument(description="A cursor: the page begins after it.")]
OfDistrict = Annotated[strawberry.ID | None, strawberry.argument(description="Only of this `District`.")]
OfServicePoint = Annotated[strawberry.ID | None, strawberry.argument(description="Only of this `ServicePoint`.")]
OfOperator = Annotated[strawberry.ID | None, strawberry.argument(description="Only of this `Staff`.")]
DEFAULT_FIRST = 50
"""How many a page has unless its reader says otherwise."""


@strawberry.type(description="Where a page begins and ends.")
class PageInfo:
    """What the next page is asked with."""

    has_previous_page: bool = strawberry.field(description="Whether there is something before.")
    start_cursor: str | None = strawberry.field(description="Where its first row stands.")
    has_next_page: bool = strawberry.field(description="Whether there is more.")
    end_cursor: str | None = strawberry.field(description="Send it as `after` for the next page.")


@dataclass(frozen=True)
class Edge:
    """One row of a page, and where it stands."""

    page: Page
    row: AnyRow
    node: Any

    @property
    def cursor(self) -> str:
        """Where it stands."""
        return self.page.cursor(self.row)


class Connection:
    """A page, and its rows as the nodes that their fields are read from."""

    def __init__(self, page: Page, node: Callable[[AnyRow], Any]) -> None:
        self._page = page
        self._node = node

    @cached_property
    def nodes(self) -> Sequence[Any]:
        """One for each row."""
        return [self._node(row) for row in self._page.rows]

    @property
    def edges(self) -> Sequence[Edge]:
        """The nodes with their cursors."""
        return [Edge(self._page, row, node) for row, node in zip(self._page.rows, self.nodes, strict=True)]

    @property
    def page_info(self) -> PageInfo:
        """Where the page ends."""
        page = self._page
        return PageInfo(
            has_previous_page=page.has_previous_page,
            start_cursor=page.cursor(page.rows[0]) if page.rows else None,
            has_next_page=page.has_next_page,
            end_cursor=page.cursor(page.rows[-1]) if page.rows else None,
        )


def connection(name: str, /, *, of: str = "") -> type[Any]:
    """Return the GraphQL type of the pages of what is published under `of`, or under `name` itself."""
    node: Any = ForwardRef(of or name)
    edge = make(
        f"{name}Edge",
        {"cursor": (str, strawberry.field()), "node": (node, strawberry.field())},
        description="One row of a page, and where it stands.",
    )
    return make(
        f"{name}Connection",
        {
            "nodes": (list[node], strawberry.field(description="The rows.")),
            "edges": (list[edge], strawberry.field(description="The rows, each with its cursor.")),  # type: ignore[valid-type]
            "page_info": (PageInfo, strawberry.field()),
        },
        description="A page of a list.",
    )


def read_filter(declared: type[T], given: Any, /, *, path: tuple[str, ...] = ("filter",)) -> T:
    """Return what a question is narrowed to; null is as good as nothing. Raises `Refused` naming what is wrong with it.

    `path` is where it stands among the arguments.
    """
    read = Reader("").read(declared, given, path) if given else {}
    narrowed: T = read_value(declared, {name: value for name, value in read.items() if value is not None}, path=path)
    return narrowed


def order_of(declared: type[C], given: Any, /) -> C:
    """Return the order that a client chose; a default comes by its name, because the SDL must be able to say it."""
    return given if isinstance(given, declared) else declared[given]


Asked = dict[str, Any]
"""The names of the fields below one, each with those below it; as if every fragment and directive applied."""


def asked_of_nodes(info: Info, /) -> Asked:
    """Return what is asked of the nodes of the connection that is being resolved: it need read no more than that."""
    raw, nodes = info._raw_info, Asked()  # noqa: SLF001 (its public face parses values that nobody needs here)
    for field in raw.field_nodes:
        _collect(field, raw.fragments, {"nodes": nodes, "edges": {"node": nodes}})
    return nodes


def _collect(node: Any, fragments: Mapping[str, Any], asked: Asked) -> None:
    for selection in node.selection_set.selections if node.selection_set else ():
        match selection:
            case FieldNode():
                _collect(selection, fragments, asked.setdefault(selection.name.value, {}))
            case FragmentSpreadNode():
                _collect(fragments[selection.name.value], fragments, asked)
            case _:
                _collect(selection, fragments, asked)
