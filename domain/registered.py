"""The grammar in which an entry of the register is declared, once; everything else is derived from the declaration.

    @dataclass(frozen=True, kw_only=True)
    class Building(Registered, it="Caseggiato", written_by=OFFICE):
        \"\"\"A building of the agency, or one in which it has dwellings.\"\"\"

        address: Line
        district: DistrictId

From it come the table `building` (a column a field; `district` is `district_id`, a foreign key), the GraphQL type, the
mutations `buildingRegister` and `buildingAmend` with their inputs, the check of every value and of every id.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, TypeVar

from domain.choices import Label
from domain.fields import local_day
from domain.process import CLOCK_SKEW
from domain.refusals import Refusal, Refused
from domain.roles import Role

T = TypeVar("T", date, int)


@dataclass(frozen=True, kw_only=True)
class Registered:
    """What every entry of the register has: who writes it, how it is called, and what must hold between its fields."""

    label: ClassVar[Label]
    written_by: ClassVar[frozenset[Role]]
    """The roles that may register and amend one; everybody of the agency may read those in their districts."""
    verb: ClassVar[str]
    """What the mutation that makes one is called after."""
    filled: ClassVar[frozenset[str]]
    """Fields that the engine fills in when they are not given, so they are always there."""
    unique: ClassVar[str]
    """The field that no two entries have in common, besides their id; empty if there is none."""
    kinds: ClassVar[dict[str, "type[Registered]"]] = {}

    def __init_subclass__(
        cls,
        *,
        it: str,
        written_by: Collection[Role],
        verb: str = "register",
        filled: Collection[str] = (),
        unique: str = "",
        **more: Any,
    ) -> None:
        """Read the declaration: its name in Italian (the class's own is the English one), and who writes it."""
        super().__init_subclass__(**more)
        english = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in cls.__name__).strip()
        cls.label = Label(it, english.capitalize())
        cls.written_by, cls.verb, cls.filled, cls.unique = frozenset(written_by), verb, frozenset(filled), unique
        cls.kinds[cls.__name__] = cls

    def check(self, now: datetime) -> None:
        """Raise `Refused` if the fields contradict each other, or tell a fact that has not happened by `now`."""


def in_order(first: T | None, last: T | None, *path: str) -> None:
    """Refuse a range that ends before it begins; `path` is the field of its end. An open one has no end."""
    if first is not None and last is not None and last < first:
        raise Refused(Refusal.RANGE_REVERSED, path=path)


def happened(when: date | datetime | None, now: datetime, *path: str) -> None:
    """Refuse a fact that lies ahead of `now`; a day is one in Italy."""
    if when and when > (now + CLOCK_SKEW if isinstance(when, datetime) else local_day(now)):
        raise Refused(Refusal.FACT_IN_FUTURE, path=path)
