"""The activity report in GraphQL: every figure with its definition."""

import dataclasses
import inspect
from datetime import date
from types import SimpleNamespace
from typing import Annotated, Any

import strawberry

from api.connections import OfDistrict, OfServicePoint
from api.context import Info
from api.derive import Fields, Reader, make, resolved
from domain.fields import Day
from domain.record import read_value
from domain.registered import in_order
from domain.reporting import ActivityReport, Tally
from domain.shape import Shape, shapes
from store.reporting import ReportFilter, activity_report, snapshot
from store.scope import require


def _tally_label(self: Tally, info: Info) -> str:
    return self.label.text(info.context.language)


TALLY = make(
    "Tally",
    {
        "code": (str, strawberry.field()),
        "label": resolved(str, _tally_label, description="In the caller's language."),
        "count": (int, strawberry.field()),
    },
    description=inspect.getdoc(Tally),
)


@strawberry.type(description="A figure of the report as a table shows it.")
class ReportFigure:
    """One number, its name and what it means."""

    code: str
    label: str = strawberry.field(description="In the caller's language.")
    value: str
    definition: str = strawberry.field(description="One sentence that says what is counted.")


def _figures(self: ActivityReport, info: Info) -> list[ReportFigure]:
    return [
        ReportFigure(
            code=field.name,
            label=field.metadata["label"].text(info.context.language),
            value=str(getattr(self, field.name)),
            definition=field.metadata["definition"],
        )
        for field in dataclasses.fields(ActivityReport)
        if "definition" in field.metadata and not isinstance(getattr(self, field.name), tuple)
    ]


def _field(shape: Shape, description: str | None) -> tuple[Any, Any]:
    annotation = list[TALLY] if shape.many else shape.type  # type: ignore[valid-type]
    return annotation, strawberry.field(description=description)


_DEFINITIONS = {field.name: field.metadata.get("definition") for field in dataclasses.fields(ActivityReport)}
REPORT = make(
    "ActivityReport",
    {
        **{name: _field(shape, _DEFINITIONS[name]) for name, shape in shapes(ActivityReport).items()},
        "figures": resolved(list[ReportFigure], _figures, description="The single figures, ready for a table."),
    },
    description=inspect.getdoc(ActivityReport),
)


async def _report(  # noqa: PLR0917 (the arguments of a field)
    self: Any,  # noqa: ARG001 (the root)
    info: Info,
    first_day: Annotated[date, strawberry.argument(name="from")],
    last_day: Annotated[date, strawberry.argument(name="to")],
    service_point: OfServicePoint = None,
    district: OfDistrict = None,
) -> ActivityReport:
    first_day, last_day = (read_value(Day, day, path=(name,)) for name, day in (("from", first_day), ("to", last_day)))
    in_order(first_day, last_day, "to")
    reader = Reader("")
    asked = SimpleNamespace(service_point=service_point, district=district)
    given = read_value(ReportFilter, reader.read(ReportFilter, asked))
    async with snapshot(info.context.services.database) as connection:
        await require(connection, reader.named, scope=info.context.identity)
        return await activity_report(connection, first_day, last_day, given, scope=info.context.identity)


def queries() -> Fields:
    """Return the query of the report."""
    about = "What was done in a period: local days in Italy, both included."
    return {"activity_report": resolved(REPORT, _report, description=about)}
