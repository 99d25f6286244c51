"""The grammar in which a process is declared, once; everything else is derived from the declaration.

    @dataclass(kw_only=True)
    class Loan(Process):
        \"\"\"A book lent to a tenant.\"\"\"

        class State(States):
            LENT = "In prestito", "Lent", Party.TENANT          # label it, label en, whom it waits for
            RETURNED = "Restituito", "Returned"                 # waits for nobody: the process has ended
            ENTERED_IN_ERROR = "Inserito per errore", "Entered in error"

        title: str = ""

        @step(NEW >> State.LENT, by=OFFICE, it="Presta")
        def open(self, given: LendBook, at: datetime) -> None:
            self.title = given.title

        @step(State.LENT >> State.RETURNED, by=OFFICE, it="Restituisci")
        def give_back(self, at: datetime) -> None: ...

A step's body and guard are pure: no clock, no I/O. They see the process as it was and the time `at` which the fact
happened, and either change the process or raise `Refused`. `after` runs them on a copy. A process's data are values
that cannot change in place: amounts, codes, ids, tuples, frozen dataclasses. A step assigns new ones.
"""

import copy
import inspect
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Self, TypeVar, get_type_hints
from uuid import UUID

from transitions import Machine, MachineError

from domain.choices import Choice, Label
from domain.fields import Count, Day, local_day, start_of
from domain.placeholders import Values
from domain.refusals import Refusal, Refused
from domain.roles import Party, Role
from domain.terms import ROME, Term, Terms, Unit, due

CLOCK_SKEW = timedelta(minutes=2)
"""How far a client's clock may run ahead before its fact counts as one in the future."""


class Among(tuple[str, ...]):
    """States by name, on either side of an arrow."""

    __slots__ = ()

    def __or__(self, other: "Among | States") -> "Among":
        return Among((*self, *_names(other)))

    def __rshift__(self, targets: "Among | States") -> "Move":
        return Move(self, _names(targets))


class Move(NamedTuple):
    """What a step does to the state: from any of `sources` to one of `targets`."""

    sources: Among
    targets: Among


class States(Choice):
    """The states of a process: `NAME = "label it", "label en", whom it waits for`.

    `waits_for` names a role of the agency, or a party outside it whose steps staff record on its behalf. A state that
    waits for nobody ends the process. Every process has an `ENTERED_IN_ERROR`. Arrows make moves: `State.A >> State.B`,
    `(State.A | State.B) >> State.C`, and `State.A >> (State.B | State.C)` when the body returns which.
    """

    waits_for: Role | Party | None

    def __init__(self, _it: str, _en: str, waits_for: Role | Party | None = None) -> None:
        self.waits_for = waits_for

    def __or__(self, other: "Among | States") -> Among:
        return Among((self.name,)) | other

    def __rshift__(self, targets: "Among | States") -> Move:
        return Among((self.name,)) >> targets


def _names(states: Among | States) -> Among:
    return states if isinstance(states, Among) else Among((states.name,))


NEW = Among(("NEW",))
"""Before the process exists: `NEW >> State.X` opens it."""

OPEN = Among(("OPEN",))
"""Every state that waits for somebody."""

SAME = Among(("SAME",))
"""The state it is in: nothing is entered, no deadline starts again."""

ENTERED_IN_ERROR = Among(("ENTERED_IN_ERROR",))
"""Where a process ends that should never have been opened (FHIR's `entered-in-error`)."""


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """What all shares with the same `key`, of whatever process, may add up to."""

    key: str
    most: Decimal


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """A share of what several cases share, taken under a row lock before the step may happen.

    `resource` is the id of the register row; `amount` is EUR for a funding line; `at` is the appointment at a stop.
    """

    kind: str
    resource: UUID
    amount: Decimal
    at: datetime | None = None
    under: Ceiling | None = None


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """When, and at which stop if at one, the present state expects somebody."""

    at: datetime
    stop: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step as declared."""

    name: str
    label: Label
    description: str
    by: frozenset[Role]
    targets: dict[str, Among]
    """Where it may lead, by the state it is taken from."""
    input: type[Any] | None
    when: Callable[[Any, datetime], None] | None
    reserves: Callable[[Any, Any], Reservation] | None
    body: Callable[..., States | None]

    @property
    def opens(self) -> bool:
        """Whether this step brings the process into being."""
        return NEW[0] in self.targets


@dataclass(frozen=True)
class NoLimits:
    """What the policy sets for a process that leaves it nothing to set."""


_Body = TypeVar("_Body", bound=Callable[..., "States | None"])


def step(
    *moves: Move,
    by: Collection[Role],
    it: str,
    en: str = "",
    when: Callable[[Any, datetime], None] | None = None,
    reserves: Callable[[Any, Any], Reservation] | None = None,
) -> Callable[[_Body], _Body]:
    """Declare the method below as a step: `(self, at)` or `(self, given, at)`.

    `by`: the roles that may take it. `it`, `en`: its name on a button; English is the method's name unless given.
    `when`: the guard that `availableSteps` evaluates without input. `reserves`: what the step takes of a shared
    resource, worked out from its input. The type of `given` is the step's input; the docstring describes it.
    """

    def declare(body: _Body) -> _Body:
        name = body.__name__
        english = en or name.replace("_", " ").capitalize()
        body.__dict__["declared"] = (moves, frozenset(by), Label(it, english), when, reserves)
        return body

    return declare


@dataclass(kw_only=True)
class Process:
    """What every process carries. Subclasses declare `State`, their steps, their data and what policy may set."""

    State: ClassVar[type[States]]
    Limits: ClassVar[type[Any]] = NoLimits
    kind: ClassVar[str]
    label: ClassVar[Label]
    steps: ClassVar[MappingProxyType[str, Step]]
    settles: ClassVar[Mapping[str, str]] = {}
    """How a share or an appointment of the state before ends, by the state that comes next; by default it is given
    back, and the appointment `CANCELLED`."""
    kinds: ClassVar[dict[str, "type[Process]"]] = {}
    _machine: ClassVar[Machine]

    id: UUID
    case_id: UUID
    terms: Terms
    limits: Any = None
    """What the policy set for this process: an instance of its `Limits`."""
    state: str = NEW[0]
    version: int = 0
    """Rises whenever the state or guarded data change, never for a reminder or an overdue mark."""
    entry: int = 0
    """How many times a state was entered: names one stay in one state."""
    opened_at: datetime | None = None
    entered_at: datetime | None = None
    last_at: datetime | None = None
    """When the last step happened: nothing is told out of order."""
    deadline: datetime | None = None
    overdue: bool = False
    paused_on: Day | None = None
    paused_until: Day | None = None
    """The latest pause of the case: nothing is expected from the one day until the other."""
    paused_days: Count = 0
    """Days of the pauses before `paused_on` that its present state's term has been longer by."""

    def __init_subclass__(cls, *, it: str = "", **arguments: Any) -> None:
        """Read the declaration: `class Loan(Process, it="Prestito")`."""
        super().__init_subclass__(**arguments)
        if "State" not in cls.__dict__:
            return
        words = "".join(f" {letter}" if letter.isupper() else letter for letter in cls.__name__).split()
        cls.kind = "_".join(words).upper()
        cls.label = Label(it or " ".join(words), " ".join(words).capitalize())
        cls.kinds[cls.kind] = cls
        cls.steps = MappingProxyType({s.name: s for s in map(cls._read, _declared(cls))})
        if any(declared.reserves for declared in cls.steps.values()) and not cls.settles:
            raise TypeError(f"{cls.__name__} reserves, and does not say in `settles` when what it took is spent")
        cls._machine = Machine(
            model=None, states=[*NEW, *cls.State.__members__], initial=NEW[0], auto_transitions=False
        )
        for declared in cls.steps.values():
            for source, targets in declared.targets.items():
                for target in targets:
                    cls._machine.add_transition(
                        declared.name,
                        source,
                        None if target in SAME else target,
                        conditions=lambda chosen, target=target: chosen == target,
                    )

    @classmethod
    def _read(cls, body: Any) -> Step:
        moves, by, label, when, reserves = body.declared
        waiting = [state.name for state in cls.State if state.waits_for]
        targets: dict[str, Among] = {}
        for move in moves:
            for source in itertools.chain.from_iterable(waiting if each in OPEN else [each] for each in move.sources):
                if source in targets:
                    raise TypeError(f"{cls.__name__}.{body.__name__}: two moves from {source}; branch in one")
                targets[source] = move.targets
        unknown = {*targets, *(name for among in targets.values() for name in among)}
        unknown -= {*cls.State.__members__, *NEW, *SAME}
        if unknown:
            raise TypeError(f"{cls.__name__}.{body.__name__}: no such state: {', '.join(sorted(unknown))}")
        given = "given" in inspect.signature(body).parameters
        return Step(
            name=body.__name__,
            label=label,
            description=inspect.getdoc(body) or "",
            by=by,
            targets=targets,
            input=get_type_hints(body)["given"] if given else None,
            when=when,
            reserves=reserves,
            body=body,
        )

    @step(OPEN >> ENTERED_IN_ERROR, by=[Role.SUPERVISOR], it="Segna come inserita per errore")
    def enter_in_error(self, at: datetime) -> None:
        """End what should never have been opened; it stays in the history, and out of the reports."""

    @property
    def waits_for(self) -> Role | Party | None:
        """Whom the present state waits for; None once the process has ended."""
        return None if self.state in NEW else self.State[self.state].waits_for

    @property
    def ended(self) -> bool:
        """Whether the process waits for nobody any more."""
        return self.state not in NEW and self.waits_for is None

    def appointment_now(self) -> Appointment | None:
        """Return the appointment that the present state waits for."""
        return None

    def appointment_passed(self, at: datetime) -> None:
        """Guard: nobody is absent before the hour of the appointment."""
        appointment = self.appointment_now()
        if appointment and at < appointment.at:
            raise Refused(Refusal.APPOINTMENT_AHEAD, appointment=appointment.at)

    def formal_facts(self, on: Day) -> Values:
        """Return what a formal notice about this process may say, as of a day: reasons and amounts."""
        return Values()

    def clock_starts(self) -> datetime | None:
        """From when the present state's term runs: the appointment or its entry, unless a process knows better."""
        appointment = self.appointment_now()
        return appointment.at if appointment else self.entered_at

    def terms_now(self) -> Iterator[tuple[Term, datetime]]:
        """Give the terms that the present state has, each with when it began to run; the first to end counts.

        It is the state's own from the policy, unless a process has promised more.
        """
        term, start = self.terms.deadlines.get(self.state), self.clock_starts()
        if term and start:
            yield term, start

    def terms_running(self) -> Iterator[tuple[Term, datetime]]:
        """Give every term that runs now, each with when it began to: to be explained, not to be counted."""
        yield from self.terms_now()

    def falls_due(self) -> tuple[datetime, Term] | None:
        """Return when the present state is due, and the term that says so."""
        ends = [(self._end(term, start), term) for term, start in self.terms_now()]
        return min(ends, key=itemgetter(0), default=None)

    def _end(self, term: Term, start: datetime) -> datetime:
        """The agency's own terms are longer by the days of a pause, and none ends before it does.

        Terms of law run on, and so do those in hours: they are for what cannot wait.
        """
        if term.unit is Unit.HOURS or term.clause in self.terms.fixed:
            return due(term, start, self.terms.closures)
        later = start.astimezone(ROME) + timedelta(days=self.days_paused)
        end = due(term, later, self.terms.closures)
        return max(end, start_of(self.paused_until).astimezone(UTC)) if self.paused_until else end

    @property
    def days_paused(self) -> int:
        """How many days longer the present state's own term is, for the pauses in it."""
        return self.paused_days + self._days_of_pause()

    def _days_of_pause(self) -> int:
        """How many days of the latest pause the present state's own term is longer by."""
        start = self.clock_starts()
        if not start or not self.paused_on or not self.paused_until:
            return 0
        return max((self.paused_until - max(self.paused_on, local_day(start))).days, 0)

    def pause_between(self, on: Day | None, until: Day | None) -> None:
        """Expect nothing from one day until another, instead of the latest pause if it began on the same."""
        if on != self.paused_on:
            self.paused_days += self._days_of_pause()
        self.paused_on, self.paused_until = on, until

    def paused_with(self, case: "Process") -> Self:
        """Return this track with the latest pause of its case; its version stays, so that no open form is stale."""
        changed = copy.copy(self)
        changed.pause_between(case.paused_on, case.paused_until)
        changed._reckon()  # noqa: SLF001 (itself, as it will be)
        return changed

    def expires(self) -> datetime | None:
        """When an ended process stops accepting steps (a closed case, its reopening window); None is at once."""
        return None

    def check(self, declared: Step, at: datetime) -> None:
        """Raise `Refused` if the machine or the guard does not allow the step now, whatever its input."""
        if self.state not in declared.targets:
            raise Refused(Refusal.STEP_NOT_ALLOWED, step=declared.label, state=self._state_label)
        if declared.when:
            declared.when(self, at)

    def after(self, declared: Step, given: object, *, at: datetime, now: datetime) -> Self:
        """Return this process as the step leaves it; itself unchanged.

        `given` is the step's checked input (None if it takes none), `at` when the fact happened, `now` when it is
        recorded. Raises `Refused`.
        """
        if at > now + CLOCK_SKEW:
            raise Refused(Refusal.FACT_IN_FUTURE, path=("occurredAt",))
        if self.last_at and at < self.last_at:
            raise Refused(Refusal.FACT_BEFORE_LAST, path=("occurredAt",), last=self.last_at)
        self.check(declared, at)
        changed = copy.copy(self)  # its data cannot change in place; a deep copy of a long plan takes a millisecond
        chosen = declared.body(changed, *([given] if declared.input else []), at)
        target = chosen.name if chosen else declared.targets[self.state][0]
        try:
            moved = self._machine.events[declared.name].trigger(changed, target)
        except MachineError as error:  # the check above has already refused it: this is the machine's own word
            raise Refused(Refusal.STEP_NOT_ALLOWED, step=declared.label, state=self._state_label) from error
        if not moved:
            raise TypeError(f"{self.kind}.{declared.name} chose {target}, which it does not declare")
        changed._moved(at, entered=target not in SAME)  # noqa: SLF001 (itself, as it will be)
        return changed

    def _moved(self, at: datetime, *, entered: bool) -> None:
        self.version += 1
        self.last_at = at
        self.opened_at = self.opened_at or at
        if entered:
            self.entry += 1
            self.entered_at = at
            self.paused_days = 0  # another term, which no earlier pause is part of
            self.overdue = False
        self._reckon()

    def _reckon(self) -> None:
        """Work out the deadline; a new one is not overdue yet."""
        falls_due = None if self.ended else self.falls_due()
        deadline = falls_due and falls_due[0]
        if deadline != self.deadline:
            self.overdue = False
        self.deadline = deadline

    @property
    def _state_label(self) -> Label:
        return Label("nuovo", "new") if self.state in NEW else self.State[self.state].label


def _declared(cls: type[Process]) -> list[Any]:
    """The steps of the class and of those it inherits from, in the order in which they are written."""
    found = {
        name: value
        for base in reversed(cls.__mro__)
        for name, value in vars(base).items()
        if hasattr(value, "declared")
    }
    return list(found.values())
