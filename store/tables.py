"""Every table, under one name: `from store import tables as t`."""

from store.casework_tables import appointment, assignment, case_file, event, minted, process, reservation, task
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
from store.reminder_tables import dispatch, message, reminder

__all__ = [
    "appointment",
    "assignment",
    "building",
    "case_file",
    "contact",
    "dispatch",
    "district",
    "dwelling",
    "event",
    "funding_line",
    "message",
    "metadata",
    "minted",
    "municipality",
    "note",
    "partner",
    "partner_service",
    "person",
    "process",
    "referent",
    "reminder",
    "request",
    "reservation",
    "service_point",
    "staff",
    "stop",
    "task",
    "tenancy",
]
