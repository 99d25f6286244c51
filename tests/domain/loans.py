"""Facts of a lending library, small enough to try every combination of them, and conditions about them by chance."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NewType

from hypothesis import strategies as st

from domain.choices import Choice
from domain.conditions import AllOf, AnyOf, Bound, Condition, Not, OneOf, Other, Test
from domain.facts import Nothing, Said, Vocabulary

Notice = NewType("Notice", str)


class Shelf(Choice):
    """Where a book stands."""

    NOVELS = "Romanzi", "Novels"
    MAPS = "Mappe", "Maps"


@dataclass(frozen=True, kw_only=True)
class LoanFacts:
    """What is known of a loan."""

    days: Annotated[int, Said("Giorni", "Days", least=0)] = 0
    fine: Annotated[Decimal | None, Said("Multa", "Fine", "EUR")] = None
    renewed: Annotated[bool, Said("Rinnovato", "Renewed")] = False
    shelf: Annotated[Shelf | None, Said("Scaffale", "Shelf")] = None
    days_to_sale: Annotated[int | None, Said("Giorni alla vendita", "Days to the sale", none=True, least=0)] = None
    last: Annotated[Notice | None, Said("Ultimo avviso", "Last notice", none=True)] = None
    since: Annotated[Mapping[Notice, int], Said("Giorni dall'avviso", "Days since the notice", least=0)] = field(
        default_factory=dict
    )
    times: Annotated[Mapping[Notice, int], Said("Avvisi", "Notices", least=0, otherwise=0)] = field(
        default_factory=dict
    )
    lent_on: Annotated[date | None, Said("Prestato il", "Lent on")] = None


LOANS = Vocabulary.of(LoanFacts)

_SMALL = [0, 1, 2, 3, 4]
_FINES = [None, *(Decimal(half) / 2 for half in range(-2, 10))]
_TRIED: dict[str, list[Any]] = {
    "days": _SMALL,
    "fine": _FINES,
    "renewed": [False, True],
    "shelf": [None, *Shelf],
    "days_to_sale": [None, *_SMALL],
    "last": [None, "first", "second", "third"],
    "since": [{}, *({"first": days} for days in _SMALL)],
    "times": [{}, *({"first": times} for times in _SMALL)],
}


def every_loan(*names: str) -> Iterator[LoanFacts]:
    """Every combination of the values of these facts that conditions by chance can tell apart."""
    for values in itertools.product(*(_TRIED[name] for name in names)):
        yield LoanFacts(**dict(zip(names, values, strict=True)))


def _bounds(values: list[Any]) -> st.SearchStrategy[tuple[Bound, ...]]:
    low = st.builds(Bound, name=st.sampled_from(["above", "at_least"]), value=st.sampled_from(values))
    high = st.builds(Bound, name=st.sampled_from(["below", "up_to"]), value=st.sampled_from(values))
    return st.tuples(low) | st.tuples(high)


def _one_of(values: list[Any]) -> st.SearchStrategy[tuple[OneOf, ...]]:
    some = st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(tuple)
    return st.tuples(st.builds(OneOf, values=some, excluded=st.booleans()))


_NUMBERS = [1, 2, 3]
_DEMANDS: dict[str, st.SearchStrategy[Any]] = {
    "days": _bounds(_NUMBERS) | _one_of(_NUMBERS),
    "fine": _bounds([Decimal(each) for each in _NUMBERS]) | _one_of([Decimal(1), Decimal(3), Nothing.UNKNOWN]),
    "renewed": st.tuples(st.builds(OneOf, values=st.sampled_from([(True,), (False,)]))),
    "shelf": _one_of([*Shelf, Nothing.UNKNOWN]),
    "days_to_sale": _bounds(_NUMBERS) | _one_of([*_NUMBERS, Nothing.NONE]),
    "last": _one_of(["first", "second", Nothing.NONE]),
    "since": _bounds(_NUMBERS) | _one_of([*_NUMBERS, Nothing.NEVER]),
    "times": _bounds(_NUMBERS) | _one_of(_NUMBERS),
}
_COMPARED = st.tuples(
    st.builds(Bound, name=st.sampled_from(["above", "at_least", "below", "up_to"]), value=st.just(Other("fine")))
)


def _tests(name: str, *, compared: bool) -> st.SearchStrategy[Condition]:
    demands = _DEMANDS[name]
    if compared and name in ("days", "days_to_sale"):
        demands = demands | _COMPARED
    key = "first" if LOANS[name].keys else None
    return st.builds(Test, fact=st.just(name), key=st.just(key), demands=demands)


def conditions(*names: str, compared: bool = False) -> st.SearchStrategy[Condition]:
    """Conditions about these facts; `compared`: some compare one with another."""
    return st.recursive(
        st.one_of(*(_tests(name, compared=compared) for name in names)),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        ),
        max_leaves=5,
    )
