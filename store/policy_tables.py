"""The tables of the policy's versions: their documents, what was published when, trials and adoptions."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from store.columns import at, metadata, ref, uid, words


def _policy() -> Column[object]:
    return Column("policy_id", Text, ForeignKey("policy.id"), nullable=False, index=True)


policy = Table(
    "policy",
    metadata,
    # Name and version, as the terms that come from it say: "lombardia@2026-11-22".
    Column("id", Text, primary_key=True),
    # The document. It is never changed: another text is another version.
    words("document"),
    at("submitted_at"),
    # Null for the first one, which is there from the start.
    ref("submitted_by", "staff", nullable=True),
)
Index("ix_policy_submitted_at_id", policy.c.submitted_at, policy.c.id)
publication = Table(
    "publication",
    metadata,
    # The latest is in force; going back is publishing the earlier version again.
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _policy(),
    at("published_at"),
    ref("published_by", "staff", nullable=True),
)
dry_run = Table(
    "dry_run",
    metadata,
    uid(),
    _policy(),
    # As of when it compares; a publication needs one that is not too old.
    at("started_at"),
    at("ended_at", nullable=True),
    # In cases.
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False, server_default="0"),
    # The last case that it has compared, in the order of ids.
    Column("cursor", Uuid),
)
Index("ix_dry_run_unfinished", dry_run.c.started_at, postgresql_where=text("ended_at is null"))
dry_run_change = Table(
    "dry_run_change",
    metadata,
    Column("dry_run_id", Uuid, ForeignKey("dry_run.id", ondelete="CASCADE"), primary_key=True),
    Column("process_id", Uuid, primary_key=True),
    words("kind"),
    Column("district_id", Uuid, nullable=False),
    Column("effects", ARRAY(Text), nullable=False),
    # The whole change, as `domain.dry_run.PolicyChange` is written.
    Column("change", JSONB, nullable=False),
)
adoption = Table(
    "adoption",
    metadata,
    uid(),
    _policy(),
    words("state"),
    at("started_at"),
    ref("started_by", "staff"),
    # When it was done or stopped.
    at("ended_at", nullable=True),
    # In cases.
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False, server_default="0"),
    # The last case that it has gone through; once it is through, those that failed or came in between have another try.
    Column("cursor", Uuid),
    Column("round", Integer, nullable=False, server_default="1"),
)
Index("uq_adoption_running", adoption.c.state, unique=True, postgresql_where=text("state = 'RUNNING'"))
adoption_failure = Table(
    "adoption_failure",
    metadata,
    Column("adoption_id", Uuid, ForeignKey("adoption.id"), primary_key=True),
    Column("case_id", Uuid, ForeignKey("case_file.id"), primary_key=True),
    Column("district_id", Uuid, nullable=False),
    # Why it could not be given the version: a code of `Refusal`.
    words("code"),
    at("failed_at"),
)
