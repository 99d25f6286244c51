"""Whether a condition holds of some facts, and why: what each test found, in words.

`evaluate` says it to people as well: "Debito scaduto: 450,00 EUR (richiesto: sopra 500,00 EUR)".
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from domain.choices import Label, Language
from domain.conditions import BOUNDS, AllOf, AnyOf, Bound, Condition, Not, OneOf, Other, Path, Test
from domain.facts import Fact, Nothing, Value, Vocabulary

_ALL_MET = Label("nessun requisito", "nothing is required")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one test found: the fact's value, and whether it `held`; None when that is not known.

    Under a `not` it is the opposite that is tested. `says` is the sentence, `path` the test's place in the condition.
    """

    fact: str
    key: str | None
    value: Value | None
    held: bool | None
    says: Label
    path: Path


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a condition `holds`; every test's finding in the order of the condition, and those that `decided`.

    Those that decided are, of a condition that holds, the tests that make it hold, and else those that keep it from it.
    """

    holds: bool
    findings: tuple[Finding, ...]
    decided: tuple[Finding, ...]

    @property
    def why(self) -> Label:
        """The sentences of what decided."""
        return together(finding.says for finding in self.decided)


def together(says: Iterable[Label]) -> Label:
    """Return sentences as one, each of them once."""
    once = list(dict.fromkeys(says)) or [_ALL_MET]
    return Label("; ".join(each.it for each in once), "; ".join(each.en for each in once))


def evaluate(condition: Condition, facts: object) -> Verdict:
    """Return what comes of a condition for these facts, an instance of the dataclass that it is about."""
    judge = _Judge(facts)
    held, decided = judge.judge(condition, negated=False)
    return Verdict(holds=held is True, findings=tuple(judge.findings), decided=tuple(decided))


def truth(demand: Bound | OneOf, fact: Fact, value: Value | None) -> bool | None:
    """Say whether a fact with this value meets a demand on its own; None when that is not known."""
    told = fact.nothing if value is None else value
    if isinstance(demand, OneOf):
        if told is Nothing.UNKNOWN and told not in demand.values:
            return None
        return (told in demand.values) != demand.excluded
    return None if told is Nothing.UNKNOWN else value is not None and BOUNDS[demand.name][0](value, demand.value)


class _Judge:
    def __init__(self, facts: object) -> None:
        self.facts = facts
        self.vocabulary = Vocabulary.of(type(facts))
        self.findings: list[Finding] = []

    def judge(self, condition: Condition, *, negated: bool) -> tuple[bool | None, list[Finding]]:
        """Whether it holds (or, `negated`, is false), and the findings that decide."""
        match condition:
            case Not(part):
                return self.judge(part, negated=not negated)
            case Test():
                finding = self._found(condition, negated=negated)
                self.findings.append(finding)
                return finding.held, [finding]
            case AllOf(parts) | AnyOf(parts):
                found = [self.judge(part, negated=negated) for part in parts]
                every = isinstance(condition, AllOf) != negated  # not all of them: one that does not (De Morgan)
                held = [each for each, _ in found]
                whole = _all(held) if every else _any(held)
                return whole, [one for each, why in found if (each is True) == (whole is True) for one in why]

    def _found(self, test: Test, *, negated: bool) -> Finding:
        fact = self.vocabulary[test.fact]
        value = fact.of(self.facts, test.key)
        held = _all([self._truth(demand, fact, value) for demand in test.demands])
        return Finding(
            fact=test.fact,
            key=test.key,
            value=value,
            held=held if held is None else held != negated,
            says=self._says(test, fact, value, negated=negated),
            path=test.path,
        )

    def _truth(self, demand: Bound | OneOf, fact: Fact, value: Value | None) -> bool | None:
        if isinstance(demand, Bound) and isinstance(demand.value, Other):
            other = self.vocabulary[demand.value.name]
            limit = other.of(self.facts)
            if limit is None:
                unknown = Nothing.UNKNOWN in (other.nothing, fact.nothing if value is None else None)
                return None if unknown else False
            demand = replace(demand, value=limit)
        return truth(demand, fact, value)

    def _says(self, test: Test, fact: Fact, value: Value | None, *, negated: bool) -> Label:
        texts = []
        for language, required, not_, and_ in (
            (Language.IT, "richiesto", "non ", " e "),
            (Language.EN, "required", "not ", " and "),
        ):
            demands = and_.join(self._demand(demand, fact, language) for demand in test.demands)
            name = fact.label(test.key).text(language)
            told = fact.tell(value, language)
            texts.append(f"{name}: {told} ({required}: {not_ if negated else ''}{demands})")
        return Label(*texts)

    def _demand(self, demand: Bound | OneOf, fact: Fact, language: Language) -> str:
        italian = language is Language.IT
        if isinstance(demand, OneOf):
            values = (" o " if italian else " or ").join(fact.tell(each, language) for each in demand.values)
            return f"{'diverso da' if italian else 'other than'} {values}" if demand.excluded else values
        limit: Any = demand.value
        if isinstance(limit, Other):
            other = self.vocabulary[limit.name]
            told = f"{other.label().text(language)}, {other.tell(other.of(self.facts), language)}"
        else:
            told = fact.tell(limit, language)
        return BOUNDS[demand.name][1].text(language, value=told)


def _all(held: list[bool | None]) -> bool | None:
    return False if False in held else None if None in held else True


def _any(held: list[bool | None]) -> bool | None:
    return True if True in held else None if None in held else False
