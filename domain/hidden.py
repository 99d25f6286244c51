"""Which rows of a table can never be reached, because the rows before them take every case that they would.

Each fact has a handful of values that the conditions can tell apart: the numbers that they name, one between each two
of them, nothing at all, and so on. A row is hidden when no choice among these values makes it hold and none of the rows
before it; the search for such a choice is DPLL (choose, draw conclusions, go back). What is found is certain: there
are no false alarms. What is not seen:
- that facts go together (months owed and balance; that a message which was never sent is not the last one);
- how far a fact is from another that it is compared with: that one number is above another, or is at least it, are
  taken for two separate things that may be or not;
- a row that takes more than `MOST` looks at others to decide; of two dozen rows the last takes about a hundred.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from domain.choices import Choice
from domain.conditions import AllOf, AnyOf, Bound, Condition, Not, OneOf, Other, Test, tests
from domain.facts import Fact, Nothing, Vocabulary
from domain.verdicts import truth

MOST = 3_000
"""How many looks at other rows the search takes for one (a tenth of a second or so); then it says nothing of it."""

Variable = tuple[str, ...]
"""What is chosen: the value of a fact (of one key of it), or how it compares with another."""

_OTHER_NAME = "\0"  # stands for every name that no condition mentions
_SENSE = {"at_least": "≥", "below": "≥", "from": "≥", "before": "≥"}  # the other four bounds are told apart by ">"
_COMPARED = {"at_least", "from", "above", "after"}


@dataclass(frozen=True)
class _Among:
    """The variable has one of the values whose bits are set."""

    variable: Variable
    bits: int


@dataclass(frozen=True)
class _Every:
    parts: tuple["_Formula", ...]


@dataclass(frozen=True)
class _Some:
    parts: tuple["_Formula", ...]


_Formula: TypeAlias = _Among | _Every | _Some


def hidden(conditions: Sequence[Condition], facts: Vocabulary, *, most: int = MOST) -> Iterator[tuple[int, list[int]]]:
    """Yield each row that can never be reached, with the rows before it that together hide it.

    When there are none of these, its condition can never hold at all. Of several ways to be hidden the list is one with
    no row to spare.
    """
    space = _Space(conditions, facts)
    rows = [space.formula(condition, negated=False) for condition in conditions]
    passed = [space.opposite(row) for row in rows]
    for index, row in enumerate(rows):
        search = _Search(space, most)
        if search.excludes(row):
            yield index, []
        elif search.excludes(row, *passed[:index]):
            alone = (before for before in range(index) if search.excludes(row, passed[before]))
            needed = [first] if (first := next(alone, None)) is not None else list(range(index))
            for before in list(needed):
                fewer = [each for each in needed if each != before]
                if search.excludes(row, *(passed[each] for each in fewer)):
                    needed = fewer
            yield index, needed


class _Space:
    """The values that the conditions can tell apart, by variable, and conditions as formulas over these."""

    def __init__(self, conditions: Sequence[Condition], facts: Vocabulary) -> None:
        self.facts = facts
        self.values: dict[Variable, list[Any]] = {}
        named: dict[Variable, set[Any]] = {}
        for condition in conditions:
            for test in tests(condition):
                for demand in test.demands:
                    if not (isinstance(demand, Bound) and isinstance(demand.value, Other)):
                        named.setdefault(_variable(test), set()).update(
                            demand.values if isinstance(demand, OneOf) else [demand.value]
                        )
        for variable, mentioned in named.items():
            self.values[variable] = list(_values(facts[variable[0]], mentioned))

    def formula(self, condition: Condition, *, negated: bool) -> _Formula:
        """The condition (or, `negated`, that it is false) as a formula; it is true where the condition holds."""
        match condition:
            case Not(part):
                return self.formula(part, negated=not negated)
            case Test():
                among = tuple(self._among(condition, demand, negated=negated) for demand in condition.demands)
                return _Some(among) if negated else _Every(among)
            case AllOf(inner) | AnyOf(inner):
                parts = tuple(self.formula(part, negated=negated) for part in inner)
                return _Every(parts) if isinstance(condition, AllOf) != negated else _Some(parts)

    def opposite(self, formula: _Formula) -> _Formula:
        """True where the formula is not, so also where it is not known."""
        match formula:
            case _Among(variable, bits):
                return _Among(variable, self.everything(variable) & ~bits)
            case _Every(parts):
                return _Some(tuple(map(self.opposite, parts)))
            case _Some(parts):
                return _Every(tuple(map(self.opposite, parts)))

    def everything(self, variable: Variable) -> int:
        """Every value of a variable."""
        return (1 << len(self.values[variable])) - 1

    def _among(self, test: Test, demand: Bound | OneOf, *, negated: bool) -> _Among:
        if isinstance(demand, Bound) and isinstance(demand.value, Other):
            # Yes, no, not known, or false whichever way it is asked: there is nothing to compare.
            compared = _variable(test)
            variable = (*compared, demand.value.name, _SENSE.get(demand.name, ">"))
            self.values[variable] = [True, False, None, Nothing.NONE]
            yes = 0 if demand.name in _COMPARED else 1
            return _Among(variable, 1 << (1 - yes) | 1 << 3 if negated else 1 << yes)
        variable = _variable(test)
        fact = self.facts[test.fact]
        wanted = not negated
        found = [truth(demand, fact, value) is wanted for value in self.values[variable]]
        return _Among(variable, sum(1 << index for index, each in enumerate(found) if each))


class _Search:
    """Looks for values that make formulas true."""

    def __init__(self, space: _Space, most: int) -> None:
        self.space = space
        self.left = most

    def excludes(self, *formulas: _Formula) -> bool:
        """Whether it is certain that no values make all of them true."""
        try:
            return not self._possible({}, formulas)
        except _TooMuchError:
            return False

    def _possible(self, chosen: Mapping[Variable, int], formulas: Sequence[_Formula]) -> bool:
        self.left -= len(formulas)
        if self.left < 0:
            raise _TooMuchError
        box = _Box(self.space, dict(chosen))
        open_ = box.settle(formulas)
        if not open_:
            return open_ is not None
        choice = min(open_, key=len)
        rest = [_Some(parts) for parts in open_ if parts is not choice]
        for part in choice:
            if self._possible(box.bits, [part, *rest]):
                return True
            # It has been tried to the end: from here on it does not hold.
            if isinstance(part, _Among) and not box.require(self.space.opposite(part), []):
                return False
        return False


class _TooMuchError(Exception):
    pass


class _Box:
    """The values that each variable may still have."""

    def __init__(self, space: _Space, bits: dict[Variable, int]) -> None:
        self.space = space
        self.bits = bits

    def may(self, variable: Variable) -> int:
        bits = self.bits.get(variable)
        return self.space.everything(variable) if bits is None else bits

    def settle(self, formulas: Sequence[_Formula]) -> "list[tuple[_Formula, ...]] | None":
        """Draw every conclusion from what must be true; return the alternatives left open, None if there is none."""
        required = list(formulas)
        while True:
            alternatives: list[tuple[_Formula, ...]] = []
            if not all(self.require(formula, alternatives) for formula in required):
                return None
            open_ = [tuple(part for part in parts if not self.rules_out(part)) for parts in alternatives]
            if not all(open_):
                return None
            open_ = [parts for parts in open_ if not any(map(self.grants, parts))]
            if all(len(parts) > 1 for parts in open_):
                return open_
            # What is left alone must hold, and rules out more.
            required = [parts[0] if len(parts) == 1 else _Some(parts) for parts in open_]

    def require(self, formula: _Formula, alternatives: list[tuple[_Formula, ...]]) -> bool:
        """Keep only what makes it true, and its alternatives for later; say whether anything is left."""
        match formula:
            case _Among(variable, bits):
                self.bits[variable] = self.may(variable) & bits
                return self.bits[variable] != 0
            case _Every(parts):
                return all(self.require(part, alternatives) for part in parts)
            case _Some(parts):
                alternatives.append(parts)
                return True

    def rules_out(self, formula: _Formula) -> bool:
        match formula:
            case _Among(variable, bits):
                return not self.may(variable) & bits
            case _Every(parts):
                return any(map(self.rules_out, parts))
            case _Some(parts):
                return all(map(self.rules_out, parts))

    def grants(self, formula: _Formula) -> bool:
        match formula:
            case _Among(variable, bits):
                return not self.may(variable) & ~bits
            case _Every(parts):
                return all(map(self.grants, parts))
            case _Some(parts):
                return any(map(self.grants, parts))


def _variable(test: Test) -> Variable:
    return (test.fact,) if test.key is None else (test.fact, test.key)


def _values(fact: Fact, mentioned: set[Any]) -> Iterator[Any]:
    """One value of each sort that conditions with these values can tell apart."""
    known = {value for value in mentioned if not isinstance(value, Nothing)}
    if fact.nothing:
        yield None
    if fact.type is bool:
        yield from (False, True)
    elif isinstance(fact.type, type) and issubclass(fact.type, Choice):
        yield from fact.type
    elif fact.ordered:
        yield from _around(fact, sorted(known))
    else:
        yield from (*sorted(known), _OTHER_NAME)


def _around(fact: Fact, points: list[Any]) -> Iterator[Any]:
    """The points, one value before them, one after, and one between each two if there is any."""
    least = fact.said.least
    step: Any = timedelta(days=1) if fact.type is date else Decimal(1) if fact.type is Decimal else 1
    if not points:
        points = [date(2000, 1, 1) if fact.type is date else fact.type(least or 0)]
    if least is None or points[0] - step >= least:
        yield points[0] - step
    elif fact.type is Decimal and points[0] > least:
        yield (points[0] + least) / 2
    for point, following in zip(points, [*points[1:], None], strict=True):
        yield point
        if following is None:
            yield point + step
        elif fact.type is Decimal:
            yield (point + following) / 2
        elif following - point > step:
            yield point + step
