"""The supervisor's board in GraphQL: how much there is of everything, in which state, and with whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ForwardRef, Optional

import strawberry

from api.connections import OfDistrict, OfOperator, OfServicePoint, read_filter
from api.context import Info
from api.derive import LOADERS, Fields, make, resolved
from api.told import PROCESS, Told, itself, told_fields
from domain.case import Case
from domain.process import Process
from domain.processes import PROCESSES
from store.board import BoardFilter, by_operator, by_state
from store.database import AnyRow


@dataclass(frozen=True)
class _Counted:
    """A row of counts."""

    row: AnyRow

    @property
    def declared(self) -> type[Process]:
        """The kind that is counted."""
        return Process.kinds[self.row.kind]


@dataclass(frozen=True)
class Board:
    """The counts, in the order of the declarations."""

    states: Sequence[_Counted]
    operators: Sequence[_Counted]

    @property
    def open(self) -> int:
        """Open cases."""
        return sum(each.row.number for each in self._open_cases)

    @property
    def overdue(self) -> int:
        """Open cases that are late, or have a track that is."""
        return sum(each.row.overdue for each in self._open_cases)

    @property
    def _open_cases(self) -> Sequence[_Counted]:
        return [
            each
            for each in self.states
            if issubclass(each.declared, Case) and each.declared.State[each.row.state].waits_for
        ]


_NUMBER = Told(("number",), itself)
_OVERDUE = Told(("overdue",), itself)


async def _operator(self: _Counted, info: Info) -> Any:
    return self.row.operator_id and await LOADERS["Staff"](info, self.row.operator_id)


_STATES = make(
    "BoardState",
    told_fields(
        "BoardState",
        {
            "kind": (str, PROCESS["kind"], "TENANT_CASE, or a kind of track."),
            "kind_label": (str, PROCESS["kindLabel"], "In the caller's language."),
            "state_name": (str, PROCESS["stateName"], "The state, for programs."),
            "state_label": (str, PROCESS["stateLabel"], "In the caller's language."),
            "count": (int, _NUMBER, "How many are in this state."),
            "overdue": (int, _OVERDUE, "How many of them are late; a case also by a track of it."),
        },
    ),
    description="How many processes of a kind are in a state.",
)
_OPERATORS = make(
    "BoardOperator",
    {
        "operator": resolved(
            Optional[ForwardRef("Staff")],  # noqa: UP045 (a forward reference has no `|`)
            _operator,
            description="Who answers for them; null for those that nobody does.",
        ),
        **told_fields(
            "BoardOperator",
            {
                "count": (int, _NUMBER, "Open cases."),
                "overdue": (int, _OVERDUE, "Those that are late."),
            },
        ),
    },
    description="How many open cases somebody answers for; one is late if a track of it is.",
)
BOARD = make(
    "CaseBoard",
    {
        "open": (int, strawberry.field(description="How many cases are open.")),
        "overdue": (
            int,
            strawberry.field(description="How many open cases are late, or have a track that is."),
        ),
        "states": (
            list[_STATES],  # type: ignore[valid-type]
            strawberry.field(description="Cases and tracks by kind and state, as far as there are any."),
        ),
        "operators": (list[_OPERATORS], strawberry.field(description="Most first.")),  # type: ignore[valid-type]
    },
    description="How much there is, and with whom.",
)


async def _board(
    self: Any,  # noqa: ARG001 (the root)
    info: Info,
    *,
    district: OfDistrict = None,
    service_point: OfServicePoint = None,
    operator: OfOperator = None,
) -> Board:
    asked = SimpleNamespace(district=district, service_point=service_point, operator=operator)
    given = read_filter(BoardFilter, asked, path=())
    async with info.context.reading() as connection:
        states = await by_state(connection, given, scope=info.context.identity)
        operators = await by_operator(connection, given, scope=info.context.identity)
    return Board(sorted(map(_Counted, states), key=_declared), [*map(_Counted, operators)])


def _declared(counted: _Counted) -> tuple[int, int]:
    kinds = [process.kind for process in PROCESSES]
    place = kinds.index(counted.row.kind) if counted.row.kind in kinds else len(kinds)
    return place, counted.declared.State[counted.row.state].rank


QUERIES: Fields = {
    "case_board": resolved(BOARD, _board, description="How much there is, of what the caller may see."),
}
"""The query, by Python name."""
