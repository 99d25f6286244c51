"""What was published beside what the engine counts: as a table for people, as JSON for programs."""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

from rich.table import Table

from domain.tasks import TaskReason
from workers.demo.months import Months
from workers.demo.weeks import Weeks
from workers.settings import Settings, variable
from workers.stack import Stack

_PUBLISHED: dict[str, Any] = json.loads(files("workers.demo").joinpath("published.json").read_text("utf-8"))

PUBLISHED: Mapping[str, int] = {code: figure["exactly"] for code, figure in _PUBLISHED["figures"].items()}
"""The published figures by the codes of the engine's own."""

_OF_WHICH = {"maintenance_reports": "maintenance_in_dwellings"}
"""A figure of which the publication says that another is the larger part."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A published figure, and what the engine's `activityReport` says of it."""

    code: str
    label: str
    definition: str
    published: int
    published_as: str
    engine: int
    mainly: int | None = None
    """The part that must be more than half of it, if one must."""

    @property
    def equal(self) -> bool:
        """Whether the engine counts what was published."""
        return self.engine == self.published and (self.mainly is None or 2 * self.mainly > self.engine)


def compare(figures: Iterable[Mapping[str, str]]) -> list[Compared]:
    """Return every published figure beside that of `activityReport { figures }`."""
    counted = {figure["code"]: figure for figure in figures}
    return [
        Compared(
            code=code,
            label=counted[code]["label"],
            definition=counted[code]["definition"],
            published=figure["exactly"],
            published_as=figure["published_as"],
            engine=int(counted[code]["value"]),
            mainly=int(counted[_OF_WHICH[code]]["value"]) if code in _OF_WHICH else None,
        )
        for code, figure in _PUBLISHED["figures"].items()
    ]


def as_json(compared: Sequence[Compared], weeks: Weeks, lived: Months, *, requests: int, seconds: float) -> str:
    """Return the report as one line: of the weeks, with the `requests` and `seconds` that they took, and the months."""
    return json.dumps(
        {
            "programme": _PUBLISHED["programme"],
            "from": weeks.since.isoformat(),
            "to": weeks.until.isoformat(),
            "figures": {
                each.code: {
                    "published": each.published,
                    "engine": each.engine,
                    "published_as": each.published_as,
                    "definition": each.definition,
                }
                | ({} if each.mainly is None else {"in_dwellings": each.mainly})
                for each in compared
            },
            "requests": requests,
            "seconds": round(seconds, 1),
            "months": {
                "from": lived.since.isoformat(),
                "to": lived.until.isoformat(),
                "told": [asdict(line) for line in lived.told],
                "messages": lived.sums.by_channel,
                "merged": lived.sums.merged,
                "put_off": lived.sums.put_off,
                "post_office": lived.post_office,
                "climbed": [asdict(line) for line in lived.climbed],
                "requests": lived.requests,
                "seconds": round(lived.seconds, 1),
                "seconds_to_feed": round(lived.fed_seconds, 1),
            },
        },
        ensure_ascii=False,
    )


def figures_table(compared: Sequence[Compared], weeks: Weeks) -> Table:
    """Return the figures side by side."""
    title = f"{_PUBLISHED['programme']}: {weeks.since:%-d %B} to {weeks.until:%-d %B %Y}"
    table = Table("figure", "published", "engine", "definition", title=title, title_justify="left")
    for each in compared:
        engine = f"{each.engine}" if each.mainly is None else f"{each.engine}, {each.mainly} in dwellings"
        table.add_row(each.label, each.published_as, engine, each.definition, style="" if each.equal else "bold red")
    return table


def stages_table(board: Iterable[Mapping[str, Any]]) -> Table:
    """Return how many processes of each kind are in each state, as the supervisor's board counts them."""
    stages: dict[str, list[str]] = {}
    for cell in board:
        stages.setdefault(cell["kindLabel"], []).append(f"{cell['stateLabel']} {cell['count']}")
    table = Table("process", "in every stage", title="The cases and their tracks now", title_justify="left")
    for kind, cells in stages.items():
        table.add_row(kind, ", ".join(cells))
    return table


def told_table(lived: Months) -> Table:
    """Return what was told to whom in the months, by channel and by the clause of the policy that asked for it."""
    title = f"Told from {lived.since:%-d %B} to {lived.until:%-d %B %Y}, on a second stack whose time passes in moments"
    table = Table(title=title, title_justify="left")
    for column in ("whom", "by", "rung"):
        table.add_column(column, no_wrap=True)
    for column in ("told", "arrived", "failed", "back"):
        table.add_column(column, justify="right", no_wrap=True)
    before: tuple[str, str] = "", ""
    for each in lived.told:
        whom, channel = each.whom.lower().partition("_")[0], each.channel.lower().replace("_", "-")
        said = "" if whom == before[0] else whom, "" if (whom, channel) == before else channel
        counted = (each.reminders, each.delivered, each.failed, each.returned)
        table.add_row(*said, each.clause, *(str(count or "") for count in counted))
        before = whom, channel
    return table


def climbed_table(lived: Months) -> Table:
    """Return what came on the supervisor's desk in the months."""
    table = Table("why", title="What climbed to the supervisor", title_justify="left")
    for column in ("still to do", "done"):
        table.add_column(column, justify="right")
    for each in lived.climbed:
        table.add_row(TaskReason[each.reason].label.en, str(each.open), str(each.done))
    return table


def in_short(lived: Months) -> str:
    """Return the sums of the months."""
    sums = lived.sums
    left = sum(lived.post_office.values())
    leaving = sum(count for name, count in sums.by_channel.items() if name in lived.post_office)
    return "\n".join(
        (
            f"{sum(sums.by_channel.values()):,} messages: "
            + ", ".join(f"{name.lower().replace('_', '-')} {count:,}" for name, count in sums.by_channel.items())
            + f". The post office holds {left:,}: {left - leaving:,} did not arrive, and left again another way.",
            f"{sums.merged:,} told several things at once, {sums.put_off:,} reminders were put off to another day.",
            f"{lived.requests:,} requests in {lived.seconds:.0f} s, {lived.fed_seconds:.0f} for the first weeks.",
        )
    )


def what_next(settings: Settings, *, staff: str, beside: Stack | None = None) -> str:
    """Return what to open while the demo goes on serving, as commands to be pasted; `staff` supervises.

    `beside` is the stack that has lived the months.
    """
    worklist = json.dumps({"query": "{ worklist(first: 3) { nodes { kindLabel stateLabel dueAt } } }"})
    send = f"-H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' -d {shlex.quote(worklist)}"
    return "\n".join(
        (
            "While this runs, in another terminal:",
            "",
            f"  export {variable('data')}={shlex.quote(str(settings.data))}",
            f"  TOKEN=$(.venv/bin/pratica token --role SUPERVISOR --staff {staff})",
            f"  curl -sS {settings.api_url} {send}",
            "  .venv/bin/pratica doctor",
            "  .venv/bin/pratica verify",
            "",
            "Any document of graphql/operations can be sent so: Worklist, CaseBoard, Cases (then CaseFile with an id).",
            *_of_the_months(beside),
            "Ctrl-C stops everything.",
        )
    )


def _of_the_months(stack: Stack | None) -> Iterator[str]:
    if stack and stack.post_office:
        data = shlex.quote(str(stack.settings.data))
        yield f"Three months later: {stack.settings.api_url}, {variable('data')}={data}"
        yield f"What was sent, to be read: {stack.post_office.gateway_url}"
