"""Processes that live outside Temporal, for tests: under the policy of Lombardy, in Varese, one step after another."""

import dataclasses
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, NewType, Self, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import pytest
from pydantic import AwareDatetime

from domain import policy
from domain.calendar import closures
from domain.choices import Choice
from domain.events import Opening
from domain.fields import local_day
from domain.process import Process
from domain.processes import PROCESSES
from domain.record import blank, dump_value, read_input
from domain.refusals import Refused

P = TypeVar("P", bound=Process)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday morning in Varese."""

VARESE = closures((5, 8), start=date(2026, 1, 1), until=date(2040, 12, 31), saturday_works=False)
LOMBARDIA = policy.load((files("domain") / "policies" / "lombardia.yaml").read_text("utf-8"), PROCESSES)


class Life(Generic[P]):
    """A process from before its opening; time passes only when a test says so."""

    def __init__(self, kind: type[P], /, **limits: Any) -> None:
        """`limits` take the place of the policy's."""
        self.at = START
        granted = dataclasses.replace(LOMBARDIA.limits(kind), **limits)
        opening = Opening(terms=LOMBARDIA.terms(kind.kind, VARESE), limits=dump_value(granted))
        self.process = cast(P, blank(kind.kind, id=uuid4(), case_id=uuid4(), opening=opening))

    def take(self, step: str, /, **given: Any) -> P:
        """Take a step now."""
        declared = self.process.steps[step]
        self.process = self.process.after(declared, read_input(declared, given), at=self.at, now=self.at)
        return self.process

    def refused(self, step: str, /, **given: Any) -> Refused:
        """Return how a step is refused now; nothing has changed."""
        before = dataclasses.replace(self.process)
        with pytest.raises(Refused) as refusal:
            self.take(step, **given)
        assert self.process == before
        return refusal.value

    def later(self, **time: float) -> Self:
        """Let time pass, in the units of `timedelta`."""
        self.at += timedelta(**time)
        return self

    def on(self, day: date) -> Self:
        """Let time pass until noon of a day."""
        self.at = datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
        return self

    def until_due(self) -> Self:
        """Let time pass until the deadline of the present state."""
        assert self.process.deadline
        self.at = self.process.deadline
        return self

    @property
    def state(self) -> str:
        """The name of the present state."""
        return self.process.state


_IDS = [UUID(int=number) for number in range(1, 4)]
_AMOUNTS = ["0", "0.01", "40", "99.99", "500", "1200", "3500"]


def some_input(declared: type[Any], chance: random.Random, at: datetime) -> dict[str, Any]:
    """Return an input of that type by chance: often a sensible one."""
    hints = get_type_hints(declared, include_extras=True)
    return {field.name: _some(hints[field.name], chance, at) for field in dataclasses.fields(declared)}


def _some(hint: Any, chance: random.Random, at: datetime) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is AwareDatetime:
        return at + timedelta(hours=chance.choice([-1, 1, 48]))
    if origin is Annotated:
        return _some(arguments[0], chance, at)
    if origin in (Union, UnionType):
        return None if chance.random() < 0.5 else _some(next(a for a in arguments if a is not NoneType), chance, at)
    if origin is tuple:
        return [_some(arguments[0], chance, at) for _ in range(chance.randint(0, 2))]
    return _plain(hint, chance, at)


def _plain(hint: Any, chance: random.Random, at: datetime) -> Any:
    if isinstance(hint, NewType):
        return chance.choice(_IDS)
    if dataclasses.is_dataclass(hint):
        return some_input(hint, chance, at)  # type: ignore[arg-type]
    if issubclass(hint, Choice):
        return chance.choice([*hint]).name
    if issubclass(hint, date):
        return local_day(at + timedelta(days=chance.choice([-5, 0, 20])))
    plain: dict[Any, list[Any]] = {str: [*"ABCD"], bool: [True, False], int: [0, 1, 3, 12, 30], Decimal: _AMOUNTS}
    return chance.choice(plain[hint])


def moves(process: type[Process]) -> Iterator[tuple[str, str, str]]:
    """Yield every declared move: step, source, target."""
    for step in process.steps.values():
        for source, targets in step.targets.items():
            for target in targets:
                yield step.name, source, target
