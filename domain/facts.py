"""What conditions speak about: facts, declared once by a frozen dataclass, each with its name for people.

    @dataclass(frozen=True, kw_only=True)
    class LoanFacts:
        value: Annotated[Decimal | None, Said("Valore", "Value", "EUR")] = None          # None: it is not known
        days_to_return: Annotated[int | None, Said("Giorni ...", "Days ...", none=True)] = None  # None: there is none
        days_since: Annotated[Mapping[MessageKind, int], Said("Giorni da", "Days since")] = field(default_factory=dict)

A fact is a Decimal, an int, a bool, a date, a member of a closed list (`Choice`), or a name from a list that the
policy keeps (a `NewType` of str); or a mapping from such names, which has nothing (`never`) for a name that it lacks.
"""

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum
from types import MappingProxyType, NoneType
from typing import Annotated, Any, NewType, TypeAlias, get_args, get_origin, get_type_hints

from domain.choices import Choice, Label, Language

Value: TypeAlias = Decimal | int | bool | date | Choice | str

_MOST = Decimal(10**10)
"""No amount is as large: more is a slip of the hand."""


class Nothing(Enum):
    """What a fact is when it has no value, as documents write it."""

    UNKNOWN = "unknown"
    """It has a value, which nobody knows."""
    NONE = "none"
    """There is none, and that is known: no hearing is fixed."""
    NEVER = "never"
    """It has not happened, and that is known: no such message was sent."""

    @property
    def label(self) -> Label:
        """How people are told."""
        return _NOTHING[self]


_NOTHING = {
    Nothing.UNKNOWN: Label("non noto", "not known"),
    Nothing.NONE: Label("nessuno", "none"),
    Nothing.NEVER: Label("mai", "never"),
}


@dataclass(frozen=True)
class Said:
    """How people are told of a fact: its label in each language, and its `unit`.

    `none`: when it is None, there is none (else: it is not known). `least`: it is never less. `otherwise`: of a
    mapping, what a name has that the mapping lacks, if that is not "never".
    """

    it: str
    en: str
    unit: str = ""
    none: bool = False
    least: int | None = None
    otherwise: int | None = None


def _decimal(given: object) -> Decimal | None:
    if isinstance(given, bool) or not isinstance(given, (int, float, str, Decimal)):
        return None
    try:
        amount = Decimal(str(given))  # of 9359.99 as it is written, not as a float has it
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < _MOST else None


def _whole(given: object) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _day(given: object) -> date | None:
    try:
        return date.fromisoformat(given) if isinstance(given, str) else given if isinstance(given, date) else None
    except ValueError:
        return None


_READERS: Mapping[Any, Callable[[object], Value | None]] = {
    bool: lambda given: given if isinstance(given, bool) else None,
    int: _whole,
    Decimal: _decimal,
    date: _day,
}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One fact as declared; `keys` is the kind of name that it has a value for each of, if it is a mapping."""

    name: str
    type: Any
    said: Said
    nothing: Nothing | None
    keys: Any = None

    @property
    def ordered(self) -> bool:
        """Whether its values come one after another."""
        return self.type in (Decimal, int, date)

    @property
    def number(self) -> bool:
        """Whether its values can be compared with those of other numbers."""
        return self.type in (Decimal, int)

    @property
    def named(self) -> bool:
        """Whether its values are names from a list that the policy keeps."""
        return isinstance(self.type, NewType)

    def label(self, key: str | None = None) -> Label:
        """Return what people call it."""
        of = f" ({key})" if key else ""
        return Label(f"{self.said.it}{of}", f"{self.said.en}{of}")

    def of(self, facts: object, key: str | None = None) -> Value | None:
        """Return its value among these `facts`; None if it has none."""
        value = getattr(facts, self.name)
        found: Value | None = value.get(key, self.said.otherwise) if self.keys else value
        return found

    def read(self, given: object) -> Value | Nothing:
        """Return a value as a document writes it; raise ValueError with what to write instead."""
        if isinstance(given, str) and self.nothing and given == self.nothing.value:
            return self.nothing
        value = self._read(given)
        if self.said.least is not None and isinstance(value, (int, Decimal)) and value < self.said.least:
            raise ValueError(f"{given} is less than `{self.name}` can be: write {self.said.least} or more")
        return value

    def _read(self, given: object) -> Value:
        value: Value | None
        if self._closed:
            value = self.type.__members__.get(given) if isinstance(given, str) else given  # type: ignore[assignment]
            value = value if isinstance(value, self.type) else None
        elif self.named:
            value = given if isinstance(given, str) and given.strip() else None
        else:
            value = _READERS[self.type](given)
        if value is None:
            raise ValueError(self._advice(given))
        return value

    @property
    def _closed(self) -> bool:
        return isinstance(self.type, type) and issubclass(self.type, Choice)

    def _advice(self, given: object) -> str:
        if self._closed:
            return f"{given} is no value of `{self.name}`: {instead(str(given), [*self.type.__members__, *self._word])}"
        what = {bool: "true or false", int: "a whole number", Decimal: "a number", date: "a day, such as 2026-11-30"}
        return (
            f"{given!r} is no value of `{self.name}`: write {' or '.join([what.get(self.type, 'a name'), *self._word])}"
        )

    @property
    def _word(self) -> list[str]:
        return [self.nothing.value] if self.nothing else []

    def tell(self, value: Value | Nothing | None, language: Language) -> str:
        """Return a value as people are told of it."""
        italian = language is Language.IT
        if value is None:
            value = self.nothing or Nothing.UNKNOWN
        match value:
            case Nothing() | Choice():
                return value.label.text(language)
            case bool():
                return ("sì" if value else "no") if italian else ("yes" if value else "no")
            case date():
                return f"{value:%d/%m/%Y}" if italian else f"{value.day} {value:%B %Y}"
            case Decimal():
                shown = f"{value:.2f}" if self.said.unit == "EUR" or value % 1 else f"{value:.0f}"
                return f"{shown.replace('.', ',') if italian else shown} {self.said.unit}".rstrip()
            case _:
                return f"{value} {self.said.unit}".rstrip()


@dataclass(frozen=True)
class Vocabulary(Mapping[str, Fact]):
    """The facts that a frozen dataclass declares, by name."""

    declared: type[Any]
    facts: Mapping[str, Fact]

    @staticmethod
    def of(declared: type[Any]) -> "Vocabulary":
        """Return the facts that `declared` has; it is read once."""
        if declared in _vocabularies:
            return _vocabularies[declared]
        hints = get_type_hints(declared, include_extras=True)
        facts = [_fact(field.name, hints[field.name]) for field in dataclasses.fields(declared)]
        _vocabularies[declared] = Vocabulary(declared, MappingProxyType({fact.name: fact for fact in facts}))
        return _vocabularies[declared]

    def __getitem__(self, name: str) -> Fact:
        return self.facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)

    def __hash__(self) -> int:
        return hash(self.declared)

    def read(self, given: Mapping[str, object]) -> tuple[dict[str, Any], list[tuple[tuple[str, ...], str]]]:
        """Return the values that a document gives facts, and what is wrong with them, each with its path."""
        values: dict[str, Any] = {}
        problems: list[tuple[tuple[str, ...], str]] = []

        def value(fact: Fact, given: object, *path: str) -> Value | None:
            try:
                told = fact.read(given)
            except ValueError as error:
                problems.append((path, str(error)))
                return None
            return None if isinstance(told, Nothing) else told

        for name, told in given.items():
            if not (fact := self.get(name)):
                problems.append(((name,), f"there is no fact `{name}`: {instead(name, self)}"))
            elif not fact.keys:
                values[name] = value(fact, told, name)
            elif isinstance(told, Mapping):
                each = {key: value(fact, inner, name, str(key)) for key, inner in told.items()}
                values[name] = {key: inner for key, inner in each.items() if inner is not None}
            else:
                problems.append(((name,), f"`{name}` is told of each name apart: write `{name}: {{letter_one: ...}}`"))
        return values, problems


_vocabularies: dict[type[Any], Vocabulary] = {}


def _fact(name: str, hint: Any) -> Fact:
    if get_origin(hint) is not Annotated:
        raise TypeError(f"{name} has no name for people: Annotated[..., Said(it, en)]")
    declared, said = get_args(hint)[0], next(each for each in get_args(hint) if isinstance(each, Said))
    if get_origin(declared) is Mapping:
        keys, type_ = get_args(declared)
        nothing = Nothing.NEVER if said.otherwise is None else None
        return Fact(name=name, type=type_, said=said, nothing=nothing, keys=keys)
    arguments = get_args(declared)
    if NoneType not in arguments:
        return Fact(name=name, type=declared, said=said, nothing=None)
    (inner,) = (argument for argument in arguments if argument is not NoneType)
    return Fact(name=name, type=inner, said=said, nothing=Nothing.NONE if said.none else Nothing.UNKNOWN)


def instead(name: str, known: Iterable[str]) -> str:
    """Say what to write in place of a name that means nothing: the nearest of the `known`, or one of them all."""
    by_capitals = {each.upper(): each for each in known}
    if near := difflib.get_close_matches(name.upper(), by_capitals, n=1):
        return f"is it {by_capitals[near[0]]}?"
    return f"remove it, or use one of {', '.join(by_capitals.values())}" if by_capitals else "remove it"
