"""The facts of referrals: the closed lists that they count by, and the typed input of each step."""

from dataclasses import dataclass

from domain.choices import Choice
from domain.fields import Moment, Note, PartnerServiceId
from domain.tenant_case import Fragility


class LegalBasis(Choice):
    """Why the partner may be told (GDPR art. 6 and 9; D.Lgs. 196/2003, art. 2-sexies)."""

    CONSENT = "Consenso", "Consent"
    LEGAL_OBLIGATION = "Obbligo di legge", "Legal obligation"
    VITAL_INTEREST = "Interesse vitale", "Vital interest"
    PUBLIC_INTEREST = "Interesse pubblico rilevante", "Substantial public interest"


class ConsentScope(Choice):
    """Whom the tenant consents to tell."""

    THIS_PARTNER = "Solo questo ente", "This partner only"
    NETWORK = "Gli enti della rete", "The partners of the network"


class AnswerChannel(Choice):
    """How a partner's step reached the agency."""

    PHONE = "Telefono", "Phone"
    EMAIL = "Posta elettronica", "E-mail"
    IN_PERSON = "Di persona", "In person"
    LINK = "Collegamento personale", "Personal link"


class ReferralRejection(Choice):
    """Why a partner does not take a referral."""

    NO_PLACES = "Nessun posto libero", "No free places"
    NOT_ELIGIBLE = "Requisiti mancanti", "Not eligible"
    NOT_COMPETENT = "Fuori competenza", "Not their competence"
    OUT_OF_AREA = "Fuori zona", "Out of area"
    OTHER = "Altro", "Other"


class ReferralHold(Choice):
    """What a referral waits for."""

    WAITING_LIST = "Lista d'attesa", "Waiting list"
    PAPERS = "Documenti", "Papers"
    TENANT = "Disponibilità dell'inquilino", "The tenant's availability"
    PARTNER = "Organizzazione dell'ente", "The partner's organisation"


class ReferralFailure(Choice):
    """Why a referral came to nothing."""

    NO_SHOW = "L'inquilino non si è presentato", "The tenant did not come"
    LEFT = "L'inquilino ha interrotto", "The tenant left"
    UNREACHABLE = "Inquilino irreperibile", "The tenant cannot be reached"
    SERVICE_ENDED = "Servizio interrotto", "The service ended"


class ReferralCancellation(Choice):
    """Why a referral is cancelled."""

    CONSENT_WITHDRAWN = "Consenso negato o revocato", "Consent denied or withdrawn"
    NOT_NEEDED = "Non più necessario", "No longer needed"
    NO_PARTNER = "Nessun ente disponibile", "No partner available"
    BY_PARTNER = "Annullato dall'ente", "Cancelled by the partner"
    DUPLICATE = "Doppione", "Duplicate"


class Helped(Choice):
    """What the tenant says of it."""

    YES = "Sì", "Yes"
    PARTLY = "In parte", "Partly"
    NO = "No", "No"
    NOT_REACHED = "Inquilino non raggiunto", "Tenant not reached"


@dataclass(frozen=True, kw_only=True)
class DraftReferral:
    """The need that a partner's service should meet; the note is what the partner will be told."""

    service: PartnerServiceId
    area: Fragility
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class ChooseService:
    """The service that is proposed, usually the next that matches."""

    service: PartnerServiceId


@dataclass(frozen=True, kw_only=True)
class RecordConsent:
    """Whom the tenant consents to tell, by a consent that was signed or spoken on a day."""

    scope: ConsentScope = ConsentScope.THIS_PARTNER
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class RecordOtherBasis:
    """The legal basis that stands in for consent, and why."""

    basis: LegalBasis
    note: Note


@dataclass(frozen=True, kw_only=True)
class PartnerAnswer:
    """How the partner's answer came (`how`); the appointment that it gives the tenant, if any."""

    how: AnswerChannel
    appointment: Moment | None = None
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class RejectReferral:
    """Why the partner does not take the referral, and how it said so."""

    reason: ReferralRejection
    how: AnswerChannel
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class HoldReferral:
    """What the referral waits for, and how the partner said so."""

    reason: ReferralHold
    how: AnswerChannel
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class FailReferral:
    """Why the referral came to nothing, and how the partner said so."""

    reason: ReferralFailure
    how: AnswerChannel
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class CancelReferral:
    """Why the referral is cancelled."""

    reason: ReferralCancellation
    note: Note | None = None


@dataclass(frozen=True, kw_only=True)
class RecordFeedback:
    """Whether it helped, as the tenant says."""

    helped: Helped
    note: Note | None = None
