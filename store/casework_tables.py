"""The tables of casework: the projection of cases' workflows, and nothing else, writes them.

Beside them `assignment`, which the register's people change, and `reservation` and `minted`, taken before a step.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from store.columns import at, euro, metadata, ref, uid, words

case_file = Table(
    "case_file",
    metadata,
    uid(),
    # How far the projection is: it takes only the next entry.
    Column("seq", Integer, nullable=False),
    ref("person_id", "person", nullable=True),
    ref("district_id", "district"),
    ref("service_point_id", "service_point", nullable=True),
    ref("operator_id", "staff", nullable=True),
    Column("urgency", SmallInteger, nullable=False),
)
Index("ix_case_file_person_id", case_file.c.person_id)
process = Table(
    "process",
    metadata,
    uid(),
    ref("case_id", "case_file"),
    words("kind"),
    words("state"),
    Column("version", Integer, nullable=False),
    Column("entry", Integer, nullable=False),
    # The role of the agency, or the party outside it; null once ended.
    words("waits_for", nullable=True),
    at("opened_at"),
    at("entered_at"),
    at("deadline", nullable=True),
    Column("overdue", Boolean, nullable=False),
    at("ended_at", nullable=True),
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
Index("ix_process_overdue", process.c.case_id, postgresql_where=text("overdue and ended_at is null"))
Index("ix_process_kind_deadline_id", process.c.kind, process.c.deadline, process.c.id)
Index("ix_process_kind_urgency_opened_at_id", process.c.kind, process.c.urgency, process.c.opened_at, process.c.id)
Index("ix_process_person_id", process.c.person_id)
Index("ix_process_operator_id", process.c.operator_id)
event = Table(
    "event",
    metadata,
    Column("case_id", Uuid, ForeignKey("case_file.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("id", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("process_id", Uuid, nullable=False),
    words("kind"),
    words("name"),
    words("from_state"),
    words("to_state"),
    Column("version", Integer, nullable=False),
    Column("entry", Integer, nullable=False),
    at("occurred_at"),
    at("recorded_at"),
    ref("actor_id", "staff", nullable=True),
    words("actor_role", nullable=True),
    words("request_id", nullable=True),
    Column("request", JSONB),
    # What adopting another version of the policy brought.
    Column("adopted", JSONB),
)
Index("ix_event_process_id_seq", event.c.process_id, event.c.seq)
Index("ix_event_occurred_at", event.c.occurred_at)
Index("ix_event_kind_name_occurred_at", event.c.kind, event.c.name, event.c.occurred_at)
task = Table(
    "task",
    metadata,
    Column("process_id", Uuid, ForeignKey("process.id"), primary_key=True),
    Column("entry", Integer, primary_key=True),
    # STATE: a state waits for this role. OVERDUE: its deadline went by, and the supervisor should see.
    Column("reason", Text, primary_key=True),
    words("kind"),
    words("state"),
    words("role"),
    at("due_at"),
    at("opened_at"),
    at("done_at", nullable=True),
    Column("case_id", Uuid, nullable=False),
    Column("person_id", Uuid),
    Column("district_id", Uuid, nullable=False),
    Column("operator_id", Uuid),
    Column("urgency", SmallInteger, nullable=False),
)
# One for each order of the worklist.
for name, *first in (
    ("ix_task_open", task.c.due_at),
    ("ix_task_open_urgency", task.c.urgency.desc(), task.c.due_at),
    ("ix_task_open_opened_at", task.c.opened_at),
):
    Index(name, task.c.role, *first, task.c.process_id, task.c.reason, postgresql_where=text("done_at is null"))
Index("ix_task_case_id", task.c.case_id, postgresql_where=text("done_at is null"))
assignment = Table(
    "assignment",
    metadata,
    # A register row, not part of the process: it wakes no workflow, and a thousand move in one statement.
    Column("process_id", Uuid, ForeignKey("process.id"), primary_key=True),
    Column("staff_id", Uuid, ForeignKey("staff.id"), nullable=False, index=True),
    at("assigned_at"),
    # Whom the process waited for then: the assignment counts only while it waits for the same.
    words("waits_for", nullable=True),
)
reservation = Table(
    "reservation",
    metadata,
    Column("process_id", Uuid, primary_key=True),
    Column("entry", Integer, primary_key=True),
    words("kind"),
    Column("resource_id", Uuid, nullable=False),
    euro("amount"),
    # HELD while the state that it brought lasts; then RELEASED, or how the process says that it was spent.
    words("status"),
    at("taken_at"),
    # Shares of the same one may not add up to more than policy allows.
    Column("ceiling", Text, index=True),
)
Index("ix_reservation_resource_id", reservation.c.resource_id)
minted = Table(
    "minted",
    metadata,
    # A client's own id for a process that is to be opened, and the case it is for: two cases never open the same one.
    uid(),
    Column("case_id", Uuid, nullable=False),
)
appointment = Table(
    "appointment",
    metadata,
    Column("process_id", Uuid, ForeignKey("process.id"), primary_key=True),
    Column("entry", Integer, primary_key=True),
    ref("stop_id", "stop", nullable=True),
    ref("person_id", "person", nullable=True),
    ref("district_id", "district"),
    at("starts_at"),
    # BOOKED while the state lasts; then CANCELLED, or how the process says that it ended (KEPT, MISSED).
    words("status"),
)
Index("ix_appointment_stop_id", appointment.c.stop_id)
Index("ix_appointment_person_id", appointment.c.person_id)
Index(
    "ix_appointment_starts_at_process_id_entry", appointment.c.starts_at, appointment.c.process_id, appointment.c.entry
)
