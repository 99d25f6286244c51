"""Every table, under one name: `from store import tables as t`."""

from store.casework_tables import appointment, assignment, case_file, event, process, reservation, task
from store.columns import metadata
from store.register_tables import (
    building,
    contact,
    district,
    dwelling,
    funding_line,
    municipality,
    note,
    partner,
    partner_service,
    person,
    referent,
    request,
    service_point,
    staff,
    stop,
    tenancy,
)

__all__ = [
    "appointment",
    "assignment",
    "building",
    "case_file",
    "contact",
    "district",
    "dwelling",
    "event",
    "funding_line",
    "metadata",
    "municipality",
    "note",
    "partner",
    "partner_service",
    "person",
    "process",
    "referent",
    "request",
    "reservation",
    "service_point",
    "staff",
    "stop",
    "task",
    "tenancy",
]
