"""The tables: a register of people, places, partners and money, and the read model of casework.

Ids are UUIDs, minted by clients or derived from the request. Closed lists are stored by name. Every instant is
`timestamptz`, every amount `numeric(12,2)` EUR. What only the projection writes is in the second half.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def _id() -> Column[object]:
    return Column("id", Uuid, primary_key=True)


def _ref(name: str, target: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Uuid, ForeignKey(f"{target}.id"), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _euro(name: str) -> Column[object]:
    return Column(name, Numeric(12, 2), nullable=False)


def _text(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Text, nullable=nullable)


def _texts(name: str) -> Column[object]:
    return Column(name, ARRAY(Text), nullable=False, server_default="{}")


# The register. Every row has a version, for those who change it.

_VERSION = "version"


def _register(name: str, *columns: Column[object] | CheckConstraint | Index) -> Table:
    return Table(name, metadata, _id(), *columns, Column(_VERSION, Integer, nullable=False, server_default="1"))


municipality = _register(
    "municipality",
    _text("name"),
    _text("province"),
    Column("patron_month", SmallInteger),
    Column("patron_day", SmallInteger),
)
district = _register("district", _text("name"), _ref("municipality_id", "municipality"))
building = _register("building", _text("address"), _ref("district_id", "district"))
dwelling = _register("dwelling", _text("code"), _ref("building_id", "building"))
staff = _register(
    "staff",
    _text("name"),
    _texts("roles"),
    Column("districts", ARRAY(Uuid), nullable=False, server_default="{}"),
    _text("email", nullable=True),
)
person = _register(
    "person",
    _text("identity"),
    _text("given_name", nullable=True),
    _text("family_name", nullable=True),
    Column("born_on", Date),
    _text("phone", nullable=True),
    _text("email", nullable=True),
    _texts("languages"),
    _ref("district_id", "district", nullable=True),
    # Folded in Python (NFKD, casefold) when written; prefixes are ranges.
    Column("search", Text, nullable=False, server_default="", index=True),
)
tenancy = _register(
    "tenancy",
    _text("code"),
    _ref("holder_id", "person"),
    _ref("dwelling_id", "dwelling"),
    _text("rent_area", nullable=True),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date),
    # What is owed on the day of the figure: positive is debt.
    _euro("balance"),
    Column("balance_on", Date, nullable=False),
)
Index("ix_tenancy_holder_id", tenancy.c.holder_id)
service_point = _register(
    "service_point",
    _text("kind"),
    _text("name"),
    _ref("municipality_id", "municipality"),
    _ref("district_id", "district", nullable=True),
    _text("address", nullable=True),
)
stop = _register(
    "stop",
    _ref("service_point_id", "service_point"),
    _ref("district_id", "district"),
    _text("place"),
    _at("starts_at"),
    _at("ends_at"),
    Column("capacity", Integer, nullable=False),
    Column("booked", Integer, nullable=False, server_default="0"),
    _at("cancelled_at", nullable=True),
    CheckConstraint("booked between 0 and capacity", name="booked"),
    CheckConstraint("ends_at > starts_at", name="hours"),
)
Index("ix_stop_starts_at_id", stop.c.starts_at, stop.c.id)
partner = _register(
    "partner",
    _text("name"),
    _text("kind"),
    _text("status"),
    # HSDS `assured_date`: when somebody last made sure that the entry is right.
    Column("assured_on", Date),
)
partner_service = _register(
    "partner_service",
    _ref("partner_id", "partner"),
    _text("name"),
    _text("area"),
    _text("status"),
    Column("districts", ARRAY(Uuid), nullable=False, server_default="{}"),
    _texts("languages"),
    Column("minimum_age", SmallInteger),
    Column("maximum_age", SmallInteger),
    Column("free_places", Integer),
    _text("channel"),
    _text("contact", nullable=True),
    _text("schedule", nullable=True),
)
Index("ix_partner_service_area", partner_service.c.area)
referent = _register(
    "referent",
    _ref("partner_id", "partner"),
    _text("name"),
    _text("phone", nullable=True),
    _text("email", nullable=True),
    _ref("deputy_id", "referent", nullable=True),
)
funding_line = _register(
    "funding_line",
    _text("code"),
    _text("name"),
    _euro("budget"),
    Column("committed", Numeric(12, 2), nullable=False, server_default="0"),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date),
    # The last guard of "never overspent": whatever the code does, the row cannot say otherwise.
    CheckConstraint("committed between 0 and budget", name="committed"),
)
contact = _register(
    "contact",
    _ref("person_id", "person", nullable=True),
    _ref("service_point_id", "service_point"),
    _ref("stop_id", "stop", nullable=True),
    _ref("district_id", "district"),
    _ref("operator_id", "staff"),
    _text("channel"),
    _text("outcome"),
    Column("minutes", Integer),
    Column("case_id", Uuid),
    Column("note_id", Uuid),
    _at("occurred_at"),
    _at("recorded_at"),
)
Index("ix_contact_occurred_at_id", contact.c.occurred_at, contact.c.id)
Index("ix_contact_person_id", contact.c.person_id)
note = Table(
    "note",
    metadata,
    _id(),
    Column("process_id", Uuid, index=True),
    _ref("author_id", "staff"),
    _text("body"),
    # The roles that may read it; empty: everybody who may read the process.
    _texts("readers"),
    _at("written_at"),
    # A step's note counts once its event is in the history: one of a refused step is never seen.
    Column("attached", Boolean, nullable=False),
)
request = Table(
    "request",
    metadata,
    Column("id", Text, primary_key=True),
    _text("fingerprint"),
    Column("object_id", Uuid, nullable=False),
    Column("answer", JSONB, nullable=False),
    _at("answered_at"),
)

# Casework: the projection of cases' workflows, and nothing else, writes what follows.

case_file = Table(
    "case_file",
    metadata,
    _id(),
    # How far the projection is: it takes only the next entry.
    Column("seq", Integer, nullable=False),
    _ref("person_id", "person", nullable=True),
    _ref("district_id", "district"),
    _ref("service_point_id", "service_point", nullable=True),
    _ref("operator_id", "staff", nullable=True),
    Column("urgency", SmallInteger, nullable=False),
)
process = Table(
    "process",
    metadata,
    _id(),
    _ref("case_id", "case_file"),
    _text("kind"),
    _text("state"),
    Column("version", Integer, nullable=False),
    Column("entry", Integer, nullable=False),
    # The role of the agency, or the party outside it; null once ended.
    _text("waits_for", nullable=True),
    _at("opened_at"),
    _at("entered_at"),
    _at("deadline", nullable=True),
    Column("overdue", Boolean, nullable=False),
    _at("ended_at", nullable=True),
    # The event that last changed it.
    Column("changed_seq", Integer, nullable=False),
    # Of its case, repeated so that a list needs no join to filter and to sort.
    Column("person_id", Uuid),
    Column("district_id", Uuid, nullable=False),
    Column("operator_id", Uuid),
    Column("urgency", SmallInteger, nullable=False),
    # The whole process, as the workflow holds it.
    Column("data", JSONB, nullable=False),
)
Index("ix_process_case_id", process.c.case_id)
Index("ix_process_kind_opened_at_id", process.c.kind, process.c.opened_at, process.c.id)
Index("ix_process_person_id", process.c.person_id)
event = Table(
    "event",
    metadata,
    Column("case_id", Uuid, ForeignKey("case_file.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("id", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("process_id", Uuid, nullable=False),
    _text("kind"),
    _text("name"),
    _text("from_state"),
    _text("to_state"),
    Column("version", Integer, nullable=False),
    Column("entry", Integer, nullable=False),
    _at("occurred_at"),
    _at("recorded_at"),
    _ref("actor_id", "staff", nullable=True),
    _text("actor_role", nullable=True),
    _text("request_id", nullable=True),
    Column("request", JSONB),
)
Index("ix_event_process_id_seq", event.c.process_id, event.c.seq)
Index("ix_event_kind_name_occurred_at", event.c.kind, event.c.name, event.c.occurred_at)
task = Table(
    "task",
    metadata,
    Column("process_id", Uuid, ForeignKey("process.id"), primary_key=True),
    Column("entry", Integer, primary_key=True),
    # STATE: a state waits for this role. OVERDUE: its deadline went by, and the supervisor should see.
    Column("reason", Text, primary_key=True),
    _text("role"),
    _at("due_at"),
    _at("opened_at"),
    _at("done_at", nullable=True),
    Column("case_id", Uuid, nullable=False),
    Column("person_id", Uuid),
    Column("district_id", Uuid, nullable=False),
    Column("operator_id", Uuid),
    Column("urgency", SmallInteger, nullable=False),
)
Index(
    "ix_task_open",
    task.c.role,
    task.c.due_at,
    task.c.process_id,
    task.c.entry,
    postgresql_where=text("done_at is null"),
)
Index("ix_task_case_id", task.c.case_id, postgresql_where=text("done_at is null"))
assignment = Table(
    "assignment",
    metadata,
    # A register row, not part of the process: it wakes no workflow, and a thousand move in one statement.
    Column("process_id", Uuid, ForeignKey("process.id"), primary_key=True),
    Column("staff_id", Uuid, ForeignKey("staff.id"), nullable=False, index=True),
    _at("assigned_at"),
)
reservation = Table(
    "reservation",
    metadata,
    Column("process_id", Uuid, primary_key=True),
    Column("entry", Integer, primary_key=True),
    _text("kind"),
    Column("resource_id", Uuid, nullable=False),
    _euro("amount"),
    # HELD while the state that it brought lasts; then RELEASED, or how the process says that it was spent.
    _text("status"),
    _at("taken_at"),
)
Index("ix_reservation_resource_id", reservation.c.resource_id)
appointment = Table(
    "appointment",
    metadata,
    Column("process_id", Uuid, ForeignKey("process.id"), primary_key=True),
    Column("entry", Integer, primary_key=True),
    _ref("stop_id", "stop", nullable=True),
    _ref("person_id", "person", nullable=True),
    _ref("district_id", "district"),
    _at("starts_at"),
    # BOOKED while the state lasts; then CANCELLED, or how the process says that it ended (KEPT, MISSED).
    _text("status"),
)
Index(
    "ix_appointment_starts_at_process_id_entry", appointment.c.starts_at, appointment.c.process_id, appointment.c.entry
)
