"""The tables of the register, each from its declaration, with what a declaration does not say: limits and indexes."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from domain.contact import Contact
from domain.partner import Partner, PartnerService, Referent
from domain.register import (
    Absence,
    Building,
    Closure,
    District,
    Dwelling,
    FundingLine,
    Municipality,
    Person,
    ServicePoint,
    Staff,
    Stop,
    Tenancy,
)
from store.columns import at, lists, metadata, ref, register_table, uid, words

municipality = register_table(Municipality)
district = register_table(District)
closure = register_table(Closure)
Index("ix_closure_ends_on", closure.c.ends_on)
building = register_table(Building)
Index("ix_building_district_id", building.c.district_id)
dwelling = register_table(Dwelling)
Index("ix_dwelling_building_id", dwelling.c.building_id)
staff = register_table(Staff)
absence = register_table(Absence)
Index("ix_absence_staff_id_ends_on", absence.c.staff_id, absence.c.ends_on)
Index("ix_absence_deputy_id_ends_on", absence.c.deputy_id, absence.c.ends_on)
Index("ix_absence_starts_on_id", absence.c.starts_on, absence.c.id)
person = register_table(
    Person,
    # The name folded in Python when written; a prefix is a range, in the order of code points.
    Column("search", Text(collation="C"), nullable=False, server_default=""),
)
Index("ix_person_search_id", person.c.search, person.c.id)
tenancy = register_table(Tenancy)
Index("ix_tenancy_holder_id", tenancy.c.holder_id)
Index("ix_tenancy_dwelling_id", tenancy.c.dwelling_id)
service_point = register_table(ServicePoint)
stop = register_table(
    Stop,
    CheckConstraint("booked between 0 and capacity", name="booked"),
    CheckConstraint("ends_at > starts_at", name="hours"),
)
Index("ix_stop_service_point_id", stop.c.service_point_id)
Index("ix_stop_starts_at_id", stop.c.starts_at, stop.c.id)
partner = register_table(Partner)
partner_service = register_table(PartnerService)
Index("ix_partner_service_area", partner_service.c.area)
Index("ix_partner_service_partner_id", partner_service.c.partner_id)
referent = register_table(Referent)
Index("ix_referent_partner_id", referent.c.partner_id)
funding_line = register_table(
    FundingLine,
    # The last guard of "never overspent": whatever the code does, the row cannot say otherwise.
    CheckConstraint("committed between 0 and budget", name="committed"),
)
contact = register_table(Contact)
Index("ix_contact_occurred_at_id", contact.c.occurred_at, contact.c.id)
Index("ix_contact_person_id", contact.c.person_id)
Index("ix_contact_case_id", contact.c.case_id)
Index("ix_contact_note_id", contact.c.note_id)

# Beside the register.

note = Table(
    "note",
    metadata,
    uid(),
    # Not a foreign key: the note of the step that opens a process is stored before the process is.
    Column("process_id", Uuid, index=True),
    ref("author_id", "staff"),
    words("body"),
    # The roles that may read it; empty: everybody who may read the process.
    lists("readers"),
    at("written_at"),
    # A step's note counts once its event is in the history: one of a refused step is never seen.
    Column("attached", Boolean, nullable=False),
)
request = Table(
    "request",
    metadata,
    Column("id", Text, primary_key=True),
    words("fingerprint"),
    Column("object_id", Uuid, nullable=False),
    Column("answer", JSONB, nullable=False),
    at("answered_at"),
)
