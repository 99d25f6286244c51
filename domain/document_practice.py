"""A document to obtain: papers asked of a tenant, checked one by one, filed, and the document issued (DOMAIN 3)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from pydantic import Field

from domain.choices import Choice
from domain.fields import Day, Note, ShortText, ahead, start_of
from domain.process import NEW, OPEN, SAME, Process, States, step
from domain.refusals import Refusal, Refused
from domain.roles import FIELD, OFFICE, Party, Role

PAPERS_MOST = 40
"""How many papers a practice may ask for: a bound on what the process carries."""


class DocumentKind(Choice):
    """What the tenant needs."""

    INCOME_REGISTER = "Anagrafe utenza", "Income register update"
    RENT_RECALCULATION = "Ricalcolo del canone", "Rent recalculation"
    TRANSFER_OF_TENANCY = "Voltura o subentro", "Transfer of tenancy"
    HOUSEHOLD_CHANGE = "Variazione del nucleo", "Change of household"
    DWELLING_CHANGE = "Cambio alloggio", "Change of dwelling"
    HOSPITALITY = "Ospitalità temporanea", "Temporary guest"
    CERTIFICATE = "Attestazione o certificato", "Certificate"
    ISEE = "ISEE", "ISEE"
    OTHER = "Altro", "Other"


class PaperStatus(Choice):
    """How far a paper is."""

    ASKED = "Richiesto", "Asked for"
    UPLOADED = "Caricato", "Uploaded"
    APPROVED = "Approvato", "Approved"
    REJECTED = "Respinto", "Rejected"


class PaperFault(Choice):
    """Why a paper is rejected."""

    UNREADABLE = "Illeggibile", "Unreadable"
    EXPIRED = "Scaduto", "Expired"
    WRONG_PAPER = "Documento sbagliato", "Wrong paper"
    INCOMPLETE = "Incompleto", "Incomplete"
    UNSIGNED = "Non firmato", "Not signed"


class PracticeRefusal(Choice):
    """Why the document is not issued."""

    NOT_ENTITLED = "Requisiti mancanti", "Not entitled"
    PAPERS_MISSING = "Documenti non presentati", "Papers not presented"
    OTHER_OFFICE = "Di competenza di altro ente", "Another body's matter"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One paper of the practice; `reference` finds it in the agency's archive, `fault` is why it was rejected."""

    title: ShortText
    status: PaperStatus = PaperStatus.ASKED
    reference: ShortText | None = None
    fault: PaperFault | None = None


@dataclass(frozen=True, kw_only=True)
class OpenPractice:
    """The document that the tenant needs."""

    document: DocumentKind
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class AskPapers:
    """The papers that are needed, and the day by which the tenant brings them."""

    titles: Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=PAPERS_MOST)]
    due_on: Day


@dataclass(frozen=True, kw_only=True)
class MoveDueDay:
    """The new day by which the tenant brings the papers."""

    due_on: Day


@dataclass(frozen=True, kw_only=True)
class UploadPaper:
    """A paper that was brought, and its reference in the agency's archive."""

    title: ShortText
    reference: ShortText


@dataclass(frozen=True, kw_only=True)
class ApprovePaper:
    """The paper that is good."""

    title: ShortText


@dataclass(frozen=True, kw_only=True)
class RejectPaper:
    """What is wrong with the paper."""

    title: ShortText
    fault: PaperFault
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class WaivePaper:
    """The paper that is not needed after all."""

    title: ShortText


@dataclass(frozen=True, kw_only=True)
class FilePractice:
    """The number given by the protocol office."""

    protocol: ShortText


@dataclass(frozen=True, kw_only=True)
class IssueDocument:
    """The reference of the document in the agency's archive."""

    reference: ShortText


@dataclass(frozen=True, kw_only=True)
class RefuseDocument:
    """Why the document is not issued."""

    reason: PracticeRefusal
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class WithdrawPractice:
    """Why the tenant needs the document no more."""

    note: Note | None = None


@dataclass(kw_only=True)
class DocumentPractice(Process, it="Pratica documentale"):
    """Papers asked of a tenant and checked one by one, filed, and the document obtained."""

    class State(States):
        REQUESTED = "Richiesta", "Requested", Role.ADMINISTRATIVE
        COLLECTING = "In raccolta", "Collecting papers", Party.TENANT
        CHECKING = "In verifica", "Checking papers", Role.ADMINISTRATIVE
        COMPLETE = "Completa", "Complete", Role.ADMINISTRATIVE
        FILED = "Protocollata", "Filed", Role.ADMINISTRATIVE
        ISSUED = "Documento rilasciato", "Document issued"
        REFUSED = "Documento negato", "Document refused"
        WITHDRAWN = "Ritirata", "Withdrawn"
        ENTERED_IN_ERROR = "Inserita per errore", "Entered in error"

    document: DocumentKind | None = None
    papers: tuple[Paper, ...] = ()
    due_on: Day | None = None
    protocol: ShortText | None = None
    reference: ShortText | None = None
    refused_because: PracticeRefusal | None = None

    def clock_starts(self) -> datetime | None:
        """While papers are awaited, from the day by which they were asked for."""
        if self.state == self.State.COLLECTING.name and self.due_on and self.entered_at:
            return max(start_of(self.due_on), self.entered_at)
        return self.entered_at

    @step(NEW >> State.REQUESTED, by=FIELD | OFFICE, it="Apri la pratica documentale", en="Open a document practice")
    def open(self, given: OpenPractice, at: datetime) -> None:
        """The tenant needs a document."""
        self.document = given.document

    @step(
        (State.REQUESTED | State.COMPLETE) >> State.COLLECTING,
        (State.COLLECTING | State.CHECKING) >> SAME,
        by=FIELD | OFFICE,
        it="Chiedi i documenti",
    )
    def ask_papers(self, given: AskPapers, at: datetime) -> None:
        """Ask the tenant for the papers that the practice needs, or for more of them."""
        ahead(given.due_on, at, "due_on")
        if len(self.papers) + len(given.titles) > PAPERS_MOST:
            raise Refused(Refusal.TOO_MANY, path=("titles",), most=PAPERS_MOST)
        for title in given.titles:
            if any(paper.title == title for paper in self.papers):
                raise Refused(Refusal.PAPER_ALREADY_ASKED, path=("titles",), title=title)
            self.papers += (Paper(title=title),)
        self.due_on = given.due_on

    @step((State.COLLECTING | State.CHECKING) >> SAME, by=FIELD | OFFICE, it="Sposta la scadenza")
    def move_due_day(self, given: MoveDueDay, at: datetime) -> None:
        """Give the tenant until another day to bring the papers."""
        ahead(given.due_on, at, "due_on")
        self.due_on = given.due_on

    @step(State.COLLECTING >> State.CHECKING, State.CHECKING >> SAME, by=FIELD | OFFICE, it="Carica un documento")
    def upload_paper(self, given: UploadPaper, at: datetime) -> None:
        """The tenant brought a paper, or a better one."""
        if self._paper(given.title).status is PaperStatus.APPROVED:
            raise Refused(Refusal.PAPER_APPROVED, path=("title",), title=given.title)
        self._replace(given.title, status=PaperStatus.UPLOADED, reference=given.reference, fault=None)

    @step(State.CHECKING >> (SAME | State.COLLECTING | State.COMPLETE), by=OFFICE, it="Approva un documento")
    def approve_paper(self, given: ApprovePaper, at: datetime) -> States | None:
        """The paper is good; with the last one the practice is complete."""
        self._uploaded(given.title)
        self._replace(given.title, status=PaperStatus.APPROVED)
        return self._stage()

    @step(State.CHECKING >> (SAME | State.COLLECTING), by=OFFICE, it="Respingi un documento")
    def reject_paper(self, given: RejectPaper, at: datetime) -> States | None:
        """The paper is not good: the tenant brings another."""
        self._uploaded(given.title)
        self._replace(given.title, status=PaperStatus.REJECTED, fault=given.fault)
        return self._stage()

    @step(
        State.COLLECTING >> (SAME | State.COMPLETE),
        State.CHECKING >> (SAME | State.COLLECTING | State.COMPLETE),
        by=OFFICE,
        it="Rinuncia a un documento",
    )
    def waive_paper(self, given: WaivePaper, at: datetime) -> States | None:
        """A paper is not needed after all."""
        self._paper(given.title)
        self.papers = tuple(paper for paper in self.papers if paper.title != given.title)
        return self._stage()

    @step((State.REQUESTED | State.COMPLETE) >> State.FILED, by=OFFICE, it="Protocolla")
    def file(self, given: FilePractice, at: datetime) -> None:
        """File the practice at the protocol office: it is complete, or needs no papers."""
        self.protocol = given.protocol

    @step(State.FILED >> State.ISSUED, by=OFFICE, it="Rilascia il documento")
    def issue(self, given: IssueDocument, at: datetime) -> None:
        """The document is there, and the tenant has it."""
        self.reference = given.reference

    @step(OPEN >> State.REFUSED, by=OFFICE, it="Nega il documento")
    def refuse(self, given: RefuseDocument, at: datetime) -> None:
        """The document cannot be issued, and the tenant knows why."""
        self.refused_because = given.reason

    @step(OPEN >> State.WITHDRAWN, by=FIELD | OFFICE, it="Ritira la pratica")
    def withdraw(self, given: WithdrawPractice, at: datetime) -> None:
        """The tenant needs the document no more."""

    def _paper(self, title: str) -> Paper:
        for paper in self.papers:
            if paper.title == title:
                return paper
        raise Refused(Refusal.PAPER_UNKNOWN, path=("title",), titles=[paper.title for paper in self.papers])

    def _uploaded(self, title: str) -> None:
        paper = self._paper(title)
        if paper.status is not PaperStatus.UPLOADED:
            raise Refused(Refusal.PAPER_NOT_UPLOADED, path=("title",), title=title, status=paper.status)

    def _replace(self, title: str, **changes: object) -> None:
        old = self._paper(title)
        new = replace(old, **changes)  # type: ignore[arg-type]
        self.papers = tuple(new if paper is old else paper for paper in self.papers)

    def _stage(self) -> States | None:
        """Where the practice is by what its papers are; None if it is there already."""
        statuses = {paper.status for paper in self.papers}
        if PaperStatus.UPLOADED in statuses:
            stage = self.State.CHECKING
        elif statuses <= {PaperStatus.APPROVED}:
            stage = self.State.COMPLETE
        else:
            stage = self.State.COLLECTING
        return None if stage.name == self.state else stage
