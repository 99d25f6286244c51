"""Why a step, or any other request, is refused: one tree.

    Exception
    └── Refused                 expected: code, parameters, path of the input, a sentence that says what to do
        (anything else)         a bug: it reaches the top-level `errors`, with no detail, and the log with all of it

A refusal changes nothing. `Refusal` is the catalogue of codes with their sentences.
"""

from datetime import date, datetime

from domain.choices import Choice, Label, Language
from domain.terms import ROME


class Refusal(Choice):
    """Every code that a client can meet, with its sentence; `{names}` are the refusal's parameters."""

    # The machine, the version, the time of a step.
    STEP_NOT_ALLOWED = (
        "Il passo «{step}» non è possibile nello stato «{state}».",
        "The step “{step}” is not possible in state “{state}”.",
    )
    STEP_IN_PROGRESS = (
        "Un altro passo su questo procedimento è in corso: riprovare tra un momento.",
        "Another step on this process is being carried out: try again in a moment.",
    )
    STALE_VERSION = (
        "Nel frattempo la scheda è cambiata (versione {version}, inviata {expected}): ricaricarla e riprovare.",
        "It has changed in the meantime (version {version}, {expected} was sent): reload it and try again.",
    )
    FACT_IN_FUTURE = (
        "Un fatto non può essere avvenuto nel futuro: correggere data e ora.",
        "A fact cannot have happened in the future: correct its date and time.",
    )
    FACT_BEFORE_LAST = (
        "Il fatto precede il passo precedente, avvenuto il {last}: correggere data e ora.",
        "The fact comes before the previous step, which happened on {last}: correct its date and time.",
    )
    DUE_DATE_PAST = (
        "La data {date} è già passata: indicarne una futura.",
        "The date {date} has already passed: give a future one.",
    )
    TASK_OVER = (
        "Non è più da fare: il procedimento è andato avanti.",
        "It is no longer to be done: the process has moved on.",
    )
    TASK_OF_STEP = (
        "Non si chiude da sé: lo chiude un passo del procedimento, o il suo termine.",
        "It is not closed by itself: a step of the process does it, or a new term.",
    )
    REMINDER_GONE = (
        "Il promemoria non è più in programma ({status}): è già partito, o annullato.",
        "The reminder is not scheduled any more ({status}): it has left already, or was cancelled.",
    )
    REMINDER_NO_MESSAGE = (
        "Questo promemoria non scrive a nessuno: si può solo annullare.",
        "This reminder writes to nobody: it can only be cancelled.",
    )
    TEXT_LACKS_VALUE = (
        "Il testo dice qualcosa che di questo procedimento non si sa: non potrebbe partire.",
        "The text says something that is not known of this process: it could not leave.",
    )
    CASE_NOT_OPEN = (
        "La pratica non è aperta: riaprirla prima, o aprirne una nuova.",
        "The case is not open: reopen it first, or open a new one.",
    )
    CASE_ENDED = (
        "Il procedimento è concluso e non accetta più passi: aprire una nuova pratica.",
        "The process is over and takes no more steps: open a new case.",
    )
    TRACKS_OPEN = (
        "Ci sono ancora procedimenti aperti ({tracks}): concluderli prima.",
        "There are still open processes ({tracks}): conclude them first.",
    )
    TRACKS_WAIT_FOR_AGENCY = (
        "Qualcosa aspetta ancora l'agenzia ({tracks}): farlo prima.",
        "Something still waits for the agency ({tracks}): do it first.",
    )
    ALREADY_REGISTERED = (
        "È già registrato con questo valore: correggerlo, o usare la scheda che esiste.",
        "It is already registered with this value: correct it, or use the entry that exists.",
    )
    ALREADY_EXISTS = (
        "Esiste già un oggetto con questo identificativo: usarne uno nuovo.",
        "There is already an object with this id: use a new one.",
    )

    # Tenant case.
    RECONVOCATIONS_SPENT = (
        "Le {most} riconvocazioni previste sono esaurite: programmare una visita domiciliare.",
        "The {most} re-convocations provided for are spent: plan a home visit.",
    )
    APPOINTMENT_AHEAD = (
        "L'appuntamento è il {appointment}: non è ancora passato.",
        "The appointment is on {appointment}: it has not passed yet.",
    )
    REOPENING_EXPIRED = (
        "Il termine per riaprire è passato: aprire una nuova pratica.",
        "The term for reopening has passed: open a new case.",
    )
    NOT_PAUSED = ("La pratica non è sospesa.", "The case is not paused.")
    PAUSE_TOO_LONG = (
        "La sospensione può durare al massimo fino al {latest}: anticiparne la fine.",
        "The pause may last until {latest} at most: end it earlier.",
    )

    # What several cases share.
    FUNDS_SHORT = (
        "La linea di finanziamento non ha {amount} EUR in questa data: ridurre l'importo o sceglierne un'altra.",
        "The funding line does not have {amount} EUR available on this date: lower the amount or choose another.",
    )
    YEARLY_MOST_REACHED = (
        "Con quanto già concesso nell'anno si superano i {most} EUR della misura: ne restano {left}.",
        "With what was granted before in the year it exceeds the {most} EUR of the measure: {left} are left.",
    )
    OUTSIDE_HOURS = (
        "La tappa è aperta dal {starts} al {ends}: scegliere un'ora compresa.",
        "The stop is open from {starts} to {ends}: choose an hour within.",
    )
    STOP_FULL = (
        "La tappa è al completo o annullata: sceglierne un'altra.",
        "The stop is full or cancelled: choose another.",
    )

    # Arrears support.
    DEBT_ACKNOWLEDGED = (
        "Il debito è riconosciuto con la firma del {signed}: non si può più contestare.",
        "The debt was acknowledged by the signature of {signed}: it can no longer be disputed.",
    )
    EVIDENCE_MISSING = (
        "Per una morosità incolpevole serve l'evidenza che la prova: indicarla.",
        "Arrears without fault need the evidence that proves it: give it.",
    )
    BILL_UNKNOWN = (
        "Nessuna bolletta aperta ha questo numero (aperte: {bills}): correggerlo o registrare prima la bolletta.",
        "No open bill has this number (open: {bills}): correct it, or record the bill first.",
    )
    BILL_KNOWN = (
        "La bolletta {number} è già registrata.",
        "The bill {number} is already recorded.",
    )
    FREQUENCY_NOT_ALLOWED = (
        "La cadenza non è ammessa: scegliere tra {allowed}.",
        "This frequency is not allowed: choose among {allowed}.",
    )
    PLAN_TOO_LONG = (
        "Il piano deve finire entro {most} mesi: ridurre le rate o anticipare la prima.",
        "The plan must end within {most} months: fewer instalments, or an earlier first one.",
    )
    FIRST_PAYMENT_TOO_LARGE = (
        "Il primo versamento deve essere inferiore al debito di {debt} EUR.",
        "The first payment must be less than the debt of {debt} EUR.",
    )
    INSTALMENT_TOO_SMALL = (
        "Ogni rata deve essere di almeno {least} EUR: ridurre il numero delle rate.",
        "Each instalment must be at least {least} EUR: use fewer instalments.",
    )
    PLAN_OUTDATED = (
        "Il piano di {debt} EUR non vale più (dovuti {planned} EUR, o prima rata già scaduta): proporne uno nuovo.",
        "The plan for {debt} EUR no longer stands ({planned} EUR owed, or first instalment past): propose a new one.",
    )
    PLAN_KEPT = (
        "Il piano è rispettato entro i limiti: saldo atteso {expected} EUR, effettivo {actual} EUR, mancati {missed}.",
        "The plan is kept within its limits: balance expected {expected} EUR, actual {actual} EUR, missed {missed}.",
    )
    RENEGOTIATIONS_SPENT = (
        "Il piano è già stato rinegoziato {most} volte, il massimo: passare la pratica all'ufficio competente.",
        "The plan has been renegotiated {most} times, the most allowed: escalate to the office that decides.",
    )
    TOO_MANY = (
        "Sono già al massimo ({most}).",
        "There are as many as there can be already ({most}).",
    )

    # Contribution.
    NOTHING_ELIGIBLE = (
        "L'istruttoria non ha riconosciuto alcun importo: istruire di nuovo la richiesta, o rigettarla.",
        "The assessment found no eligible amount: assess the request again, or refuse it.",
    )
    REQUIREMENT_NOT_MET = (
        "Mancano requisiti della misura «{measure}» ({missing}): istruire di nuovo la richiesta, o rigettarla.",
        "Requirements of the measure “{measure}” are not met ({missing}): assess the request again, or refuse it.",
    )
    OVER_CEILING = (
        "La misura «{measure}» ammette al massimo {most} EUR l'anno.",
        "The measure “{measure}” allows {most} EUR a year at most.",
    )
    MORE_THAN_REQUESTED = (
        "Sono stati richiesti {requested} EUR: non si può riconoscere di più.",
        "{requested} EUR were requested: no more can be eligible.",
    )
    MORE_THAN_ELIGIBLE = (
        "L'istruttoria ha riconosciuto {eligible} EUR: non si può concedere di più.",
        "The assessment found {eligible} EUR eligible: no more can be granted.",
    )
    NOTICE_DUE = (
        "Prima del rigetto va inviato il preavviso (L. 241/1990, art. 10-bis).",
        "The refusal must be announced first (L. 241/1990, art. 10-bis).",
    )
    NOTICE_NOT_DUE = (
        "Nelle procedure concorsuali il preavviso non è dovuto: rigettare direttamente.",
        "In competitive procedures no announcement is due: refuse it straight away.",
    )
    NOTICE_TERM_RUNNING = (
        "L'inquilino può presentare osservazioni fino al {until}: attendere, o registrarle.",
        "The tenant may answer until {until}: wait, or record the observations.",
    )
    RECEIVED_BEFORE_SENT = (
        "Il preavviso è stato inviato il {sent}: non può essere stato ricevuto prima.",
        "The notice was sent on {sent}: it cannot have been received before.",
    )
    ANSWER_MISSING = (
        "L'inquilino ha presentato osservazioni: dire perché non sono accolte.",
        "The tenant has answered the notice: say why the observations are not accepted.",
    )
    GROUND_NOT_NOTIFIED = (
        "Il preavviso indicava «{ground}»: il rigetto non può avere un altro motivo.",
        "The notice said “{ground}”: the refusal cannot be on another ground.",
    )

    # Maintenance resolution.
    DWELLING_MISSING = (
        "Il guasto è in un alloggio: indicare quale.",
        "The fault is in a dwelling: say which.",
    )
    TENANT_NOT_TOLD = (
        "Il guasto spetta a: {responsibility}. Informare prima l'inquilino, e confermarlo.",
        "The fault is for: {responsibility}. Tell the tenant first, and confirm it.",
    )
    DUPLICATE_OF_WHAT = (
        "Indicare l'altra segnalazione di cui questa è un doppione.",
        "Say which other report this one duplicates.",
    )

    # Document practice.
    PAPER_ALREADY_ASKED = (
        "Il documento «{title}» è già stato chiesto.",
        "The paper “{title}” has been asked for already.",
    )
    PAPER_UNKNOWN = (
        "Il documento non è tra quelli chiesti ({titles}).",
        "The paper is not among those asked for ({titles}).",
    )
    PAPER_NOT_UPLOADED = (
        "Il documento «{title}» non è da verificare: è {status}.",
        "The paper “{title}” is not there to be checked: it is {status}.",
    )
    PAPER_APPROVED = (
        "Il documento «{title}» è già approvato.",
        "The paper “{title}” is approved already.",
    )

    # External referral.
    LEGAL_BASIS_MISSING = (
        "Prima di informare un ente serve una base giuridica: registrare il consenso, o un'altra base.",
        "A legal basis is needed before a partner is told: record the consent, or another basis.",
    )
    CONSENT_APART = (
        "Il consenso si registra con il suo passo: scegliere un'altra base.",
        "Consent is recorded by its own step: choose another basis.",
    )
    PARTNER_HAS_TIME = (
        "L'ente può ancora rispondere fino al {until}: attendere, o annullare l'invio.",
        "The partner may still answer until {until}: wait, or cancel the referral.",
    )
    SERVICE_TRIED = (
        "Il servizio è già stato proposto per questo bisogno: sceglierne un altro.",
        "The service was proposed for this need already: choose another.",
    )

    # The register.
    RANGE_REVERSED = (
        "La fine non viene dopo l'inizio: correggere uno dei due.",
        "The end does not come after the start: correct one of them.",
    )
    NO_SUCH_DAY = (
        "Il giorno non esiste in ogni anno: indicare mese e giorno del patrono, o nessuno dei due.",
        "Not every year has this day: give the patron's month and day, or neither.",
    )
    NO_DUNNING_TABLE = (
        "Questa versione della policy non ha una tabella dei solleciti: indicarne un'altra.",
        "This version of the policy has no dunning table: name another.",
    )
    OWN_DEPUTY = (
        "Nessuno sostituisce se stesso: indicare un'altra persona, o nessuna.",
        "Nobody stands in for themselves: name somebody else, or nobody.",
    )
    NAME_MISSING = (
        "Chi ha dichiarato o provato la propria identità ha un nome: indicarlo.",
        "Whoever has declared or proved their identity has a name: give it.",
    )
    PLACES_BOOKED = (
        "{taken} posti sono già prenotati: la capienza non può essere inferiore.",
        "{taken} places are already booked: the capacity cannot be lower.",
    )
    FUNDS_COMMITTED = (
        "{taken} EUR sono già impegnati: lo stanziamento non può essere inferiore.",
        "{taken} EUR are already committed: the budget cannot be lower.",
    )
    CASE_MISSING = (
        "Questo esito riguarda una pratica: indicare quale.",
        "This outcome is about a case: say which.",
    )
    CASE_UNEXPECTED = (
        "Con l'esito «{outcome}» non c'è una pratica: toglierla, o cambiare l'esito.",
        "With the outcome “{outcome}” there is no case: remove it, or change the outcome.",
    )
    CASE_OF_ANOTHER = (
        "La pratica è di un'altra persona: correggere una delle due.",
        "The case is another person's: correct one of them.",
    )
    STOP_ELSEWHERE = (
        "La tappa è di un altro presidio: correggere uno dei due.",
        "The stop belongs to another service point: correct one of them.",
    )
    DISTRICT_MISSING = (
        "Né la tappa, né il presidio, né la persona dicono il quartiere: indicarlo.",
        "Neither the stop, nor the service point, nor the person says which district: give it.",
    )

    # The policy.
    POLICY_INVALID = (
        "Il documento non è utilizzabile: {count} problemi, ciascuno con la sua riga in `problems`.",
        "The document cannot be used: {count} problems, each with its line in `problems`.",
    )
    POLICY_VERSION_TAKEN = (
        "La versione {version} esiste già con un altro testo: cambiare `version` nel documento.",
        "Version {version} exists already with another text: change `version` in the document.",
    )
    POLICY_MISSING = (
        "Nessuna normativa è in vigore: eseguire `pratica migrate`.",
        "No policy is in force: run `pratica migrate`.",
    )
    POLICY_IN_FORCE = (
        "Questa versione è già in vigore: per applicarla a ciò che è in corso usare `policyAdopt`.",
        "This version is in force already: to have all that is live adopt it, use `policyAdopt`.",
    )
    POLICY_NOT_IN_FORCE = (
        "Solo la versione in vigore si applica a ciò che è in corso: pubblicarla prima.",
        "Only the version in force is adopted by what is live: publish it first.",
    )
    DRY_RUN_NEEDED = (
        "Serve una prova conclusa, di non più di {hours} ore, di questo documento: avviarla con `policyDryRun`.",
        "It takes a dry run of this very document that is done and at most {hours} hours old: start `policyDryRun`.",
    )
    ADOPTION_RUNNING = (
        "L'applicazione di questa versione è già in corso: seguirla, o fermarla con `policyAdoptionStop`.",
        "This version is being adopted already: watch it, or stop it with `policyAdoptionStop`.",
    )
    ADOPTION_NOT_RUNNING = (
        "Nessuna applicazione di questa versione è in corso.",
        "This version is not being adopted at present.",
    )
    NOTHING_TO_ADOPT = (
        "La pratica e i suoi procedimenti hanno già questi termini.",
        "The case and its tracks have these terms already.",
    )

    # Requests.
    INPUT_INVALID = ("Valore non valido: {problem}.", "Invalid value: {problem}.")
    ID_INVALID = (
        "Identificativo non valido: usare quello ricevuto dal servizio ({expected}).",
        "Invalid id: use the one that the service gave ({expected}).",
    )
    CURSOR_INVALID = (
        "Cursore non valido: ripartire dalla prima pagina.",
        "Invalid cursor: start again from the first page.",
    )
    PAGE_INVALID = (
        "Chiedere tra 1 e {most} elementi per pagina, con `first`.",
        "Ask for 1 to {most} items a page, with `first`.",
    )
    NOT_FOUND = (
        "Non esiste, o non è tra ciò che il vostro ruolo può vedere.",
        "It does not exist, or is not among what your role may see.",
    )
    NOT_YOURS = (
        "Il vostro ruolo non può farlo: serve {roles}.",
        "Your role may not do this: it takes {roles}.",
    )
    TASK_TAKEN = (
        "Qualcun altro se ne sta già occupando: chiedere a chi coordina di assegnarlo.",
        "Somebody else is on it already: ask a supervisor to assign it.",
    )
    ASSIGNEE_ELSEWHERE = (
        "Chi dovrebbe occuparsene non lavora nel quartiere della pratica: scegliere qualcun altro.",
        "Who is to do it does not work in the district of the case: choose somebody else.",
    )
    UNAUTHENTICATED = (
        "Serve un token valido nell'intestazione Authorization (Bearer).",
        "A valid token is needed in the Authorization header (Bearer).",
    )
    STAFF_UNKNOWN = (
        "Il token è di chi non è nel registro: registrarlo con quell'identificativo (staffRegister, newId).",
        "The token is of somebody who is not in the register: register them with that id (staffRegister, newId).",
    )
    IDEMPOTENCY_KEY_REUSED = (
        "La chiave di idempotenza è già servita per un'altra richiesta: usarne una nuova.",
        "The idempotency key has already served another request: use a new one.",
    )
    CASE_BUSY = (
        "Troppe richieste insieme su questa pratica: riprovare con la stessa chiave.",
        "Too many requests at once on this case: try again with the same key.",
    )
    ENGINE_UNAVAILABLE = (
        "Il motore dei procedimenti non risponde, la lettura sì. Nulla è scritto: riprovare con la stessa chiave.",
        "The workflow engine does not answer; reading works. Nothing was written: try again with the same key.",
    )
    STORE_UNAVAILABLE = (
        "L'archivio non risponde: riprovare con la stessa chiave.",
        "The store does not answer: try again with the same key.",
    )
    OUTCOME_UNKNOWN = (
        "Non si sa ancora se la richiesta è stata accolta: ripeterla con la stessa chiave.",
        "It is not known yet whether the request was accepted: send it again with the same key.",
    )
    PENDING = (
        "Il passo è stato accolto ma non è ancora leggibile: ripetere con la stessa chiave per la conferma.",
        "The step was accepted but cannot be read yet: send it again with the same key for confirmation.",
    )
    REQUEST_MALFORMED = (
        "La richiesta non si può leggere: inviare un oggetto JSON con `query` ({problem}).",
        "The request cannot be read: send a JSON object with `query` ({problem}).",
    )
    REQUEST_TOO_LARGE = (
        "La richiesta supera {most} byte: inviarne una più piccola.",
        "The request is larger than {most} bytes: send a smaller one.",
    )
    MEDIA_TYPE_UNSUPPORTED = (
        "Il corpo della richiesta deve essere `application/json`.",
        "The body of the request must be `application/json`.",
    )
    SIGNATURE_INVALID = (
        "La firma manca o non è del contenuto: firmare con il segreto concordato, come dice Standard Webhooks.",
        "The signature is missing or is not of this content: sign with the shared secret, as Standard Webhooks says.",
    )
    SIGNATURE_STALE = (
        "La firma dista più di {minutes} minuti dal nostro orologio: controllare l'ora e firmare di nuovo.",
        "The signature is more than {minutes} minutes from our clock: check the time, and sign again.",
    )
    RECEIPTS_MALFORMED = (
        "Le ricevute non si possono leggere ({problem}): nessuna è stata accolta.",
        "The receipts cannot be read ({problem}): none was taken.",
    )
    METHOD_NOT_ALLOWED = (
        "Usare POST; con GET si possono solo leggere dati.",
        "Use POST; GET is for reading only.",
    )
    OPERATION_UNKNOWN = (
        "Indicare con `operationName` una delle operazioni del documento.",
        "Name one of the document's operations with `operationName`.",
    )
    QUERY_TOO_DEEP = (
        "La domanda ha più di {most} livelli: dividerla.",
        "The question has more than {most} levels: divide it.",
    )
    QUERY_TOO_LARGE = (
        "La domanda ha più di {most}: dividerla, o usare variabili.",
        "The question has more than {most}: divide it, or use variables.",
    )
    INTERNAL = (
        "Errore imprevisto, di cui è stata presa nota: se si ripete, segnalarlo con il numero {request}.",
        "An unexpected error, which has been logged: if it happens again, report it with the number {request}.",
    )


ASK_AGAIN = frozenset(
    refusal.name
    for refusal in (
        Refusal.PENDING,
        Refusal.OUTCOME_UNKNOWN,
        Refusal.STEP_IN_PROGRESS,
        Refusal.CASE_BUSY,
        Refusal.ENGINE_UNAVAILABLE,
        Refusal.STORE_UNAVAILABLE,
    )
)
"""Codes after which a client sends the same request again, with the same key, to be told what became of it."""


class Refused(Exception):
    """An expected refusal: nothing was changed, and `label` says what to do, in each language."""

    def __init__(self, code: Refusal, /, *, path: tuple[str, ...] = (), **parameters: object) -> None:
        """`path` names the input field at fault, from the outside in; `parameters` fill the sentence."""
        super().__init__(code.name)
        self.code = code.name
        self.path = path
        self.label = Label(
            *(
                code.label.text(language, **{name: _text(value, language) for name, value in parameters.items()})
                for language in (Language.IT, Language.EN)
            )
        )


def _text(value: object, language: Language) -> str:
    if isinstance(value, Choice):
        value = value.label
    if isinstance(value, Label):
        return value.text(language)
    if isinstance(value, datetime):
        local = value.astimezone(ROME)
        return f"{_text(local.date(), language)}{local:{' ore' if language is Language.IT else ','} %H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}" if language is Language.IT else f"{value.day} {value:%B %Y}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(sorted(_text(item, language) for item in value))
    return str(value)
