"""Conditions as data: what must hold of some facts, written in YAML by whoever makes a policy.

    when:
      overdue: {above: 500, up_to: 1850}          # several names together: all must hold
      plan: [NONE, BREACHED]                      # a value, or one of several
      days_since: {letter_one: {at_least: 14}}    # of the messages of one kind
      not: {paused: true}
      any:                                        # or `all`: a list of conditions
        - {months_owed: {at_least: 3}}
        - {hearing_outcome: {is_not: none}}

| a test of       | may use                                                                                    |
|-----------------|--------------------------------------------------------------------------------------------|
| a number        | `above`, `at_least`, `below`, `up_to`: a number or the name of another fact; `is`, `is_not` |
| a day           | `after`, `from`, `before`, `until`: a day or the name of another fact; `is`, `is_not`       |
| a closed list   | `is`, `is_not`: one of its names, or several of them between brackets                      |
| true or false   | the value                                                                                  |

Where a fact may be unknown, or there may be none, the words `unknown`, `none` and `never` are values as well.

**What is not known proves nothing**: a test of an unknown fact does not hold, and neither does its opposite, so `not`
around it does not hold either; only `is: unknown` and `is_not: unknown` can tell. (Else "not: {balance: {up_to: 500}}"
would write to whoever's balance is missing.) What is known not to be there is no such thing: where there is no
hearing, "days_to_hearing: {up_to: 10}" is false, and its opposite true.

`read` checks a document against the facts of a dataclass (`domain.facts`), `write` gives it back. In a type,
`Annotated[Condition, About(LoanFacts)]` has pydantic do both, with a problem for each part that is wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import ge, gt, le, lt
from typing import Any, TypeAlias

from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from domain.choices import Choice, Label
from domain.facts import Fact, Nothing, Value, Vocabulary, instead

Path = tuple[str | int, ...]

NUMBER_BOUNDS = ("above", "at_least", "below", "up_to")
DAY_BOUNDS = ("after", "from", "before", "until")

BOUNDS: Mapping[str, tuple[Callable[[Any, Any], bool], Label]] = {
    "above": (gt, Label("sopra {value}", "above {value}")),
    "at_least": (ge, Label("almeno {value}", "at least {value}")),
    "below": (lt, Label("sotto {value}", "below {value}")),
    "up_to": (le, Label("fino a {value}", "up to {value}")),
    "after": (gt, Label("dopo il {value}", "after {value}")),
    "from": (ge, Label("dal {value}", "from {value}")),
    "before": (lt, Label("prima del {value}", "before {value}")),
    "until": (le, Label("entro il {value}", "until {value}")),
}
"""What a bound compares by, and its words."""

_LOWER = {"above", "at_least", "after", "from"}
_STRICT = {"above", "below", "after", "before"}


@dataclass(frozen=True)
class Other:
    """Another fact of the same ones, by name, that a bound compares with."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Bound:
    """`{above: 500}`."""

    name: str
    value: Value | Other


@dataclass(frozen=True, kw_only=True)
class OneOf:
    """`{is: [...]}`, or `{is_not: [...]}` if it is `excluded`."""

    values: tuple[Value | Nothing, ...]
    excluded: bool = False

    @property
    def name(self) -> str:
        """How documents write it."""
        return "is_not" if self.excluded else "is"


@dataclass(frozen=True, kw_only=True)
class Test:
    """What must hold of one fact (of one `key` of it, if it is a mapping): all of its `demands`."""

    __test__ = False  # no test of pytest's

    fact: str
    key: str | None = None
    demands: tuple[Bound | OneOf, ...]
    path: Path = field(default=(), compare=False)
    """Where it stands in the condition that it was read from."""


@dataclass(frozen=True)
class AllOf:
    """Every part must hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part must hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Not:
    """The part must be false."""

    part: "Condition"


Condition: TypeAlias = AllOf | AnyOf | Not | Test

ALWAYS = AllOf(())
"""Holds whatever the facts are: what a missing condition means."""


class ConditionInvalid(ValueError):
    """What a document says is no condition; `problems` has all that is wrong, each with its path in the condition."""

    def __init__(self, problems: Iterable[tuple[Path, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{'.'.join(map(str, path))}: {message}" for path, message in self.problems))


@dataclass(frozen=True)
class About:
    """In `Annotated[Condition, About(LoanFacts)]`: the dataclass of the facts that the condition is about."""

    facts: type[Any]

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        facts = Vocabulary.of(self.facts)

        def validate(given: Any) -> Condition:
            try:
                return given if isinstance(given, AllOf | AnyOf | Not | Test) else read(given, facts)
            except ConditionInvalid as invalid:
                # pydantic puts the path of the condition in the document before the path of each.
                raise ValidationError.from_exception_data(
                    "condition",
                    [
                        InitErrorDetails(type=PydanticCustomError(PROBLEM, message), loc=path, input=None)
                        for path, message in invalid.problems
                    ],
                ) from None

        return core_schema.no_info_plain_validator_function(
            validate, serialization=core_schema.plain_serializer_function_ser_schema(write)
        )


PROBLEM = "condition"
"""The type of the errors that pydantic tells of a condition: their messages say what to do."""


def read(given: object, facts: Vocabulary) -> Condition:
    """Return the condition that a document gives, or JSON that `write` made; raise `ConditionInvalid`."""
    reader = _Reader(facts)
    condition = reader.condition(given, ())
    if reader.problems:
        raise ConditionInvalid(reader.problems)
    return condition


def write(condition: Condition) -> dict[str, Any]:
    """Return a condition as JSON values that `read` takes back, unchanged."""
    match condition:
        case AllOf(parts):
            return {"all": [write(part) for part in parts]} if parts else {}
        case AnyOf(parts):
            return {"any": [write(part) for part in parts]}
        case Not(part):
            return {"not": write(part)}
        case Test():
            demands = {demand.name: _written(demand) for demand in condition.demands}
            test = demands["is"] if [*demands] == ["is"] else demands
            return {condition.fact: {condition.key: test} if condition.key is not None else test}


def tests(condition: Condition) -> Iterator[Test]:
    """Yield every test of a condition, in the order of the document."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from tests(part)
        case Not(part):
            yield from tests(part)
        case Test():
            yield condition


def names(condition: Condition, facts: Vocabulary) -> Iterator[tuple[Any, str, Path]]:
    """Yield each name from a list that the policy keeps: the `NewType` that is its kind, the name, where it stands."""
    for test in tests(condition):
        fact = facts[test.fact]
        if test.key is not None:
            yield fact.keys, test.key, test.path
        for demand in test.demands:
            if isinstance(demand, OneOf) and fact.named:
                yield from ((fact.type, value, test.path) for value in demand.values if isinstance(value, str))


class _Reader:
    """Reads one condition, and notes all that is wrong with it."""

    def __init__(self, facts: Vocabulary) -> None:
        self.facts = facts
        self.problems: list[tuple[Path, str]] = []

    def condition(self, given: object, path: Path) -> Condition:
        if given == {} and not path:
            return ALWAYS
        if not isinstance(given, Mapping) or not given:
            return self._no(path, "a condition names facts and what must hold of them: write `balance: {above: 500}`")
        parts = [self._part(name, inner, (*path, name)) for name, inner in given.items()]
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _part(self, name: str, given: object, path: Path) -> Condition:
        if name == "not":
            return Not(self.condition(given, path))
        if name in ("all", "any"):
            parts = self._list(name, given, path)
            return AllOf(parts) if name == "all" else AnyOf(parts)
        if not (fact := self.facts.get(name)):
            return self._no(path, f"there is no fact `{name}`: {instead(name, [*self.facts, 'all', 'any', 'not'])}")
        if not fact.keys:
            return self._test(fact, None, given, path)
        if not isinstance(given, Mapping) or not given:
            return self._no(path, f"`{name}` is told of each name apart: write `{name}: {{letter_one: ...}}`")
        tests = tuple(self._test(fact, key, test, (*path, key)) for key, test in given.items())
        return tests[0] if len(tests) == 1 else AllOf(tests)

    def _list(self, name: str, given: object, path: Path) -> tuple[Condition, ...]:
        if not isinstance(given, (list, tuple)) or not given:
            return (self._no(path, f"`{name}` needs a list of conditions, one at least: write `{name}: [...]`"),)
        return tuple(self.condition(each, (*path, index)) for index, each in enumerate(given))

    def _test(self, fact: Fact, key: str | None, given: object, path: Path) -> Condition:
        if given == {}:
            return self._no(path, f"`{path[-1]}` says nothing: write one of {', '.join(fitting(fact))} under it")
        demands: list[Bound | OneOf] = []
        for name, value in given.items() if isinstance(given, Mapping) else [("is", given)]:
            try:
                demands.append(self._demand(fact, name, value))
            except ValueError as error:
                self._no((*path, name) if isinstance(given, Mapping) else path, str(error))
        self.problems += ((path, message) for message in _contradictions(demands))
        return Test(fact=fact.name, key=key, demands=tuple(demands), path=path)

    def _demand(self, fact: Fact, name: str, given: object) -> Bound | OneOf:
        if name not in fitting(fact):
            raise ValueError(f"`{name}` does not fit `{fact.name}`: {instead(name, fitting(fact))}")
        if name in BOUNDS:
            return Bound(name=name, value=self._limit(fact, given))
        values = given if isinstance(given, (list, tuple)) else [given]
        if not values:
            raise ValueError(f"`{fact.name}` is none of an empty list: name one value at least")
        return OneOf(values=tuple(map(fact.read, values)), excluded=name == "is_not")

    def _limit(self, fact: Fact, given: object) -> Value | Other:
        if isinstance(given, str) and (other := self.facts.get(given)):
            if other.keys or other == fact or not (other.type == fact.type or (other.number and fact.number)):
                raise ValueError(f"`{fact.name}` cannot be compared with `{given}`: name another fact of its kind")
            return Other(given)
        value = fact.read(given)
        if isinstance(value, Nothing):
            raise ValueError(f"`{value.value}` is no bound: write it under `is` or `is_not`")  # noqa: TRY004 (of a text)
        return value

    def _no(self, path: Path, message: str) -> Condition:
        self.problems.append((path, message))
        return ALWAYS


def fitting(fact: Fact) -> tuple[str, ...]:
    """Return what a test of this fact may use."""
    if fact.type is bool:
        return ("is",)
    bounds = NUMBER_BOUNDS if fact.number else DAY_BOUNDS if fact.ordered else ()
    return (*bounds, "is", "is_not")


def _contradictions(demands: list[Bound | OneOf]) -> Iterator[str]:
    bounds = [demand for demand in demands if isinstance(demand, Bound)]
    if len(demands) > 1 and any(demand.name == "is" for demand in demands):
        yield "`is` says it all: remove what stands beside it, or use `any`"
    lower = [bound for bound in bounds if bound.name in _LOWER]
    upper = [bound for bound in bounds if bound.name not in _LOWER]
    for side in (lower, upper):
        if len(side) > 1:
            yield f"`{side[0].name}` and `{side[1].name}` bound the same side: keep one of the two"
    if lower and upper:
        low, high = lower[0], upper[0]
        first: Any = low.value
        last: Any = high.value
        fixed = not isinstance(first, Other) and not isinstance(last, Other)
        if fixed and (first > last or (first == last and {low.name, high.name} & _STRICT)):
            yield f"nothing is {low.name} {first} and {high.name} {last}: exchange the two, or use `any`"


def _written(demand: Bound | OneOf) -> Any:
    if isinstance(demand, Bound):
        return demand.value.name if isinstance(demand.value, Other) else _plain(demand.value)
    values = [_plain(value) for value in demand.values]
    return values if len(values) > 1 else values[0]


def _plain(value: Value | Nothing) -> Any:
    match value:
        case Choice() | Nothing():
            return value.value
        case bool() | int() | str():
            return value
        case _:
            return str(value)
