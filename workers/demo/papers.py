"""Document practices: issued, issued after a paper was sent back, refused, withdrawn, or still collecting."""

from datetime import timedelta
from typing import Any

from workers.demo.client import Process
from workers.demo.story import Story
from workers.demo.weeks import Clock

_PAPERS = ("Documento di identità", "ISEE in corso di validità")


async def issued(story: Story, clock: Clock) -> None:
    """Two papers asked for and brought, the practice filed, the document there."""
    practice = await _asked(story, clock, "TRANSFER_OF_TENANCY")
    await _brought(story, practice, clock)
    await _approved(story, practice, clock)
    await _issued(story, practice, clock)


async def issued_after_another_paper(story: Story, clock: Clock) -> None:
    """One paper has expired: sent back, and brought anew."""
    practice = await _asked(story, clock, "RENT_RECALCULATION")
    await _brought(story, practice, clock)
    administration = story.office.administration
    await practice.take(administration, "RejectPaper", clock.days(1), title=_PAPERS[1], fault="EXPIRED")
    await practice.take(administration, "ApprovePaper", clock.minutes(), title=_PAPERS[0])
    await practice.take(story.operator, "UploadPaper", clock.days(4), title=_PAPERS[1], reference="ARC-2")
    await practice.take(administration, "ApprovePaper", clock.days(1), title=_PAPERS[1])
    await _issued(story, practice, clock)


async def certificate(story: Story, clock: Clock) -> None:
    """A certificate that needs no papers."""
    practice = await _opened(story, clock, "CERTIFICATE")
    await _issued(story, practice, clock)


async def refused(story: Story, clock: Clock) -> None:
    """The papers show that the tenant is not entitled."""
    practice = await _asked(story, clock, "DWELLING_CHANGE")
    await _brought(story, practice, clock)
    await practice.take(
        story.office.administration, "RefuseDocument", clock.days(3),
        reason="NOT_ENTITLED", note="Alloggio adeguato al nucleo.",
    )  # fmt: skip


async def withdrawn(story: Story, clock: Clock) -> None:
    """The guest has left, the document is needed no more."""
    practice = await _asked(story, clock, "HOSPITALITY")
    await practice.take(story.operator, "WithdrawPractice", clock.days(3))


async def being_checked(story: Story, clock: Clock) -> None:
    """The papers were brought; the office is at it."""
    practice = await _asked(story, clock, "HOUSEHOLD_CHANGE")
    await _brought(story, practice, clock)


async def papers_awaited(story: Story, clock: Clock) -> None:
    """The tenant knows what to bring; nothing has come yet."""
    await _asked(story, clock, "INCOME_REGISTER")


async def _opened(story: Story, clock: Clock, document: str) -> Process:
    return await story.open(story.operator, "OpenPractice", clock.minutes(), document=document)


async def _asked(story: Story, clock: Clock, document: str) -> Process:
    practice = await _opened(story, clock, document)
    asked: dict[str, Any] = {"titles": _PAPERS, "dueOn": (clock.today + timedelta(days=15)).isoformat()}
    await practice.take(story.office.administration, "AskPapers", clock.days(1), **asked)
    return practice


async def _brought(story: Story, practice: Process, clock: Clock) -> None:
    clock.days(4)
    for number, title in enumerate(_PAPERS):
        await practice.take(story.operator, "UploadPaper", clock.minutes(), title=title, reference=f"ARC-{number}")


async def _approved(story: Story, practice: Process, clock: Clock) -> None:
    clock.days(1)
    for title in _PAPERS:
        await practice.take(story.office.administration, "ApprovePaper", clock.minutes(), title=title)


async def _issued(story: Story, practice: Process, clock: Clock) -> None:
    administration = story.office.administration
    await practice.take(administration, "FilePractice", clock.days(1), protocol=f"{clock.today:%Y/%m%d}")
    await practice.take(administration, "IssueDocument", clock.days(4), reference=f"DOC-{clock.today:%m%d}")
