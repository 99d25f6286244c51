"""Papers asked for, brought, checked one by one; a document issued, or not."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.document_practice import PAPERS_MOST, DocumentPractice
from tests.domain.lives import Life

ASKED = {"titles": ["ISEE", "Carta d'identità"], "due_on": "2026-03-20"}


def collecting() -> Life[DocumentPractice]:
    """Two papers asked for on Monday 2 March 2026."""
    life = Life(DocumentPractice)
    life.take("open", document="HOUSEHOLD_CHANGE")
    life.take("ask_papers", **ASKED)
    return life


def upload(life: Life[DocumentPractice], title: str) -> None:
    life.take("upload_paper", title=title, reference=f"doc/{title}")


def test_with_the_last_paper_approved_the_practice_is_complete() -> None:
    life = collecting()
    upload(life, "ISEE")
    assert life.state == "CHECKING"
    assert life.take("approve_paper", title="ISEE").state == "COLLECTING"
    upload(life, "Carta d'identità")
    assert life.take("approve_paper", title="Carta d'identità").state == "COMPLETE"
    assert life.take("file", protocol="2026/4411").state == "FILED"
    assert life.take("issue", reference="doc/variazione").state == "ISSUED"


def test_a_rejected_paper_is_brought_again() -> None:
    """With what was wrong with it on record until then."""
    life = collecting()
    upload(life, "ISEE")
    upload(life, "Carta d'identità")
    assert life.take("reject_paper", title="ISEE", fault="EXPIRED").state == "CHECKING"
    assert life.take("approve_paper", title="Carta d'identità").state == "COLLECTING"
    assert [paper.fault and paper.fault.name for paper in life.process.papers] == ["EXPIRED", None]
    upload(life, "ISEE")
    assert life.process.papers[0].fault is None
    assert life.take("approve_paper", title="ISEE").state == "COMPLETE"


@pytest.mark.parametrize(
    ("step", "given", "code"),
    [
        ("approve_paper", {"title": "Carta d'identità"}, "PAPER_NOT_UPLOADED"),
        ("reject_paper", {"title": "Carta d'identità", "fault": "UNSIGNED"}, "PAPER_NOT_UPLOADED"),
        ("approve_paper", {"title": "Passaporto"}, "PAPER_UNKNOWN"),
        ("upload_paper", {"title": "Passaporto", "reference": "doc/1"}, "PAPER_UNKNOWN"),
        ("waive_paper", {"title": "Passaporto"}, "PAPER_UNKNOWN"),
        ("upload_paper", {"title": "Stato di famiglia", "reference": "doc/1"}, "PAPER_APPROVED"),
    ],
)
def test_each_paper_takes_its_own_way(step: str, given: dict[str, Any], code: str) -> None:
    life = collecting()
    life.take("ask_papers", titles=["Stato di famiglia"], due_on="2026-03-20")
    upload(life, "Stato di famiglia")
    life.take("approve_paper", title="Stato di famiglia")
    upload(life, "ISEE")
    refusal = life.refused(step, **given)
    assert (refusal.code, refusal.path) == (code, ("title",))


def test_a_paper_may_not_be_needed_after_all() -> None:
    life = collecting()
    upload(life, "ISEE")
    life.take("approve_paper", title="ISEE")
    assert life.take("waive_paper", title="Carta d'identità").state == "COMPLETE"
    assert [paper.title for paper in life.process.papers] == ["ISEE"]


def test_a_practice_that_needs_no_papers_is_filed_at_once() -> None:
    life = Life(DocumentPractice)
    life.take("open", document="CERTIFICATE")
    assert life.take("file", protocol="2026/4412").state == "FILED"


def test_more_papers_may_be_asked_for() -> None:
    """Also of a practice that seemed complete; none twice, and not without end."""
    life = collecting()
    for title in ASKED["titles"]:
        upload(life, title)
        life.take("approve_paper", title=title)
    assert life.take("ask_papers", titles=["Stato di famiglia"], due_on="2026-04-01").state == "COLLECTING"
    assert life.refused("ask_papers", titles=["ISEE"], due_on="2026-04-01").code == "PAPER_ALREADY_ASKED"
    assert life.refused("ask_papers", titles=["Foto", "Foto"], due_on="2026-04-01").code == "PAPER_ALREADY_ASKED"
    many = [f"Allegato {number}" for number in range(PAPERS_MOST - 2)]
    assert life.refused("ask_papers", titles=many, due_on="2026-04-01").code == "TOO_MANY"
    assert life.refused("ask_papers", titles=[], due_on="2026-04-01").code == "INPUT_INVALID"


def test_the_term_runs_from_the_day_by_which_the_papers_were_asked_for() -> None:
    """Friday 20 March: on Monday the 23rd somebody asks; a day that is moved moves it along."""
    life = collecting()
    assert life.process.deadline == datetime(2026, 3, 23, 23, tzinfo=UTC)
    life.take("move_due_day", due_on="2026-03-25")
    assert life.process.deadline == datetime(2026, 3, 26, 23, tzinfo=UTC)
    assert life.refused("move_due_day", due_on="2026-03-01").code == "DUE_DATE_PAST"


def test_a_paper_rejected_after_the_day_is_awaited_from_the_rejection() -> None:
    """Not overdue at once: the tenant has just been told."""
    life = collecting()
    upload(life, "ISEE")
    life.on(date(2026, 4, 1)).take("reject_paper", title="ISEE", fault="UNREADABLE")
    assert life.state == "COLLECTING"
    assert life.process.deadline
    assert life.process.deadline > life.at


def test_a_document_is_refused_with_a_reason() -> None:
    life = collecting()
    life.take("refuse", reason="PAPERS_MISSING", note=UUID(int=2))
    assert life.state == "REFUSED"
    assert life.process.refused_because
