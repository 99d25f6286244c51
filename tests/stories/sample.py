"""A sample process, as small as one can be: what `How to add a process` of the README says, done."""

from dataclasses import dataclass
from datetime import datetime

from domain.fields import Count, Note, ShortText
from domain.process import NEW, SAME, Process, States, step
from domain.refusals import Refusal, Refused
from domain.roles import OFFICE, Party, Role


@dataclass(frozen=True, kw_only=True)
class LendKeys:
    """Which keys, and a remark."""

    label: ShortText
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class KeyLimits:
    """What policy sets: how many times a loan may be extended."""

    extensions: Count


@dataclass(kw_only=True)
class KeyLoan(Process, it="Prestito di chiavi"):
    """Keys of a common room lent to a tenant."""

    class State(States):
        LENT = "In prestito", "Lent", Party.TENANT
        LOST = "Smarrite", "Lost", Role.CUSTODIAN
        RETURNED = "Restituite", "Returned"
        ENTERED_IN_ERROR = "Inserito per errore", "Entered in error"

    Limits = KeyLimits
    limits: KeyLimits

    keys: ShortText | None = None
    extensions: int = 0

    def may_extend(self, _at: datetime) -> None:
        """Guard: not for ever."""
        if self.extensions >= self.limits.extensions:
            raise Refused(Refusal.TOO_MANY, most=self.limits.extensions)

    @step(NEW >> State.LENT, by=OFFICE, it="Presta le chiavi", en="Lend keys")
    def open(self, given: LendKeys, at: datetime) -> None:
        """Hand keys over."""
        self.keys = given.label

    @step(State.LENT >> SAME, by=OFFICE, it="Proroga", when=may_extend)
    def extend(self, at: datetime) -> None:
        """Let the tenant keep them longer."""
        self.extensions += 1

    @step(State.LENT >> State.LOST, by=OFFICE, it="Segna come smarrite")
    def lose(self, at: datetime) -> None:
        """The tenant cannot find them."""

    @step((State.LENT | State.LOST) >> State.RETURNED, by=OFFICE | {Role.CUSTODIAN}, it="Registra la restituzione")
    def give_back(self, at: datetime) -> None:
        """The keys are back."""


POLICY = """
  KEY_LOAN:
    deadlines:
      LENT: {within: 7 days, because: "a week is enough for a party"}
      LOST: {within: 2 working days, because: "the lock is changed"}
    limits:
      extensions: {value: 1, because: "once"}
    ladders: {LENT: office, LOST: office}
"""
"""Its clauses, at the end of the policy document."""
