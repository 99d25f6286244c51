"""What was published beside what the engine counts: as a table for people, as JSON for programs."""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from rich.table import Table

from workers.demo.weeks import Weeks
from workers.settings import Settings, variable

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


def as_json(compared: Sequence[Compared], weeks: Weeks, *, requests: int, seconds: float) -> str:
    """Return the report as one line."""
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


def what_next(settings: Settings, *, staff: str) -> str:
    """Return what to open while the demo goes on serving, as commands to be pasted; `staff` supervises."""
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
            "Ctrl-C stops everything.",
        )
    )
