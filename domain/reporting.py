"""The activity report: each figure with its one definition, from which the API's descriptions and tables are made.

Periods are local days in Italy, both ends included; what counts is when a thing happened (`occurredAt`), not when it
was told. What was entered in error is not counted. Of a service point are the contacts made there, and the cases opened
there with all that was done in them; of a district, the contacts and the cases of that district.
"""

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domain.choices import Label
from domain.fields import Day


def figure(it: str, en: str, *, means: str) -> Any:
    """Declare a figure: its names for a table, and the sentence that defines it."""
    return dataclasses.field(metadata={"label": Label(it, en), "definition": means})


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many of one kind; `code` is the kind for programs."""

    code: str
    label: Label
    count: int


@dataclass(frozen=True, kw_only=True)
class ActivityReport:
    """What was done in a period, by a service point, in a district or in the whole agency.

    It counts by when things happened (`occurredAt`), and nothing that was entered in error. Of a service point are the
    contacts made there, and the cases opened there with all that was done in them.
    """

    first_day: Day
    last_day: Day
    registered: int = figure(
        "Utenti registrati",
        "Registered users",
        means="Distinct persons of the register with at least one contact in the period.",
    )
    convened: int = figure(
        "di cui convocati",
        "of whom convened",
        means="Registered users whose first contact in the period was recorded with the channel CONVENED.",
    )
    walk_ins: int = figure(
        "di cui venuti da sé",
        "of whom walk-ins",
        means="Registered users whose first contact in the period was recorded with the channel WALK_IN.",
    )
    contacts: int = figure(
        "Contatti",
        "Contacts",
        means="Contacts recorded in the period, also with somebody who gave no name and opened no case.",
    )
    cases_opened: int = figure("Pratiche aperte", "Cases opened", means="Tenants' cases opened in the period.")
    maintenance_reports: int = figure(
        "Segnalazioni di manutenzione",
        "Maintenance reports",
        means="Faults reported in the period, duplicates included.",
    )
    maintenance_in_dwellings: int = figure(
        "di cui negli alloggi",
        "of which in dwellings",
        means="Faults reported in the period, duplicates included, whose place is a dwelling.",
    )
    arrears_cases: int = figure("Casi di morosità", "Arrears cases", means="Supports for arrears opened in the period.")
    document_practices: int = figure(
        "Pratiche documentali", "Document practices", means="Document practices opened in the period."
    )
    referrals: int = figure(
        "Invii alla rete",
        "Referrals",
        means="Referrals first sent to a partner in the period; proposed to another partner later, they count no more.",
    )
    contributions_granted: int = figure(
        "Contributi concessi",
        "Contributions granted",
        means="Contributions granted in the period, also those revoked later.",
    )
    contributions_paid_eur: Decimal = figure(
        "Contributi pagati (EUR)", "Contributions paid (EUR)", means="Sum of the contributions paid in the period, EUR."
    )
    contacts_by_channel: tuple[Tally, ...] = figure(
        "Contatti per canale", "Contacts by channel", means="Contacts in the period, by the channel recorded."
    )
    contacts_by_outcome: tuple[Tally, ...] = figure(
        "Contatti per esito", "Contacts by outcome", means="Contacts in the period, by the outcome recorded."
    )
    needs_by_area: tuple[Tally, ...] = figure(
        "Bisogni per area",
        "Needs by area",
        means="Needs recorded with the interviews of the period, by area of fragility.",
    )
    cases_closed_by_outcome: tuple[Tally, ...] = figure(
        "Pratiche chiuse per esito",
        "Cases closed by outcome",
        means="Closures of cases in the period, by outcome; a case closed, reopened and closed again counts twice.",
    )
