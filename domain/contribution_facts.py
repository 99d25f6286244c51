"""The facts of contributions: the closed lists that they count by, the typed input of each step, what rules ask of."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from domain.choices import Choice
from domain.facts import Said
from domain.fields import Count, Day, Euro, EuroOrZero, FundingLineId, Note, ProcessId, ShortText, TenancyId


class Purpose(Choice):
    """What the money is for."""

    RENT = "Canone e morosità", "Rent and arrears"
    UTILITIES = "Utenze", "Utilities"


class Measure(Choice):
    """Under which rule the money is given."""

    INDIGENT = "Contributo di solidarietà per indigenti", "Solidarity contribution, indigent households"
    DIFFICULTY = "Contributo di solidarietà per difficoltà economica", "Solidarity contribution, economic difficulty"
    PROJECT = "Fondi di progetto", "Project money"


class RefusalGround(Choice):
    """Why a contribution is refused."""

    NOT_ELIGIBLE = "Requisiti mancanti", "Not eligible"
    OVER_ISEE = "ISEE oltre il limite", "ISEE over the limit"
    OVER_ASSETS = "Patrimonio oltre il limite", "Assets over the limit"
    NO_FUNDS = "Fondi esauriti", "No funds left"
    INCOMPLETE = "Domanda incompleta", "Application incomplete"
    LATE = "Domanda fuori termine", "Application too late"


class RevocationReason(Choice):
    """Why a grant is taken back before it is paid."""

    NO_LONGER_ELIGIBLE = "Requisiti venuti meno", "No longer eligible"
    FALSE_STATEMENT = "Dichiarazione non veritiera", "False statement"
    PAID_OTHERWISE = "Coperto in altro modo", "Covered otherwise"
    WRONG_LINE = "Linea di finanziamento errata", "Wrong funding line"


@dataclass(frozen=True, kw_only=True)
class RequestContribution:
    """What is asked for, EUR; `arrears` is the support, in the same case, that the money goes towards.

    `competitive`: requested in a call that ranks the applicants. `informed_on`: when the tenant was told of the call.
    """

    tenancy: TenancyId
    purpose: Purpose
    requested: Euro
    arrears: ProcessId | None = None
    competitive: bool = False
    informed_on: Day | None = None
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class AssessContribution:
    """What was found: `isee` and `eligible` in EUR, `months_assigned` whole months since the contract.

    `attested`: social services attest to the household's need. `within_assets`: within the asset limit. If there is a
    call, all are as of its date.
    """

    measure: Measure
    isee: EuroOrZero
    months_assigned: Count
    eligible: EuroOrZero
    attested: bool = False
    within_assets: bool = True
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class GrantContribution:
    """The amount, EUR, and the funding line that pays it."""

    funding_line: FundingLineId
    amount: Euro


@dataclass(frozen=True, kw_only=True)
class NotifyRefusal:
    """The ground for which the contribution is going to be refused; the note is what the notice says."""

    ground: RefusalGround
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class RecordReceipt:
    """The day on which the tenant received the notice, as the receipt proves."""

    received_on: Day


@dataclass(frozen=True, kw_only=True)
class RecordObservations:
    """What the tenant answers to the notice."""

    note: Note


@dataclass(frozen=True, kw_only=True)
class RefuseContribution:
    """The ground; `answer` says why the tenant's observations, if there are any, are not accepted."""

    ground: RefusalGround
    answer: Note | None = None


@dataclass(frozen=True, kw_only=True)
class PayContribution:
    """The number of the payment order."""

    reference: ShortText


@dataclass(frozen=True, kw_only=True)
class RevokeGrant:
    """Why the grant is taken back."""

    reason: RevocationReason
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class WithdrawContribution:
    """Why the tenant gives up."""

    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class ContributionFacts:
    """What a measure may require of a request that was assessed; amounts in EUR, months since the contract."""

    purpose: Annotated[Purpose | None, Said("Finalità", "Purpose")] = None
    requested: Annotated[Decimal | None, Said("Importo richiesto", "Requested", "EUR", least=0)] = None
    eligible: Annotated[Decimal | None, Said("Importo riconosciuto", "Eligible", "EUR", least=0)] = None
    isee: Annotated[Decimal | None, Said("ISEE", "ISEE", "EUR", least=0)] = None
    months_assigned: Annotated[int | None, Said("Mesi dal contratto", "Months since the contract", least=0)] = None
    attested: Annotated[bool, Said("Attestazione dei servizi sociali", "Attestation of social services")] = False
    within_assets: Annotated[bool, Said("Patrimonio entro il limite", "Assets within the limit")] = True
    for_arrears: Annotated[bool, Said("Destinato a una morosità", "Towards arrears")] = False
    competitive: Annotated[bool, Said("Procedura competitiva", "Competitive procedure")] = False
    informed: Annotated[bool, Said("Informato dell'avviso", "Told of the call")] = False
