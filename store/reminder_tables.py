"""The tables of what people are told: a reminder is a row before it is a message, and leaves with its state.

The projection schedules and cancels reminders; dispatch claims them and writes messages; receipts say what became of
those.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from store.columns import at, lists, metadata, uid, words

FAILED = "status in ('TEMPORARY_FAILURE', 'PERMANENT_FAILURE', 'RETURNED', 'UNKNOWN', 'CANCELLED')"
"""Which messages have not arrived, or are not known to."""

UNREAD = "recipient = 'STAFF' and channel = 'IN_APP' and read_at is null"
"""Which messages are notices in the application that nobody has read yet."""

ABOUT = "jsonb_path_query_array(told, '$[*].process_id')"
"""The ids of the processes that a message is about, as a JSON array."""

reminder = Table(
    "reminder",
    metadata,
    Column("process_id", Uuid, ForeignKey("process.id"), primary_key=True),
    Column("entry", Integer, primary_key=True),
    # The clause of the policy that asks for it ("office.2"), or what else did.
    Column("rung", Text, primary_key=True),
    Column("occurrence", SmallInteger, primary_key=True),
    # Whose rung it is; null for what no ladder asked for, which lasts as long as its state.
    words("policy", nullable=True),
    # Who is to be told; null for what is done otherwise.
    words("whom", nullable=True),
    at("due_at"),
    at("leaves_at"),
    # SCHEDULED, CLAIMED while it is being done, then DONE or CANCELLED.
    words("status"),
    # By when whoever claimed it must be done; then somebody else may.
    at("lease_until", nullable=True),
    at("ended_at", nullable=True),
    # Why it was cancelled, by a code; who did, if it was a person.
    words("code", nullable=True),
    Column("ended_by", Uuid, ForeignKey("staff.id")),
    # The message that told it; of several, to several supervisors, the first.
    Column("message_id", Uuid, ForeignKey("message.id"), index=True),
    # What no ladder asked for carries its own rung, as `domain.ladder.Rung` is written.
    Column("own", JSONB),
)
# What is to come in the order in which it leaves, and what is over.
for name, which in (
    ("ix_reminder_due", "status = 'SCHEDULED'"),
    ("ix_reminder_over", "status in ('DONE', 'CANCELLED')"),
):
    Index(name, reminder.c.leaves_at, *reminder.primary_key.columns, postgresql_where=text(which))
Index("ix_reminder_claimed", reminder.c.lease_until, postgresql_where=text("status = 'CLAIMED'"))
message = Table(
    "message",
    metadata,
    uid(),
    # PERSON, STAFF or REFERENT.
    words("recipient"),
    Column("recipient_id", Uuid, nullable=False),
    # The local day; one message a person a day, but for those that go alone: urgent ones and formal notices.
    Column("day", Date, nullable=False),
    Column("alone", Boolean, nullable=False),
    Column("formal", Boolean, nullable=False),
    words("channel"),
    # What the provider knows it by: another one for each channel.
    Column("key", Uuid, nullable=False, unique=True),
    # The channels that are left, should this one not reach them.
    lists("channels"),
    words("language"),
    words("subject"),
    words("body"),
    words("sent_to", nullable=True),
    # The reminders that it is for, by their keys.
    Column("told", JSONB, nullable=False),
    words("status"),
    words("code", nullable=True),
    words("provider_id", nullable=True),
    Column("tries", SmallInteger, nullable=False, server_default="0"),
    # When dispatch looks at it again: to try once more, to take it over, to act upon what became of it.
    at("next_at", nullable=True),
    at("created_at"),
    at("sent_at", nullable=True),
    at("ended_at", nullable=True),
    at("read_at", nullable=True),
)
Index(
    "uq_message_one_a_day",
    message.c.recipient_id,
    message.c.day,
    unique=True,
    postgresql_where=text("recipient = 'PERSON' and not alone"),
)
Index("ix_message_next_at", message.c.next_at, postgresql_where=text("next_at is not null"))
Index("ix_message_recipient", message.c.recipient_id, message.c.created_at, message.c.id)
Index("ix_message_created_at_id", message.c.created_at, message.c.id)
# Few: what supervisors look for, and what somebody has still to read.
Index("ix_message_failed", message.c.created_at, message.c.id, postgresql_where=text(FAILED))
Index("ix_message_unread", message.c.recipient_id, message.c.created_at, message.c.id, postgresql_where=text(UNREAD))
Index("ix_message_about", text(ABOUT), postgresql_using="gin", _table=message)
dispatch = Table(
    "dispatch",
    metadata,
    # One row: until when the dispatch workflow sleeps, so that whoever schedules something earlier wakes it.
    Column("id", SmallInteger, primary_key=True),
    Column("wakes_at", DateTime(timezone=True), nullable=False),
)
