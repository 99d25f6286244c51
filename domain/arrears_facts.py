"""The facts of arrears support: the closed lists that it counts by, and the typed input of each of its steps."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.choices import Choice
from domain.fields import Count, Day, Euro, EuroOrZero, Note, ShortText, TenancyId
from domain.repayment_plan import ZERO, Frequency


class BalanceSource(Choice):
    """Where the figure of a debt comes from."""

    ACCOUNTS = "Contabilità dell'agenzia", "The agency's accounts"
    LETTER = "Lettera di sollecito", "A letter of demand"
    TENANT = "Dichiarato dall'inquilino", "Stated by the tenant"
    CONDOMINIUM = "Amministratore di condominio", "The condominium's manager"


class DisputeGround(Choice):
    """Why a tenant disputes a debt."""

    INCOME_CHANGED = "Reddito cambiato: canone da ricalcolare", "Income changed: rent to be recalculated"
    PAID_ALREADY = "Versamenti non registrati", "Payments not credited"
    CHARGES = "Spese non dovute", "Charges not due"
    TIME_BARRED = "Prescrizione", "Time-barred"
    OTHER = "Altro", "Other"


class Recalculation(Choice):
    """What came of the recalculation of the rent, which is offered before anything else."""

    DONE = "Effettuato", "Done"
    DECLINED = "Rifiutato dall'inquilino", "Declined by the tenant"
    NOT_APPLICABLE = "Non applicabile", "Not applicable"


class ArrearsCause(Choice):
    """Whose fault the arrears are."""

    NO_FAULT = "Incolpevole", "No fault"
    AT_FAULT = "Colpevole", "At fault"
    UNDETERMINED = "Non determinata", "Undetermined"


class NoFaultEvidence(Choice):
    """What may prove arrears without fault (DM 14 May 2014, art. 2)."""

    DISMISSAL = "Licenziamento", "Dismissal"
    REDUCED_HOURS = "Riduzione dell'orario di lavoro", "Reduced working hours"
    WAGE_GUARANTEE_FUND = "Cassa integrazione", "Wage guarantee fund"
    CONTRACT_NOT_RENEWED = "Contratto a termine non rinnovato", "Fixed-term contract not renewed"
    BUSINESS_CLOSED = "Cessazione dell'attività", "Business closed"
    SERIOUS_ILLNESS = "Malattia grave", "Serious illness"
    INJURY = "Infortunio", "Injury"
    DEATH = "Decesso nel nucleo", "A death in the household"


class CauseJudge(Choice):
    """Who decided on the cause."""

    OPERATOR = "Operatore", "Operator"
    COMMISSION = "Commissione", "Commission"


class PaymentSource(Choice):
    """Who paid."""

    TENANT = "Inquilino", "Tenant"
    CONTRIBUTION = "Contributo", "Contribution"
    THIRD_PARTY = "Altri", "Somebody else"


class CourtDate(Choice):
    """What a court has fixed a day for; it blocks letters of demand until then."""

    HEARING = "Udienza", "Hearing"
    EVICTION = "Sfratto", "Eviction"


class EscalationReason(Choice):
    """Why arrears go to the office that decides on legal action."""

    BREACHED = "Piano non rispettato", "Plan breached"
    NO_AGREEMENT = "Nessun accordo", "No agreement"
    NO_ANSWER = "Nessuna risposta nei termini", "No answer in time"


class StopReason(Choice):
    """Why support ends before the debt does."""

    DECLINED = "Rifiutato dall'inquilino", "Declined by the tenant"
    UNREACHABLE = "Inquilino irreperibile", "Tenant unreachable"
    MOVED = "Inquilino trasferito", "Tenant moved"
    DECEASED = "Inquilino deceduto", "Tenant deceased"
    DUPLICATE = "Doppione", "Duplicate"


@dataclass(frozen=True, kw_only=True)
class OpenArrears:
    """A debt on a tenancy: rent, service charges or utilities; `months_owed` is how many months it is worth."""

    tenancy: TenancyId
    balance: Euro
    months_owed: Count
    source: BalanceSource
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class VerifyDebt:
    """What the accounts say is owed; zero when nothing is."""

    balance: EuroOrZero
    months_owed: Count
    source: BalanceSource = BalanceSource.ACCOUNTS


@dataclass(frozen=True, kw_only=True)
class DisputeDebt:
    """Why the tenant says that the debt is not as stated."""

    ground: DisputeGround
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class ResolveDispute:
    """What is owed in the end (zero when nothing is), and what came of the recalculation that was offered."""

    balance: EuroOrZero
    months_owed: Count
    recalculation: Recalculation
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class AssessCause:
    """Whose fault the arrears are; arrears without fault need the evidence that proves it."""

    cause: ArrearsCause
    evidence: NoFaultEvidence | None = None
    decided_by: CauseJudge = CauseJudge.OPERATOR
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class ProposePlan:
    """`instalments` equal to the cent from `first_due_on` on, after a `first_payment` due at the signature."""

    instalments: Annotated[Count, Field(ge=1)]
    first_due_on: Day
    first_payment: EuroOrZero = ZERO
    frequency: Frequency = Frequency.MONTHLY


@dataclass(frozen=True, kw_only=True)
class SignPlan:
    """`reference` finds the signed paper in the agency's archive."""

    reference: ShortText | None = None


@dataclass(frozen=True, kw_only=True)
class RefusePlan:
    """What the tenant says against the plan."""

    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class RecordPayment:
    """Money received; `bill` is the number of the bill that the payer named, if any."""

    amount: Euro
    bill: ShortText | None = None
    source: PaymentSource = PaymentSource.TENANT


@dataclass(frozen=True, kw_only=True)
class RecordBill:
    """A charge that came after the debt; `number` is the one printed on it."""

    number: ShortText
    amount: Euro
    due_on: Day


@dataclass(frozen=True, kw_only=True)
class RecordCourtDate:
    """The day fixed, or none when it was called off."""

    kind: CourtDate
    on: Day | None = None


@dataclass(frozen=True, kw_only=True)
class EscalateArrears:
    """Why, and the office that decides."""

    reason: EscalationReason
    office: ShortText
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class StopArrears:
    """Why support ends."""

    reason: StopReason
    note: Note | None = None
