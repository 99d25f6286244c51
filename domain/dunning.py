"""Dunning as a decision table: what is done about arrears on a day, as a policy document says it under `dunning`.

    dunning:
      grace: {weeks: 1}                       # what is not `overdue` yet: so much rent, less what was paid in that time
      actions:                                # what may come out, by the agency's own names
        send_letter_one: {send: letter_one, by: [EMAIL, LETTER]}
        visit: {task: VISIT}
        hand_over: {escalate: NO_ANSWER, office: Ufficio legale}
        no_action: {wait: 7 days}
      messages: [old_reminder]                # those that conditions may name besides the ones that are sent
      outcomes: [ADJOURNED, POSSESSION]       # of hearings, likewise
      rows:                                   # in order: the first whose condition holds decides
        - {row: paused, when: {paused: true}, then: no_action, because: DOMAIN section 3}
        - row: first letter
          when: {overdue: {at_least: 10}, days_since: {letter_one: never}}
          then: send_letter_one
          because: "assumed: ten euro"
        - {row: otherwise, then: no_action, because: nothing to do}
      given: {weekly_rent: 10, balance: 20}   # what every example has, unless it says otherwise
      examples:
        - {example: nothing was sent yet, action: send_letter_one}
        - {example: within the grace, facts: {balance: 10}, action: no_action, row: otherwise}

The facts are those of `domain.dunning_facts`, conditions those of `domain.conditions`. When a document is loaded,
`problems` also reports rows that can never be reached, a last row that does not take all the rest, and every example
that comes out otherwise than it says.
"""

import difflib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import StringConstraints

from domain.arrears_facts import EscalationReason
from domain.choices import Choice, Label
from domain.conditions import ALWAYS, About, Condition, Path, names
from domain.dunning_facts import DunningFacts, Grace, HearingOutcome, MessageKind
from domain.facts import Vocabulary, instead
from domain.fields import ShortText, like
from domain.hidden import hidden
from domain.ladder import Rung, When, Whom
from domain.message import Channel
from domain.roles import Role
from domain.terms import Term
from domain.verdicts import Verdict
from domain.verdicts import evaluate as judge

FACTS = Vocabulary.of(DunningFacts)

_Because = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Kind = Annotated[MessageKind, like(r"[A-Za-z][A-Za-z0-9_-]*", "a name has letters, digits, hyphens and underscores")]
_NEARLY = 0.85
"""How alike two names are of which one is probably a slip of the pen."""

_VERBS = ("send", "task", "escalate", "wait")
_BESIDE = {"by": "send", "role": "task", "office": "escalate"}


class TaskKind(Choice):
    """What somebody of the agency is asked to do."""

    CALL = "Telefonare", "Call"
    VISIT = "Visitare", "Visit"
    MEET = "Convocare", "Meet"
    CHECK = "Verificare i dati", "Check the data"
    RECORD = "Registrare un dato mancante", "Record what is missing"
    RESEND = "Rimediare a un mancato recapito", "See to a message that came back"
    PREPARE = "Preparare gli atti", "Prepare the papers"


@dataclass(frozen=True, kw_only=True)
class Action:
    """One of four: `send` a message, a `task`, `escalate` to an office, or `wait` and look again after a term.

    `send` names a text of the policy, `by` the channels in order; what has no text there, the agency sends by means of
    its own: it is somebody's task. `role` does the task (an operator, unless said).
    `say` tells people more precisely what is done.
    """

    send: _Kind | None = None
    by: tuple[Channel, ...] = ()
    task: TaskKind | None = None
    role: Role | None = None
    escalate: EscalationReason | None = None
    office: ShortText | None = None
    wait: Term | None = None
    say: Label | None = None

    def __post_init__(self) -> None:
        verbs = [verb for verb in _VERBS if getattr(self, verb) is not None]
        if len(verbs) != 1:
            told = f"{' and '.join(verbs)} are {len(verbs)}" if verbs else "it has none"
            raise ValueError(f"an action has one of {', '.join(_VERBS)}, and {told}")
        for beside, verb in _BESIDE.items():
            if getattr(self, beside) and verb not in verbs:
                raise ValueError(f"`{beside}` goes with `{verb}`: remove it, or use `{verb}`")
        if self.send is not None and not self.by:
            raise ValueError(
                "a message needs channels: add `by: [EMAIL, LETTER]`, in the order in which they are tried"
            )


@dataclass(frozen=True, kw_only=True)
class Row:
    """When, by its condition, which of the table's actions is taken, and why that is the rule."""

    row: ShortText
    when: Annotated[Condition, About(DunningFacts)] = ALWAYS
    then: ShortText
    because: _Because


@dataclass(frozen=True, kw_only=True)
class Example:
    """Facts, besides those that the table has `given` for all, and the action or the row that they must lead to."""

    example: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    action: str | None = None
    row: str | None = None


@dataclass(frozen=True, kw_only=True)
class DunningTable:
    """A decision table, as a policy document has it."""

    actions: dict[ShortText, Action]
    rows: tuple[Row, ...]
    grace: Grace = field(default_factory=Grace)
    messages: tuple[_Kind, ...] = ()
    outcomes: tuple[ShortText, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()

    @property
    def names(self) -> dict[Any, list[str]]:
        """The names that conditions and examples may use, by the kind of name."""
        sent = [action.send for action in self.actions.values() if action.send is not None]
        return {MessageKind: list(dict.fromkeys([*sent, *self.messages])), HearingOutcome: [*self.outcomes]}


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is done: the `action` by the agency's name for it, what it `does`, and the `row` that says so.

    `because` is the rule's source; `verdict` has what the row's condition found in the facts.
    """

    action: str
    does: Action
    row: str
    because: str
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class PassedOver:
    """A row that did not decide: its `verdict`, and in a sentence why."""

    row: str
    action: str
    verdict: Verdict
    why: Label


def evaluate(table: DunningTable, facts: DunningFacts) -> Decision:
    """Return what the table decides: the first row whose condition holds."""
    whole = facts.completed(table.grace)
    for row in table.rows:
        if (verdict := judge(row.when, whole)).holds:
            return Decision(
                action=row.then, does=table.actions[row.then], row=row.row, because=row.because, verdict=verdict
            )
    raise LookupError("no row of the table matches: `problems` would have told that there is none for all the rest")


def explain(table: DunningTable, facts: DunningFacts) -> list[PassedOver]:
    """Return for every row but the one that decides why it does not: what it lacks, or that an earlier one matched."""
    whole = facts.completed(table.grace)
    passed: list[PassedOver] = []
    decided: Row | None = None
    for row in table.rows:
        verdict = judge(row.when, whole)
        if verdict.holds and decided is None:
            decided = row
            continue
        why = verdict.why
        if decided and verdict.holds:
            why = Label(f"la riga «{decided.row}» viene prima", f"the row “{decided.row}” comes first")
        passed.append(PassedOver(row=row.row, action=row.then, verdict=verdict, why=why))
    return passed


def told(action: Action, written: Collection[str], *, because: str, clause: str) -> Rung:
    """Return the rung that tells a person what the table sends.

    What the policy has no words for, of those that are `written`, the agency sends by means of its own: by hand.
    """
    by = action.by if action.send in written else (Channel.BY_HAND,)
    return Rung(when=When(), tell=Whom.PERSON, by=by, text=action.send, because=because, clause=clause)


def rungs(table: DunningTable, written: Collection[str]) -> Iterator[tuple[Rung, Path]]:
    """Yield the messages that the table sends with words of the policy, or nearly so, each with its place."""
    for name, action in table.actions.items():
        if action.send is not None and difflib.get_close_matches(action.send, written, n=1, cutoff=_NEARLY):
            yield told(action, [action.send], because=name, clause=f"dunning.{name}"), ("actions", name)


def problems(table: DunningTable) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with a table beyond the shape of its parts, each with its path and what to do about it."""
    yield from _wrong_names(table)
    yield from _unreached(table)
    yield from _examples(table)


def _wrong_names(table: DunningTable) -> Iterator[tuple[Path, str]]:
    counted = Counter(row.row for row in table.rows)
    for index, row in enumerate(table.rows):
        if counted[row.row] > 1:
            yield ("rows", index, "row"), f"{counted[row.row]} rows are called `{row.row}`: give each a name of its own"
        if row.then not in table.actions:
            yield ("rows", index, "then"), f"there is no action `{row.then}`: {instead(row.then, table.actions)}"
        for kind, name, path in names(row.when, FACTS):
            yield from _unlisted(table, kind, name, ("rows", index, "when", *path))


def _unlisted(table: DunningTable, kind: Any, name: str, path: Path) -> Iterator[tuple[Path, str]]:
    if name not in (known := table.names[kind]):
        where = "messages" if kind is MessageKind else "outcomes"
        yield path, f"`{name}` is neither sent nor among `{where}`: add it there, or {instead(name, known)}"


def _unreached(table: DunningTable) -> Iterator[tuple[Path, str]]:
    for index, by in hidden([row.when for row in table.rows], FACTS):
        path: Path = ("rows", index, "row")
        called = [f"`{table.rows[each].row}`" for each in by]
        if not by:
            yield path, f"`{table.rows[index].row}` can never match: its tests exclude one another"
        else:
            rows = f"row {called[0]} takes" if len(by) == 1 else f"rows {', '.join(called)} together take"
            yield path, f"`{table.rows[index].row}` can never be reached: {rows} all that it would; move or remove it"
    if not table.rows or table.rows[-1].when != ALWAYS:
        last: Path = ("rows", len(table.rows) - 1) if table.rows else ("rows",)
        yield last, "no row takes all the rest: end with one that has no `when`, such as `{row: otherwise, then: ...}`"


def _examples(table: DunningTable) -> Iterator[tuple[Path, str]]:
    given, wrong = FACTS.read(table.given)
    yield from ((("given", *path), message) for path, message in wrong)
    by_name = {row.row: row for row in table.rows}
    for index, example in enumerate(table.examples):
        path: Path = ("examples", index)
        own, wrong = FACTS.read(example.facts)
        found: list[tuple[Path, str]] = [((*path, "facts", *inner), message) for inner, message in wrong]
        found += _unlisted_facts(table, own, (*path, "facts"))
        if example.action is None and example.row is None:
            found.append((path, "this example expects nothing: add `action: ...` or `row: ...`"))
        for key, name, known in (("action", example.action, table.actions), ("row", example.row, by_name)):
            if name is not None and name not in known:
                found.append(((*path, key), f"there is no {key} `{name}`: {instead(name, known)}"))
        if not found and (message := _otherwise(table, example, DunningFacts(**(given | own)))):
            found.append((path, message))
        yield from found


def _unlisted_facts(table: DunningTable, values: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    for name, value in values.items():
        fact = FACTS[name]
        kind = fact.keys or fact.type
        for each in (value if fact.keys else [value]) if kind in table.names and value is not None else []:
            yield from _unlisted(table, kind, each, (*path, name))


def _otherwise(table: DunningTable, example: Example, facts: DunningFacts) -> str:
    """What comes out instead of what an example expects, and why; empty if it comes out as expected."""
    whole = facts.completed(table.grace)
    verdicts = [(row, judge(row.when, whole)) for row in table.rows]
    found = next(((row, verdict) for row, verdict in verdicts if verdict.holds), None)
    if not found:
        return "no row matches this example"
    row, verdict = found
    if example.row in (None, row.row) and example.action in (None, row.then):
        return ""
    expected = [
        (each, why)
        for each, why in verdicts
        if each.row == (example.row or each.row) and each.then == (example.action or each.then)
    ]
    wanted = " in row ".join(f"`{name}`" for name in (example.action, example.row) if name)
    missed = "; ".join(
        f"row `{each.row}` comes later" if why.holds else f"row `{each.row}` lacks {why.why.en}"
        for each, why in expected
    )
    return (
        f"`{row.then}` comes out, by row `{row.row}` ({verdict.why.en}), instead of {wanted}"
        f"{f': {missed}' if missed else ''}"
    )
